package rotation

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

func TestARequestWhileOneIsUnderWayIsLeftToThatOrAnotherFollows(t *testing.T) {
	due := func(s *scene) *scene { return s }
	urgentlyDue := func(s *scene) *scene { s.Run.Cause = leak; return s }
	created := func(s *scene) *scene { return s.claim(leaseA).created().retry() }
	running := func(s *scene) *scene { return s.claim(leaseA) }
	waiting := func(s *scene) *scene { return s.claim(leaseA).created().finished() }
	leaverWaits := func(s *scene) *scene { waiting(s).Again = leaver; return s }
	toFollow := func(s *scene) *scene { s.claim(leaseA).Again = leaver; return s }
	leakToFollow := func(s *scene) *scene { s.claim(leaseA).Again = leak; return s }
	for name, c := range map[string]struct {
		scene   func(s *scene) *scene
		id      uuid.UUID
		cause   Cause
		changed bool
		runs    Cause // of the run, after
		again   Cause
	}{
		"the same request again":                    {running, first, leak, false, request, Cause{}},
		"a request, value perhaps made":             {running, second, request, false, request, Cause{}},
		"a request, value made":                     {created, second, request, true, request, request},
		"a request, readers to come":                {waiting, second, request, true, request, request},
		"a request after somebody left":             {leaverWaits, second, request, false, request, leaver},
		"the schedule":                              {waiting, second, schedule, false, request, Cause{}},
		"somebody left, value to be made":           {due, second, leaver, false, request, Cause{}},
		"somebody left, value made, worker to come": {created, second, leaver, true, request, leaver},
		"somebody left, value perhaps made":         {running, second, leaver, true, request, leaver},
		"somebody left, readers to come":            {waiting, second, leaver, true, request, leaver},
		"a second one left":                         {toFollow, second, Cause{api.CauseLeaver, "another one left"}, true, request, Cause{api.CauseLeaver, "another one left"}},
		"the same one left":                         {toFollow, second, leaver, false, request, leaver},
		"leaked, value to be made":                  {due, second, leak, true, leak, Cause{}},
		"leaked twice, value to be made":            {urgentlyDue, second, Cause{api.CauseLeak, "twice"}, false, leak, Cause{}},
		"leaked, value perhaps made":                {running, second, leak, true, request, leak},
		"leaked after somebody left":                {toFollow, second, leak, true, request, leak},
		"somebody left after it leaked":             {leakToFollow, second, leaver, false, request, leak},
		"leaked, readers to come":                   {waiting, second, leak, true, request, leak},
		"a rule of the user's":                      {waiting, second, event, true, request, event},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.scene(begun(t, kept(t)))
			s.after(time.Minute)
			if changed := s.Request(c.id, c.cause, s.now); changed != c.changed {
				t.Errorf("changed: %t", changed)
			}
			if s.Run.ID != first || s.Run.Cause != c.runs || s.Again != c.again {
				t.Errorf("run %s for %v, again for %v; want %v, %v", s.Run.ID, s.Run.Cause, s.Again, c.runs, c.again)
			}
			if s.Run.State == api.RotationWaiting && c.cause == leak && (!s.Due().Equal(s.now) || !s.Run.RetireBy.Equal(s.now)) {
				t.Errorf("what leaked is retired by %s, looked at %s", s.Run.RetireBy, s.Due())
			}
		})
	}
}

// TestARequestThatIsSentAgainHasOneRunFollow, whenever it is sent again: that run has its id.
func TestARequestThatIsSentAgainHasOneRunFollow(t *testing.T) {
	s := begun(t, replaced(t)).claim(leaseA).created()
	if !s.Request(second, request, s.now) || s.Request(second, request, s.now) {
		t.Error("the first one changes nothing, or the second one something")
	}
	s.Request(uuid.NewSHA1(first, nil), leaver, s.now)
	if s.finished(); !s.Dispatch(uuid.NewSHA1(second, nil), s.now) || s.Run.ID != second || s.Run.Cause != leaver {
		t.Fatalf("what follows is %+v", s.Run)
	}
	if s.claim(leaseB).created(); s.Request(second, request, s.now) || s.Again != (Cause{}) || s.AgainID != uuid.Nil {
		t.Errorf("sent again, it has another one follow: %v", s.Again)
	}
}

func TestAnotherRunFollows(t *testing.T) {
	for name, follow := range map[string]func(s *scene) bool{
		"by the dispatcher": func(s *scene) bool { return s.Due().Equal(s.now) && s.Dispatch(second, s.now) },
		"for what was more urgent than what is asked for": func(s *scene) bool { return s.Request(second, request, s.now) },
	} {
		t.Run(name, func(t *testing.T) {
			s := begun(t, replaced(t)).claim(leaseA)
			s.Request(second, leaver, s.now)
			if s.Dispatch(second, s.now) {
				t.Fatal("a run followed one that is under way")
			}
			s.created().finished()
			if !follow(s) || s.Run.ID != second || s.Run.Cause != leaver || s.Run.State != api.RotationDue || s.Again != (Cause{}) {
				t.Errorf("left %+v, again %v", s.Run, s.Again)
			}
			if s.claim(leaseB).created().finished(); s.Dispatch(first, s.now) {
				t.Error("a run followed that nobody asked for")
			}
		})
	}
}

func TestWhatAFailedRunLeftIsGoneOnWith(t *testing.T) {
	for name, c := range map[string]struct {
		scene   func(s *scene) *scene
		step    api.RotationStep
		from    int64
		version int64
		note    string
		next    time.Duration // until another begins
	}{
		"a pending version that the target may have": {func(s *scene) *scene { return s.claim(leaseA).created().gaveUp() }, api.StepSet, 7, 8, "n", MendAfter},
		"one whose last worker died": {func(s *scene) *scene {
			return s.attempts(MaxAttempts - 1).claim(leaseA).created().after(LeaseTime).dispatched()
		}, api.StepSet, 7, 8, "n", MendAfter},
		"notes on what is to be taken away": {func(s *scene) *scene { return s.claim(leaseA).gaveUp() }, api.StepCreate, 0, 0, "n", 0},
		"nothing that was taken back":       {func(s *scene) *scene { return s.claim(leaseA).created().discarded() }, api.StepCreate, 0, 0, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := begun(t, kept(t))
			s.Run.Note = "n"
			c.scene(s)
			if s.Run.State != api.RotationFailed || s.Run.Reason == "" {
				t.Fatalf("it has not failed: %+v", s.Run)
			}
			if c.next != 0 && !s.NextAt.Equal(s.now.Add(c.next)) || c.next == 0 && s.NextAt.Sub(s.now) < day {
				t.Errorf("the next is after %s, want %s", s.NextAt.Sub(s.now), c.next)
			}
			regular := s.now.Add(time.Hour)
			s.Request(second, request, regular)
			if r := s.Run; r.ID != second || r.Step != c.step || r.From != c.from || r.Version != c.version || r.Note != c.note {
				t.Errorf("begins as %+v", r)
			}
			if s.NextAt.Sub(regular) < day {
				t.Errorf("a further one is due after %s already", s.NextAt.Sub(regular))
			}
		})
	}
}

// TestAnOldValueIsRetiredHoweverOftenThatFails: every few hours, or when somebody asks; before that, no other run begins.
func TestAnOldValueIsRetiredHoweverOftenThatFails(t *testing.T) {
	third := uuid.NewSHA1(second, nil)
	failing := func(t *testing.T) *scene {
		s := begun(t, kept(t)).claim(leaseA).created().finished().toRetire()
		for range 3 {
			s.claim(uuid.New()).gaveUp()
			if s.Run.State != api.RotationFailed || !s.Run.Unretired() || !s.Due().Equal(s.now.Add(MendAfter)) || !s.Run.TryAt.Equal(s.Due()) {
				t.Fatalf("it is %+v", s.Run)
			}
			s.after(MendAfter)
			if !s.Dispatch(second, s.now) || s.Run.ID != first || s.Run.State != api.RotationDue || s.Run.Attempts != 0 || s.Run.From != 7 {
				t.Fatalf("then it is %+v", s.Run)
			}
		}
		return s.claim(uuid.New()).gaveUp()
	}
	t.Run("and the schedule comes after", func(t *testing.T) {
		s := failing(t).after(90 * day).dispatched().claim(leaseB)
		if s.Settled("", s.now); s.Run.Unretired() || !s.Dispatch(second, s.now) || s.Run.ID != second || s.Run.Step != api.StepCreate {
			t.Errorf("when it is retired, it is %+v", s.Run)
		}
	})
	t.Run("and so does who asks", func(t *testing.T) {
		s := failing(t)
		if !s.Request(second, leak, s.now) || s.Request(second, leak, s.now) || s.Run.ID != first || !s.Asked(s.now) || s.Again != leak {
			t.Fatalf("asked for, it is %+v", s.Run)
		}
		s.claim(leaseB)
		if s.Settled("", s.now); !s.Dispatch(third, s.now) || s.Run.ID != second || s.Run.Cause != leak {
			t.Errorf("when it is retired, it is %+v", s.Run)
		}
	})
}

func TestANewScheduleCountsFromTheLastRotation(t *testing.T) {
	for name, c := range map[string]struct {
		last time.Time
		want time.Time
	}{
		"none yet":  {time.Time{}, start.Add(30 * day)},
		"lately":    {start.Add(-10 * day), start.Add(20 * day)},
		"long past": {start.Add(-40 * day), start.Add(30 * day)},
	} {
		t.Run(name, func(t *testing.T) {
			r := Record{LastRotatedAt: c.last}
			if r.Set(replaced(t), start); !r.NextAt.Equal(c.want) {
				t.Errorf("next at %s, want %s", r.NextAt, c.want)
			}
		})
	}
	t.Run("but what was left is gone on with soon", func(t *testing.T) {
		s := begun(t, replaced(t)).claim(leaseA).created().gaveUp()
		if s.Set(replaced(t), s.now); !s.NextAt.Equal(s.now.Add(MendAfter)) {
			t.Errorf("next at %s", s.NextAt)
		}
	})
}
