package app

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// A task is what functions without a route have in common: how they are ended, logged and fail.
type task struct {
	name     operation.Name
	settings Settings
	// most is how long it may take, where Lambda does not leave it less.
	most time.Duration
	// word is what the log calls one invocation.
	word string
}

// do answers one invocation: what use answers as JSON, or an error of type messages.InvokeResponse_Error. It writes one
// line, with what use says of it.
func (t task) do(ctx context.Context, use func(context.Context) (any, []slog.Attr, error)) ([]byte, error) {
	started := time.Now()
	ctx, cancel := withDeadline(ctx, started, t.most)
	defer cancel()
	out, said, err := guarded(ctx, use)
	line := append([]slog.Attr{slog.String("operation", string(t.name))}, said...)
	line = append(line, slog.Float64("milliseconds", milliseconds(time.Since(started))))
	if l, ok := lambdacontext.FromContext(ctx); ok {
		line = append(line, slog.String("requestId", l.AwsRequestID))
	}
	if err != nil {
		shown := shownOf(err)
		var panicked *panicError
		if errors.As(err, &panicked) {
			line = append(line, slog.String("stack", string(panicked.stack)))
		}
		t.settings.log().LogAttrs(ctx, slog.LevelError, t.word+" failed", append(line, slog.Any("error", err))...)
		return nil, messages.InvokeResponse_Error{Type: string(shown.Code), Message: shown.Message}
	}
	t.settings.log().LogAttrs(ctx, slog.LevelInfo, t.word, line...)
	return encode(out), nil
}

// guarded makes an error of a panic.
func guarded(ctx context.Context, use func(context.Context) (any, []slog.Attr, error)) (_ any, _ []slog.Attr, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return use(ctx)
}

// shownOf is what of an error the invoker gets to see.
func shownOf(err error) *api.Error {
	var known *api.Error
	if errors.As(err, &known) {
		return known
	}
	return api.Errorf(api.CodeInternal, "something went wrong inside Strongroom; the log has more")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
