package app

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"

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
	return &invoked{task{teller{name: name, settings: s}, maxTime, "invocation"}, use}
}

type invoked struct {
	task
	use InvokeFunc
}

// Invoke does what is asked for and answers JSON, or an error of type messages.InvokeResponse_Error.
func (f *invoked) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f.do(ctx, func(ctx context.Context) (any, []slog.Attr, error) {
		out, err := f.use(ctx, payload)
		return out, nil, err
	})
}
