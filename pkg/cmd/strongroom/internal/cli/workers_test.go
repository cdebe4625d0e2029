package cli

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/deployed"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
	rotating "strongroom/pkg/rotation"
)

// workerRole is one of the local server's account, for whoever takes that for a deployment.
func workerRole(name string) string {
	return "arn:aws:iam::" + local.Account + ":role/strongroom/workers/strongroom-prod-" + name
}

// deploymentOf is a session with a server that the tests take for a deployment: STS, IAM and KMS are the stand-in's.
func deploymentOf(t *testing.T, a *account, profile string, server *localtest.Server) (*Main, *session, *strings.Builder) {
	t.Helper()
	a.in(t)
	who := server.Credentials(profile)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": who.AccessKeyID, "AWS_SECRET_ACCESS_KEY": who.SecretAccessKey, "AWS_SESSION_TOKEN": who.SessionToken, "AWS_REGION": local.Region,
	} {
		t.Setenv(name, value)
	}
	folder, said := t.TempDir(), &strings.Builder{}
	m := &Main{Program: "strongroom", Stdout: said, Stderr: said, Getenv: func(name string) string {
		return map[string]string{
			"STRONGROOM_URL": server.URL, "STRONGROOM_CONFIG_DIR": folder, "AWS_REGION": local.Region, "AWS_ACCESS_KEY_ID": who.AccessKeyID,
		}[name]
	}}
	s, err := m.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m, s, said
}

func TestWorkersAreLetIn(t *testing.T) {
	server := localtest.Start(t)
	m, s, said := deploymentOf(t, &account{}, local.Owner, server)
	d, err := initFlags{outputs: outputs(t, foundedID)}.read()
	if err != nil {
		t.Fatal(err)
	}
	want := map[rotating.Kind]string{rotating.Random: workerRole("random"), rotating.IAMAccessKey: workerRole("iam-access-key")}
	if diff := cmp.Diff(want, d.workers); diff != "" {
		t.Fatalf("the outputs' roles (-want +got):\n%s", diff)
	}
	other := api.Identity{ARN: "arn:aws:iam::" + local.Account + ":role/other"} // which somebody bound by hand
	made, err := s.CreatePrincipal(t.Context(), api.CreatePrincipal{Kind: access.KindServiceAccount, Name: "worker-random"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutIdentities(t.Context(), made.ID, []api.Identity{other}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DisablePrincipal(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	for _, bound := range []string{"", " already"} { // again changes nothing
		said.Reset()
		if err := m.letWorkersIn(t.Context(), s.settings, d); err != nil {
			t.Fatal(err, said)
		}
		for _, line := range []string{
			`service account "worker-iam-access-key" is let in by ` + workerRole("iam-access-key") + bound + "\n",
			`service account "worker-random" is let in by ` + workerRole("random") + bound + "\n", "`strongroom access grant service-account:worker-KIND write PROJECT`",
			`service account "worker-random" lets in 1 identity besides: see ` + "`strongroom service-account show worker-random`\n",
			`service account "worker-random" is disabled: ` + "`strongroom service-account enable worker-random` lets it in again\n",
		} {
			if !strings.Contains(said.String(), line) {
				t.Errorf("it does not say %q:\n%s", line, said)
			}
		}
	}
	got := map[string][]api.Identity{}
	for p, err := range s.Principals(t.Context(), access.KindServiceAccount) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Name, "worker-") {
			got[p.Name] = identities(p)
		}
	}
	if diff := cmp.Diff(map[string][]api.Identity{
		"worker-random": {other, {ARN: workerRole("random")}}, "worker-iam-access-key": {{ARN: workerRole("iam-access-key")}},
	}, got); diff != "" {
		t.Errorf("service accounts (-want +got):\n%s", diff)
	}
}

func TestWhatInitSaysOfWorkers(t *testing.T) {
	a := &account{caller: "arn:aws:iam::111122223333:user/me", userID: "AIDAEXAMPLEEXAMPLE123"}
	run, _ := a.in(t)
	file := outputs(t, foundedID)
	if exit, said := run("init", "--outputs", file, "--name", "Example", "--owner", "alice"); exit != 0 ||
		!strings.Contains(said, "2 rotation workers are deployed; let them in with `strongroom init --outputs "+file+" --workers`\n") {
		t.Error(exit, said)
	}
	if exit, said := run("init", "--url", foundedURL, "--region", "eu-central-1", "--function", "f", "--workers"); exit != int(ExitUsage) ||
		!strings.Contains(said, "no rotation workers are known: say --outputs FILE") {
		t.Error(exit, said)
	}
	if exit, said := run("init", "--outputs", file, "--workers", "--name", "Example"); exit != int(ExitUsage) || !strings.Contains(said, "a new organization needs --name and --owner") {
		t.Error(exit, said)
	}
}

// roleWith is a role as GetAccountAuthorizationDetails has it, with a policy of that statement.
func roleWith(arn, statement string) string {
	return "<member><RoleName>r</RoleName><Arn>" + arn + "</Arn><RolePolicyList><member><PolicyName>p</PolicyName><PolicyDocument>" +
		url.PathEscape(`{"Version":"2012-10-17","Statement":[`+statement+`]}`) + "</PolicyDocument></member></RolePolicyList></member>"
}

// TestDoctorSeesWhetherWorkersAreLetIn, where a rotation is set for their kind, and by what they come by projects' keys.
func TestDoctorSeesWhetherWorkersAreLetIn(t *testing.T) {
	server := localtest.Start(t)
	const plain, any = `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`, `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}`
	const byIAM = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + local.Account + `:root"},"Action":"kms:*","Resource":"*"}]}`
	byPolicy := strings.Replace(byIAM, `:root"`, `:root","`+workerRole("random")+`"`, 1)
	byPolicy = strings.Replace(byPolicy, `{"AWS":"`, `{"AWS":["`, 1)
	byPolicy = strings.Replace(byPolicy, `random"}`, `random"]}`, 1)
	a := &account{keyPolicy: byIAM, roles: roleWith(workerRole("random"), plain)}
	_, s, _ := deploymentOf(t, a, local.Owner, server)
	doctor := func(profile string, want ...diagnosis) {
		t.Helper()
		m, s, _ := deploymentOf(t, a, profile, server)
		c := &clinic{Main: m, settings: s.settings}
		of := awsOf(t, s.settings)
		known, err := deployed.ReadIdentities(t.Context(), of)
		c.workers(t.Context(), s, of, known, err)
		if diff := cmp.Diff(want, c.found); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	doctor(local.Owner) // no rotation is set

	made, err := s.Create(t.Context(), client.NewSecret{Project: "plain", Name: "TOKEN", Value: client.NewValue("v")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutRotation(t.Context(), made.ID, api.PutRotation{Rotator: string(rotating.Random)}, ""); err != nil {
		t.Fatal(err)
	}
	const letsIn = "`strongroom init --outputs FILE --workers` does it; FILE is what make deploy wrote"
	doctor(local.Owner, diagnosis{stateFail, "workers", "secrets are rotated by random, and there is no service account worker-random to let its worker in as", letsIn})
	account, err := s.CreatePrincipal(t.Context(), api.CreatePrincipal{Kind: access.KindServiceAccount, Name: "worker-random"})
	if err != nil {
		t.Fatal(err)
	}
	doctor(local.Owner, diagnosis{stateFail, "workers", "secrets are rotated by random, and the service account worker-random is bound to no role under /strongroom/workers/", letsIn})
	bind(t, s, account.ID, workerRole("random"))
	well := diagnosis{State: stateOK, Check: "workers", Says: "let in by roles under /strongroom/workers/: worker-random"}
	doctor(local.Owner, well, diagnosis{State: stateOK, Check: "workers' keys", Says: "no policy lets 1 worker's role use the client key: KMS grants do, project by project"})

	const take = "take that from the role's policies or the key's: `strongroom access grant` gives a worker a KMS grant for each project"
	open := diagnosis{stateFail, "workers' keys", "policies let 1 worker's role use the client key, in every project and whatever was granted: " + workerRole("random"), take}
	a.roles = roleWith(workerRole("random"), any)
	doctor(local.Owner, well, open)
	a.roles, a.keyPolicy = roleWith(workerRole("random"), plain), byPolicy
	doctor(local.Owner, well, open)
	a.roles, a.keyPolicy = "", byIAM
	doctor(local.Owner, well, diagnosis{stateFail, "workers' keys", "1 role that workers are let in by is not in this account any more: " + workerRole("random"), letsIn})
	a.keyPolicy = ""
	const ask, unsaid = "ask an administrator to run doctor", "whether workers come by them by KMS grants alone can't be said: you are not allowed "
	doctor(local.Owner, well, diagnosis{stateWarn, "workers' keys", unsaid + "kms:GetKeyPolicy", ask})
	a.hidden = true
	doctor(local.Owner, well, diagnosis{stateWarn, "workers' keys", unsaid + "iam:GetAccountAuthorizationDetails", ask})
	if _, err := s.DisablePrincipal(t.Context(), account.ID); err != nil {
		t.Fatal(err)
	}
	doctor(local.Owner,
		diagnosis{stateFail, "workers", "secrets are rotated by random, and the service account worker-random is disabled", "`strongroom service-account enable worker-random` lets it in again"},
		diagnosis{stateWarn, "workers' keys", unsaid + "iam:GetAccountAuthorizationDetails", ask})
	doctor(local.Developer, diagnosis{stateWarn, "workers", "whether those of the rotations that are set are let in, you may not see", "ask an owner, admin or auditor to run doctor"})
}

func bind(t *testing.T, s *session, to uuid.UUID, role string) {
	t.Helper()
	if _, err := s.PutIdentities(t.Context(), to, []api.Identity{{ARN: role}}, ""); err != nil {
		t.Fatal(err)
	}
}
