package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"strongroom/pkg/operation"
)

// noon is when the tests' requests are made.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Those who may sign in the tests: a user, and a session of a role.
var (
	user = Identity{
		AccessKeyID: "AKIAEXAMPLEUSER00001", SecretAccessKey: "user-secret",
		ARN: "arn:aws:iam::123456789012:user/team/ann", UniqueID: "AIDAEXAMPLEUSER000001",
	}
	session = Identity{
		AccessKeyID: "ASIAEXAMPLEROLE00001", SecretAccessKey: "role-secret", SessionToken: "role-token/+=",
		ARN: "arn:aws:sts::123456789012:assumed-role/ci/run-1", UniqueID: "AROAEXAMPLEROLE000001:run-1",
	}
)

// A rig is a gateway whose functions are one: it keeps the events that it gets, and answers what the test says.
type rig struct {
	http.Handler
	log bytes.Buffer

	mutex  sync.Mutex
	events [][]byte
	answer func(ctx context.Context, payload []byte) ([]byte, error)
}

// newRig makes a gateway with a function behind every route.
func newRig(t testing.TB, now func() time.Time) *rig {
	t.Helper()
	s := &rig{answer: func(context.Context, []byte) ([]byte, error) { return []byte(`{"statusCode":200,"body":"ok"}`), nil }}
	functions := map[operation.Name]Function{}
	for _, row := range operation.Table {
		if _, ok := row.Trigger.(operation.HTTP); ok {
			functions[row.Name] = s
		}
	}
	s.Handler = New(Config{
		Functions: functions, Region: "eu-west-1", Account: "123456789012", APIID: "abcdefghij", Now: now,
		Credentials: func(id string) (Identity, bool) {
			i, ok := map[string]Identity{user.AccessKeyID: user, session.AccessKeyID: session}[id]
			return i, ok
		},
		Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	return s
}

func atNoon() time.Time { return noon }

// Invoke is the function behind every route.
func (s *rig) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	s.mutex.Lock()
	s.events = append(s.events, payload)
	s.mutex.Unlock()
	return s.answer(ctx, payload)
}

// do has the gateway answer.
func (s *rig) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// event is the only event so far.
func (s *rig) event(t testing.TB) events.APIGatewayV2HTTPRequest {
	t.Helper()
	if len(s.events) != 1 {
		t.Fatalf("%d events reached functions, want 1; the log:\n%s", len(s.events), s.log.String())
	}
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(s.events[0], &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// newRequest is a request as net/http's server hands it over, not signed yet.
func newRequest(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:8787"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// A scope is what a request is signed with.
type scope struct {
	who             Identity
	service, region string
	at              time.Time
}

var byUser = scope{user, "execute-api", "eu-west-1", noon}

// sign signs with the SDK's own signer, as a client does.
func (s scope) sign(r *http.Request) *http.Request {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256(body)
	credentials := aws.Credentials{
		AccessKeyID: s.who.AccessKeyID, SecretAccessKey: s.who.SecretAccessKey, SessionToken: s.who.SessionToken,
	}
	err := v4.NewSigner().SignHTTP(context.Background(), credentials, r, hex.EncodeToString(sum[:]), s.service, s.region, s.at)
	if err != nil {
		panic(err)
	}
	return r
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// presign moves the request's signature into its query.
func presign(r *http.Request) *http.Request {
	credentials := aws.Credentials{AccessKeyID: user.AccessKeyID, SecretAccessKey: user.SecretAccessKey}
	query := r.URL.Query()
	query.Set("X-Amz-Expires", "300")
	r.URL.RawQuery = query.Encode()
	signed, _, err := v4.NewSigner().PresignHTTP(context.Background(), credentials, r, sha256Hex(`{"note":"n"}`), service, "eu-west-1", noon)
	if err != nil {
		panic(err)
	}
	to, err := url.Parse(signed)
	if err != nil {
		panic(err)
	}
	r.URL.RawQuery = to.RawQuery
	return r
}
