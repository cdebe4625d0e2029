package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/api"
	"strongroom/pkg/app"
	"strongroom/pkg/operation"
)

// eventWith is the sample event with fields set; a name with dots goes into objects.
func eventWith(t testing.TB, fields map[string]any) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		object, path := event, strings.Split(name, ".")
		for _, part := range path[:len(path)-1] {
			object = object[part].(map[string]any)
		}
		object[path[len(path)-1]] = value
	}
	if data, err = json.Marshal(event); err != nil {
		t.Fatal(err)
	}
	return data
}

// invoke has h answer an event, and answers what was logged too.
func invoke(t testing.TB, h http.HandlerFunc, payload []byte) (events.APIGatewayV2HTTPResponse, string) {
	t.Helper()
	var log bytes.Buffer
	f := app.Function(operation.UpdateSecret, h, app.Settings{
		Account: "123456789012", API: "abcdefghij", Log: slog.New(slog.NewJSONHandler(&log, nil)),
	})
	answer, err := f.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		t.Fatalf("the answer is no JSON: %v", err)
	}
	return response, log.String()
}

// request has an event answered and answers the request that the handler saw, and its body.
func request(t *testing.T, payload []byte) (*http.Request, string) {
	t.Helper()
	var seen *http.Request
	var body []byte
	response, _ := invoke(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}, payload)
	if response.StatusCode != http.StatusNoContent {
		t.Fatalf("the handler was not called: %d %s", response.StatusCode, response.Body)
	}
	return seen, string(body)
}

func code(t *testing.T, r events.APIGatewayV2HTTPResponse) api.Code {
	t.Helper()
	var body api.ErrorBody
	if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
		t.Fatalf("the body is no error: %v: %s", err, r.Body)
	}
	if body.Error.RequestID == "" || body.Error.RequestID != r.Headers["X-Request-Id"] {
		t.Errorf("request id %q, header %q", body.Error.RequestID, r.Headers["X-Request-Id"])
	}
	if r.StatusCode != body.Error.Status() || r.Headers["Content-Type"] != "application/json" {
		t.Errorf("status %d, headers %v for %s", r.StatusCode, r.Headers, body.Error.Code)
	}
	return body.Error.Code
}

// TestHeadersStayWhole: the adapter splits all but a few headers at their commas.
func TestHeadersStayWhole(t *testing.T) {
	r, _ := request(t, eventWith(t, nil))
	want := http.Header{
		"Accept":            {"*/*"},
		"Content-Length":    {"13"},
		"Content-Type":      {"application/json"},
		"Cookie":            {"one=1; two=2"},
		"Date":              {"Mon, 23 Nov 2026 21:00:00 GMT"},
		"Host":              {"abcdefghij.execute-api.eu-west-1.amazonaws.com"},
		"If-Match":          {`"a, b",  "c"`},
		"User-Agent":        {"curl/8.0 (x, y)"},
		"X-Amz-Date":        {"20261123T210000Z"},
		"X-Amzn-Trace-Id":   {"Root=1-5e9f0c65-1de4d666d4dd26aced652b6c"},
		"X-Forwarded-For":   {"192.0.2.1"},
		"X-Forwarded-Port":  {"443"},
		"X-Forwarded-Proto": {"https"},
	}
	if diff := cmp.Diff(want, r.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

// TestHostIsTheAPIs: the adapter takes the host from the API's domain name, never from a header.
func TestHostIsTheAPIs(t *testing.T) {
	r, _ := request(t, eventWith(t, map[string]any{"headers.host": "elsewhere.example"}))
	if r.Host != "abcdefghij.execute-api.eu-west-1.amazonaws.com" {
		t.Errorf("host %q", r.Host)
	}
}

// TestPaths: API Gateway has decoded the path, so that a % in it is a %, and nothing is cleaned or redirected.
func TestPaths(t *testing.T) {
	for raw, escaped := range map[string]string{
		"/secrets/x":            "/secrets/x",
		"/secrets/100%":         "/secrets/100%25",
		"/secrets/%zz":          "/secrets/%25zz",
		"/secrets/a%2Fb":        "/secrets/a%252Fb", // was a%252Fb when it was sent
		"/secrets/a/b":          "/secrets/a/b",     // was a%2Fb, perhaps
		"/secrets//x":           "/secrets//x",
		"/secrets/../projects":  "/secrets/../projects",
		"/secrets/a?b=c":        "/secrets/a%3Fb=c",
		"/secrets/a#b":          "/secrets/a%23b",
		"/secrets/é \x01":       "/secrets/%C3%A9%20%01",
		"//elsewhere.example/x": "//elsewhere.example/x",
		"@elsewhere.example/x":  "/@elsewhere.example/x",
		"":                      "/",
	} {
		r, _ := request(t, eventWith(t, map[string]any{"rawPath": raw}))
		if got := r.URL.EscapedPath(); got != escaped {
			t.Errorf("%q: path %q, want %q", raw, got, escaped)
		}
		if r.URL.RawQuery != "project=a%2Cb&project=c+d" || r.Host != "abcdefghij.execute-api.eu-west-1.amazonaws.com" {
			t.Errorf("%q: query %q, host %q", raw, r.URL.RawQuery, r.Host)
		}
	}
}

// TestQueriesStayRaw: the handler reads what the client sent and API Gateway checked the signature of.
func TestQueriesStayRaw(t *testing.T) {
	for _, raw := range []string{"", "a=b+c", "a=1&a=2", "a=%2B%26%3d", "a=1#b=2", "a=%zz", "a;b", "a=é", "force"} {
		r, _ := request(t, eventWith(t, map[string]any{
			"rawQueryString": raw, "queryStringParameters": map[string]any{"smuggled": "yes"},
		}))
		if r.URL.RawQuery != raw || r.URL.Fragment != "" {
			t.Errorf("query %q, fragment %q, want %q", r.URL.RawQuery, r.URL.Fragment, raw)
		}
	}
}

func TestBodies(t *testing.T) {
	for _, c := range []struct {
		name, body string
		base64     bool
		want       string
	}{
		{"text", `{"a":"€"}`, false, `{"a":"€"}`},
		{"base64 of text", base64.StdEncoding.EncodeToString([]byte("{}")), true, "{}"},
		{"base64 of bytes that are no UTF-8", base64.StdEncoding.EncodeToString([]byte("\xff\x00")), true, "\xff\x00"},
		{"none", "", false, ""},
	} {
		_, body := request(t, eventWith(t, map[string]any{"body": c.body, "isBase64Encoded": c.base64}))
		if body != c.want {
			t.Errorf("%s: body %q, want %q", c.name, body, c.want)
		}
	}
}

func TestRefusedEvents(t *testing.T) {
	for _, c := range []struct {
		name    string
		payload []byte
		want    api.Code
	}{
		{"no JSON", []byte("secret-marker"), api.CodeForbidden},
		{"null", []byte("null"), api.CodeForbidden},
		{"another trigger's event", []byte(`{"Records":[{"eventSource":"aws:sqs"}]}`), api.CodeForbidden},
		{"a member twice", []byte(`{"version":"2.0","version":"2.0"}`), api.CodeForbidden},
		{"payload format 1.0", eventWith(t, map[string]any{"version": "1.0"}), api.CodeForbidden},
		{"another route", eventWith(t, map[string]any{"routeKey": "GET /me"}), api.CodeForbidden},
		{"another method", eventWith(t, map[string]any{"requestContext.http.method": "GET"}), api.CodeForbidden},
		{"another API", eventWith(t, map[string]any{"requestContext.apiId": "zzzzzzzzzz"}), api.CodeForbidden},
		{"an API of another account", eventWith(t, map[string]any{"requestContext.accountId": "999999999999"}), api.CodeForbidden},
		{"no authorizer", eventWith(t, map[string]any{"requestContext.authorizer": nil}), api.CodeForbidden},
		{"another authorizer", eventWith(t, map[string]any{"requestContext.authorizer": map[string]any{"jwt": map[string]any{}}}), api.CodeForbidden},
		{"a body that is no base64", eventWith(t, map[string]any{"body": "secret-marker!", "isBase64Encoded": true}), api.CodeInvalid},
		{"a domain name that is none", eventWith(t, map[string]any{"requestContext.domainName": "a b%"}), api.CodeInvalid},
		{"a control character in the query", eventWith(t, map[string]any{"rawQueryString": "secret-marker\x01"}), api.CodeInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log string
			printed := capture(t, func() {
				var response events.APIGatewayV2HTTPResponse
				response, log = invoke(t, func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") }, c.payload)
				if !strings.Contains(response.Body, `"requestId":""`) && response.Headers["X-Request-Id"] != "" {
					if got := code(t, response); got != c.want {
						t.Errorf("%s, want %s", got, c.want)
					}
				} else if response.StatusCode != api.Statuses[c.want] {
					t.Errorf("status %d, want %s", response.StatusCode, c.want)
				}
			})
			if printed != "" || !strings.Contains(log, "event refused") || strings.Contains(log, "secret-marker") {
				t.Errorf("printed %q, logged %q", printed, log)
			}
		})
	}
}

// capture answers what f wrote to standard output and standard error.
func capture(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = w, w
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	f()
	_ = w.Close()
	printed, _ := io.ReadAll(r)
	return string(printed)
}

// TestWhatHandlersGetWrong: a handler that writes nothing would be 504, one that writes two statuses would answer the
// second, and one that panics would end the process.
func TestWhatHandlersGetWrong(t *testing.T) {
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want int
		log  string
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, 500, "wrote no answer"},
		{"headers only", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("A", "b") }, 500, "wrote no answer"},
		{"two statuses", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(409); w.WriteHeader(200) }, 409, ""},
		{"an informational status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(200) }, 200, ""},
		{"a status after the body", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nil); w.WriteHeader(500) }, 200, ""},
		{"a panic with a value", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half an answer")
			panic("secret-marker")
		}, 500, "panic with a string"},
		{"a panic of the runtime", func(http.ResponseWriter, *http.Request) { var m map[string]int; m["secret-marker"]++ }, 500, "nil map"}, //nolint:govet,staticcheck // it is to panic
		{"http.ErrAbortHandler", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 500, "handler panicked"},
		{"an answer larger than Lambda's", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.Repeat([]byte{'x'}, 6<<20))
		}, 500, "Lambda carries"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var response events.APIGatewayV2HTTPResponse
			var log string
			if printed := capture(t, func() { response, log = invoke(t, c.h, eventWith(t, nil)) }); printed != "" {
				t.Errorf("printed %q", printed)
			}
			if response.StatusCode != c.want || !strings.Contains(log, c.log) || strings.Contains(log, "secret-marker") {
				t.Errorf("status %d, want %d; log %s", response.StatusCode, c.want, log)
			}
			if c.want == 500 && code(t, response) != api.CodeInternal {
				t.Errorf("body %s", response.Body)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	response, _ := invoke(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Vary", "a")
		w.Header().Add("Vary", "b")
		w.Header().Add("Set-Cookie", "one=1, 2")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"value":"<é&\u0000>"}`)
	}, eventWith(t, nil))
	want := events.APIGatewayV2HTTPResponse{
		StatusCode: 200,
		Headers:    map[string]string{"Vary": "a,b", "Content-Type": "application/json"},
		Cookies:    []string{"one=1, 2"},
		Body:       `{"value":"<é&\u0000>"}`,
	}
	if diff := cmp.Diff(want, response); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAnswersAreNotInflated: Lambda counts the encoded form, and escaping for HTML makes six bytes of one.
func TestAnswersAreNotInflated(t *testing.T) {
	h := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("<", 5<<20)) }
	if response, _ := invoke(t, h, eventWith(t, nil)); response.StatusCode != 200 || len(response.Body) != 5<<20 {
		t.Errorf("status %d with %d bytes", response.StatusCode, len(response.Body))
	}
}

func TestDeadlines(t *testing.T) {
	for _, c := range []struct {
		name   string
		lambda time.Duration // zero for none
		want   time.Duration
	}{
		{"none of Lambda's", 0, 13 * time.Second},
		{"a long one", time.Minute, 13 * time.Second},
		{"as deployed", 15 * time.Second, 13 * time.Second},
		{"a short one", 5 * time.Second, 3 * time.Second},
		{"one that is over", time.Second, -time.Second},
	} {
		ctx := t.Context()
		if c.lambda > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, c.lambda)
			defer cancel()
		}
		var left time.Duration
		f := app.Function(operation.UpdateSecret, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			deadline, _ := r.Context().Deadline()
			left = time.Until(deadline)
		}), app.Settings{Log: slog.New(slog.DiscardHandler)})
		if _, err := f.Invoke(ctx, eventWith(t, nil)); err != nil {
			t.Fatal(err)
		}
		if off := left - c.want; off > 0 || off < -time.Second {
			t.Errorf("%s: %s left, want %s", c.name, left, c.want)
		}
	}
}

// TestTheLogSaysNothing of what was asked and answered.
func TestTheLogSaysNothing(t *testing.T) {
	payload := eventWith(t, map[string]any{
		"rawPath": "/secrets/secret-marker", "rawQueryString": "secret-marker=1", "body": "secret-marker",
		"headers.authorization": "secret-marker", "headers.user-agent": "secret-marker", "cookies": []string{"secret-marker"},
	})
	_, log := invoke(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secret-marker") }, payload)
	var line map[string]any
	if err := json.Unmarshal([]byte(log), &line); err != nil {
		t.Fatalf("not one line of JSON: %s", log)
	}
	if strings.Contains(log, "secret-marker") {
		t.Errorf("logged %s", log)
	}
	delete(line, "time")
	delete(line, "Duration")
	want := map[string]any{
		"level": "INFO", "msg": "request", "operation": "update-secret", "requestId": "LV7fzho-PHcEJPw=", "status": 200.0, "Requests": 1.0,
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNoGoroutineOutlivesItsInvocation: Lambda freezes the process after an answer, and what runs on goes on in
// somebody else's request.
func TestNoGoroutineOutlivesItsInvocation(t *testing.T) {
	payload := eventWith(t, nil)
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") == "panic" {
			panic("on purpose")
		}
		w.WriteHeader(http.StatusOK)
	}
	invoke(t, h, payload)
	before := runtime.NumGoroutine()
	for range 100 {
		invoke(t, h, payload)
		invoke(t, h, eventWith(t, map[string]any{"headers.accept": "panic"}))
		invoke(t, h, []byte("no event"))
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before and %d after", before, after)
	}
}

func TestFunctionPanicsForOperationsWithoutRoute(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	app.Function(operation.CreateOrganization, http.NotFoundHandler(), app.Settings{})
}

func FuzzInvoke(f *testing.F) {
	f.Add(eventWith(f, nil))
	f.Add(eventWith(f, map[string]any{"rawPath": "/%zz?#", "rawQueryString": "a=%"}))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		response, _ := invoke(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }, payload)
		switch response.StatusCode {
		case 200, 400, 403:
		default:
			t.Errorf("status %d", response.StatusCode)
		}
	})
}

func BenchmarkInvoke(b *testing.B) {
	f := app.Function(operation.UpdateSecret, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}), app.Settings{Log: slog.New(slog.DiscardHandler)})
	payload := eventWith(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Invoke(b.Context(), payload); err != nil {
			b.Fatal(err)
		}
	}
}
