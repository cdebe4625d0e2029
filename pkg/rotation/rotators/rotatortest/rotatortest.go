// Package rotatortest tries rotators as workers use them: steps are done twice, and the worker is ended before and after each
// thing that is done outside, after which another one goes on.
package rotatortest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// A Target is something that can be rotated, and the secret with its value.
type Target struct {
	// Rotator makes a rotator anew, as another worker would.
	Rotator  func() rotators.Rotator
	Secret   uuid.UUID
	Settings rotation.Settings
	Further  map[uuid.UUID]string
	// Current is the value that works.
	Current string
	// Works says whether a value works.
	Works func(t testing.TB, value string) bool
	// Settled, where not nil, ends the test if there is more outside than what belongs to those values.
	Settled func(t testing.TB, values ...string)
	// NoTarget says that there is nothing outside: all values work.
	NoTarget bool
}

// Crashes begins a rotation for each point at which its worker could end, and ends it there. Whatever the point, the current
// value or the pending one works then; the next worker finishes the rotation, or takes it back. It ends the test if there are
// not that many points in the rotation, and in its taking back: a point that is forgotten would not be tried.
func Crashes(t *testing.T, forwards, backwards int, begin func(t *testing.T) *Target) {
	t.Helper()
	for _, way := range []struct {
		name   string
		points int
		steps  []string
	}{
		{"finish", forwards, []string{"create", "set", "test", "promote", "retire"}},
		{"undo", backwards, []string{"create", "set", "test", "undo"}},
	} {
		points := dry(t, begin(t), way.steps)
		if len(points) != way.points {
			t.Errorf("%s has the points %s, which are %d; want %d", way.name, strings.Join(points, ", "), len(points), way.points)
		}
		for i, point := range points {
			t.Run(fmt.Sprintf("%s, ended at %d, %s", way.name, i, point), func(t *testing.T) {
				s := &secret{Target: begin(t)}
				s.current = s.Current
				left := s.run(t, way.steps, i)
				if len(left) == 0 {
					t.Fatal("the worker was not ended")
				}
				s.oneWorks(t)
				s.run(t, left, -1)
				s.check(t)
			})
		}
		if way.name == "finish" {
			continue
		}
		for i, point := range points {
			t.Run(fmt.Sprintf("undo after an end at %d, %s", i, point), func(t *testing.T) {
				s := &secret{Target: begin(t)}
				s.current = s.Current
				s.run(t, way.steps, i)
				s.run(t, []string{"undo"}, -1)
				s.check(t)
			})
		}
	}
}

// Twice does each step twice, with a rotator of its own each: it comes to the same.
func Twice(t *testing.T, begin func(t *testing.T) *Target) {
	t.Helper()
	for _, steps := range [][]string{
		{"check", "check", "create", "create", "set", "set", "test", "test", "promote", "retire", "retire"},
		{"create", "set", "undo", "undo"},
		{"create", "undo", "undo"},
	} {
		t.Run(strings.Join(steps, " "), func(t *testing.T) {
			s := &secret{Target: begin(t)}
			s.current = s.Current
			s.run(t, steps, -1)
			s.check(t)
		})
	}
}

// Again rotates several times, one after the other, and returns the value that is current at the end.
func Again(t *testing.T, times int, target *Target) string {
	t.Helper()
	s := &secret{Target: target, current: target.Current}
	for range times {
		s.pending, s.old, s.note = nil, nil, ""
		s.run(t, []string{"create", "set", "test", "promote", "retire"}, -1)
		s.check(t)
	}
	return s.current
}

// dry names the points of a rotation.
func dry(t *testing.T, target *Target, steps []string) (points []string) {
	t.Helper()
	s := &secret{Target: target, current: target.Current}
	s.at = func(point string) { points = append(points, s.step+" "+point) }
	s.run(t, steps, -1)
	s.check(t)
	return points
}

// A secret is what Strongroom keeps of one that is rotated.
type secret struct {
	*Target
	current      string
	pending, old *string
	gone         []string
	note, step   string
	undone       bool
	at           func(point string)
}

var errEnded = errors.New("the worker ends here")

// run does steps, and ends the worker at a point, by number, if that is not negative. It returns the steps that are left then,
// that in which it ended first.
func (s *secret) run(t *testing.T, steps []string, end int) (left []string) {
	t.Helper()
	at := s.at
	if at == nil {
		at = func(string) {
			if end == 0 {
				panic(errEnded)
			}
			end--
		}
	}
	for i, step := range steps {
		s.step = step
		if ended := s.do(t, step, at); ended {
			return steps[i:]
		}
	}
	return nil
}

func (s *secret) do(t *testing.T, step string, at func(string)) (ended bool) {
	t.Helper()
	defer func() {
		if what := recover(); what != nil {
			if what != errEnded { //nolint:errorlint // the very one
				panic(what)
			}
			ended = true
		}
	}()
	if step == "create" {
		s.pending = nil // one that was made and not stored is lost
	}
	r, task := s.Rotator(), s.task(at)
	var err error
	switch step {
	case "check":
		err = r.Check(t.Context(), task)
	case "create":
		var created rotators.Created
		if created, err = r.Create(t.Context(), task); err == nil {
			s.pending = &created.Value
		}
	case "set":
		err = r.Set(t.Context(), task)
	case "test":
		err = r.Test(t.Context(), task)
	case "promote":
		old := s.current
		s.current, s.old, s.pending, s.note = *s.pending, &old, nil, ""
		s.gone = append(s.gone, old)
	case "retire":
		err = r.Retire(t.Context(), task)
	case "undo":
		if err = r.Undo(t.Context(), task); err == nil {
			s.undone = true
		}
	}
	if err != nil {
		t.Fatalf("%s: %v (%v)", step, err, errors.Unwrap(err))
	}
	return false
}

// task is what a worker is given.
func (s *secret) task(at func(string)) *rotators.Task {
	return &rotators.Task{
		Secret: s.Secret, Rotation: uuid.NewSHA1(s.Secret, []byte(s.current)), Settings: s.Settings, Further: s.Further,
		Current: s.current, Pending: s.pending, Old: s.old, Note: s.note, At: at,
		SaveNote: func(_ context.Context, note string) error {
			if len(note) > api.MaxRotationNote {
				return errors.New("the note is too long")
			}
			s.note = note
			return nil
		},
	}
}

func (s *secret) oneWorks(t *testing.T) {
	t.Helper()
	if !s.Works(t, s.current) && (s.pending == nil || !s.Works(t, *s.pending)) {
		t.Error("neither the current value nor the pending one works")
	}
}

// check looks at the end of a rotation, or of its taking back.
func (s *secret) check(t *testing.T) {
	t.Helper()
	if !s.Works(t, s.current) {
		t.Error("the current value does not work")
	}
	if s.NoTarget {
		return
	}
	for _, old := range s.gone {
		if s.Works(t, old) {
			t.Error("an old value works on")
		}
	}
	if s.undone && s.pending != nil && s.Works(t, *s.pending) {
		t.Error("the pending value works on, though it was taken back")
	}
	if s.Settled != nil {
		s.Settled(t, s.current)
	}
}
