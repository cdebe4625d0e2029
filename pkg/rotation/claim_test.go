package rotation

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

func TestClaimsAreTakenAndRefused(t *testing.T) {
	for name, c := range map[string]struct {
		scene   func(s *scene) *scene
		run     uuid.UUID
		lease   uuid.UUID
		refused string
	}{
		"of a run that was asked for":                 {func(s *scene) *scene { return s }, first, leaseA, ""},
		"renewed":                                     {func(s *scene) *scene { return s.claim(leaseA).after(time.Minute) }, first, leaseA, ""},
		"renewed a moment late":                       {func(s *scene) *scene { return s.claim(leaseA).after(LeaseTime + time.Second) }, first, leaseA, ""},
		"after another lease ended":                   {func(s *scene) *scene { return s.claim(leaseA).after(LeaseTime) }, first, leaseB, ""},
		"after it failed and time has passed":         {func(s *scene) *scene { return s.claim(leaseA).retry().after(time.Minute) }, first, leaseB, ""},
		"to retire":                                   {func(s *scene) *scene { return s.claim(leaseA).created().finished().toRetire() }, first, leaseB, ""},
		"of another run":                              {func(s *scene) *scene { return s }, second, leaseA, "not the secret's rotation any more"},
		"while another holds it":                      {func(s *scene) *scene { return s.claim(leaseA).after(LeaseTime - 1) }, first, leaseB, "another worker has this rotation until"},
		"a moment after it failed":                    {func(s *scene) *scene { return s.claim(leaseA).retry().after(time.Minute - 1) }, first, leaseB, "tried again from"},
		"under a lease that has ended":                {func(s *scene) *scene { return s.claim(leaseA).retry().after(time.Minute) }, first, leaseA, "this lease has ended"},
		"while it waits":                              {func(s *scene) *scene { return s.claim(leaseA).created().finished() }, first, leaseB, "waits for readers"},
		"of a run that is done":                       {func(s *scene) *scene { s.claim(leaseA).created().Settled("", s.now); return s }, first, leaseB, "over: done"},
		"of a run that failed":                        {func(s *scene) *scene { return s.claim(leaseA).gaveUp() }, first, leaseB, "over: failed"},
		"after the last attempt ended without a word": {func(s *scene) *scene { return s.attempts(MaxAttempts - 1).claim(leaseA).after(LeaseTime) }, first, leaseB, "was tried 6 times"},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.scene(begun(t, kept(t)))
			before := *s.Record
			err := s.Claim(api.RotationLease{ID: c.run, Lease: c.lease}, worker, 7, s.now)
			var refused *RefusedError
			switch {
			case c.refused == "" && err != nil:
				t.Fatal(err)
			case c.refused == "":
				want := Lease{ID: c.lease, Holder: worker, Since: s.now, Until: s.now.Add(LeaseTime)}
				if before.Run.Lease.ID == c.lease {
					want.Since = before.Run.Lease.Since
				}
				if s.Run.State != api.RotationRunning || s.Run.Lease != want {
					t.Errorf("%s under %v, want %v", s.Run.State, s.Run.Lease, want)
				}
				renewal := before.Run.Lease.ID == c.lease
				if got := s.Run.Attempts - before.Run.Attempts; got != map[bool]int64{true: 0, false: 1}[renewal] {
					t.Errorf("counted %d attempts more", got)
				}
			case !errors.As(err, &refused) || !strings.Contains(err.Error(), c.refused):
				t.Errorf("refused with %v, want %q", err, c.refused)
			default:
				if diff := cmp.Diff(&before, s.Record, cmp.AllowUnexported(Database{}, IAMSettings{})); diff != "" {
					t.Errorf("a refused claim changed the record:\n%s", diff)
				}
			}
		})
	}
}

func TestWhatIsReplacedIsTheVersionThatIsCurrentWhenTheValueIsMade(t *testing.T) {
	s := begun(t, kept(t)).claim(leaseA).retry().after(time.Hour)
	if err := s.Claim(api.RotationLease{ID: first, Lease: leaseB}, worker, 9, s.now); err != nil || s.Run.From != 9 {
		t.Errorf("from %d (%v), want 9: no value had been made from the former one", s.Run.From, err)
	}
	s.Created(10, 9)
	s.retry().after(time.Hour)
	if err := s.Claim(api.RotationLease{ID: first, Lease: uuid.NewSHA1(reader, nil)}, worker, 11, s.now); err != nil || s.Run.From != 9 {
		t.Errorf("from %d (%v), want 9: the pending version was made from it", s.Run.From, err)
	}
}

func TestOnlyTheLeaseThatHasTheRunWrites(t *testing.T) {
	for name, c := range map[string]struct {
		scene func(s *scene) *scene
		run   uuid.UUID
		held  bool
	}{
		"while it holds":             {func(s *scene) *scene { return s.claim(leaseA) }, first, true},
		"late, if nobody else came":  {func(s *scene) *scene { return s.claim(leaseA).after(time.Hour) }, first, true},
		"before any claim":           {func(s *scene) *scene { return s }, first, false},
		"for another run":            {func(s *scene) *scene { return s.claim(leaseA) }, second, false},
		"after another worker came":  {func(s *scene) *scene { return s.claim(leaseA).after(LeaseTime).claim(leaseB) }, first, false},
		"after another was asked":    {func(s *scene) *scene { return s.claim(leaseA).after(LeaseTime).dispatched() }, first, false},
		"after it failed":            {func(s *scene) *scene { return s.claim(leaseA).retry() }, first, false},
		"after it finished":          {func(s *scene) *scene { return s.claim(leaseA).created().finished() }, first, false},
		"after it was given up":      {func(s *scene) *scene { return s.claim(leaseA).created().discarded() }, first, false},
		"when it is there to retire": {func(s *scene) *scene { return s.claim(leaseB).created().finished().toRetire().claim(leaseA) }, first, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.scene(begun(t, kept(t)))
			if err := s.Held(api.RotationLease{ID: c.run, Lease: leaseA}); (err == nil) != c.held {
				t.Errorf("held: %v, want %t", err, c.held)
			}
		})
	}
}

func TestStepsGoForwardsAlone(t *testing.T) {
	all := []api.RotationStep{api.StepCreate, api.StepSet, api.StepTest, api.StepFinish, api.StepRetire, "?", ""}
	allowed := map[[2]api.RotationStep]bool{
		{api.StepSet, api.StepTest}: true, {api.StepSet, api.StepFinish}: true, {api.StepTest, api.StepFinish}: true,
	}
	for _, from := range all[:5] {
		for _, to := range all {
			r := Record{Run: Run{Step: from, Version: 8}}
			want := from
			if allowed[[2]api.RotationStep{from, to}] {
				want = to
			}
			if r.At(to); r.Run.Step != want {
				t.Errorf("from %s, a worker at %q leads to %s, want %s", from, to, r.Run.Step, want)
			}
		}
	}
	r := Record{Run: Run{Step: api.StepCreate}}
	if r.At(api.StepTest); r.Run.Step != api.StepCreate {
		t.Error("without a pending version the run is at", r.Run.Step)
	}
}

// TestWorkersHaveTheirTimeByTheirOwnClocks: where the record's clock runs a hundred times as fast, leases hold a hundred times as
// long by it, and so long workers are waited for. Retries are by the record's clock.
func TestWorkersHaveTheirTimeByTheirOwnClocks(t *testing.T) {
	s := begun(t, kept(t))
	s.Pace = 100
	if due, want := s.Due(), s.now.Add(100*AskAgain); !due.Equal(want) {
		t.Errorf("another worker is asked for at %s, want %s", due, want)
	}
	s.now = s.now.Add(2 * NobodyCame)
	if !s.Dispatch(second, s.now) || s.Run.State != api.RotationDue {
		t.Errorf("after two days of its clock, 29 minutes of theirs, it is %s: %s", s.Run.State, s.Run.Reason)
	}
	s.claim(leaseA)
	if want := s.now.Add(100 * LeaseTime); !s.Run.Lease.Until.Equal(want) || !s.Due().Equal(want) {
		t.Errorf("the lease holds until %s, want %s", s.Run.Lease.Until, want)
	}
	if s.retry(); !s.Run.TryAt.Equal(s.now.Add(Backoff(1))) {
		t.Errorf("it is tried again at %s", s.Run.TryAt)
	}
	s = begun(t, kept(t)).claim(leaseA).created().finished()
	s.Pace = 1000
	s.Check(nil, s.now)
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{DefaultGrace, false}, {1000*knownAfter - 1, false}, {1000 * knownAfter, true}} {
		if s.Check(nil, s.now.Add(c.after)) != c.want {
			t.Errorf("%s after the last reader came the old value is to be retired: %t", c.after, !c.want)
		}
	}
}

func TestAnAttemptHasAnEndHoweverOftenItsLeaseIsRenewed(t *testing.T) {
	for _, pace := range []int{0, 1, 60} {
		s := begun(t, kept(t))
		s.Pace = pace
		for attempt := int64(1); attempt <= MaxAttempts; attempt++ {
			lease := api.RotationLease{ID: first, Lease: uuid.NewSHA1(reader, []byte{byte(attempt)})}
			began := s.now
			for s.Claim(lease, worker, 7, s.now) == nil {
				if s.now.Sub(began) >= s.worked(MaxAttempt) {
					t.Fatalf("pace %d: renewed after %s", pace, s.now.Sub(began))
				}
				s.after(s.worked(LeaseTime - time.Minute))
			}
			if lasted := s.now.Sub(began); lasted != s.worked(MaxAttempt) || s.Run.Attempts != attempt {
				t.Fatalf("pace %d: attempt %d was renewed for %s", pace, s.Run.Attempts, lasted)
			}
			if s.Held(lease) != nil {
				t.Fatal("what it has done it may not write")
			}
			s.now = s.Due()
			if ended := s.now.Sub(began); ended >= s.worked(MaxAttempt+LeaseTime) {
				t.Fatalf("pace %d: it ends after %s", pace, ended)
			}
			if ask := s.Dispatch(second, s.now); ask != (attempt < MaxAttempts) || s.Run.Reason != wordless {
				t.Fatalf("pace %d: after attempt %d a worker is asked for: %t, %s", pace, attempt, ask, s.Run.Reason)
			}
		}
		if s.Run.State != api.RotationFailed {
			t.Errorf("pace %d: it is %s", pace, s.Run.State)
		}
	}
}

func TestALeaseOfUnknownAgeCountsFromItsNextRenewal(t *testing.T) {
	s := begun(t, kept(t)).claim(leaseA)
	s.Run.Lease.Since = time.Time{}
	s.after(MaxAttempt)
	if err := s.Claim(api.RotationLease{ID: first, Lease: leaseA}, worker, 7, s.now); err != nil || !s.Run.Lease.Since.Equal(s.now) {
		t.Errorf("%v, since %s", err, s.Run.Lease.Since)
	}
}
