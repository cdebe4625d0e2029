//go:build localstack

package localstack_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators/dbtest"
)

// id is a secret's.
func (d *deployment) id(t *testing.T, name string) uuid.UUID {
	t.Helper()
	var secret struct{ ID uuid.UUID }
	decode(t, d.must(t, local.Owner, "", "secret", "get", name, "--output", "json"), &secret)
	return secret.ID
}

// rotated has a secret be rotated by a worker of that kind, which may write its project.
func (d *deployment) rotated(t *testing.T, name string, kind rotation.Kind, settings ...string) {
	t.Helper()
	project, _, _ := strings.Cut(name, "/")
	d.must(t, local.Owner, "", "access", "grant", kind.Worker(), "write", project)
	args := []string{"rotation", "set", name, "--rotator", string(kind), "--worker", kind.Worker()}
	d.must(t, local.Owner, "", append(args, settings...)...)
}

// run is the latest rotation of a secret.
func (d *deployment) run(t *testing.T, name string) api.RotationRun {
	t.Helper()
	var r api.Rotation
	decode(t, d.must(t, local.Owner, "", "rotation", "get", name, "--output", "json"), &r)
	if r.Run == nil {
		return api.RotationRun{}
	}
	return *r.Run
}

// awaitRun waits until the latest rotation of a secret is in that state.
func (d *deployment) awaitRun(t *testing.T, name string, state api.RotationState) (run api.RotationRun) {
	t.Helper()
	eventually(t, fmt.Sprintf("the rotation of %s is %s", name, state), func() bool {
		if run = d.run(t, name); state != api.RotationFailed && (run.State == api.RotationFailed || run.Reason != "") {
			t.Fatalf("it is %+v\n%s", run, end(d.log.String()))
		}
		return run.State == state
	})
	return run
}

// put puts an event on a bus, as something of the user's would.
func (d *deployment) put(t *testing.T, bus, source, kind string, detail object) {
	t.Helper()
	text, err := json.Marshal(detail)
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.eventBridge().PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		EventBusName: &bus, Source: &source, DetailType: &kind, Detail: aws.String(string(text)),
	}}})
	if err != nil || out.FailedEntryCount > 0 {
		t.Fatalf("%v, %+v", err, out)
	}
}

// login is a user of a database, as the value of a secret.
type login struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// TestADatabaseIsRotatedByItsWorker: from a request over the stream, the bus, a rule and a queue to a worker's binary, which gives the
// second user its turn in a real database, under what only clients decrypt; and, once who had the old login has come, over the
// dispatcher and the same way again, for the old one to end.
func TestADatabaseIsRotatedByItsWorker(t *testing.T) {
	db := dbtest.PostgreSQL(t)
	db.Exec(t, "CREATE ROLE turn_a LOGIN PASSWORD 'first-Password-1'")
	db.Exec(t, "CREATE ROLE turn_b LOGIN PASSWORD 'unused-Password-1'")
	const secret = "demo/ROTATED_LOGIN"
	stack.must(t, local.Owner, fmt.Sprintf(`{"username": %q, "password": %q}`, db.Username, db.Password), "secret", "set", "demo/DATABASE_ADMIN")
	stack.must(t, local.Owner, `{"username": "turn_a", "password": "first-Password-1"}`, "secret", "set", secret)
	stack.rotated(t, secret, rotation.PostgreSQL, "--deadline", "1s", "--setting", "host="+db.Host, "--setting", fmt.Sprintf("port=%d", db.Port),
		"--setting", "database=postgres", "--setting", "users=turn_a", "--setting", "users=turn_b", "--setting", "ca="+db.CA,
		"--setting", "adminSecretId=demo/DATABASE_ADMIN")
	read := func() (l login) {
		decode(t, stack.must(t, local.CI, "", "secret", "get", secret), &l)
		return l
	}
	old := read()
	stack.must(t, local.Owner, "", "rotation", "run", secret, "--no-wait")
	run := stack.awaitRun(t, secret, api.RotationWaiting)
	eventually(t, "ci is known to have read the old login alone", func() bool {
		run = stack.run(t, secret)
		return len(run.WaitingFor) == 1 && run.WaitingFor[0].Name == local.CI
	})
	if !db.Works(t, old.Username, old.Password) {
		t.Error("the old login does not work any more, which is waited for")
	}
	now := read()
	if old.Username != "turn_a" || now.Username != "turn_b" || !db.Works(t, now.Username, now.Password) {
		t.Errorf("from %s it went to %s, which works: %t", old.Username, now.Username, db.Works(t, now.Username, now.Password))
	}
	eventually(t, "ci has come", func() bool { return len(stack.run(t, secret).WaitingFor) == 0 })
	var report struct{ Unfinished bool }
	for run.RetireBy != nil && time.Now().Before(*run.RetireBy) {
		time.Sleep(100 * time.Millisecond)
	}
	stack.tick(t, operation.DispatchRotations, &report)
	if done := stack.awaitRun(t, secret, api.RotationDone); done.ID != run.ID || done.Version != 2 || done.Missing != 0 {
		t.Errorf("it ended as %+v", done)
	}
	if db.Works(t, old.Username, old.Password) || !db.Works(t, now.Username, now.Password) {
		t.Error("the old login works still, or the new one does not")
	}
	// The first message of each queue comes twice.
	refused := fmt.Sprintf(`"secret":%q,"rotation":%q,"outcome":"refused"`, stack.id(t, secret), run.ID)
	eventually(t, "the message that came twice was refused", func() bool { return strings.Contains(stack.log.String(), refused) })
	for _, word := range []string{old.Password, now.Password, db.Password} {
		checkNothingInClear(t, "ROTATED_LOGIN", word)
	}
	if strings.Contains(db.Log(t), now.Password) {
		t.Error("the database logged the new password")
	}
	stack.noComplaint(t)
}

// TestWhoIsDisabledHasRotatedWhatItRead: the notice of it comes back over the bus by the template's rule, and a worker rotates what
// the person had read, once, though the queues deliver twice; what it had not read stays.
func TestWhoIsDisabledHasRotatedWhatItRead(t *testing.T) {
	stack.must(t, local.Owner, "", "organization", "set", "--rotate-on-leave", "read", "--yes")
	for _, name := range []string{"plain/KNOWN_TO_LEAVER", "plain/UNKNOWN_TO_LEAVER"} {
		stack.must(t, local.Owner, "first", "secret", "set", name)
		stack.rotated(t, name, rotation.Random)
	}
	stack.must(t, leaver, "", "secret", "get", "plain/KNOWN_TO_LEAVER")
	eventually(t, "the read is summed up", func() bool {
		return strings.Contains(stack.must(t, local.Owner, "", "access", "reads", leaver), "KNOWN_TO_LEAVER")
	})
	stack.must(t, local.Owner, "", "user", "disable", leaver)
	run := stack.awaitRun(t, "plain/KNOWN_TO_LEAVER", api.RotationDone)
	if run.Cause != api.CauseLeaver || run.Version != 2 || !strings.HasPrefix(run.Because, "user "+leaver+" was disabled") {
		t.Errorf("it was rotated as %+v", run)
	}
	if run := stack.run(t, "plain/UNKNOWN_TO_LEAVER"); run.ID != uuid.Nil {
		t.Errorf("what the leaver had not read was rotated: %+v", run)
	}
	stack.noComplaint(t)
}

// TestLeakedAccessKeysAreRotated: AWS Health's event comes over the account's own bus, and the worker makes and ends access keys in
// IAM.
func TestLeakedAccessKeysAreRotated(t *testing.T) {
	client := iam.New(iam.Options{Region: region, BaseEndpoint: &stack.emulator.url, Credentials: awsCredentials()})
	user := aws.String("rotated")
	if _, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: user}); err != nil {
		t.Fatal(err)
	}
	made, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: user})
	if err != nil {
		t.Fatal(err)
	}
	const secret = "demo/ACCESS_KEY"
	first := *made.AccessKey.AccessKeyId
	stack.must(t, local.Owner, fmt.Sprintf(`{"accessKeyId": %q, "secretAccessKey": %q}`, first, *made.AccessKey.SecretAccessKey), "secret", "set", secret)
	id := stack.id(t, secret)
	if _, err := client.TagUser(t.Context(), &iam.TagUserInput{UserName: user, Tags: []iamtypes.Tag{
		{Key: aws.String(rotation.SecretTag), Value: aws.String(id.String())},
	}}); err != nil {
		t.Fatal(err)
	}
	stack.rotated(t, secret, rotation.IAMAccessKey, "--deadline", "0s", "--setting", "userName=rotated")
	keys := func() (ids []string) {
		out, err := client.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: user})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range out.AccessKeyMetadata {
			ids = append(ids, *k.AccessKeyId)
		}
		return ids
	}
	var report struct{ Unfinished bool }
	rotate := func(begin func()) (now string) {
		before := keys()
		begin()
		eventually(t, "a key takes another's place", func() bool {
			stack.tick(t, operation.DispatchRotations, &report)
			ids := keys()
			if stack.run(t, secret).State != api.RotationDone || len(ids) != 1 || ids[0] == before[0] {
				return false
			}
			now = ids[0]
			return true
		})
		var value struct{ AccessKeyID string }
		if decode(t, stack.must(t, local.Owner, "", "secret", "get", secret), &value); value.AccessKeyID != now {
			t.Errorf("the secret has another key than IAM")
		}
		return now
	}
	// The first one makes its key known to Strongroom, by which an event finds the secret.
	known := rotate(func() { stack.must(t, local.Owner, "", "rotation", "run", secret, "--no-wait") })
	rotate(func() {
		stack.put(t, "default", "aws.health", "AWS Health Event", object{
			"service": "RISK", "eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSED", "affectedEntities": []object{{"entityValue": known}},
		})
	})
	if run := stack.run(t, secret); run.Cause != api.CauseLeak || run.Version != 3 {
		t.Errorf("it was rotated as %+v", run)
	}
	stack.noComplaint(t)
}

// TestAWorkerTellsNoOtherTargetWhatClientsEncrypt: the rotation fails, is tried no more, and there is a notice of it and a metric,
// which an alarm counts.
func TestAWorkerTellsNoOtherTargetWhatClientsEncrypt(t *testing.T) {
	q, before := newQueue(t), len(stack.log.String())
	const secret = "demo/LURED"
	stack.must(t, local.Owner, `{"username": "somebody", "password": "not-for-others"}`, "secret", "set", secret)
	stack.rotated(t, secret, rotation.PostgreSQL, "--setting", "host=elsewhere.example.com", "--setting", "users=somebody")
	id := stack.id(t, secret)
	stack.must(t, local.Owner, "", "rotation", "run", secret, "--no-wait")
	run := stack.awaitRun(t, secret, api.RotationFailed)
	if !strings.Contains(run.Reason, "not among the targets") || run.Attempts != 1 {
		t.Errorf("it failed as %+v", run)
	}
	eventually(t, "the notice of the failure", func() bool {
		return slices.ContainsFunc(q.receive(t), func(n notice) bool {
			return n.DetailType == rotation.NoticeFailed && n.Detail.ResourceID == id && *n.Detail.RotationID == run.ID
		})
	})
	if !strings.Contains(stack.log.String()[before:], `"RotationsFailed":1`) {
		t.Error("the failure was not counted")
	}
	stack.noComplaint(t)
}
