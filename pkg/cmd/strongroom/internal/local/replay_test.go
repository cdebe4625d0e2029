package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

var update = flag.Bool("update", false, "write what is answered to testdata/responses")

const (
	root            = "../../../../.."
	eventsFolder    = root + "/events"
	responsesFolder = root + "/testdata/responses"
)

// A sample is an invocation payload in events/.
type sample struct {
	operation operation.Name
	name      string
	payload   []byte
}

func (s sample) path() string { return filepath.Join(string(s.operation), s.name+".json") }

// samples reads all of events/.
func samples(t testing.TB) []sample {
	t.Helper()
	files, err := filepath.Glob(eventsFolder + "/*/*.json")
	must(err)
	if len(files) < 2*len(operation.Table) {
		t.Fatalf("%d events for %d operations", len(files), len(operation.Table))
	}
	all := make([]sample, len(files))
	for i, file := range files {
		payload, err := os.ReadFile(file)
		must(err)
		all[i] = sample{
			operation: operation.Name(filepath.Base(filepath.Dir(file))),
			name:      strings.TrimSuffix(filepath.Base(file), ".json"), payload: payload,
		}
	}
	return all
}

// routed are the samples of operations that have a route.
func routed(t testing.TB) []sample {
	return slices.DeleteFunc(samples(t), func(s sample) bool { return !hasRoute(s.operation) })
}

func hasRoute(name operation.Name) bool {
	row, _ := operation.Lookup(name)
	_, ok := row.Trigger.(operation.HTTP)
	return ok
}

// A response is what a sample is answered, as testdata/responses holds it.
type response struct {
	StatusCode int               `json:"statusCode,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
	Body       json.RawMessage   `json:"body,omitempty"`
	// Error is what an operation without a route failed with.
	Error *messages.InvokeResponse_Error `json:"error,omitempty"`
}

func (r response) refused() bool { return r.Error != nil || r.StatusCode >= 400 }

// TestEventsAreAnsweredAsBefore replays every event in a world of its own. What is answered, all of it, is the file of
// the same name in testdata/responses; go test -run TestEvents -update writes these files.
func TestEventsAreAnsweredAsBefore(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(strings.TrimSuffix(s.path(), ".json"), func(t *testing.T) {
			compareWithFile(t, filepath.Join(responsesFolder, s.path()), replay(t, s))
		})
	}
}

// TestEveryOperationIsAllowedAndRefused by one event at least.
func TestEveryOperationIsAllowedAndRefused(t *testing.T) {
	allowed, refused := map[operation.Name]int{}, map[operation.Name]int{}
	for _, s := range samples(t) {
		if readResponse(t, filepath.Join(responsesFolder, s.path())).refused() {
			refused[s.operation]++
		} else {
			allowed[s.operation]++
		}
	}
	for _, row := range operation.Table {
		if allowed[row.Name] == 0 || refused[row.Name] == 0 {
			t.Errorf("%s: %d events are allowed and %d refused", row.Name, allowed[row.Name], refused[row.Name])
		}
	}
}

func readResponse(t *testing.T, file string) (r response) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(content, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// replay answers a sample in a world of its own; create-organization's first one where there is none yet.
func replay(t *testing.T, s sample) response {
	var w *world
	if isFirst(s) {
		w = newVoid(t)
	} else {
		w = newWorld(t, nil)
	}
	return w.answer(t, s)
}

// answer answers a sample.
func (w *world) answer(t testing.TB, s sample) response {
	t.Helper()
	answer, err := w.function(s.operation, slog.New(slog.DiscardHandler)).Invoke(t.Context(), s.payload)
	if !hasRoute(s.operation) {
		return invoked(t, answer, err)
	}
	must(err)
	return stable(proxied(t, answer))
}

// isFirst says that a sample is for where there is no organization yet.
func isFirst(s sample) bool {
	return s.operation == operation.CreateOrganization && strings.HasPrefix(s.name, "first")
}

// invoked is the answer of an operation without a route.
func invoked(t testing.TB, answer []byte, err error) response {
	t.Helper()
	var failed messages.InvokeResponse_Error
	switch {
	case err == nil:
		return response{Body: answer}
	case !errors.As(err, &failed):
		t.Fatalf("error of type %T: %v", err, err)
	}
	return response{Error: &failed}
}

// proxied is a proxy response; it must be one that API Gateway understands, with a JSON body or none.
func proxied(t testing.TB, answer []byte) response {
	t.Helper()
	var r lambdaevents.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &r); err != nil {
		t.Fatalf("no proxy response: %v", err)
	}
	if r.IsBase64Encoded || len(r.MultiValueHeaders)+len(r.Cookies) > 0 {
		t.Errorf("a response with more than status, headers and body: %s", answer)
	}
	if r.Body != "" && !json.Valid([]byte(r.Body)) {
		t.Errorf("the body is no JSON: %q", r.Body)
	}
	return response{StatusCode: r.StatusCode, Headers: r.Headers, Body: json.RawMessage(r.Body)}
}

var (
	anyID  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyJWE = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+\.[\w-]*\.[\w-]+`)
)

// stable puts a placeholder for each of the two things that no fixed world makes the same twice: ids that the server
// made, and client-encrypted values. Ids of the world and of its events have their prefix in common and stay.
func stable(r response) response {
	r.Body = anyID.ReplaceAllFunc(r.Body, func(id []byte) []byte {
		if bytes.HasPrefix(id, []byte(idPrefix)) {
			return id
		}
		return []byte("{made by the server}")
	})
	r.Body = anyJWE.ReplaceAll(r.Body, []byte("{JWE}"))
	return r
}

func compareWithFile(t *testing.T, file string, got response) {
	t.Helper()
	text := pretty(got)
	if *update {
		must(os.MkdirAll(filepath.Dir(file), 0o750))
		must(os.WriteFile(file, text, 0o600))
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("another answer (-%s +got):\n%s", filepath.Base(file), diff)
	}
}

func pretty(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	must(encoder.Encode(v))
	return b.Bytes()
}

// TestEventsAndResponsesBelongTogether: no response without its event, nor an operation without a folder.
func TestEventsAndResponsesBelongTogether(t *testing.T) {
	var want []string
	for _, s := range samples(t) {
		if _, ok := operation.Lookup(s.operation); !ok {
			t.Errorf("events/%s is no operation", s.operation)
		}
		want = append(want, s.path())
	}
	files, err := filepath.Glob(responsesFolder + "/*/*")
	must(err)
	var got []string
	for _, file := range files {
		path, err := filepath.Rel(responsesFolder, file)
		must(err)
		got = append(got, path)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-events +testdata/responses):\n%s", diff)
	}
}

// wantError checks an error's form: a code of the table with its status, a message, and the request's id.
func wantError(t testing.TB, r response) api.Error {
	t.Helper()
	var body api.ErrorBody
	decoder := json.NewDecoder(bytes.NewReader(r.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		t.Fatalf("status %d with another body than an error's: %v: %s", r.StatusCode, err, r.Body)
	}
	e := body.Error
	if status, ok := api.Statuses[e.Code]; !ok || status != r.StatusCode || e.Message == "" || e.RequestID != r.Headers["X-Request-Id"] {
		t.Errorf("status %d with %+v and headers %v", r.StatusCode, e, r.Headers)
	}
	if r.Headers["Content-Type"] != "application/json" {
		t.Errorf("an error of content type %q", r.Headers["Content-Type"])
	}
	for _, d := range e.Details {
		if d.Field == "" || d.Message == "" {
			t.Errorf("a detail without field or message: %+v", e)
		}
	}
	return e
}
