package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"

	"strongroom/pkg/operation"
)

// An event is what the checks need of a payload of API Gateway's.
type event struct {
	RawPath, RawQueryString, Body string
	Headers, PathParameters       map[string]string
}

// A response is a recorded answer. Its body is JSON.
type response struct {
	StatusCode int
	Headers    map[string]string
	Body       json.RawMessage
}

// What the sample events were answered when they were replayed is what the document says, and what it says can't be
// asked was refused.
func TestSampleEventsAreDescribed(t *testing.T) {
	doc := document(t)
	all := operations(doc)
	cases, foreseen := 0, 0
	for name := range routes(t) {
		files, err := filepath.Glob(filepath.Join("..", "..", "events", string(name), "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		allowed, refused := 0, 0
		for _, file := range files {
			var e event
			var r response
			read(t, file, &e)
			read(t, filepath.Join("..", "..", "testdata", "responses", string(name), filepath.Base(file)), &r)
			label := string(name) + "/" + filepath.Base(file)
			asked, err := validate(t, doc, all[name], e, r)
			if err != nil {
				t.Errorf("%s: the answer: %v", label, err)
			}
			if asked != nil && (r.StatusCode < 400 || r.StatusCode == http.StatusConflict) {
				t.Errorf("%s was answered %d, and the document refuses it: %v", label, r.StatusCode, asked)
			}
			if asked != nil {
				foreseen++
			}
			if r.StatusCode < 400 {
				allowed++
			} else {
				refused++
			}
		}
		if allowed == 0 || refused == 0 {
			t.Errorf("%s has %d cases that are allowed and %d that are refused", name, allowed, refused)
		}
		cases += len(files)
	}
	if cases < 150 || foreseen < 10 {
		t.Errorf("there are %d cases, of which the document refuses %d", cases, foreseen)
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// validate holds a request and its answer against the document.
func validate(t *testing.T, doc *openapi3.T, d documented, e event, r response) (asked, answered error) {
	t.Helper()
	target := "https://api.example" + strings.ReplaceAll(e.RawPath, " ", "%20") + "?" + e.RawQueryString
	request, err := http.NewRequestWithContext(t.Context(), d.route.Method, target, strings.NewReader(e.Body))
	if err != nil {
		return err, nil
	}
	for name, value := range e.Headers {
		request.Header.Set(name, value)
	}
	if e.Body == "" {
		request.Body = nil
	}
	in := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: e.PathParameters,
		Route: &routers.Route{
			Spec: doc, Path: d.route.Path, Method: d.route.Method, Operation: d.Operation,
			PathItem: doc.Paths.Value(d.route.Path),
		},
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
			RejectWhenRequestBodyNotSpecified: true,
		},
	}
	asked = openapi3filter.ValidateRequest(t.Context(), in)
	header := http.Header{}
	for name, value := range r.Headers {
		header.Set(name, value)
	}
	body := strings.ReplaceAll(string(r.Body), "{made by the server}", uuid.Nil.String()) // as the records say it
	answered = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: r.StatusCode, Header: header,
		Body: io.NopCloser(strings.NewReader(body)), Options: in.Options,
	})
	return asked, answered
}

func TestTheValidatorLooksAtAnswers(t *testing.T) {
	doc := document(t)
	d := operations(doc)[operation.GetOrganization]
	const id = "01a20a35-6080-7000-8000-000000000001"
	e := event{RawPath: "/organizations/" + id, PathParameters: map[string]string{"organizationId": id}}
	good := `{"id":"` + id + `","name":"demo","clientKeyArn":"arn","settings":{"membersCreateProjects":true,"eventRetentionDays":400,"trashRetentionDays":30,"rotateOnLeave":"none"},` +
		`"createdAt":"2026-11-23T21:00:00Z","etag":"\"1\""}`
	headers := map[string]string{"Content-Type": "application/json", "X-Request-Id": "r", "ETag": `"1"`}
	for name, c := range map[string]struct {
		status  int
		headers map[string]string
		body    string
		fits    bool
	}{
		"good":                    {200, headers, good, true},
		"a status not described":  {201, headers, good, false},
		"a field missing":         {200, headers, strings.Replace(good, `"name":"demo",`, "", 1), false},
		"a null":                  {200, headers, strings.Replace(good, `"demo"`, "null", 1), false},
		"a local time":            {200, headers, strings.Replace(good, "00Z", "00+01:00", 1), false},
		"an id in capitals":       {200, headers, strings.Replace(good, "01a20a35", "01A20A35", 1), false},
		"without a request id":    {200, map[string]string{"Content-Type": "application/json", "ETag": `"1"`}, good, false},
		"without an ETag":         {200, map[string]string{"Content-Type": "application/json", "X-Request-Id": "r"}, good, false},
		"an error with a success": {403, headers, good, false},
		"API Gateway's answer":    {403, map[string]string{"Content-Type": "application/json"}, `{"message":"Forbidden"}`, true},
	} {
		asked, answered := validate(t, doc, d, e, response{StatusCode: c.status, Headers: c.headers, Body: []byte(c.body)})
		if asked != nil || (answered == nil) != c.fits {
			t.Errorf("%s: asked %v, answered %v", name, asked, answered)
		}
	}
}
