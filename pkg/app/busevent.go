package app

import (
	"context"
	stdjson "encoding/json"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// maxEventTime is how long a function has for one event.
const maxEventTime = EventTimeout - timeToSpare

// An EventUse is what an operation does with an event; package handler's EventFunc says what is asked of it.
type EventUse = func(ctx context.Context, e secrets.BusEvent) (any, error)

// EventFunction makes the Lambda function of an operation that events of EventBridge start; it panics for another. It hands on
// events that a rule of the row matches, from this deployment's account. Whatever else it is given is refused as invalid or
// forbidden, which no repetition mends: Lambda gives it up after two more, and leaves it as a dead letter.
func EventFunction(name operation.Name, use EventUse, s Settings) lambda.Handler {
	trigger, ok := operation.MustLookup(name).Trigger.(operation.Event)
	if !ok {
		panic("app: " + string(name) + " is not started by events")
	}
	return &evented{task{teller{name: name, settings: s}, maxEventTime, "event"}, trigger, use}
}

type evented struct {
	task
	trigger operation.Event
	use     EventUse
}

// Invoke deals with one event and answers what came of it as JSON, or an error of type messages.InvokeResponse_Error.
func (f *evented) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f.do(ctx, func(ctx context.Context) (any, []slog.Attr, error) {
		e, err := f.event(payload)
		if err != nil {
			return nil, nil, err
		}
		said := []slog.Attr{
			slog.String("source", e.Source), slog.String("eventId", clipped(e.ID)), slog.Float64("lateMilliseconds", milliseconds(time.Since(e.At))),
		}
		out, err := f.use(ctx, e)
		return out, said, err
	})
}

// event is the event in a payload.
func (f *evented) event(payload []byte) (secrets.BusEvent, error) {
	refused := api.Errorf(api.CodeInvalid, "this function takes the events of EventBridge that its rules match, and nothing else")
	var e struct {
		events.EventBridgeEvent
		Detail jsontext.Value `json:"detail"`
	}
	if err := json.Unmarshal(payload, &e); err != nil || e.ID == "" || e.Time.IsZero() {
		return secrets.BusEvent{}, refused
	}
	if account := f.settings.Account; account != "" && e.AccountID != account {
		return secrets.BusEvent{}, api.Errorf(api.CodeForbidden, "this function serves a deployment of another account")
	}
	var detail map[string]jsontext.Value
	if err := json.Unmarshal(e.Detail, &detail); err != nil || detail == nil {
		return secrets.BusEvent{}, refused
	}
	field := func(name string) (text string) {
		_ = json.Unmarshal(detail[name], &text) // what is no text matches nothing
		return text
	}
	if !f.trigger.Wants(e.Source, e.DetailType, field) {
		return secrets.BusEvent{}, refused
	}
	return secrets.BusEvent{
		ID: e.ID, Source: e.Source, Type: e.DetailType, At: e.Time.UTC(), Detail: stdjson.RawMessage(e.Detail),
	}, nil
}

// clipped keeps what anybody may have made long out of the log.
func clipped(id string) string { return id[:min(len(id), 64)] }
