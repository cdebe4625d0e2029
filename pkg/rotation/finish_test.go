package rotation

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

func TestARunWaitsForReadersOnlyWhereTheOldValueWorksOn(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		cause  Cause
		again  Cause
		from   int64
		state  api.RotationState
		check  time.Duration
		by     time.Duration
	}{
		"kept":                       {kept(t), request, Cause{}, 7, api.RotationWaiting, firstCheck, DefaultDeadline},
		"kept, leaked":               {kept(t), leak, Cause{}, 7, api.RotationWaiting, 0, 0},
		"kept, leaked meanwhile":     {kept(t), request, leak, 7, api.RotationWaiting, 0, 0},
		"kept, somebody left":        {kept(t), leaver, Cause{}, 7, api.RotationWaiting, firstCheck, DefaultDeadline},
		"kept, but there was no old": {kept(t), request, Cause{}, 0, api.RotationDone, 0, 0},
		"replaced":                   {replaced(t), request, Cause{}, 7, api.RotationDone, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := begun(t, c.config).claim(leaseA).created().after(time.Minute)
			s.Run.Cause, s.Again, s.Run.From, s.Run.Reason = c.cause, c.again, c.from, "no luck before"
			s.finished()
			if s.Run.State != c.state || s.Run.Attempts != 0 || s.Run.Reason != "" || s.Run.Lease != (Lease{Holder: worker}) || s.Run.Ended != leaseA {
				t.Errorf("left %+v, want it %s", s.Run, c.state)
			}
			if s.LastVersion != 8 || !s.LastRotatedAt.Equal(s.now) || !s.NextAt.Equal(s.now.Add(30*day)) {
				t.Errorf("rotated to %d at %s, next at %s", s.LastVersion, s.LastRotatedAt, s.NextAt)
			}
			if c.state == api.RotationDone {
				if s.Run.Step != api.StepFinish || !s.Run.FinishedAt.Equal(s.now) {
					t.Errorf("over at step %s at %s", s.Run.Step, s.Run.FinishedAt)
				}
				return
			}
			if s.Run.Step != api.StepRetire || !s.Run.CheckAt.Equal(s.now.Add(c.check)) || !s.Run.RetireBy.Equal(s.now.Add(c.by)) {
				t.Errorf("checks at %s, retires by %s at step %s", s.Run.CheckAt, s.Run.RetireBy, s.Run.Step)
			}
		})
	}
}

func TestTheOldValueIsRetiredWhenAllCameOrTheDeadlinePassed(t *testing.T) {
	some := []uuid.UUID{reader}
	type look struct {
		after   time.Duration
		missing []uuid.UUID
		ask     bool
		next    time.Duration // from this look to the next one
	}
	for name, looks := range map[string][]look{
		"all came":                    {{time.Minute, nil, false, DefaultGrace}, {DefaultGrace, nil, true, 0}},
		"somebody came late":          {{time.Minute, some, false, time.Minute}, {time.Hour, nil, false, DefaultGrace}, {DefaultGrace, nil, true, 0}},
		"somebody read the old again": {{time.Minute, nil, false, DefaultGrace}, {DefaultGrace, some, false, firstCheck + 22*time.Second + 500*time.Millisecond}, {time.Hour, nil, false, DefaultGrace}},
		"looks grow apart":            {{8 * time.Hour, some, false, longCheck}},
		"nobody came":                 {{DefaultDeadline - time.Minute, some, false, time.Minute}, {time.Minute, some, true, 0}},
		"the grace ends with the deadline": {
			{DefaultDeadline - time.Minute, nil, false, time.Minute}, {time.Minute, nil, true, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := begun(t, kept(t)).claim(leaseA).created().finished()
			for i, l := range looks {
				s.after(l.after)
				if ask := s.Check(l.missing, s.now); ask != l.ask || s.Run.Missing != int64(len(l.missing)) {
					t.Fatalf("look %d: asks for a worker: %t, missing %d", i, ask, s.Run.Missing)
				}
				if !l.ask && !s.Run.CheckAt.Equal(s.now.Add(l.next)) {
					t.Errorf("look %d: the next is after %s, want %s", i, s.Run.CheckAt.Sub(s.now), l.next)
				}
				if l.ask && (s.Run.State != api.RotationDue || !s.Run.AskedAt.Equal(s.now) || len(s.Run.NeverCame) != len(l.missing)) {
					t.Errorf("look %d: left %+v", i, s.Run)
				}
			}
		})
	}
	t.Run("and only of a run that waits", func(t *testing.T) {
		s := begun(t, kept(t)).claim(leaseA).created()
		if before := s.Run; s.Check(nil, s.after(90*day).now) || cmp.Diff(before, s.Run) != "" {
			t.Errorf("a look changed a run that does not wait: %+v", s.Run)
		}
	})
}

func TestToGiveUpRetiringLeavesTheNewVersion(t *testing.T) {
	s := begun(t, kept(t)).claim(leaseA).created().finished().toRetire().claim(leaseB).discarded()
	if s.Run.Version != 8 || s.Run.State != api.RotationFailed || s.Run.Reason != "no luck" {
		t.Errorf("left %+v", s.Run)
	}
}
