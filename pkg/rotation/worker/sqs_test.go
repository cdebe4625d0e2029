package worker_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// due is the event as EventBridge puts it on a queue.
func due(rotation uuid.UUID, rotator string) string {
	return fmt.Sprintf(`{"version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "Rotation Due", "source": "strongroom",
		"account": "111122223333", "time": "2026-11-26T12:00:00Z", "region": "eu-central-1", "resources": [],
		"detail": {"organizationId": %q, "resourceId": %q, "rotationId": %q, "rotator": %q}}`, uuid.New(), secretID, rotation, rotator)
}

func TestMessagesAreDealtWithOrComeAgain(t *testing.T) {
	s := newStage(t, single)
	run := s.server.Run().ID
	bodies := []string{
		due(run, "postgresql"),        // done
		due(run, "postgresql"),        // again: refused, and dealt with
		due(uuid.New(), "postgresql"), // of another rotation: the same
		due(run, "mysql"),
		`{"detail-type": "Secret Created", "source": "strongroom", "detail": {}}`,
		`{"detail-type": "Rotation Due", "source": "somebody", "detail": {}}`,
		due(uuid.Nil, "postgresql"),
		`{"detail": {"resourceId": "x"}}`,
		`no JSON`,
	}
	var batch events.SQSEvent
	for i, body := range bodies {
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body})
	}
	answer, err := s.worker.Handle(t.Context(), batch)
	var failed []string
	for _, f := range answer.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	if diff := cmp.Diff([]string{"3", "4", "5", "6", "7", "8"}, failed); diff != "" || err != nil {
		t.Errorf("%v, come again (-want +got):\n%s", err, diff)
	}
	if got := s.server.Run(); got.State != api.RotationDone || s.server.Promoted[run] != 1 {
		t.Errorf("left %+v", got)
	}
}

func TestAMessageComesAgainWhenStrongroomIsNotThereOrTimeIsShort(t *testing.T) {
	s := newStage(t, single)
	batch := events.SQSEvent{Records: []events.SQSMessage{{MessageId: "1", Body: due(s.server.Run().ID, "postgresql")}}}
	want := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{{ItemIdentifier: "1"}}}
	s.hooks.claim = func(int64) error { return errSilent }
	if got, err := s.worker.Handle(t.Context(), batch); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("answers %v, %v", got, err)
	}
	s.hooks.claim = nil
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if got, err := s.worker.Handle(ctx, batch); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("answers %v, %v", got, err)
	}
	want.BatchItemFailures = []events.SQSBatchItemFailure{}
	if got, err := s.worker.Handle(t.Context(), batch); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("answers %v, %v", got, err)
	}
}
