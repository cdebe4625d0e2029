package trigger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"strongroom/pkg/operation"
)

// A schedule starts a function when the clock says so.
type schedule struct {
	starter
	times operation.Schedule
	runs  *runs
}

// rest is the pause after a run, which a fast clock would have followed by the next at once.
const rest = 50 * time.Millisecond

// run starts the function whenever it is due, until ctx ends.
func (s *schedule) run(ctx, working context.Context) {
	last := s.last(ctx)
	for failures := streak(0); s.config.Clock.Until(ctx, s.times.Next(last)) == nil; {
		now := s.config.Clock.Now().UTC().Truncate(time.Second) // as EventBridge tells it
		err := s.start(working, now)
		if err != nil {
			if s.pause(ctx, &failures, err) != nil {
				return
			}
			continue
		}
		s.worked(ctx, &failures)
		last = now
		s.note(ctx, last)
		if s.sleep(ctx, rest) != nil {
			return
		}
	}
}

// last is when the function last ran. One that never did counts from now on, and so does a time that is yet to come, of a
// clock that was wrong.
func (s *schedule) last(ctx context.Context) time.Time {
	now := s.config.Clock.Now().UTC()
	if last, ok := s.runs.last(s.name); ok && !last.After(now) {
		return last
	}
	s.note(ctx, now)
	return now
}

// note remembers a run. What can't be remembered is run once more after the next start, which does no harm.
func (s *schedule) note(ctx context.Context, at time.Time) {
	if err := s.runs.note(s.name, at); err != nil {
		s.config.Log.WarnContext(ctx, "a run can't be noted", "operation", s.name, "error", err)
	}
}

// start has the function do one run, for what EventBridge Scheduler hands to a function
// (https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html).
func (s *schedule) start(ctx context.Context, now time.Time) error {
	payload, err := json.Marshal(events.EventBridgeEvent{
		Version: "0", ID: uuid.NewString(), DetailType: "Scheduled Event", Source: "aws.scheduler",
		AccountID: s.config.Account, Region: s.config.Region, Time: now, Detail: json.RawMessage(`"{}"`),
		Resources: []string{fmt.Sprintf("arn:aws:scheduler:%s:%s:schedule/default/%s", s.config.Region, s.config.Account, s.name)},
	})
	if err == nil {
		_, err = s.function.Invoke(ctx, payload)
	}
	return err
}
