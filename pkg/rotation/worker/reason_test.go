package worker_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/worker"
	"strongroom/pkg/rotation/worker/workertest"
)

// choosy takes no reason but one.
type choosy struct {
	*workertest.Server
	takes   string
	refused int
}

func (c *choosy) check(reason string) error {
	if reason == c.takes {
		return nil
	}
	c.refused++
	return fmt.Errorf("reason has what can't be seen: %w", worker.ErrInvalid)
}

func (c *choosy) Report(ctx context.Context, id uuid.UUID, in api.ReportRotation) error {
	if err := c.check(in.Reason); err != nil {
		return err
	}
	return c.Server.Report(ctx, id, in)
}

func (c *choosy) Discard(ctx context.Context, id uuid.UUID, in api.DiscardPendingVersion) error {
	if err := c.check(in.Reason); err != nil {
		return err
	}
	return c.Server.Discard(ctx, id, in)
}

func TestNoReasonKeepsAnAttemptFromEnding(t *testing.T) {
	for name, c := range map[string]struct {
		permanent bool
		takes     string
		want      worker.Outcome
		state     api.RotationState
		refused   int
	}{
		"tried again":                 {false, worker.Unfit, worker.Retry, api.RotationDue, 1},
		"given up":                    {true, worker.Unfit, worker.Discarded, api.RotationFailed, 1},
		"with a reason that is taken": {true, "no set", worker.Discarded, api.RotationFailed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, single)
				server := &choosy{Server: s.server, takes: c.takes}
				s.worker.Server = server
				s.target.refuses["set"] = &rotators.Error{Reason: "no set", Permanent: c.permanent}
				got, run := s.rotate(t.Context(), t), s.server.Run()
				if got != c.want || run.State != c.state || run.Reason != c.takes || server.refused != c.refused {
					t.Errorf("it ended with %s after %d refusals: %s because %q", got, server.refused, run.State, run.Reason)
				}
			})
		})
	}
}

func TestAReasonThatIsNeverTakenIsToldOfTwice(t *testing.T) {
	s := newStage(t, single)
	server := &choosy{Server: s.server, takes: "another one"}
	s.worker.Server = server
	s.target.refuses["create"] = &rotators.Error{Reason: "no create"}
	if _, err := s.worker.Rotate(t.Context(), secretID, s.server.Run().ID); err == nil || server.refused != 2 {
		t.Errorf("it ended with %v after %d refusals", err, server.refused)
	}
}

func TestWhatTheWorkerSaysOfItselfIsAReason(t *testing.T) {
	if got := rotation.Line(worker.Unfit, api.MaxRotationFailure); got != worker.Unfit {
		t.Errorf("%q", got)
	}
}
