package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"strongroom/pkg/api"
	"strongroom/pkg/app"
	"strongroom/pkg/operation"
)

func TestInvokeFunction(t *testing.T) {
	for _, c := range []struct {
		name string
		use  app.InvokeFunc
		want string // the answer, or "code: message" of the error
		log  string
	}{
		{"an answer", func(_ context.Context, in json.RawMessage) (any, error) {
			return map[string]string{"got": string(in)}, nil
		}, `{"got":"<in>"}`, `"msg":"invocation"`},
		{"an error of ours", func(context.Context, json.RawMessage) (any, error) {
			return nil, api.FieldError(api.CodeInvalid, "name", "is missing")
		}, "invalid: name: is missing", "invocation failed"},
		{"another error", func(context.Context, json.RawMessage) (any, error) {
			return nil, errors.New("the table is gone")
		}, "internal: something went wrong inside Strongroom; the log has more", "the table is gone"},
		{"a panic", func(context.Context, json.RawMessage) (any, error) { panic("secret-marker") },
			"internal: something went wrong inside Strongroom; the log has more", "panic with a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			f := app.InvokeFunction(operation.CreateOrganization, c.use, app.Settings{Log: slog.New(slog.NewJSONHandler(&log, nil))})
			answer, err := f.Invoke(t.Context(), []byte("<in>"))
			got := string(answer)
			var failed messages.InvokeResponse_Error
			if errors.As(err, &failed) {
				got = failed.Type + ": " + failed.Message
			}
			if got != c.want || !strings.Contains(log.String(), c.log) || strings.Contains(log.String(), "secret-marker") {
				t.Errorf("got %s, want %s; log %s", got, c.want, log.String())
			}
		})
	}
}

func TestInvokeFunctionPanicsForOperationsWithRoute(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	app.InvokeFunction(operation.Whoami, nil, app.Settings{})
}
