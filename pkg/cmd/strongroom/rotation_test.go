package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
)

// A person is a profile of a local server with the SDK and with the program, whose files are a folder of their own.
type person struct {
	*client.Client
	env []string
}

func personOf(t *testing.T, s *localtest.Server, profile string) person {
	t.Helper()
	c := s.Credentials(profile)
	static := credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	config := aws.Config{Region: local.Region, Credentials: static}
	made, err := client.New(client.Config{
		URL: s.URL, AWS: config, KMS: kms.NewFromConfig(config, func(o *kms.Options) { o.BaseEndpoint = &s.KMSURL }),
	})
	if err != nil {
		t.Fatal(err)
	}
	return person{made, append(os.Environ(),
		"STRONGROOM_URL="+s.URL, "AWS_ENDPOINT_URL_KMS="+s.KMSURL, "AWS_REGION="+local.Region, "STRONGROOM_CONFIG_DIR="+t.TempDir(),
		"AWS_ACCESS_KEY_ID="+c.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+c.SecretAccessKey, "AWS_SESSION_TOKEN="+c.SessionToken,
	)}
}

// An execution is one run of the program.
type execution struct {
	command     *exec.Cmd
	out, errors bytes.Buffer
}

func (p person) start(t *testing.T, args ...string) *execution {
	t.Helper()
	program, err := exec.LookPath("strongroom") // testscript put it there
	if err != nil {
		t.Fatal(err)
	}
	r := &execution{command: exec.Command(program, args...)} //nolint:noctx // waited for, or killed
	r.command.Args[0], r.command.Env, r.command.Dir = "strongroom", p.env, t.TempDir()
	r.command.Stdout, r.command.Stderr = &r.out, &r.errors
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.command.Process.Kill() })
	return r
}

// must runs the program, which has to succeed.
func (p person) must(t *testing.T, args ...string) *execution {
	t.Helper()
	r := p.start(t, args...)
	if status := r.status(t); status != 0 {
		t.Fatalf("strongroom %s: status %d\n%s", strings.Join(args, " "), status, r.errors.String())
	}
	return r
}

// status waits for the end and answers the exit status, -1 where a signal ended it.
func (r *execution) status(t *testing.T) int {
	t.Helper()
	err := r.command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return r.command.ProcessState.ExitCode()
}

// A rotated answer is what rotate-key --output json prints.
type rotatedAnswer struct {
	KeyID                          uuid.UUID
	Reencrypted, AlreadyDone, Left int
	Failed                         []struct{ Name, Reason string }
}

func (r *execution) rotated(t *testing.T) rotatedAnswer {
	t.Helper()
	var a rotatedAnswer
	if err := json.Unmarshal(r.out.Bytes(), &a); err != nil {
		t.Fatalf("%v in %s\n%s", err, r.out.String(), r.errors.String())
	}
	return a
}

const rotatedSecrets = 300

func rotatedValue(name string) string { return "value of " + name + ", not a real one" }

func makeSecrets(t *testing.T, p person) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	for i := range rotatedSecrets {
		group.Go(func() error {
			name := fmt.Sprintf("SECRET_%03d", i)
			_, err := p.Create(ctx, client.NewSecret{Project: "demo", Name: name, Value: client.NewValue(rotatedValue(name))})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// stale counts what is under older keys.
func (p person) stale(ctx context.Context) (int, error) {
	count := 0
	for _, err := range p.Stale(ctx, "demo") {
		if err != nil {
			return 0, err
		}
		count++
	}
	return count, nil
}

// strike waits until no more than some secrets are left, and sends a signal.
func (r *execution) strike(t *testing.T, p person, left int, signal os.Signal) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		stale, err := p.stale(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if stale > 0 && stale <= left {
			break
		}
		if time.Since(start) > patience {
			t.Fatalf("after %s %d secrets are left\n%s", patience, stale, r.errors.String())
		}
	}
	if err := r.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// TestAnInterruptedRotationGoesOn kills a rotation, interrupts its resumption, and resumes that: every value is there
// once more, and once only.
func TestAnInterruptedRotationGoesOn(t *testing.T) {
	s := localtest.Start(t)
	owner := personOf(t, s, local.Owner)
	makeSecrets(t, owner)
	watcher := personOf(t, s, local.Owner)

	first := owner.start(t, "project", "rotate-key", "demo", "--output", "json")
	first.strike(t, watcher, 220, syscall.SIGKILL)
	if status := first.status(t); status != -1 {
		t.Fatalf("the rotation ended with %d before it was killed\n%s", status, first.errors.String())
	}
	second := owner.start(t, "project", "rotate-key", "demo", "--resume", "--output", "json")
	second.strike(t, watcher, 120, syscall.SIGINT)
	if status := second.status(t); status != 130 || !strings.Contains(second.errors.String(), "interrupted; `strongroom project rotate-key demo --resume` goes on") {
		t.Fatalf("after SIGINT the status is %d\n%s", status, second.errors.String())
	}
	interrupted := second.rotated(t)
	if interrupted.Left == 0 || interrupted.Reencrypted == 0 || interrupted.Reencrypted+interrupted.AlreadyDone+interrupted.Left != rotatedSecrets {
		t.Errorf("the interrupted one says %+v", interrupted)
	}
	third := owner.start(t, "project", "rotate-key", "demo", "--resume", "--output", "json")
	if status := third.status(t); status != 0 {
		t.Fatalf("the resumption ends with %d\n%s", status, third.errors.String())
	}
	done := third.rotated(t)
	if done.Reencrypted == 0 || done.AlreadyDone == 0 || done.Left != 0 || done.Reencrypted+done.AlreadyDone != rotatedSecrets {
		t.Errorf("the resumption says %+v", done)
	}
	checkRotated(t, s, done.KeyID)
	if got := third.errors.String() + second.errors.String() + third.out.String(); strings.Contains(got, "not a real one") {
		t.Error("values are printed")
	}
}

// checkRotated finds every value, as its second version, under the current key, which is the project's second.
func checkRotated(t *testing.T, s *localtest.Server, key uuid.UUID) {
	t.Helper()
	reader := personOf(t, s, local.Owner)
	project, err := reader.Project(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	if keys := *project.Keys; len(keys) != 2 || keys[1].ID != key || !keys[1].Current {
		t.Errorf("the project's keys are %+v, want two, the second of them %s and current", keys, key)
	}
	all, err := reader.GetAll(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, secret := range all {
		names[secret.Name] = true
		if secret.Value.Reveal() != rotatedValue(secret.Name) || secret.Version != 2 {
			t.Errorf("%s has another value than it was given, or is version %d and not 2", secret.Name, secret.Version)
		}
	}
	if len(all) != rotatedSecrets || len(names) != rotatedSecrets {
		t.Errorf("there are %d secrets with %d names, want %d", len(all), len(names), rotatedSecrets)
	}
	var values api.List[api.ProjectValue]
	s.JSON(localtest.Request{Profile: local.Owner, Method: http.MethodGet, Path: "/projects/" + project.ID.String() + "/values"}, http.StatusOK, &values)
	if len(values.Data) != rotatedSecrets {
		t.Fatalf("%d values were answered, want %d", len(values.Data), rotatedSecrets)
	}
	for _, v := range values.Data {
		if kid := kidOf(t, v.Value); kid != key.String() {
			t.Errorf("%s is encrypted under %s, want %s", v.Name, kid, key)
		}
	}
}

// kidOf is the key that a compact JWE names (RFC 7516, section 7.1).
func kidOf(t *testing.T, jwe string) string {
	t.Helper()
	protected, _, _ := strings.Cut(jwe, ".")
	text, err := base64.RawURLEncoding.DecodeString(protected)
	var header struct{ Kid string }
	if err == nil {
		err = json.Unmarshal(text, &header)
	}
	if err != nil {
		t.Fatal(err)
	}
	return header.Kid
}

// TestWhoLacksAKeyLeavesTheValue has somebody rotate a project's key who can't have the keys of other projects that some of
// its secrets are in: one is hidden, and of the other one KMS unwraps none for them. The owner does the rest.
func TestWhoLacksAKeyLeavesTheValue(t *testing.T) {
	s := localtest.Start(t)
	owner, developer := personOf(t, s, local.Owner), personOf(t, s, local.Developer)
	for _, name := range []string{"hidden", "shown"} {
		if _, err := owner.CreateProject(t.Context(), name, api.EncryptionClient); err != nil {
			t.Fatal(err)
		}
	}
	for name, also := range map[string][]string{"ALONE": nil, "WITH_HIDDEN": {"hidden"}, "WITH_SHOWN": {"shown"}} {
		secret := client.NewSecret{Project: "demo", Also: also, Name: name, Value: client.NewValue(rotatedValue(name))}
		if _, err := owner.Create(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
	me, err := developer.Whoami(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	share(t, owner, "demo", me.Principal.ID, access.Manage)
	plan, err := owner.PlanKeyGrants(t.Context(), "demo", me.Principal.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Apply(t.Context(), plan, func(client.KeyGrant, bool, error) {}); err != nil {
		t.Fatal(err)
	}
	share(t, owner, "shown", me.Principal.ID, access.Read)

	partly := developer.start(t, "project", "rotate-key", "demo", "--output", "json")
	if status := partly.status(t); status != 1 || !strings.Contains(partly.errors.String(), "2 values are left under older keys") {
		t.Errorf("the status is %d, want 1\n%s", status, partly.errors.String())
	}
	got := partly.rotated(t)
	var names []string
	for _, f := range got.Failed {
		names = append(names, f.Name)
		if !strings.Contains(partly.errors.String(), fmt.Sprintf("strongroom: %q is left: %s\n", f.Name, f.Reason)) {
			t.Errorf("%s: the reason %q is not said\n%s", f.Name, f.Reason, partly.errors.String())
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"WITH_HIDDEN", "WITH_SHOWN"}, names); diff != "" || got.Reencrypted != 1 || got.Left != 2 {
		t.Errorf("%+v failed (-want +got):\n%s", got, diff)
	}
	for name, reason := range map[string]string{
		"WITH_HIDDEN": "it must be made for 1 more that you may not see", "WITH_SHOWN": "the keys of 1 of them can't be had: AWS KMS refuses it: kms:Decrypt is missing",
	} {
		if !slices.ContainsFunc(got.Failed, func(f struct{ Name, Reason string }) bool {
			return f.Name == name && strings.Contains(f.Reason, reason)
		}) {
			t.Errorf("%s is not said to fail for %q: %+v", name, reason, got.Failed)
		}
	}

	rest := owner.start(t, "project", "rotate-key", "demo", "--resume", "--output", "json")
	if status := rest.status(t); status != 0 {
		t.Errorf("the owner's resumption ends with %d\n%s", status, rest.errors.String())
	}
	if got := rest.rotated(t); got.Reencrypted != 2 || got.AlreadyDone != 1 || got.Left != 0 {
		t.Errorf("the owner's resumption says %+v", got)
	}
	all, err := personOf(t, s, local.Developer).GetAll(t.Context(), "demo")
	if err != nil || len(all) != 3 {
		t.Fatalf("%d secrets are read: %v", len(all), err)
	}
	for _, secret := range all {
		if secret.Value.Reveal() != rotatedValue(secret.Name) || secret.Version != 2 {
			t.Errorf("%s has another value than it was given, or is version %d and not 2", secret.Name, secret.Version)
		}
	}
}

// share replaces what a principal is granted on a project.
func share(t *testing.T, owner person, project string, principal uuid.UUID, permission access.Permission) {
	t.Helper()
	p, err := owner.Resolve(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	on := client.Resource{Project: p.ID}
	grants, etag, err := owner.Access(t.Context(), on)
	if err != nil {
		t.Fatal(err)
	}
	grants = slices.DeleteFunc(grants, func(g api.Grant) bool { return g.Principal.ID == principal })
	grants = append(grants, api.Grant{Principal: api.GrantPrincipal{ID: principal}, Permission: permission})
	if _, _, err := owner.PutAccess(t.Context(), on, grants, etag, false); err != nil {
		t.Fatal(err)
	}
}
