package app

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"strongroom/pkg/api"
	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
)

// A task is a function without a route: how it is ended and logged, and how it fails.
type task struct {
	teller
	// most is how long it may take, where Lambda does not leave it less.
	most time.Duration
	// word is what the log calls one invocation.
	word string
	// use does what a payload asks for. It answers that, and what the log says of it.
	use taskUse
}

type taskUse = func(ctx context.Context, payload []byte) (out any, said []slog.Attr, err error)

// triggered is what starts an operation. It panics where that is of another kind, which how names.
func triggered[T operation.Trigger](name operation.Name, how string) T {
	trigger, ok := operation.MustLookup(name).Trigger.(T)
	if !ok {
		panic("app: " + string(name) + " is not " + how)
	}
	return trigger
}

// Invoke answers one invocation: what use answers as JSON, or an error of type messages.InvokeResponse_Error. It writes one
// line.
func (t *task) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	started := time.Now()
	ctx, cancel := withDeadline(ctx, started, t.most)
	defer cancel()
	ctx, counts := metric.With(ctx)
	out, said, err := t.guarded(ctx, payload)
	said = append(said, slog.Float64("milliseconds", milliseconds(time.Since(started))))
	counts.Add(metric.Runs, 1)
	if err != nil {
		counts.Add(metric.Failures, 1)
		shown := shownOf(err)
		var panicked *panicError
		if errors.As(err, &panicked) {
			said = append(said, slog.String("stack", string(panicked.stack)))
		}
		t.tell(ctx, slog.LevelError, t.word+" failed", counts, append(said, slog.Any("error", err))...)
		return nil, messages.InvokeResponse_Error{Type: string(shown.Code), Message: shown.Message}
	}
	t.tell(ctx, slog.LevelInfo, t.word, counts, said...)
	return encode(out), nil
}

// guarded makes an error of a panic.
func (t *task) guarded(ctx context.Context, payload []byte) (_ any, _ []slog.Attr, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return t.use(ctx, payload)
}

// shownOf is what of an error the invoker gets to see.
func shownOf(err error) *api.Error {
	var known *api.Error
	if errors.As(err, &known) {
		return known
	}
	return api.Errorf(api.CodeInternal, "something went wrong inside Strongroom; the log has more")
}
