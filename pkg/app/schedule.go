package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// maxScheduleTime is how long one run has.
const maxScheduleTime = ScheduleTimeout - timeToSpare

// A ScheduleUse is what an operation does when its time has come; package handler's ScheduleFunc says what is asked of
// it.
type ScheduleUse = func(ctx context.Context, at time.Time) (any, error)

// ScheduleFunction makes the Lambda function of an operation that the clock starts; it panics for another. It takes the
// event of an EventBridge schedule or scheduled rule, whose time it hands on, or {} from an administrator of the account
// who starts it by hand, which means now; and refuses all else, so that nobody believes that an argument had an effect.
func ScheduleFunction(name operation.Name, use ScheduleUse, s Settings) lambda.Handler {
	if _, ok := operation.MustLookup(name).Trigger.(operation.Schedule); !ok {
		panic("app: " + string(name) + " is not started by a schedule")
	}
	return &scheduled{task{teller{name: name, settings: s}, maxScheduleTime, "run"}, use}
}

type scheduled struct {
	task
	use ScheduleUse
}

// Invoke does one run and answers what it did as JSON, or an error of type messages.InvokeResponse_Error.
func (f *scheduled) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f.do(ctx, func(ctx context.Context) (any, []slog.Attr, error) {
		at, err := f.time(payload)
		if err != nil {
			return nil, nil, err
		}
		out, err := f.use(ctx, at)
		return out, []slog.Attr{slog.Time("at", at)}, err
	})
}

// A tick is what EventBridge sends; a Scheduler's detail is a string, a rule's an object.
type tick struct {
	events.EventBridgeEvent
	Detail jsontext.Value `json:"detail"`
}

// time is the time that a run is for.
func (f *scheduled) time(payload []byte) (time.Time, error) {
	refused := api.Errorf(api.CodeInvalid,
		"this function takes the scheduled events of EventBridge, or {} to be run now, and nothing else")
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(payload, &fields); err != nil || fields == nil {
		return time.Time{}, refused
	}
	if len(fields) == 0 {
		return time.Now().UTC(), nil
	}
	var t tick
	if err := json.Unmarshal(payload, &t); err != nil || t.DetailType != "Scheduled Event" || t.Time.IsZero() {
		return time.Time{}, refused
	}
	if t.Source != "aws.events" && t.Source != "aws.scheduler" {
		return time.Time{}, refused
	}
	if account := f.settings.Account; account != "" && t.AccountID != account {
		return time.Time{}, api.Errorf(api.CodeForbidden, "this function serves a deployment of another account")
	}
	return t.Time.UTC(), nil
}
