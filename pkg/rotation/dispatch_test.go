package rotation

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

func TestAFailedAttemptIsTriedAgainUpToTheLast(t *testing.T) {
	s := begun(t, replaced(t))
	for attempt := int64(1); attempt < MaxAttempts; attempt++ {
		if s.claim(uuid.NewSHA1(reader, []byte{byte(attempt)})); s.Last() {
			t.Fatalf("attempt %d is the last", attempt)
		}
		if s.Failed(" no luck ", false, s.now) || s.Run.State != api.RotationDue || s.Run.Reason != "no luck" {
			t.Fatalf("after attempt %d: %+v", attempt, s.Run)
		}
		if want := s.now.Add(Backoff(attempt)); !s.Due().Equal(want) || !s.Run.TryAt.Equal(want) {
			t.Fatalf("after attempt %d it is due at %s, want %s", attempt, s.Due(), want)
		}
		s.after(Backoff(attempt))
		if !s.Dispatch(second, s.now) || !s.Due().Equal(s.now.Add(AskAgain)) {
			t.Fatalf("after attempt %d no worker is asked for, or it is due at %s", attempt, s.Due())
		}
	}
	if s.claim(leaseA); !s.Last() || !s.Failed("no luck", false, s.now) || s.Run.State != api.RotationFailed {
		t.Errorf("after the last attempt: %+v", s.Run)
	}
}

func TestTheDispatcher(t *testing.T) {
	const untilNext = 30 * day
	for name, c := range map[string]struct {
		scene  func(s *scene) *scene
		due    time.Duration // from the scene's moment on
		ask    bool
		state  api.RotationState
		run    uuid.UUID
		reason string
	}{
		"asks again":                 {func(s *scene) *scene { return s }, AskAgain, true, api.RotationDue, first, ""},
		"asks when it may be tried":  {func(s *scene) *scene { return s.claim(leaseA).retry() }, time.Minute, true, api.RotationDue, first, "no luck"},
		"sees a lease end":           {func(s *scene) *scene { return s.claim(leaseA) }, LeaseTime, true, api.RotationDue, first, "its worker ended without a word"},
		"sees the last lease end":    {func(s *scene) *scene { return s.attempts(MaxAttempts - 1).claim(leaseA) }, LeaseTime, false, api.RotationFailed, first, "its worker ended without a word"},
		"leaves a run that waits":    {func(s *scene) *scene { return s.claim(leaseA).created().finished() }, firstCheck, false, api.RotationWaiting, first, ""},
		"begins what is due":         {func(s *scene) *scene { return s.claim(leaseA).created().discarded() }, untilNext, true, api.RotationDue, second, ""},
		"gives up when nobody comes": {func(s *scene) *scene { s.Run.AskedAt = s.now.Add(NobodyCame - AskAgain); return s }, NobodyCame, false, api.RotationFailed, first, "no worker came"},
		"gives up when nobody comes back": {func(s *scene) *scene {
			s.claim(leaseA).retry().after(time.Minute).dispatched()
			s.Run.AskedAt = s.now.Add(NobodyCame - AskAgain)
			return s
		}, NobodyCame, false, api.RotationFailed, first, "no worker came"},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.scene(begun(t, kept(t)))
			if got := s.Due().Sub(s.now); got != c.due {
				t.Fatalf("due after %s, want %s", got, c.due)
			}
			if before := s.Run; s.Dispatch(second, s.now.Add(c.due-1)) || cmp.Diff(before, s.Run) != "" {
				t.Fatal("did something before it was due")
			}
			s.after(c.due)
			if ask := s.Dispatch(second, s.now); ask != c.ask || s.Run.State != c.state || s.Run.ID != c.run || !strings.Contains(s.Run.Reason, c.reason) {
				t.Errorf("asks %t, left %+v", ask, s.Run)
			}
			if c.state != api.RotationWaiting && !s.Due().After(s.now) {
				t.Errorf("is due at %s again, now is %s", s.Due(), s.now)
			}
		})
	}
	t.Run("has nothing to do where nothing is ever due", func(t *testing.T) {
		var r Record
		never := replaced(t)
		never.Schedule = Schedule{}
		r.Set(never, start)
		if !r.Due().IsZero() || r.Dispatch(second, start.Add(1000*day)) {
			t.Error("it had")
		}
	})
	t.Run("asks for a long time after it was stopped itself before it gives up", func(t *testing.T) {
		s := begun(t, kept(t)).after(3 * NobodyCame)
		for since := s.now; s.now.Sub(since) < NobodyCame; s.after(AskAgain) {
			if !s.Dispatch(second, s.now) {
				t.Fatalf("gave up after %s", s.now.Sub(since))
			}
		}
		if s.Dispatch(second, s.now) || s.Run.State != api.RotationFailed {
			t.Errorf("never gives up: %+v", s.Run)
		}
	})
	t.Run("asks for a long time after it was put off before it gives up", func(t *testing.T) {
		s := begun(t, kept(t))
		for range 30 {
			s.after(time.Hour).PutOff()
		}
		if !s.Dispatch(second, s.now) || s.after(AskAgain).Dispatch(second, s.now) != true {
			t.Errorf("left %+v", s.Run)
		}
	})
	t.Run("asks for a long time after an outage before it gives up", func(t *testing.T) {
		s := begun(t, kept(t)).claim(leaseA).retry().after(3 * NobodyCame)
		if !s.Dispatch(second, s.now) || s.after(AskAgain).Dispatch(second, s.now) != true {
			t.Errorf("left %+v", s.Run)
		}
	})
}
