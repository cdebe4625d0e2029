package app

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// An InvokeFunc is an operation without a route: JSON in, JSON out.
type InvokeFunc = func(context.Context, json.RawMessage) (any, error)

// InvokeFunction makes the Lambda function of an operation that has no route and is invoked with IAM alone. It panics
// for another. Its errors are Lambda's: errorType is the code of package api, errorMessage what went wrong.
func InvokeFunction(name operation.Name, use InvokeFunc, s Settings) lambda.Handler {
	if _, ok := operation.MustLookup(name).Trigger.(operation.Invoke); !ok {
		panic("app: " + string(name) + " is not invoked directly")
	}
	return &invoked{name: name, use: use, settings: s}
}

type invoked struct {
	name     operation.Name
	use      InvokeFunc
	settings Settings
}

// Invoke does what is asked for and answers JSON, or an error of type messages.InvokeResponse_Error.
func (f *invoked) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	started := time.Now()
	ctx, cancel := withDeadline(ctx, started)
	defer cancel()
	out, err := f.call(ctx, payload)
	attributes := []any{"operation", f.name, "milliseconds", float64(time.Since(started).Microseconds()) / 1000}
	if l, ok := lambdacontext.FromContext(ctx); ok {
		attributes = append(attributes, "requestId", l.AwsRequestID)
	}
	if err != nil {
		shown := f.shown(err)
		var panicked *panicError
		if errors.As(err, &panicked) {
			attributes = append(attributes, "stack", string(panicked.stack))
		}
		f.settings.log().ErrorContext(ctx, "invocation failed", append(attributes, "error", err)...)
		return nil, messages.InvokeResponse_Error{Type: string(shown.Code), Message: shown.Message}
	}
	f.settings.log().InfoContext(ctx, "invocation", attributes...)
	return encode(out), nil
}

func (f *invoked) call(ctx context.Context, payload []byte) (_ any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return f.use(ctx, payload)
}

// shown is what of an error the invoker gets to see.
func (f *invoked) shown(err error) *api.Error {
	var known *api.Error
	if errors.As(err, &known) {
		return known
	}
	return api.Errorf(api.CodeInternal, "something went wrong inside Strongroom; the log has more")
}
