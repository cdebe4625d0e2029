package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"strongroom/pkg/api"
	"strongroom/pkg/handler"
	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
)

// Settings are what a function knows of its deployment.
type Settings struct {
	// Account is the AWS account of the deployment, and API the id of its HTTP API. Events of others are refused; an
	// empty one is not compared.
	Account, API string
	// Log is where requests are logged; nil is slog.Default().
	Log *slog.Logger
	// Metrics makes each line a document of CloudWatch's embedded metric format. Where nobody takes metrics from lines, they
	// are easier to read without.
	Metrics bool
}

func (s Settings) log() *slog.Logger {
	if s.Log == nil {
		return slog.Default()
	}
	return s.Log
}

// How long a handler has: what Lambda leaves, less time to write an answer, and never more than maxTime. Functions that
// nobody waits for have a most of their own.
const (
	maxTime     = Timeout - timeToSpare
	timeToSpare = 2 * time.Second
)

// How long Lambda is to let functions run: those that somebody waits for, those that the table's stream or an event starts, and
// those that the clock does, which is the most that there is
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html).
const (
	Timeout         = 15 * time.Second
	StreamTimeout   = time.Minute
	EventTimeout    = time.Minute
	ScheduleTimeout = 15 * time.Minute
)

// Function makes the Lambda function of an operation that has a route. It panics for another.
func Function(name operation.Name, h http.Handler, s Settings) lambda.Handler {
	route, ok := operation.MustLookup(name).Trigger.(operation.HTTP)
	if !ok {
		panic("app: " + string(name) + " has no route")
	}
	return &function{teller: teller{name: name, settings: s}, route: route, handler: h}
}

type function struct {
	teller
	route   operation.HTTP
	handler http.Handler
}

// Invoke answers one event. Its error is always nil: what goes wrong becomes an HTTP answer.
func (f *function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	started := time.Now()
	ctx, cancel := withDeadline(ctx, started, maxTime)
	defer cancel()
	ctx, counts := metric.With(ctx)
	e, err := readEvent(payload)
	id := requestID(ctx, e)
	var response events.APIGatewayV2HTTPResponse
	if err == nil {
		err = f.check(e)
	}
	if err == nil {
		response, err = f.serve(ctx, e)
	}
	if err != nil {
		response = f.failed(ctx, id, err)
	}
	encoded := encode(response)
	if len(encoded) > maxResponse {
		response = f.failed(ctx, id, fmt.Errorf("the answer has %d bytes and Lambda carries %d", len(encoded), maxResponse))
		encoded = encode(response)
	}
	f.record(ctx, id, response.StatusCode, time.Since(started), counts)
	return encoded, nil
}

func withDeadline(ctx context.Context, now time.Time, most time.Duration) (context.Context, context.CancelFunc) {
	deadline := now.Add(most)
	if lambdas, ok := ctx.Deadline(); ok && lambdas.Add(-timeToSpare).Before(deadline) {
		deadline = lambdas.Add(-timeToSpare)
	}
	return context.WithDeadline(ctx, deadline)
}

// requestID is API Gateway's, which the client is told, or else the invocation's.
func requestID(ctx context.Context, e event) string {
	if id := e.RequestContext.RequestID; id != "" {
		return id
	}
	if l, ok := lambdacontext.FromContext(ctx); ok {
		return l.AwsRequestID
	}
	return ""
}

// serve has the handler answer the event.
func (f *function) serve(ctx context.Context, e event) (_ events.APIGatewayV2HTTPResponse, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	var silent bool
	adapter := httpadapter.NewV2(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once := &onceWriter{ResponseWriter: w}
		f.handler.ServeHTTP(once, e.restore(r))
		silent = !once.written
		if silent {
			w.WriteHeader(http.StatusInternalServerError) // the adapter would print an error
		}
	}))
	response, err := adapter.ProxyWithContext(handler.WithInvocation(ctx, e.invocation()), e.adapted())
	if err == nil && silent {
		err = errors.New("the handler wrote no answer")
	}
	return response, err
}

// A onceWriter keeps the first status, as net/http does; the adapter would keep the last.
type onceWriter struct {
	http.ResponseWriter
	written bool
}

func (w *onceWriter) WriteHeader(status int) {
	if !w.written && status >= http.StatusOK {
		w.written = true
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *onceWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.ResponseWriter.Write(b)
}

// A panicError is what a handler panicked with. It tells the value only where the Go runtime made it: another may
// hold anything.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string {
	if err, ok := e.value.(runtime.Error); ok {
		return "panic: " + err.Error()
	}
	return fmt.Sprintf("panic with a %T", e.value)
}

// failed is the answer to what went wrong outside of the handler. Refusals are logged here, since nothing else
// records them.
func (f *function) failed(ctx context.Context, id string, err error) events.APIGatewayV2HTTPResponse {
	attributes := []any{"operation", f.name, "requestId", id, "error", err}
	shown := api.Errorf(api.CodeInternal, "something went wrong inside Strongroom; the log has more under this request's id")
	var refused *api.Error
	var panicked *panicError
	switch {
	case errors.As(err, &refused):
		f.settings.log().WarnContext(ctx, "event refused", attributes...)
		shown = refused
	case errors.As(err, &panicked):
		f.settings.log().ErrorContext(ctx, "handler panicked", append(attributes, "stack", string(panicked.stack))...)
	default:
		f.settings.log().ErrorContext(ctx, "request failed", attributes...)
	}
	return errorResponse(id, *shown)
}

// record writes the one line that each request gets.
func (f *function) record(ctx context.Context, id string, status int, took time.Duration, counts *metric.Counts) {
	level := slog.LevelInfo
	counts.Add(metric.Requests, 1)
	counts.Add(metric.Duration, milliseconds(took))
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
		counts.Add(metric.Errors, 1)
	case status >= http.StatusBadRequest:
		counts.Add(metric.Refused, 1)
	}
	f.tell(ctx, level, "request", counts, slog.String("requestId", id), slog.Int("status", status))
}
