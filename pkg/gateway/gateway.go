// Package gateway stands in for API Gateway on one machine: an HTTP API whose routes all have the IAM authorizer and a
// Lambda function behind them.
//
// # A request
//
// [New]'s handler does what API Gateway does, in the same order: it finds the route in the operation table, checks the
// signature, builds an event in payload format 2.0 whose authorizer.iam is filled as for an IAM user or an assumed role,
// invokes the route's function with a Lambda context and turns its answer into HTTP. Functions get JSON and answer JSON,
// so that the same values run on Lambda.
//
// # Signatures
//
// AWS Signature Version 4 for the service execute-api and the gateway's own region, in the Authorization header, checked
// by package sigv4, which says what is required and what is refused though AWS knows it. Whatever is wrong, the client
// gets 403 {"message":"Forbidden"} and no hint; the log has the reason, which never holds what a header said.
//
// # Answers of its own
//
//	403 {"message":"Forbidden"}                        the signature
//	404 {"message":"Not Found"}                        no such route, whatever the signature
//	413 {"message":"Request Entity Too Large"}         a body over 10 MB, or an event over Lambda's 6 MB
//	431 {"message":"Request Header Fields Too Large"}  request line and headers over 10 KB
//	500 {"message":"Internal Server Error"}            a function that failed, took over 15 s, or answered no HTTP
//	503 {"message":"Service Unavailable"}              a function that may take longer and took over 30 s
//
// # Differences from AWS
//
// There are no IAM policies: whoever is known may invoke every route, and Strongroom's own rules decide. The limits are
// those of https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html; the status over 10 KB is a
// guess. A function that runs out of time is not killed, only no longer waited for. There is no throttling and no TLS.
// Functions are handed the headers authorization and x-amz-security-token as there, though none has a use for them: who
// logs an event whole logs these.
package gateway

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"strongroom/pkg/operation"
	"strongroom/pkg/sigv4"
)

// service is what requests are signed for.
const service = "execute-api"

// Limits of an HTTP API and of Lambda, in bytes and time.
const (
	MaxBody    = 10 << 20
	MaxHeaders = 10 << 10
	// MaxEvent is what Lambda takes in a synchronous invocation.
	MaxEvent = 6 << 20
	// Timeout is how long a function has, as deployed.
	Timeout = 15 * time.Second
	// MaxWait is how long an HTTP API waits for any function.
	MaxWait = 30 * time.Second
)

// A Function is what is behind a route: aws-lambda-go's lambda.Handler.
type Function interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// A Config is what a gateway works with. All of it is needed, but for Now, Log and Timeout.
type Config struct {
	// Functions are what is behind the routes. An operation that is not named has no route here.
	Functions map[operation.Name]Function
	// Credentials answers whose access key that is. It is called for each request.
	Credentials func(accessKeyID string) (Identity, bool)
	// Region is what requests must be signed for.
	Region string
	// Account is the AWS account of the API, and APIID its id.
	Account, APIID string
	// Now is the clock; nil is the real one.
	Now func() time.Time
	// Log gets the reasons for refusals and what functions failed of; nil is slog.Default().
	Log *slog.Logger
	// Timeout is how long a function has; zero is the package's own.
	Timeout time.Duration
}

// New makes the gateway. It panics if a function is of an operation that has no route.
func New(c Config) http.Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Timeout == 0 {
		c.Timeout = Timeout
	}
	return &gateway{Config: c, routes: newRoutes(c.Functions)}
}

type gateway struct {
	Config
	routes routes
}

// errTooLarge: a body, or an event, that API Gateway or Lambda would not carry.
var errTooLarge = errors.New("too large")

// ServeHTTP answers one request.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := newRequestID()
	w.Header().Set("Apigw-Requestid", id)
	route, ok := g.routes.match(r.Method, r.URL.Path)
	switch {
	case headerSize(r) > MaxHeaders:
		message(w, http.StatusRequestHeaderFieldsTooLarge)
		return
	case !ok:
		message(w, http.StatusNotFound)
		return
	}
	if !isText(r) {
		message(w, http.StatusBadRequest)
		return
	}
	who, body, err := g.authenticate(w, r)
	if errors.Is(err, errTooLarge) {
		message(w, http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		g.Log.InfoContext(r.Context(), "signature refused", "requestId", id, "route", route.key, "reason", err)
		message(w, http.StatusForbidden)
		return
	}
	event := g.newEvent(r, route, body, who, id)
	if len(event) > MaxEvent {
		message(w, http.StatusRequestEntityTooLarge)
		return
	}
	g.invoke(w, r, route, id, event)
}

// isText says whether all that an event holds as text is UTF-8. JSON would turn what is not into something else than was
// signed.
func isText(r *http.Request) bool {
	for _, values := range r.Header {
		for _, value := range values {
			if !utf8.ValidString(value) {
				return false
			}
		}
	}
	return utf8.ValidString(r.URL.Path) && utf8.ValidString(r.URL.RawQuery)
}

// authenticate answers who signed the request, and its body.
func (g *gateway) authenticate(w http.ResponseWriter, r *http.Request) (Identity, []byte, error) {
	if r.ContentLength > MaxBody {
		return Identity{}, nil, errTooLarge
	}
	var who Identity
	rules := sigv4.Rules{Service: service, Region: g.Region}
	c, err := rules.Read(r, g.Now(), func(id string) (sigv4.Key, bool) {
		var known bool
		who, known = g.Credentials(id)
		return sigv4.Key{ID: who.AccessKeyID, Secret: who.SecretAccessKey, SessionToken: who.SessionToken}, known
	})
	if err != nil {
		return Identity{}, nil, err
	}
	// The body is read only for a claim that may be true, so that strangers can't have megabytes held.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return Identity{}, nil, errTooLarge
	}
	if err != nil {
		return Identity{}, nil, fmt.Errorf("the body could not be read: %w", err)
	}
	return who, body, c.Verify(r, body)
}

// invoke has the function answer. It runs apart from the client's connection, as on Lambda: who hangs up stops nothing.
func (g *gateway) invoke(w http.ResponseWriter, r *http.Request, to route, id string, event []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), g.Timeout)
	defer cancel()
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{
		AwsRequestID:       id,
		InvokedFunctionArn: fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", g.Region, g.Account, to.operation),
	})
	answered := make(chan response, 1)
	go func() { answered <- call(ctx, to.function, event) }()
	tooLong := time.NewTimer(MaxWait)
	defer tooLong.Stop()
	status := http.StatusInternalServerError
	select {
	case a := <-answered:
		if a.err == nil {
			a.write(w)
			return
		}
		g.Log.ErrorContext(ctx, "function failed", "requestId", id, "operation", to.operation, "error", a.err)
	case <-ctx.Done():
		g.Log.ErrorContext(ctx, "function timed out", "requestId", id, "operation", to.operation)
	case <-tooLong.C:
		g.Log.ErrorContext(ctx, "function took too long", "requestId", id, "operation", to.operation)
		status = http.StatusServiceUnavailable
	}
	message(w, status)
}

// call invokes a function and reads its answer. What it panics with is not told: it may hold anything.
func call(ctx context.Context, f Function, event []byte) (a response) {
	defer func() {
		if p := recover(); p != nil {
			a = response{err: fmt.Errorf("panic with a %T", p)}
		}
	}()
	payload, err := f.Invoke(ctx, event)
	if err != nil {
		return response{err: err}
	}
	return readResponse(payload)
}

// newRequestID makes an id that looks like API Gateway's own: sixteen characters.
func newRequestID() string {
	var random [11]byte
	_, _ = rand.Read(random[:]) // never fails
	return base64.URLEncoding.EncodeToString(random[:])
}

// headerSize is how many bytes the request line and the headers' values have, as the quota counts.
func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len(r.Host)
	for _, values := range r.Header {
		for _, value := range values {
			size += len(value)
		}
	}
	return size
}

// message answers in API Gateway's own words.
func message(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"message":"`+http.StatusText(status)+`"}`) // the client is gone
}
