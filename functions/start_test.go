package functions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"strongroom/pkg/metric"
	"strongroom/pkg/metric/metrictest"
	"strongroom/pkg/operation"
)

const (
	account      = "123456789012"
	organization = "0190a1b2-0000-7000-8000-000000000001"
)

// environ is what the functions are configured with here. Nothing listens where the table and the keys would be.
var environ = []string{
	"STRONGROOM_TABLE=strongroom", "STRONGROOM_ORGANIZATION=" + organization, "STRONGROOM_ACCOUNT=" + account,
	"STRONGROOM_API=abcdefghij", "STRONGROOM_CLIENT_KEY=arn:aws:kms:us-east-1:" + account + ":key/client",
	"STRONGROOM_STORAGE_KEY=arn:aws:kms:us-east-1:" + account + ":key/storage",
	"STRONGROOM_SIGNING_KEY=arn:aws:kms:us-east-1:" + account + ":key/signing", "STRONGROOM_BUS=strongroom", "STRONGROOM_ARCHIVE=seals",
	"AWS_REGION=us-east-1",
	"AWS_ACCESS_KEY_ID=ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=marked-secret", "AWS_SESSION_TOKEN=marked-token",
	"AWS_ENDPOINT_URL=http://127.0.0.1:1",
}

// A runtimeAPI stands in for Lambda's: it hands out one invocation and takes the answer
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
type runtimeAPI struct {
	payload []byte
	asked   bool
	// answer gets what the function posts: the last part of the path ("response" or "error"), and the body.
	answer chan [2]string
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/2018-06-01/runtime/invocation/")
	switch {
	case ok && path == "next" && !a.asked:
		a.asked = true
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "invocation-1")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(15*time.Second).UnixMilli()))
		_, _ = w.Write(a.payload)
	case ok && path == "next":
		<-r.Context().Done() // the function waits for work until it is ended
	default:
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		a.answer <- [2]string{filepath.Base(r.URL.Path), string(body)}
	}
}

// run starts a binary in an environment, has it answer one invocation and ends it.
func run(t *testing.T, binary string, payload []byte, environ []string) (kind, answer, log string) {
	t.Helper()
	a := &runtimeAPI{payload: payload, answer: make(chan [2]string, 1)}
	server := httptest.NewServer(a)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var output bytes.Buffer
	command := exec.CommandContext(ctx, binary)
	command.Env = append(slices.Clone(environ), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"))
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case got := <-a.answer:
		cancel()
		<-ended
		return got[0], got[1], output.String()
	case err := <-ended:
		t.Fatalf("ended without an answer: %v\n%s", err, output.String())
	}
	return "", "", ""
}

// eventFor is an event of a route, from a caller of an account.
func eventFor(route operation.HTTP, callersAccount string) []byte {
	event := map[string]any{
		"version": "2.0", "routeKey": route.Route(), "headers": map[string]string{},
		"rawPath": strings.NewReplacer("{version}", "1", "{organizationId}", organization, "{secretId}", organization,
			"{projectId}", organization, "{principalId}", organization).Replace(route.Path),
		"rawQueryString": "",
		"requestContext": map[string]any{
			"accountId": account, "apiId": "abcdefghij", "requestId": "request-1",
			"domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com",
			"http":       map[string]string{"method": route.Method},
			"authorizer": map[string]any{"iam": map[string]any{
				"accountId": callersAccount, "userArn": "arn:aws:iam::" + callersAccount + ":user/somebody",
				"userId": "AIDAEXAMPLEEXAMPLE123", "cognitoIdentity": nil,
			}},
		},
	}
	encoded, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return encoded
}

// batchFor is a batch of the table's stream in an account, of one change that no function wants.
func batchFor(tablesAccount string) []byte {
	return []byte(`{"Records": [{"eventName": "INSERT", "eventSource": "aws:dynamodb",
		"eventSourceARN": "arn:aws:dynamodb:us-east-1:` + tablesAccount + `:table/strongroom/stream/2026-11-26T21:00:00.000",
		"dynamodb": {"Keys": {"PK": {"S": "?"}, "SK": {"S": "?"}}, "NewImage": {"PK": {"S": "?"}, "SK": {"S": "?"}},
			"SequenceNumber": "1", "StreamViewType": "NEW_AND_OLD_IMAGES"}}]}`)
}

// tickOf is the event of a schedule of an account.
func tickOf(schedulesAccount string) []byte {
	return []byte(`{"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.scheduler", "region": "us-east-1",
		"account": "` + schedulesAccount + `", "time": "2026-11-26T21:10:00Z", "resources": [], "detail": "{}"}`)
}

// TestBinariesServe starts every binary as Lambda does. All refuse an event of another account; those that read
// something first, and find no table, are unavailable: none crashes.
func TestBinariesServe(t *testing.T) {
	out := build(t, host(t), "./...")
	for _, row := range operation.Table {
		binary := filepath.Join(out, string(row.Name))
		t.Run(string(row.Name), func(t *testing.T) {
			t.Parallel()
			switch trigger := row.Trigger.(type) {
			case operation.HTTP:
				serves(t, binary, eventFor(trigger, "999999999999"), http.StatusForbidden)
				if row.Name == operation.Whoami || row.Name == operation.GetSecret {
					serves(t, binary, eventFor(trigger, account), http.StatusServiceUnavailable)
				}
			case operation.Invoke:
				answers(t, binary, []byte("{}"), "error", `"errorType":"invalid"`)
			case operation.Stream:
				answers(t, binary, batchFor("999999999999"), "error", `"errorType":"forbidden"`)
				answers(t, binary, batchFor(account), "response", "null")
			case operation.Schedule:
				answers(t, binary, tickOf("999999999999"), "error", `"errorType":"forbidden"`)
				answers(t, binary, []byte(`{"at": "now"}`), "error", `"errorType":"invalid"`)
			case operation.Event:
				answers(t, binary, tickOf("999999999999"), "error", `"errorType":"forbidden"`)
				answers(t, binary, tickOf(account), "error", `"errorType":"invalid"`)
			default:
				t.Fatalf("nothing starts it: %T", trigger)
			}
		})
	}
}

// answers has a binary without a route answer, or fail.
func answers(t *testing.T, binary string, payload []byte, wantKind, part string) {
	t.Helper()
	kind, answer, log := run(t, binary, payload, environ)
	if kind != wantKind || !strings.Contains(answer, part) {
		t.Errorf("%s %s, want %s %s", kind, answer, wantKind, part)
	}
	if !strings.Contains(log, `"lambdaRequestId":"invocation-1"`) || strings.Contains(log, "marked") {
		t.Errorf("logged %s", log)
	}
	failures := map[string]float64{"response": 0, "error": 1}[wantKind]
	if measured := metrictest.Lines(t, log); len(measured) != 1 || measured[0][metric.Runs] != 1 || measured[0][metric.Failures] != failures {
		t.Errorf("measured %v: %s", measured, log)
	}
}

func serves(t *testing.T, binary string, event []byte, want int) {
	t.Helper()
	kind, answer, log := run(t, binary, event, environ)
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal([]byte(answer), &response); err != nil || kind != "response" {
		t.Fatalf("answered %s %s", kind, answer)
	}
	if response.StatusCode != want || response.Headers["X-Request-Id"] != "request-1" {
		t.Errorf("answered %s, want status %d", answer, want)
	}
	if !strings.Contains(log, `"requestId":"request-1","status":`) || !strings.Contains(log, `"coldStart":true`) || strings.Contains(log, "marked") {
		t.Errorf("logged %s", log)
	}
	measured := metrictest.Lines(t, log)
	if len(measured) != 1 || measured[0][metric.Requests] != 1 {
		t.Fatalf("measured %v: %s", measured, log)
	}
	// Where nothing listens DynamoDB is asked three times.
	if calls := measured[0][metric.TableCalls]; (want == http.StatusServiceUnavailable) != (calls == 3 && measured[0][metric.Errors] == 1) {
		t.Errorf("measured %v", measured)
	}
}

// TestBinariesSayWhatTheyMiss: a function that is not configured ends at once and names each variable.
func TestBinariesSayWhatTheyMiss(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "get-secret")
	build := exec.CommandContext(t.Context(), "go", "build", tags, "-o", binary, "./get-secret")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	host(t)
	command := exec.CommandContext(t.Context(), binary)
	command.Env = []string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"}
	output, err := command.CombinedOutput()
	if err == nil || command.ProcessState.ExitCode() != 1 || strings.Count(string(output), "is not set") != 8 {
		t.Errorf("%v\n%s", err, output)
	}
}
