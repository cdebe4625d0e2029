package gateway

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decoded is the only event so far, as JSON has it.
func (s *rig) decoded(t *testing.T) map[string]any {
	t.Helper()
	s.event(t)
	var e map[string]any
	if err := json.Unmarshal(s.events[0], &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAnEventWhole(t *testing.T) {
	s := newRig(t, atNoon)
	r := newRequest(http.MethodPut, "/secrets/a%20b?project=x%20y&project=z&force", `{"note":"<é>"}`)
	r.Header.Set("If-Match", `"1"`)
	r.Header.Add("If-Match", `"2"`)
	r.Header.Set("User-Agent", "curl/8")
	r.Header.Add("Cookie", "a=1; b=2")
	r.Header.Set("X-Forwarded-For", "198.51.100.7")
	by := byUser
	by.who = session
	w := s.do(by.sign(r))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s; the log:\n%s", w.Code, w.Body, s.log.String())
	}
	got := s.decoded(t)
	headers := got["headers"].(map[string]any)
	if trace, _ := headers["x-amzn-trace-id"].(string); !regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$`).MatchString(trace) {
		t.Errorf("x-amzn-trace-id is %q", trace)
	}
	delete(headers, "x-amzn-trace-id")
	want := map[string]any{
		"version": "2.0", "routeKey": "PUT /secrets/{secretId}", "rawPath": "/secrets/a b",
		// The signer sorted it.
		"rawQueryString": "force=&project=x%20y&project=z",
		"cookies":        []any{"a=1", "b=2"},
		"headers": map[string]any{
			"authorization": r.Header.Get("Authorization"), "content-length": "15", "content-type": "application/json",
			"host": "127.0.0.1:8787", "if-match": `"1","2"`, "user-agent": "curl/8", "x-amz-date": "20260301T120000Z",
			"x-amz-security-token": session.SessionToken, "x-forwarded-for": "198.51.100.7, 192.0.2.1",
			"x-forwarded-port": "8787", "x-forwarded-proto": "http",
		},
		"queryStringParameters": map[string]any{"force": "", "project": "x y,z"},
		"pathParameters":        map[string]any{"secretId": "a b"},
		"requestContext": map[string]any{
			"accountId": "123456789012", "apiId": "abcdefghij",
			"authorizer": map[string]any{"iam": map[string]any{
				"accessKey": session.AccessKeyID, "accountId": "123456789012", "callerId": session.UniqueID,
				"cognitoIdentity": nil, "principalOrgId": nil, "userArn": session.ARN, "userId": session.UniqueID,
			}},
			"domainName": "abcdefghij.execute-api.eu-west-1.amazonaws.com", "domainPrefix": "abcdefghij",
			"http": map[string]any{
				"method": "PUT", "path": "/secrets/a b", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl/8",
			},
			"requestId": w.Header().Get("Apigw-Requestid"), "routeKey": "PUT /secrets/{secretId}", "stage": "$default",
			"time": "01/Mar/2026:12:00:00 +0000", "timeEpoch": float64(noon.UnixMilli()),
		},
		"body": `{"note":"<é>"}`, "isBase64Encoded": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

// TestTheSmallestEvent: what is not in the request is not in the event.
func TestTheSmallestEvent(t *testing.T) {
	s := newRig(t, atNoon)
	s.do(byUser.sign(newRequest(http.MethodGet, "/me", "")))
	got := s.decoded(t)
	for _, name := range []string{"body", "cookies", "queryStringParameters", "pathParameters", "stageVariables"} {
		if value, there := got[name]; there {
			t.Errorf("%s is %v", name, value)
		}
	}
	iam := s.event(t).RequestContext.Authorizer.IAM
	if iam.UserARN != user.ARN || iam.UserID != user.UniqueID || iam.AccountID != "123456789012" {
		t.Errorf("the authorizer says %+v", iam)
	}
}

// TestEventsHaveTheFieldsOfTheSample compares with the sample of an HTTP API's event with IAM authorizer that
// aws-lambda-go tests its own types with.
func TestEventsHaveTheFieldsOfTheSample(t *testing.T) {
	folder, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	sample, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), "events", "testdata", "apigw-v2-request-iam.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(sample, &want); err != nil {
		t.Fatal(err)
	}
	s := newRig(t, atNoon)
	r := put()
	r.Header.Set("Cookie", "a=1")
	s.do(byUser.sign(r))
	wanted := fields("", want)
	delete(wanted, "stageVariables")                // there are none
	delete(wanted, "requestContext.authentication") // of clients with certificates
	if diff := cmp.Diff(wanted, fields("", s.decoded(t))); diff != "" {
		t.Errorf("fields (-sample +ours):\n%s", diff)
	}
}

// fields are the paths of an event's fields; what its clients named is left out.
func fields(under string, object map[string]any) map[string]bool {
	all := map[string]bool{}
	for name, value := range object {
		path := under + name
		all[path] = true
		below, ok := value.(map[string]any)
		if !ok || path == "headers" || path == "queryStringParameters" || path == "pathParameters" || path == "stageVariables" ||
			path == "requestContext.authentication" || path == "requestContext.authorizer.iam.cognitoIdentity" {
			continue
		}
		for path := range fields(path+".", below) {
			all[path] = true
		}
	}
	return all
}

func TestBodiesArriveAsTheyWereSent(t *testing.T) {
	for _, c := range []struct {
		name, kind, body string
		encoded          bool
	}{
		{"JSON", "application/json", `{"a":"<é>& "}`, false},
		{"JSON with a character set", "application/json; charset=utf-8", `{}`, false},
		{"text", "text/plain", "a\x00b\r\n", false},
		{"XML", "application/xml", "<a/>", false},
		{"JavaScript", "application/javascript", "a()", false},
		{"a JOSE object", "application/jose", "a.b.c", true},
		{"a form", "application/x-www-form-urlencoded", "a=b", true},
		{"bytes", "application/octet-stream", "\x00\xff\xfe", true},
		{"no type", "", "{}", true},
		{"a type that is none", ";;", "{}", true},
		{"JSON that is no UTF-8", "application/json", "{\"a\":\"\xff\"}", true},
		{"text with half a character", "text/plain", "\xc3", true},
		{"UTF-16", "text/plain; charset=utf-16", "\xff\xfea\x00", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newRig(t, atNoon)
			r := newRequest(http.MethodPut, target, c.body)
			r.Header.Del("Content-Type")
			if c.kind != "" {
				r.Header.Set("Content-Type", c.kind)
			}
			s.do(byUser.sign(r))
			e := s.event(t)
			got := e.Body
			if e.IsBase64Encoded {
				b, err := base64.StdEncoding.DecodeString(e.Body)
				if err != nil {
					t.Fatal(err)
				}
				got = string(b)
			}
			if e.IsBase64Encoded != c.encoded || got != c.body {
				t.Errorf("base64 %t, body %q; want %t, %q", e.IsBase64Encoded, got, c.encoded, c.body)
			}
		})
	}
}

// TestQueriesArriveAsTheyWereSent: the raw query as the client wrote it, the parameters decoded.
func TestQueriesArriveAsTheyWereSent(t *testing.T) {
	for raw, want := range map[string]map[string]string{
		"project=a%20b":                      {"project": "a b"},
		"project=a+b":                        {"project": "a b"},
		"project=a%2Bb":                      {"project": "a+b"},
		"project=%25":                        {"project": "%"},
		"project=%c3%a9":                     {"project": "é"},
		"project=é":                          {"project": "é"},
		"project=~%7E":                       {"project": "~~"},
		"project=b&limit=&project=a":         {"project": "b,a", "limit": ""},
		"project":                            {"project": ""},
		"project=a=b":                        {"project": "a=b"},
		"project=%00":                        {"project": "\x00"},
		"project=a%2Cb&project=c&&project=d": {"project": "a,b,c,d"},
	} {
		t.Run(raw, func(t *testing.T) {
			s := newRig(t, atNoon)
			r := newRequest(http.MethodGet, "/secrets/a", "")
			r.URL.RawQuery = raw
			r = byUser.sign(r)
			r.URL.RawQuery = raw // the signer rewrote it
			s.do(r)
			e := s.event(t)
			if e.RawQueryString != raw {
				t.Errorf("raw %q, want %q", e.RawQueryString, raw)
			}
			if diff := cmp.Diff(want, e.QueryStringParameters); diff != "" {
				t.Error(diff)
			}
		})
	}
}
