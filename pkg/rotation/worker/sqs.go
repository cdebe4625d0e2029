package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// A Message is an event that asks for a worker, rotation.NoticeDue of operation.BusSource, as EventBridge puts it on a queue
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html). Other members are not looked at.
type Message struct {
	DetailType string `json:"detail-type"`
	Source     string `json:"source"`
	Detail     struct {
		ResourceID uuid.UUID `json:"resourceId"` // the secret's
		RotationID uuid.UUID `json:"rotationId"`
		Rotator    string    `json:"rotator"`
	} `json:"detail"`
}

// Handle makes an attempt at each rotation that a batch of SQS messages asks for, one after the other. What could not be asked or
// told is answered as failed, so that SQS brings the message again
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html), and what is no such message, so that it ends in
// the dead-letter queue. A rotation that failed is none of these: the dispatcher asks again. Its error is always nil.
func (w *Worker) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, record := range batch.Records {
		if err := w.handle(ctx, record); err != nil {
			slog.ErrorContext(ctx, "a message could not be dealt with", "message", record.MessageId, "error", err.Error())
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		}
	}
	return answer, nil
}

func (w *Worker) handle(ctx context.Context, record events.SQSMessage) error {
	m, err := w.read(record.Body)
	if err != nil {
		return err
	}
	outcome, err := w.Rotate(ctx, m.Detail.ResourceID, m.Detail.RotationID)
	if err != nil {
		return fmt.Errorf("rotation %s of secret %s: %w", m.Detail.RotationID, m.Detail.ResourceID, err)
	}
	slog.InfoContext(ctx, "an attempt at a rotation ended", "secret", m.Detail.ResourceID, "rotation", m.Detail.RotationID, "outcome", outcome)
	return nil
}

// read reads a message that is for this worker.
func (w *Worker) read(body string) (m Message, err error) {
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return m, fmt.Errorf("it is no event of EventBridge: %w", err)
	}
	switch {
	case m.DetailType != rotation.NoticeDue || m.Source != operation.BusSource:
		return m, fmt.Errorf("it is %q of %q, not %q of %q", m.DetailType, m.Source, rotation.NoticeDue, operation.BusSource)
	case m.Detail.Rotator != string(w.Kind):
		return m, fmt.Errorf("it is for the rotator %q, and this is a worker of %s; do the rules match by detail.rotator?", m.Detail.Rotator, w.Kind)
	case m.Detail.ResourceID == uuid.Nil || m.Detail.RotationID == uuid.Nil:
		return m, fmt.Errorf("it names no secret or no rotation")
	}
	return m, nil
}
