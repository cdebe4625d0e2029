package app

import (
	"context"
	"log/slog"
	"time"

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
	triggered[operation.Schedule](name, "started by a schedule")
	return &task{teller{name: name, settings: s}, maxScheduleTime, "run", func(ctx context.Context, payload []byte) (any, []slog.Attr, error) {
		at, err := s.tick(payload)
		if err != nil {
			return nil, nil, err
		}
		out, err := use(ctx, at)
		return out, []slog.Attr{slog.Time("at", at)}, err
	}}
}

// tick is the time that a run is for.
func (s Settings) tick(payload []byte) (time.Time, error) {
	refused := api.Errorf(api.CodeInvalid,
		"this function takes the scheduled events of EventBridge, or {} to be run now, and nothing else")
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(payload, &fields); err != nil || fields == nil {
		return time.Time{}, refused
	}
	if len(fields) == 0 {
		return time.Now().UTC(), nil
	}
	e, err := s.bridgeEvent(payload, refused)
	if err != nil {
		return time.Time{}, err
	}
	if e.DetailType != "Scheduled Event" || e.Source != "aws.events" && e.Source != "aws.scheduler" {
		return time.Time{}, refused
	}
	return e.Time.UTC(), nil
}
