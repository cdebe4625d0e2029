package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"strongroom/pkg/gateway"
	"strongroom/pkg/operation"
)

const (
	region   = "us-east-1"
	account  = "123456789012"
	secretID = "0190a1b2-0000-7000-8000-000000000001"
)

var now = time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)

var (
	user = gateway.Identity{
		AccessKeyID: "AKIAEXAMPLEEXAMPLE01", SecretAccessKey: "a-secret/of+a-user",
		ARN: "arn:aws:iam::" + account + ":user/people/ann", UniqueID: "AIDAEXAMPLEEXAMPLE001",
	}
	session = gateway.Identity{
		AccessKeyID: "ASIAEXAMPLEEXAMPLE02", SecretAccessKey: "a-secret/of+a-session", SessionToken: "a-token/of+a-session==",
		ARN: "arn:aws:sts::" + account + ":assumed-role/ci/deploy", UniqueID: "AROAEXAMPLEEXAMPLE002:deploy",
	}
)

func credentials(accessKeyID string) (gateway.Identity, bool) {
	for _, i := range []gateway.Identity{user, session} {
		if i.AccessKeyID == accessKeyID {
			return i, true
		}
	}
	return gateway.Identity{}, false
}

// A function answers events as it is told.
type function func(ctx context.Context, event []byte) ([]byte, error)

func (f function) Invoke(ctx context.Context, event []byte) ([]byte, error) { return f(ctx, event) }

// echo answers with the event's body, decoded by nobody, and whom the authorizer named.
func echo(_ context.Context, event []byte) ([]byte, error) {
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	return json.Marshal(events.APIGatewayV2HTTPResponse{
		StatusCode: 200, Headers: map[string]string{"Content-Type": "application/json"},
		Body: e.RouteKey + "|" + e.RawQueryString + "|" + e.RequestContext.Authorizer.IAM.UserARN + "|" + e.Body,
	})
}

// A sink collects what is logged.
type sink struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.Write(p)
}

func (s *sink) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.String()
}

// newGateway has f behind every route.
func newGateway(f function, change func(*gateway.Config)) (http.Handler, *sink) {
	log := &sink{}
	c := gateway.Config{
		Functions: map[operation.Name]gateway.Function{}, Credentials: credentials, Region: region, Account: account,
		APIID: "local", Now: func() time.Time { return now }, Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
	for _, row := range operation.Table {
		if _, ok := row.Trigger.(operation.HTTP); ok {
			c.Functions[row.Name] = f
		}
	}
	if change != nil {
		change(&c)
	}
	return gateway.New(c), log
}

// signed makes a request that the SDK signed.
func signed(t testing.TB, i gateway.Identity, method, target, body string, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8787"+target, strings.NewReader(body))
	for n := 0; n < len(headers); n += 2 {
		r.Header.Add(headers[n], headers[n+1])
	}
	sign(t, r, i, body, "execute-api", region, now)
	return r
}

func sign(t testing.TB, r *http.Request, i gateway.Identity, body, service, region string, at time.Time) {
	t.Helper()
	sum := sha256.Sum256([]byte(body))
	c := aws.Credentials{AccessKeyID: i.AccessKeyID, SecretAccessKey: i.SecretAccessKey, SessionToken: i.SessionToken}
	if err := v4.NewSigner().SignHTTP(t.Context(), c, r, hex.EncodeToString(sum[:]), service, region, at); err != nil {
		t.Fatal(err)
	}
}

func answer(h http.Handler, r *http.Request) (int, string) {
	w := newRecorder(h, r)
	return w.Code, w.Body.String()
}

func TestRoutes(t *testing.T) {
	h, _ := newGateway(echo, nil)
	tried := 0
	for _, row := range operation.Table {
		route, ok := row.Trigger.(operation.HTTP)
		if !ok {
			continue
		}
		tried++
		path := strings.NewReplacer("{version}", "7", "{organizationId}", "o", "{secretId}", "s", "{projectId}", "x",
			"{principalId}", "p").Replace(route.Path)
		status, body := answer(h, signed(t, user, route.Method, path, ""))
		if status != 200 || !strings.HasPrefix(body, route.Route()+"|") {
			t.Errorf("%s: %d %s", route.Route(), status, body)
		}
	}
	if tried < 30 {
		t.Errorf("tried %d of %d operations", tried, len(operation.Table))
	}
}

// TestNoRoute: an unknown route is 404 whether or not the request is signed, and nothing of the path is cleaned.
func TestNoRoute(t *testing.T) {
	h, _ := newGateway(echo, nil)
	for _, target := range []string{
		"GET /", "GET /you", "GET /me/", "GET //me", "GET /./me", "GET /secrets/../me", "GET /secrets/", "GET /secrets/..",
		"GET /secrets/%2e%2e", "GET /secrets/a%2Fb", "GET /secrets/a/b", "HEAD /me", "OPTIONS /me", "POST /me", "DELETE /me",
		"PUT /secrets/delete/", "get /me",
	} {
		method, path, _ := strings.Cut(target, " ")
		for _, r := range []*http.Request{
			signed(t, user, method, path, ""), httptest.NewRequest(method, "http://127.0.0.1:8787"+path, nil),
		} {
			if status, body := answer(h, r); status != 404 || body != `{"message":"Not Found"}` {
				t.Errorf("%s: %d %s", target, status, body)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	h, _ := newGateway(echo, nil)
	long := strings.Repeat("x", gateway.MaxHeaders)
	chunked := httptest.NewRequest("POST", "http://127.0.0.1:8787/secrets/delete", io.MultiReader(strings.NewReader(strings.Repeat(" ", gateway.MaxBody+1))))
	sign(t, chunked, user, "", "execute-api", region, now)
	chunked.ContentLength = -1
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		body   string
	}{
		"a body of 10 MB and a byte": {
			signed(t, user, "POST", "/secrets/delete", strings.Repeat(" ", gateway.MaxBody+1)), 413, "Request Entity Too Large",
		},
		"the same without a length": {chunked, 413, "Request Entity Too Large"},
		"a body that Lambda would not carry": {
			signed(t, user, "POST", "/secrets/delete", strings.Repeat(" ", gateway.MaxEvent)), 413, "Request Entity Too Large",
		},
		"a long header": {signed(t, user, "GET", "/me", "", "A", long), 431, "Request Header Fields Too Large"},
		"a long query":  {signed(t, user, "GET", "/me?a="+long, ""), 431, "Request Header Fields Too Large"},
	} {
		if status, body := answer(h, c.r); status != c.status || body != `{"message":"`+c.body+`"}` {
			t.Errorf("%s: %d %.80s", name, status, body)
		}
	}
	if status, _ := answer(h, signed(t, user, "POST", "/secrets/delete", strings.Repeat(" ", 1<<20), "Content-Type", "text/plain")); status != 200 {
		t.Errorf("a body of 1 MB: %d", status)
	}
}

// TestStrangersBodiesAreNotRead: who has no key can't have megabytes held.
func TestStrangersBodiesAreNotRead(t *testing.T) {
	h, _ := newGateway(echo, nil)
	r := httptest.NewRequest("POST", "http://127.0.0.1:8787/secrets/delete", unread{t})
	if status, _ := answer(h, r); status != 403 {
		t.Errorf("status %d", status)
	}
}

type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) { u.t.Error("read"); return 0, io.EOF }

func TestFunctionsThatFail(t *testing.T) {
	raw := func(text string) function {
		return func(context.Context, []byte) ([]byte, error) { return []byte(text), nil }
	}
	for name, c := range map[string]struct {
		f   function
		log string
	}{
		"an error":              {func(context.Context, []byte) ([]byte, error) { return nil, errors.New("on purpose") }, "on purpose"},
		"a panic":               {func(context.Context, []byte) ([]byte, error) { panic("secret-marker") }, "panic with a string"},
		"nothing":               {raw(""), "no HTTP response"},
		"null":                  {raw("null"), "status is 0"},
		"no JSON":               {raw("secret-marker"), "no HTTP response"},
		"no status":             {raw(`{"body":"secret-marker"}`), "status is 0"},
		"a status as text":      {raw(`{"statusCode":"200"}`), "no HTTP response"},
		"a status out of range": {raw(`{"statusCode":99}`), "status is 99"},
		"no base64":             {raw(`{"statusCode":200,"body":"secret-marker!","isBase64Encoded":true}`), "no base64"},
		"a header of two":       {raw(`{"statusCode":200,"headers":{"a":["secret-marker"]}}`), "no HTTP response"},
		"a function that takes too long": {func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			time.Sleep(50 * time.Millisecond)
			return nil, nil
		}, "timed out"},
	} {
		t.Run(name, func(t *testing.T) {
			h, log := newGateway(c.f, func(c *gateway.Config) { c.Timeout = 50 * time.Millisecond })
			status, body := answer(h, signed(t, user, "GET", "/me", ""))
			if status != 500 || body != `{"message":"Internal Server Error"}` {
				t.Errorf("%d %s", status, body)
			}
			if !strings.Contains(log.String(), c.log) || strings.Contains(log.String(), "secret-marker") {
				t.Errorf("logged %s", log)
			}
		})
	}
}

// TestFunctionsAreInvokedAsOnLambda: with a deadline and a context of their own, which the client can't end.
func TestFunctionsAreInvokedAsOnLambda(t *testing.T) {
	var gone bool
	var arn, id string
	h, _ := newGateway(func(ctx context.Context, event []byte) ([]byte, error) {
		l, _ := lambdacontext.FromContext(ctx)
		arn, id = l.InvokedFunctionArn, l.AwsRequestID
		deadline, _ := ctx.Deadline()
		if left := time.Until(deadline); left > gateway.Timeout || left < gateway.Timeout-5*time.Second {
			t.Errorf("%s left", left)
		}
		gone = ctx.Err() != nil
		return echo(ctx, event)
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, signed(t, user, "GET", "/me", "").WithContext(ctx))
	if gone || w.Code != 200 {
		t.Errorf("status %d, ended with the client: %t", w.Code, gone)
	}
	if arn != "arn:aws:lambda:us-east-1:123456789012:function:whoami" || id != w.Header().Get("Apigw-Requestid") || len(id) != 16 {
		t.Errorf("function %q, request id %q, header %q", arn, id, w.Header().Get("Apigw-Requestid"))
	}
}

func TestAnswersBecomeHTTP(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		status int
		body   string
		header http.Header
	}{
		"all of it": {
			`{"statusCode":201,"headers":{"content-type":"application/json","vary":"a,b","Content-Length":"999","connection":"close",
			"transfer-encoding":"chunked"},"multiValueHeaders":{"x-many":["1","2"]},"cookies":["a=1; Secure","b=2"],"body":"{}"}`,
			201, "{}", http.Header{
				"Content-Type": {"application/json"}, "Vary": {"a,b"}, "X-Many": {"1", "2"},
				"Set-Cookie": {"a=1; Secure", "b=2"}, "Content-Length": {"2"}, "Connection": nil, "Transfer-Encoding": nil,
			},
		},
		"base64":              {`{"statusCode":200,"body":"/wA=","isBase64Encoded":true}`, 200, "\xff\x00", http.Header{"Content-Type": {"text/plain;charset=UTF-8"}}},
		"no content":          {`{"statusCode":204,"headers":null,"body":""}`, 204, "", http.Header{"Content-Type": nil}},
		"not modified":        {`{"statusCode":304,"headers":{"ETag":"\"1\""},"body":"ignored"}`, 304, "", http.Header{"Etag": {`"1"`}}},
		"a split header":      {`{"statusCode":200,"headers":{"a":"b\r\nC: d"}}`, 200, "", http.Header{"C": nil}},
		"an error of ours":    {`{"statusCode":503,"body":"{}"}`, 503, "{}", nil},
		"no body, no headers": {`{"statusCode":200}`, 200, "", http.Header{"Content-Type": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newGateway(func(context.Context, []byte) ([]byte, error) { return []byte(c.answer), nil }, func(c *gateway.Config) { c.Now = nil })
			server := httptest.NewServer(h)
			defer server.Close()
			r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/me", nil)
			if err != nil {
				t.Fatal(err)
			}
			sign(t, r, user, "", "execute-api", region, time.Now())
			response, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != c.status || string(body) != c.body {
				t.Errorf("%d %q, %v", response.StatusCode, body, err)
			}
			for name, values := range c.header {
				if got := response.Header.Values(name); strings.Join(got, "|") != strings.Join(values, "|") {
					t.Errorf("%s: %q, want %q", name, got, values)
				}
			}
		})
	}
}

func TestNewPanicsForOperationsWithoutRoute(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	gateway.New(gateway.Config{Functions: map[operation.Name]gateway.Function{operation.CreateOrganization: function(echo)}})
}

func newRecorder(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
