package functions_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// rotatorOf has the package of each kind's rotator.
var rotatorOf = map[rotation.Kind]string{
	rotation.PostgreSQL: "postgresql", rotation.MySQL: "mysql", rotation.IAMAccessKey: "iamkey",
	rotation.Random: "random", rotation.HTTP: "webhook", rotation.Lambda: "awslambda",
}

func TestThereIsOneWorkerForEachKindOfRotator(t *testing.T) {
	entries, err := os.ReadDir("workers")
	if err != nil {
		t.Fatal(err)
	}
	var folders, want []string
	for _, entry := range entries {
		folders = append(folders, entry.Name())
	}
	for _, kind := range rotation.Kinds() {
		want = append(want, string(kind))
		if _, taken := operation.Lookup(operation.Name(kind)); taken {
			t.Errorf("%s is the name of an operation too: their binaries would be one", kind)
		}
		if rotatorOf[kind] == "" {
			t.Errorf("%s has no rotator here", kind)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, folders); diff != "" || len(want) != len(rotatorOf) {
		t.Errorf("rotators and folders (-want +got):\n%s", diff)
	}
}

// TestWorkersServeTheirKind reads each main: one statement, which names the kind that the folder is named after.
func TestWorkersServeTheirKind(t *testing.T) {
	constants := constantsIn[rotation.Kind](t, "../pkg/rotation/kind.go", len(rotation.Rotators))
	for _, kind := range rotation.Kinds() {
		call := mainCall(t, filepath.Join("workers", string(kind), "main.go"))
		if want := []string{"workers.Main", "rotation." + constants[kind]}; len(call) != 3 || !slices.Equal(call[:2], want) {
			t.Errorf("%s: calls %q, want %q and how its rotator is made", kind, call, want)
		}
		if made := rotatorOf[kind] + ".New("; !strings.Contains(call[2], "return "+made) {
			t.Errorf("%s: does not return %s…): %s", kind, made, call[2])
		}
	}
}

// TestWorkersLinkTheirOwnRotator, and nothing of the server.
func TestWorkersLinkTheirOwnRotator(t *testing.T) {
	linked := dependencies(t)
	for _, kind := range rotation.Kinds() {
		deps := linked["strongroom/functions/workers/"+string(kind)]
		for _, other := range rotation.Kinds() {
			path := "strongroom/pkg/rotation/rotators/" + rotatorOf[other]
			if slices.Contains(deps, path) != (kind == other) {
				t.Errorf("%s: links %s: %t", kind, path, kind != other)
			}
		}
		for _, path := range []string{"strongroom/pkg/secrets", "strongroom/pkg/handler", "strongroom/pkg/app", "strongroom/pkg/envelope", "net/rpc", "testing"} {
			if slices.Contains(deps, path) {
				t.Errorf("%s: links %s", kind, path)
			}
		}
		if !slices.Contains(deps, "strongroom/pkg/client") {
			t.Errorf("%s: does not link the SDK; is this list of dependencies right?", kind)
		}
	}
}

// workerEnviron is what workers are configured with here. Nothing listens where Strongroom would be.
var workerEnviron = []string{
	"STRONGROOM_URL=http://127.0.0.1:1", "STRONGROOM_ORGANIZATION=" + organization,
	"STRONGROOM_CLIENT_KEY=arn:aws:kms:us-east-1:" + account + ":key/0190a1b2-0000-7000-8000-000000000002", "AWS_REGION=us-east-1",
	"AWS_ACCESS_KEY_ID=ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=marked-secret", "AWS_SESSION_TOKEN=marked-token",
}

// TestWorkersServe starts every worker as Lambda does, with a message that is for another one: it is to come again.
func TestWorkersServe(t *testing.T) {
	out := build(t, host(t), "./workers/...")
	for _, kind := range rotation.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			batch, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m-1", Body: `{"detail-type": "Rotation Due", "source": "strongroom",
				"detail": {"resourceId": "` + organization + `", "rotationId": "` + organization + `", "rotator": "another"}}`}}})
			if err != nil {
				t.Fatal(err)
			}
			result, answer, log := run(t, filepath.Join(out, string(kind)), batch, workerEnviron)
			if result != "response" || answer != `{"batchItemFailures":[{"itemIdentifier":"m-1"}]}` {
				t.Errorf("%s %s", result, answer)
			}
			if !strings.Contains(log, `this is a worker of `+string(kind)) || strings.Contains(log, "marked") {
				t.Errorf("logged %s", log)
			}
		})
	}
	t.Run("and say what they miss", func(t *testing.T) {
		command := exec.CommandContext(t.Context(), filepath.Join(out, "random"))
		command.Env = []string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"}
		output, err := command.CombinedOutput()
		if err == nil || command.ProcessState.ExitCode() != 1 || strings.Count(string(output), "is not set") != 4 {
			t.Errorf("%v\n%s", err, output)
		}
	})
}

// TestWorkersAreSmall, each with some 400 KB of room: nobody waits for them, but what is linked by mistake shows here. The SDK and
// AWS's own configuration, which they have in common, are the most of it; the drivers of databases and clients of IAM and Lambda
// are the rest.
func TestWorkersAreSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds all workers")
	}
	most := map[rotation.Kind]int64{
		rotation.PostgreSQL: 12_900_000, rotation.MySQL: 12_200_000, rotation.IAMAccessKey: 12_200_000,
		rotation.Random: 11_750_000, rotation.HTTP: 11_750_000, rotation.Lambda: 12_500_000,
	}
	out := build(t, "arm64", "./workers/...")
	for _, kind := range rotation.Kinds() {
		info, err := os.Stat(filepath.Join(out, string(kind)))
		switch {
		case err != nil:
			t.Error(err)
		case info.Size() >= most[kind]:
			t.Errorf("%s: %d bytes; at most %d", kind, info.Size(), most[kind])
		default:
			t.Logf("%s: %d bytes", kind, info.Size())
		}
	}
}
