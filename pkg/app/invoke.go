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
	triggered[operation.Invoke](name, "invoked directly")
	return &task{teller{name: name, settings: s}, maxTime, "invocation", func(ctx context.Context, payload []byte) (any, []slog.Attr, error) {
		out, err := use(ctx, payload)
		return out, nil, err
	}}
}
