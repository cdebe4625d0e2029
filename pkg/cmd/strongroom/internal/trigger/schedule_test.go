package trigger

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(hour, minute int) time.Time {
	return time.Date(2026, time.November, 26, hour, minute, 0, 0, time.UTC)
}

// ran has a function of the clock that says when it runs.
func (r *rig) ran() (*Triggers, chan time.Time) {
	times := make(chan time.Time, 100)
	return r.onTime(func(_ context.Context, at time.Time) (any, error) {
		times <- at
		return nil, nil
	}), times
}

func same(t *testing.T, what string, want time.Time, c <-chan time.Time) {
	t.Helper()
	select {
	case got := <-c:
		if !got.Equal(want) {
			t.Errorf("%s at %s, want %s", what, got, want)
		}
	case <-time.After(time.Minute):
		t.Errorf("not %s", what)
	}
}

// TestAScheduleRunsWhenItIsDue: the row is of every hour, ten minutes past.
func TestAScheduleRunsWhenItIsDue(t *testing.T) {
	r := newRig(t)
	clock := newHandClock(at(14, 30))
	r.config.Clock = clock
	triggers, times := r.ran()
	stop := r.run(triggers)
	same(t, "waits for a run", at(15, 10), clock.waiting)
	clock.turn(at(15, 9))
	clock.turn(at(15, 10).Add(300 * time.Millisecond))
	same(t, "runs", at(15, 10), times)
	same(t, "waits for a run", at(16, 10), clock.waiting)
	clock.turn(at(19, 30)) // the machine slept
	same(t, "runs", at(19, 30), times)
	same(t, "waits for a run", at(20, 10), clock.waiting)
	stop()
	if len(times) > 0 {
		t.Error("it ran once more")
	}
}

// TestAMissedRunIsMadeUpFor starts triggers again and again: a run is made at the start if one was due since the last.
func TestAMissedRunIsMadeUpFor(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct{ start, run, next time.Time }{
		{at(14, 30), time.Time{}, at(15, 10)}, // new
		{at(15, 9), time.Time{}, at(15, 10)},
		{at(15, 10), at(15, 10), at(16, 10)},
		{at(15, 11), time.Time{}, at(16, 10)},
		{at(23, 59), at(23, 59), at(24, 10)}, // once for many
		{at(23, 59), time.Time{}, at(24, 10)},
		{at(11, 0), time.Time{}, at(11, 10)}, // the clock was wrong before
	} {
		clock := newHandClock(c.start)
		r.config.Clock = clock
		triggers, times := r.ran()
		stop := r.run(triggers)
		same(t, "waits for a run", c.next, clock.waiting)
		stop()
		if c.run.IsZero() && len(times) > 0 || !c.run.IsZero() && len(times) != 1 {
			t.Fatalf("started at %s: %d runs", c.start, len(times))
		}
		if !c.run.IsZero() {
			same(t, "runs", c.run, times)
		}
	}
}

// TestARunThatFailsIsRepeatedAndNotForgotten: neither within a process nor when it ends.
func TestARunThatFailsIsRepeatedAndNotForgotten(t *testing.T) {
	r := newRig(t)
	clock := newHandClock(at(14, 30))
	r.config.Clock = clock
	stop := r.run(r.onTime(nil))
	<-clock.waiting
	stop()
	clock.turn(at(15, 20))
	tried := make(chan struct{})
	calls := 0
	stop = r.run(r.onTime(func(context.Context, time.Time) (any, error) {
		if calls++; calls == 3 {
			close(tried)
		}
		return nil, errTest
	}))
	<-tried
	stop()
	if want := []time.Duration{100 * time.Millisecond, 200 * time.Millisecond}; len(r.pauses.list) < 2 ||
		!cmp.Equal(want, r.pauses.list[:2]) {
		t.Errorf("the pauses are %v", r.pauses.list)
	}
	if log := r.log.String(); strings.Count(log, "a function fails") != 1 || !strings.Contains(log, "operation=test-schedule") {
		t.Errorf("logged:\n%s", log)
	}
	triggers, times := r.ran()
	stop = r.run(triggers)
	same(t, "runs", at(15, 20), times)
	same(t, "waits for a run", at(16, 10), clock.waiting)
	stop()
}

// TestARunThatTakesLongIsNotJoinedByAnother: what is due meanwhile is made up for when it ends.
func TestARunThatTakesLongIsNotJoinedByAnother(t *testing.T) {
	r := newRig(t)
	clock := newHandClock(at(15, 0))
	r.config.Clock = clock
	began, goOn := make(chan time.Time, 10), make(chan struct{})
	stop := r.run(r.onTime(func(_ context.Context, at time.Time) (any, error) {
		began <- at
		<-goOn
		return nil, nil
	}))
	same(t, "waits for a run", at(15, 10), clock.waiting)
	clock.turn(at(15, 10))
	same(t, "runs", at(15, 10), began)
	clock.turn(at(18, 30))
	select {
	case <-began:
		t.Error("two runs at once")
	case <-time.After(20 * time.Millisecond):
	}
	close(goOn)
	same(t, "runs", at(18, 30), began)
	same(t, "waits for a run", at(19, 10), clock.waiting)
	stop()
}

func TestARunIsCutAtTheEndAndRepeatedAtTheNextStart(t *testing.T) {
	r := newRig(t)
	clock := newHandClock(at(15, 0))
	r.config.Clock = clock
	began := make(chan struct{})
	triggers := r.onTime(func(ctx context.Context, _ time.Time) (any, error) {
		close(began)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	triggers.grace = 0
	stop := r.run(triggers)
	<-clock.waiting
	clock.turn(at(15, 10))
	<-began
	stop()
	triggers, times := r.ran()
	stop = r.run(triggers)
	same(t, "runs", at(15, 10), times)
	stop()
}

func TestAFileOfRunsThatIsNoneIsRefused(t *testing.T) {
	r := newRig(t)
	for _, content := range []string{"", "{}", `{"version":2,"last":{}}`, `{"version":1}`, `{"version":1,"last":{"x":3}}`} {
		if err := os.WriteFile(r.config.Runs, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(r.config, nil); err == nil || !strings.Contains(err.Error(), r.config.Runs) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestTheSystemsClock(t *testing.T) {
	clock := systemClock{}
	soon := clock.Now().Add(20 * time.Millisecond)
	if err := clock.Until(t.Context(), soon); err != nil || clock.Now().Before(soon) {
		t.Errorf("it answers before its time, with %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, at := range []time.Time{soon, soon.Add(time.Hour)} {
		if err := clock.Until(ended, at); !errors.Is(err, context.Canceled) {
			t.Errorf("it answers %v", err)
		}
	}
}
