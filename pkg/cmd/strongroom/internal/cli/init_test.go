package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/cmd/strongroom/internal/deployed"
)

const (
	foundedID  = "0190a1b2-0000-7000-8000-000000000001"
	foundedKey = "arn:aws:kms:eu-central-1:111122223333:key/0190a1b2-0000-4000-8000-000000000001"
	foundedURL = "https://abc123.execute-api.eu-central-1.amazonaws.com"
)

// An account is a stand-in for STS, Lambda and IAM, as their clients see them.
type account struct {
	caller, userID string
	// refuses is the error that the function answers, if any.
	refuses string
	// invoked are the payloads that the function got.
	invoked []string
	// hidden says that IAM may not be read.
	hidden bool
	// roles are further ones, as IAM describes them, and keyPolicy is that of the client key; without one KMS refuses it.
	roles, keyPolicy string
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	switch {
	case strings.HasSuffix(r.URL.Path, "/functions/strongroom-prod-create-organization/invocations"):
		a.invoked = append(a.invoked, string(body))
		if a.refuses != "" {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			_, _ = io.WriteString(w, a.refuses)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"id": foundedID, "name": "Example", "clientKeyArn": foundedKey})
	case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions"):
		_, _ = io.WriteString(w, `{"Functions":[{"FunctionName":"strongroom-prod-whoami","FunctionArn":"arn:aws:lambda:eu-central-1:111122223333:function:strongroom-prod-whoami"},`+
			`{"FunctionName":"other","FunctionArn":"arn:aws:lambda:eu-central-1:111122223333:function:other"}]}`)
	case form.Get("Action") == "GetCallerIdentity":
		fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>%s</Arn><UserId>%s</UserId>`+
			`<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, a.caller, a.userID)
	case form.Get("Action") == "GetAccountAuthorizationDetails" && a.hidden:
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
	case form.Get("Action") == "GetAccountAuthorizationDetails":
		_, _ = io.WriteString(w, strings.Replace(authorizations(), "</RoleDetailList>", a.roles+"</RoleDetailList>", 1))
	case r.Header.Get("X-Amz-Target") == "TrentService.GetKeyPolicy" && a.keyPolicy != "":
		_ = json.NewEncoder(w).Encode(map[string]string{"Policy": a.keyPolicy, "PolicyName": "default"})
	case r.Header.Get("X-Amz-Target") == "TrentService.GetKeyPolicy":
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type": "AccessDeniedException", "message": "no"}`)
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

// authorizations are an account's: an operator by a managed policy, a user by a group's, one under conditions, one
// by the function's qualified name, and a reader of another function.
func authorizations() string {
	encoded := func(statement string) string {
		return url.PathEscape(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)
	}
	invoke := encoded(`{"Effect":"Allow","Action":"lambda:Invoke*","Resource":"*"}`)
	from := encoded(`{"Effect":"Allow","Action":"lambda:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}`)
	latest := encoded(`{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:strongroom-prod-whoami:$LATEST"}`)
	other := encoded(`{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:other"}`)
	inline := func(list, document string) string {
		return "<" + list + "><member><PolicyName>p</PolicyName><PolicyDocument>" + document + "</PolicyDocument></member></" + list + ">"
	}
	role := func(name, more string) string {
		return "<member><RoleName>" + name + "</RoleName><Arn>arn:aws:iam::111122223333:role/" + name + "</Arn>" + more + "</member>"
	}
	return `<GetAccountAuthorizationDetailsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetAccountAuthorizationDetailsResult><IsTruncated>false</IsTruncated>` +
		`<UserDetailList><member><UserName>ann</UserName><Arn>arn:aws:iam::111122223333:user/ann</Arn><GroupList><member>ops</member></GroupList></member></UserDetailList>` +
		`<GroupDetailList><member><GroupName>ops</GroupName>` + inline("GroupPolicyList", invoke) + `</member></GroupDetailList>` +
		`<RoleDetailList>` + role("admin", `<AttachedManagedPolicies><member><PolicyArn>arn:aws:iam::aws:policy/Invoke</PolicyArn></member></AttachedManagedPolicies>`) +
		role("office", inline("RolePolicyList", from)) + role("qualified", inline("RolePolicyList", latest)) + role("reader", inline("RolePolicyList", other)) + `</RoleDetailList>` +
		`<Policies><member><Arn>arn:aws:iam::aws:policy/Invoke</Arn><PolicyVersionList><member><Document>` + invoke +
		`</Document><IsDefaultVersion>true</IsDefaultVersion></member></PolicyVersionList></member></Policies>` +
		`</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>`
}

// in has AWS's clients ask the stand-in, and answers a program and its configuration's folder.
func (a *account) in(t *testing.T) (run func(args ...string) (int, string), folder string) {
	t.Helper()
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": s.URL, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-real-one",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
	folder = t.TempDir()
	return func(args ...string) (int, string) {
		var said bytes.Buffer
		m := &Main{Program: "strongroom", Args: args, Stdout: &said, Stderr: &said, Getenv: func(name string) string {
			return map[string]string{"STRONGROOM_CONFIG_DIR": folder, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}[name]
		}}
		return m.Run(context.Background()), said.String()
	}, folder
}

// outputs writes what make deploy would.
func outputs(t *testing.T, organization string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "prod.json")
	content := `{"data":{"OrganizationId":"` + organization + `","ClientKeyArn":"` + foundedKey + `"},"server":{"Url":"` + foundedURL + `",` +
		`"CreateOrganizationFunction":"strongroom-prod-create-organization"},"workers":{"RandomWorkerRole":"` + workerRole("random") + `",` +
		`"IamAccessKeyWorkerRole":"` + workerRole("iam-access-key") + `"}}`
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestADeploymentIsSetUp(t *testing.T) {
	a := &account{caller: "arn:aws:sts::111122223333:assumed-role/admin/me", userID: "AROAEXAMPLEEXAMPLE123:me"}
	run, folder := a.in(t)
	file := outputs(t, foundedID)
	for range 2 { // again is harmless
		if exit, said := run("init", "--outputs", file, "--name", "Example", "--owner", "alice"); exit != 0 ||
			!strings.Contains(said, `organization "Example" is there, and alice is its owner, with arn:aws:iam::111122223333:role/admin`) {
			t.Fatal(exit, said)
		}
	}
	want := `{"name":"Example","ownerName":"alice","ownerArn":"arn:aws:iam::111122223333:role/admin"}`
	if diff := cmp.Diff([]string{want, want}, a.invoked); diff != "" {
		t.Error(diff)
	}
	written, err := os.ReadFile(filepath.Join(folder, "config.toml"))
	if want := "[profiles.\"default\"]\nurl = \"" + foundedURL + "\"\nregion = \"eu-central-1\"\n"; err != nil || string(written) != want {
		t.Errorf("config.toml: %q, %v", written, err)
	}
	settings, err := config.Load(config.Source{Getenv: func(name string) string { return map[string]string{"STRONGROOM_CONFIG_DIR": folder}[name] }})
	if err != nil {
		t.Fatal(err)
	}
	pins, err := settings.Pins()
	if err != nil || pins.Organization.String() != foundedID || pins.ClientKey != foundedKey {
		t.Errorf("pinned: %v, %v", pins, err)
	}
	if exit, said := run("init", "--outputs", file, "--recover-owner", "alice", "--owner-arn", "arn:aws:iam::111122223333:user/x"); exit != 0 {
		t.Error(exit, said)
	}
	if got := a.invoked[len(a.invoked)-1]; got != `{"recoverOwner":"alice","arn":"arn:aws:iam::111122223333:user/x"}` {
		t.Error(got)
	}
}

// Of a role that several people have, the one who founds is the owner, and not whoever has the role.
func TestAPersonOfIdentityCenterIsTheOwner(t *testing.T) {
	const session = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/me"
	a := &account{caller: session, userID: "AROAEXAMPLEEXAMPLE123:me"}
	run, _ := a.in(t)
	for _, args := range [][]string{{"--name", "Example", "--owner", "alice"}, {"--recover-owner", "alice"}} {
		if exit, said := run(append([]string{"init", "--outputs", outputs(t, foundedID)}, args...)...); exit != 0 {
			t.Error(exit, said)
		}
	}
	want := []string{
		`{"name":"Example","ownerName":"alice","ownerArn":"` + session + `","uniqueId":"AROAEXAMPLEEXAMPLE123"}`,
		`{"recoverOwner":"alice","arn":"` + session + `","uniqueId":"AROAEXAMPLEEXAMPLE123"}`,
	}
	if diff := cmp.Diff(want, a.invoked); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsWrongWithSettingUpIsSaid(t *testing.T) {
	a := &account{caller: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/me", userID: "AROAEXAMPLEEXAMPLE123:me"}
	run, folder := a.in(t)
	if exit, said := run("init", "--outputs", outputs(t, "0190a1b2-0000-7000-8000-000000000009"), "--name", "Example", "--owner", "alice"); exit != int(ExitDistrust) ||
		!strings.Contains(said, foundedID) {
		t.Error("another organization:", exit, said)
	}
	if _, err := os.Stat(filepath.Join(folder, "config.toml")); err == nil {
		t.Error("a profile was written for an organization that is not the deployment's")
	}
	a.refuses = `{"errorType":"conflict","errorMessage":"this deployment has its organization already"}`
	if exit, said := run("init", "--outputs", outputs(t, foundedID), "--name", "Other", "--owner", "alice"); exit != int(ExitError) ||
		!strings.Contains(said, "create-organization: conflict: this deployment has its organization already") {
		t.Error("refused:", exit, said)
	}
	a.caller, a.userID = "arn:aws:iam::111122223333:root", "111122223333"
	if exit, said := run("init", "--outputs", outputs(t, foundedID), "--name", "Other", "--owner", "alice"); exit == 0 {
		t.Error("root:", said)
	}
}

func TestAProfileThatSaysOtherwiseIsLeftAlone(t *testing.T) {
	a := &account{caller: "arn:aws:iam::111122223333:user/me", userID: "AIDAEXAMPLEEXAMPLE123"}
	run, folder := a.in(t)
	const theirs = "# mine\n[profiles.default]\nurl = \"https://other.example.com\"\n"
	if err := os.WriteFile(filepath.Join(folder, "config.toml"), []byte(theirs), 0o600); err != nil {
		t.Fatal(err)
	}
	file := outputs(t, foundedID)
	if exit, said := run("init", "--outputs", file, "--name", "Example", "--owner", "alice"); exit != int(ExitUsage) || !strings.Contains(said, `the profile "default" has the url`) {
		t.Error(exit, said)
	}
	if exit, said := run("init", "--outputs", file, "--name", "Example", "--owner", "alice", "--profile", "prod"); exit != 0 || !strings.Contains(said, "STRONGROOM_PROFILE=prod") {
		t.Error(exit, said)
	}
	written, err := os.ReadFile(filepath.Join(folder, "config.toml"))
	if err != nil || !strings.HasPrefix(string(written), theirs) || !strings.Contains(string(written), `[profiles."prod"]`) {
		t.Errorf("%s, %v", written, err)
	}
}

func TestWhoMayInvokeFunctionsIsSaid(t *testing.T) {
	a := &account{}
	a.in(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	for _, hidden := range []bool{false, true} {
		a.hidden = hidden
		m := &Main{Getenv: func(name string) string {
			return map[string]string{"STRONGROOM_URL": foundedURL, "STRONGROOM_CONFIG_DIR": t.TempDir(), "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}[name]
		}}
		settings, err := m.load()
		if err != nil {
			t.Fatal(err)
		}
		made := awsOf(t, settings)
		c := &clinic{Main: m, settings: settings, functions: "strongroom-"}
		account, err := deployed.ReadIdentities(t.Context(), made)
		c.invokers(t.Context(), made, account, err)
		if len(c.found) != 1 || c.found[0].State != stateWarn {
			t.Fatalf("%+v", c.found)
		}
		want := "4 users and roles may invoke the 1 function directly, and so be anybody to them: arn:aws:iam::111122223333:role/admin, " +
			"arn:aws:iam::111122223333:role/office (under conditions), arn:aws:iam::111122223333:role/qualified, " +
			"arn:aws:iam::111122223333:user/ann"
		if hidden {
			want = "who can invoke them directly can't be said: you are not allowed iam:GetAccountAuthorizationDetails"
		}
		if c.found[0].Says != want {
			t.Errorf("%q, want %q", c.found[0].Says, want)
		}
	}
}

func TestWhoIsWhoInAWS(t *testing.T) {
	a := &account{caller: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/me", userID: "AROAEXAMPLEEXAMPLE123:me"}
	a.in(t)
	m := &Main{Getenv: func(name string) string {
		return map[string]string{"STRONGROOM_URL": foundedURL, "STRONGROOM_CONFIG_DIR": t.TempDir(), "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}[name]
	}}
	settings, err := m.load()
	if err != nil {
		t.Fatal(err)
	}
	who, err := deployed.WhoAmI(t.Context(), awsOf(t, settings))
	want := deployed.Caller{
		ARN: a.caller, Account: "111122223333", Bind: a.caller, Pin: "AROAEXAMPLEEXAMPLE123",
	}
	if diff := cmp.Diff(want, who); err != nil || diff != "" {
		t.Error(diff, err)
	}
}

// awsOf is the configuration of AWS's clients.
func awsOf(t *testing.T, settings *config.Config) aws.Config {
	t.Helper()
	c, err := client.FromSettings(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	return c.AWS
}
