//go:build localstack

package localstack_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"strongroom/pkg/api"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/operation"
)

// TestEveryOperationWithOtherPeoplesSigners runs the script that tries every route with curl's and botocore's signatures.
func TestEveryOperationWithOtherPeoplesSigners(t *testing.T) {
	type row struct {
		Name   operation.Name `json:"name"`
		Method string         `json:"method"`
		Path   string         `json:"path"`
		Query  []string       `json:"query"`
		Body   bool           `json:"body"`
		Status int            `json:"status"`
	}
	rows := []row{}
	for _, r := range operation.Table {
		if h, ok := r.Trigger.(operation.HTTP); ok {
			rows = append(rows, row{r.Name, h.Method, h.Path, append([]string{}, h.Query...), h.Body, h.Status})
		}
	}
	profiles := object{}
	for name, who := range stack.profiles {
		profiles[name] = object{"accessKeyId": who.AccessKeyID, "secretAccessKey": who.SecretAccessKey, "sessionToken": who.SessionToken}
	}
	given, err := json.Marshal(object{"url": stack.server.URL, "region": region, "profiles": profiles, "operations": rows})
	if err != nil {
		t.Fatal(err)
	}
	python := os.Getenv("STRONGROOM_PYTHON")
	if python == "" {
		python = filepath.Join(cache(), "venv", "bin", "python")
	}
	var output, complaint bytes.Buffer
	c := exec.CommandContext(t.Context(), python, filepath.Join(root, "testdata", "e2e", "every_operation.py"))
	c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(given), &output, &complaint
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s%s\nthe end of the functions' log:\n%s", err, output.String(), complaint.String(), end(stack.log.String()))
	}
	want := fmt.Sprintf("curl: %d operations, 40 entries\nbotocore: %d operations, 40 entries\n", len(rows), len(rows))
	if got := output.String(); got != want {
		t.Errorf("the script says %q, want %q", got, want)
	}
	checkNothingInClear(t, "TWENTY_KILOBYTES", "not%2Fa%2Breal", "fake", "a note", "BEGIN PRIVATE KEY", "Здравствуйте")
}

func end(text string) string { return text[max(0, len(text)-4000):] }

// checkNothingInClear searches what is stored and what was logged for values; a name that is stored shows that the search works.
func checkNothingInClear(t *testing.T, name string, values ...string) {
	t.Helper()
	stored, logged := stack.stored(t), stack.log.String()
	if !strings.Contains(stored, name) || !strings.Contains(logged, `"operation":"create-secret"`) {
		t.Errorf("%s is not found in the %d bytes that are stored, or create-secret in what was logged: the search shows nothing", name, len(stored))
	}
	for _, value := range values {
		if strings.Contains(stored, value) {
			t.Errorf("%q is stored in clear", value)
		}
		if strings.Contains(logged, value) {
			t.Errorf("%q was logged", value)
		}
	}
	if strings.Contains(logged, name) {
		t.Errorf("the name %s was logged", name)
	}
}

// TestClientsEncryptUnderKMS: what a client stores in a client project comes back to who may read it, and nobody else on the
// way has it.
func TestClientsEncryptUnderKMS(t *testing.T) {
	const value = "a value that\nonly clients see"
	stack.must(t, local.Developer, value, "secret", "set", "demo/DATABASE_URL")
	for _, who := range []string{local.Developer, local.CI} {
		if got := stack.must(t, who, "", "secret", "get", "demo/DATABASE_URL"); got != value {
			t.Errorf("%s reads %q", who, got)
		}
	}
	var secret api.Secret
	decode(t, stack.must(t, local.Developer, "", "secret", "get", "demo/DATABASE_URL", "--output", "json"), &secret)
	project := secret.Projects[0].ID.String()
	answered := stack.must(t, local.Developer, "", "call", "get-secret-by-name", "--param", "projectId="+project, "--param", "name=DATABASE_URL")
	decode(t, answered, &secret)
	if strings.Count(secret.Value, ".") != 4 || strings.Contains(answered, "only clients") {
		t.Errorf("the server answers %s", answered)
	}
	checkNothingInClear(t, "DATABASE_URL", "only clients see")
	if a := stack.cli(t.Context(), local.Stranger, "", "secret", "get", "demo/DATABASE_URL"); a.status == 0 || a.out != "" {
		t.Errorf("a stranger reads %q", a.out)
	}
	client := kms.New(kms.Options{Region: region, BaseEndpoint: &stack.emulator.url, Credentials: awsCredentials()})
	grants, err := client.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &stack.clientKey})
	if err != nil {
		t.Fatal(err)
	}
	bound := 0
	for _, g := range grants.Grants {
		if g.Constraints != nil && g.Constraints.EncryptionContextEquals["strongroom:project"] == project {
			bound++
		}
	}
	if bound < 3 {
		t.Errorf("%d grants on the client key are bound to the project, of %d; want the owner's, the developer's and ci's", bound, len(grants.Grants))
	}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// TestARevocationCountsAtOnce: the first request after it is refused, in every function, however warm its processes are.
func TestARevocationCountsAtOnce(t *testing.T) {
	stack.must(t, local.Developer, "value", "secret", "set", "plain/REVOKED")
	for range 3 {
		if got := stack.must(t, local.CI, "", "secret", "get", "plain/REVOKED"); got != "value" {
			t.Fatalf("ci reads %q", got)
		}
		stack.must(t, local.Owner, "", "access", "revoke", "ci", "plain")
		if a := stack.cli(t.Context(), local.CI, "", "secret", "get", "plain/REVOKED"); a.status == 0 || a.out != "" {
			t.Fatalf("after the revocation ci reads %q: %s", a.out, a.said)
		}
		stack.must(t, local.Owner, "", "access", "grant", "ci", "read", "plain")
	}
	stack.must(t, local.Owner, "", "service-account", "disable", "ci")
	if a := stack.cli(t.Context(), local.CI, "", "secret", "get", "plain/REVOKED"); a.status == 0 || a.out != "" {
		t.Errorf("while it is disabled ci reads %q: %s", a.out, a.said)
	}
	stack.must(t, local.Owner, "", "service-account", "enable", "ci")
	stack.must(t, local.CI, "", "secret", "get", "plain/REVOKED")
}

// TestWhatIsInTheTrashComesBack: a client's secret, with its value and its history.
func TestWhatIsInTheTrashComesBack(t *testing.T) {
	stack.must(t, local.Developer, "first", "secret", "set", "demo/TRASHED")
	stack.must(t, local.Developer, "second", "secret", "set", "demo/TRASHED")
	var secret struct{ ID string }
	decode(t, stack.must(t, local.Developer, "", "secret", "get", "demo/TRASHED", "--output", "json"), &secret)
	stack.must(t, local.Developer, "", "secret", "delete", "demo/TRASHED", "--yes")
	if a := stack.cli(t.Context(), local.CI, "", "secret", "get", "demo/TRASHED"); a.status == 0 {
		t.Errorf("from the trash ci reads %q", a.out)
	}
	stack.must(t, local.Developer, "", "trash", "restore", secret.ID)
	if got := stack.must(t, local.CI, "", "secret", "get", "demo/TRASHED"); got != "second" {
		t.Errorf("restored it is %q", got)
	}
	if got := stack.must(t, local.Developer, "", "secret", "get", "demo/TRASHED", "--version", "1"); got != "first" {
		t.Errorf("its first version is %q", got)
	}
}

// TestThereIsOneOrganization: create-organization answers the same again, and refuses another.
func TestThereIsOneOrganization(t *testing.T) {
	invoke := func(in api.CreateOrganization) (organization api.Organization, err error) {
		payload, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := stack.functions[operation.CreateOrganization].Invoke(t.Context(), payload)
		if err == nil {
			err = json.Unmarshal(answer, &organization)
		}
		return organization, err
	}
	if o, err := invoke(api.CreateOrganization{Name: "test", OwnerName: local.Owner, OwnerARN: ownerRole}); err != nil || o.ID != stack.organization {
		t.Errorf("again: %+v, %v", o, err)
	}
	var failed messages.InvokeResponse_Error
	_, err := invoke(api.CreateOrganization{Name: "other", OwnerName: local.Owner, OwnerARN: ownerRole})
	if !errors.As(err, &failed) || failed.Type != string(api.CodeConflict) {
		t.Errorf("another: %v", err)
	}
}

// TestFunctionsOfTheClockRun: each does a run for the payload of a schedule, on a table with data.
func TestFunctionsOfTheClockRun(t *testing.T) {
	ran := 0
	for _, row := range operation.Table {
		if _, ok := row.Trigger.(operation.Schedule); !ok {
			continue
		}
		var report struct{ Unfinished bool }
		if stack.tick(t, row.Name, &report); report.Unfinished {
			t.Errorf("%s did not come to its end", row.Name)
		}
		ran++
	}
	if ran < 4 {
		t.Errorf("only %d functions ran", ran)
	}
}
