package worker_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/worker"
	"strongroom/pkg/rotation/worker/workertest"
)

// A stage is a worker on the clock of a synctest bubble, before a secret of one user.
type stage struct {
	server *workertest.Server
	target *target
	hooks  *hooks
	worker worker.Worker
}

// hooks stand between worker and server.
type hooks struct {
	*workertest.Server
	claims  atomic.Int64
	claim   func(n int64) error // before the nth claim
	claimed func()              // after the first claim
	promote func(n int64) (before, after error)
	tries   atomic.Int64
}

func (h *hooks) Claim(ctx context.Context, id uuid.UUID, in api.ClaimRotation) (api.RotationTask, error) {
	n := h.claims.Add(1)
	if h.claim != nil {
		if err := h.claim(n); err != nil {
			return api.RotationTask{}, err
		}
	}
	task, err := h.Server.Claim(ctx, id, in)
	if n == 1 && h.claimed != nil {
		h.claimed()
	}
	return task, err
}

func (h *hooks) Promote(ctx context.Context, id uuid.UUID, in api.PromoteVersion) error {
	var before, after error
	if n := h.tries.Add(1); h.promote != nil {
		before, after = h.promote(n)
	}
	if before != nil {
		return before
	}
	if err := h.Server.Promote(ctx, id, in); err != nil {
		return err
	}
	return after
}

func newStage(t *testing.T, s style) *stage {
	target, value, in := newTarget(s)
	server := workertest.NewServer(t, worker.SystemClock{}, secretID, in, value)
	server.Others[adminID] = "admin-password"
	h := &hooks{Server: server}
	return &stage{server, target, h, worker.Worker{Kind: rotation.Kind(in.Rotator), Rotator: target, Server: h, Targets: workertest.Everything}}
}

// slowly is a rotator that does something before each set.
type slowly struct {
	*target
	before func(ctx context.Context) error
}

func (s slowly) Set(ctx context.Context, task *rotators.Task) error {
	if err := s.before(ctx); err != nil {
		return err
	}
	return s.target.Set(ctx, task)
}

// sleep waits as long as a context lets it.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return &rotators.Error{Reason: "the target was not waited for"}
	}
}

func (s *stage) rotate(ctx context.Context, t *testing.T) worker.Outcome {
	t.Helper()
	outcome, err := s.worker.Rotate(ctx, secretID, s.server.Run().ID)
	if err != nil {
		t.Errorf("it ended with %v", err)
	}
	return outcome
}

func TestTheLeaseIsRenewedWhileTheWorkGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, single)
		var during int64
		s.worker.Rotator = slowly{s.target, func(ctx context.Context) error {
			before := s.hooks.claims.Load()
			err := sleep(ctx, 10*time.Minute+time.Second)
			during = s.hooks.claims.Load() - before
			return err
		}}
		if got := s.rotate(t.Context(), t); got != worker.Rotated || during != 10 {
			t.Errorf("it ended with %s after %d renewals, want 10", got, during)
		}
	})
}

func TestTheWorkEndsWithTheLease(t *testing.T) {
	for name, c := range map[string]struct {
		claim func(n int64) error
		after time.Duration
	}{
		"which is refused": {func(n int64) error {
			if n > 3 {
				return &worker.RefusedError{"another worker has it"}
			}
			return nil
		}, 2 * worker.Beat},
		"which nobody renews any more": {func(n int64) error {
			if n > 3 {
				return errors.New("no answer")
			}
			return nil
		}, worker.Beat + rotation.LeaseTime - worker.LeaseMargin},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, single)
				s.hooks.claim = c.claim // two come before the work, and one after a minute
				var took time.Duration
				s.worker.Rotator = slowly{s.target, func(ctx context.Context) error {
					began := time.Now()
					err := sleep(ctx, 11*time.Minute)
					took = time.Since(began)
					return err
				}}
				if got := s.rotate(t.Context(), t); got != worker.Lost || took != c.after {
					t.Errorf("it ended with %s after %s, want %s", got, took, c.after)
				}
				if run := s.server.Run(); run.State != api.RotationRunning || run.Reason != "" || s.target.calls["set"]+s.target.calls["undo"] != 0 {
					t.Errorf("it wrote or did something: %+v, %v", run, s.target.calls)
				}
			})
		})
	}
}

func TestARenewalThatFailsOnceIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, single)
		s.hooks.claim = func(n int64) error {
			if n%2 == 0 && n > 2 {
				return errors.New("no answer")
			}
			return nil
		}
		s.worker.Rotator = slowly{s.target, func(ctx context.Context) error { return sleep(ctx, 10*time.Minute) }}
		if got := s.rotate(t.Context(), t); got != worker.Rotated && got != worker.Retry {
			t.Errorf("it ended with %s", got)
		}
		if s.target.calls["set"] != 1 {
			t.Error("the work was ended")
		}
	})
}

func TestTheWorkEndsInTime(t *testing.T) {
	for name, c := range map[string]struct {
		limit time.Duration // of the context; zero for none
		last  bool
		after time.Duration
		want  worker.Outcome
		state api.RotationState
	}{
		"before the context's deadline":     {10 * time.Minute, false, 10*time.Minute - worker.Reserve, worker.Retry, api.RotationDue},
		"without one":                       {0, false, worker.MaxWork, worker.Retry, api.RotationDue},
		"and the last attempt is undone":    {10 * time.Minute, true, 10*time.Minute - worker.Reserve, worker.Discarded, api.RotationFailed},
		"and so without a deadline":         {0, true, worker.MaxWork, worker.Discarded, api.RotationFailed},
		"before the lease would be renewed": {worker.LeastTime, false, worker.LeastTime - worker.Reserve, worker.Retry, api.RotationDue},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, single)
				if c.last {
					s.server.Record.Run.Attempts = rotation.MaxAttempts - 1
				}
				ctx := t.Context()
				if c.limit > 0 {
					limited, cancel := context.WithTimeout(ctx, c.limit)
					defer cancel()
					ctx = limited
				}
				began := time.Now()
				var took time.Duration
				s.worker.Rotator = slowly{s.target, func(ctx context.Context) error {
					err := sleep(ctx, time.Hour)
					took = time.Since(began)
					return err
				}}
				got := s.rotate(ctx, t)
				run := s.server.Run()
				if got != c.want || took != c.after || run.State != c.state || run.Reason != worker.ErrLate.Error() {
					t.Errorf("it ended with %s after %s, %s because %q", got, took, run.State, run.Reason)
				}
				if !s.target.works(s.server.Value()) {
					t.Error("the current value does not work")
				}
			})
		})
	}
}

// TestNoAttemptIsEndedWhileItWorks: the lease is renewed for longer than a worker works, takes back and reports, and for longer than
// Lambda lets it (https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html).
func TestNoAttemptIsEndedWhileItWorks(t *testing.T) {
	const lambda = 15 * time.Minute
	if longest := max(worker.MaxWork+worker.Reserve+worker.Settle, lambda); rotation.MaxAttempt <= longest+worker.Beat {
		t.Errorf("a lease is renewed for %s; an attempt may take %s", rotation.MaxAttempt, longest)
	}
}

func TestNothingIsBegunWithoutTime(t *testing.T) {
	s := newStage(t, single)
	ctx, cancel := context.WithTimeout(t.Context(), worker.LeastTime-time.Second)
	defer cancel()
	if _, err := s.worker.Rotate(ctx, secretID, s.server.Run().ID); !errors.Is(err, worker.ErrNoTime) || s.hooks.claims.Load() != 0 {
		t.Errorf("it ended with %v after %d claims", err, s.hooks.claims.Load())
	}
}

func TestAWorkerThatIsEndedLeavesItsLease(t *testing.T) {
	s := newStage(t, single)
	ctx, cancel := context.WithCancel(t.Context())
	s.worker.Rotator = slowly{s.target, func(ctx context.Context) error { cancel(); return ctx.Err() }}
	outcome, err := s.worker.Rotate(ctx, secretID, s.server.Run().ID)
	if run := s.server.Run(); outcome != worker.Lost || !errors.Is(err, context.Canceled) || run.State != api.RotationRunning {
		t.Errorf("it ended with %s, %v, and left %+v", outcome, err, run)
	}
}
