package workertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/rotatortest"
	"strongroom/pkg/rotation/worker"
)

// Crashes rotates a target as workers do, and ends a worker at each point that it passes: before and after each effect in the
// target, and each write to the server, sent or answered. The lease ends, the dispatcher asks again and another worker goes on.
// In the end the secret is rotated, once, with a value that works, the old one doesn't, and nothing else does. Then the same with
// a new value that is found not to work: in the end the secret is not rotated, its value works, and nothing else does. It ends the
// test unless there are that many points on each way: one that is forgotten would not be tried.
func Crashes(t *testing.T, kind rotation.Kind, forwards, backwards int, begin func(t *testing.T) *rotatortest.Target) {
	t.Helper()
	for _, way := range []struct {
		name   string
		points int
		ends   api.RotationState
	}{{"rotated", forwards, api.RotationDone}, {"taken back", backwards, api.RotationFailed}} {
		passed := crash(t, kind, way.ends, 0, begin)
		if len(passed) != way.points {
			t.Errorf("%s by a worker, there are the points %s, which are %d; want %d", way.name, strings.Join(passed, ", "), len(passed), way.points)
		}
		for i, point := range passed {
			t.Run(fmt.Sprintf("%s, though a worker ended at %d, %s", way.name, i+1, point), func(t *testing.T) {
				if n := len(crash(t, kind, way.ends, i+1, begin)); n <= i {
					t.Errorf("there were %d points alone", n)
				}
			})
		}
	}
}

// crash rotates a target, the way that ends so, and ends a worker at a point; at none if that is zero.
func crash(t *testing.T, kind rotation.Kind, ends api.RotationState, death int, begin func(t *testing.T) *rotatortest.Target) []string {
	t.Helper()
	target, clock, points := begin(t), NewClock(time.Now().UTC().Truncate(time.Millisecond)), &Points{}
	settings, err := json.Marshal(target.Settings)
	if err != nil {
		t.Fatal(err)
	}
	in := api.PutRotation{Rotator: string(kind), Settings: settings}
	if target.Settings.Keeps() {
		in.Readers = &api.RotationReaders{Deadline: "1h", Grace: "0s"}
	}
	s := NewServer(t, clock, target.Secret, in, target.Current)
	for id, value := range target.Further {
		s.Others[id] = value
	}
	if points.Deaths = []int{death}; death == 0 {
		points.Deaths = nil
	}
	id := s.Run().ID
	for asked, attempts := true, 0; ; asked = s.Dispatch(clock) {
		if asked {
			r := target.Rotator()
			if ends == api.RotationFailed {
				r = doubtful{r}
			}
			w := worker.Worker{Kind: kind, Rotator: r, Clock: clock, Targets: Everything}
			if ended := <-NewProcess(s, points).Rotate(t.Context(), w, target.Secret, id); ended.Err != nil {
				t.Fatal(ended.Err)
			}
		}
		if run := s.Run(); !run.Active() {
			break
		}
		if attempts++; attempts > 50 {
			t.Fatalf("it does not end: %+v", s.Run())
		}
	}
	s.settled(t, target, ends)
	return points.Passed
}

// settled looks at what a rotation came to.
func (s *Server) settled(t *testing.T, target *rotatortest.Target, ends api.RotationState) {
	t.Helper()
	run, now, rotated := s.Run(), s.Value(), ends == api.RotationDone
	if run.State != ends {
		t.Fatalf("it is %s (%s), want %s", run.State, run.Reason, ends)
	}
	if n := s.Promoted[run.ID]; n != map[bool]int{true: 1}[rotated] || (now != target.Current) != rotated || s.Pending != 0 {
		t.Errorf("%d versions became current, and version %d is pending", n, s.Pending)
	}
	if !target.Works(t, now) {
		t.Error("the current value does not work")
	}
	if rotated && !target.NoTarget && target.Works(t, target.Current) {
		t.Error("the old value works on")
	}
	if target.Settled != nil {
		target.Settled(t, now)
	}
}

// A doubtful rotator finds that the new value does not work, whatever the target says.
type doubtful struct{ rotators.Rotator }

func (d doubtful) Test(ctx context.Context, t *rotators.Task) error {
	if err := d.Rotator.Test(ctx, t); err != nil {
		return err
	}
	return rotators.Wrong(nil, "the new value is not right")
}
