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
	trigger := triggered[operation.Event](name, "started by events")
	return &task{teller{name: name, settings: s}, maxEventTime, "event", func(ctx context.Context, payload []byte) (any, []slog.Attr, error) {
		e, err := s.busEvent(payload, trigger)
		if err != nil {
			return nil, nil, err
		}
		said := []slog.Attr{
			slog.String("source", e.Source), slog.String("eventId", clipped(e.ID)), slog.Float64("lateMilliseconds", milliseconds(time.Since(e.At))),
		}
		out, err := use(ctx, e)
		return out, said, err
	}}
}

// busEvent is the event in a payload, of those that the row wants.
func (s Settings) busEvent(payload []byte, trigger operation.Event) (secrets.BusEvent, error) {
	refused := api.Errorf(api.CodeInvalid, "this function takes the events of EventBridge that its rules match, and nothing else")
	e, err := s.bridgeEvent(payload, refused)
	if err != nil {
		return secrets.BusEvent{}, err
	}
	var detail map[string]jsontext.Value
	if err := json.Unmarshal(e.Detail, &detail); err != nil || detail == nil || e.ID == "" {
		return secrets.BusEvent{}, refused
	}
	field := func(name string) (text string) {
		_ = json.Unmarshal(detail[name], &text) // what is no text matches nothing
		return text
	}
	if !trigger.Wants(e.Source, e.DetailType, field) {
		return secrets.BusEvent{}, refused
	}
	return secrets.BusEvent{
		ID: e.ID, Source: e.Source, Type: e.DetailType, At: e.Time.UTC(), Detail: stdjson.RawMessage(e.Detail),
	}, nil
}

// A bridgeEvent is what EventBridge sends; a Scheduler's detail is a string, all others' are objects.
type bridgeEvent struct {
	events.EventBridgeEvent
	Detail jsontext.Value `json:"detail"`
}

// bridgeEvent reads an event, which must be of this deployment's account. What is none is refused with that error.
func (s Settings) bridgeEvent(payload []byte, refused error) (e bridgeEvent, err error) {
	if err := json.Unmarshal(payload, &e); err != nil || e.Time.IsZero() {
		return e, refused
	}
	if s.Account != "" && e.AccountID != s.Account {
		return e, api.Errorf(api.CodeForbidden, "this function serves a deployment of another account")
	}
	return e, nil
}

// clipped keeps what anybody may have made long out of the log.
func clipped(id string) string { return id[:min(len(id), 64)] }
