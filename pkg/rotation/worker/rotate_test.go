package worker_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/worker"
)

var errSilent = errors.New("no answer")

func TestAWorkerTellsItsSteps(t *testing.T) {
	s := newStage(t, single)
	s.rotate(t.Context(), t)
	if diff := cmp.Diff([]api.RotationStep{"", api.StepSet, api.StepTest, api.StepFinish}, s.server.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestAClaimThatIsRefusedIsNoError(t *testing.T) {
	s := newStage(t, single)
	if outcome, err := s.worker.Rotate(t.Context(), secretID, uuid.New()); outcome != worker.Refused || err != nil {
		t.Errorf("it ended with %s, %v", outcome, err)
	}
	s.hooks.claim = func(int64) error { return errSilent }
	if outcome, err := s.worker.Rotate(t.Context(), secretID, s.server.Run().ID); outcome != "" || !errors.Is(err, errSilent) {
		t.Errorf("it ended with %s, %v", outcome, err)
	}
}

// TestHowAttemptsEnd: whatever happens to an attempt, what it says of it, and which value works then.
func TestHowAttemptsEnd(t *testing.T) {
	last := func(s *stage) { s.server.Record.Run.Attempts = rotation.MaxAttempts - 1 }
	refuse := func(step string, permanent bool) func(*stage) {
		return func(s *stage) {
			s.target.refuses[step] = &rotators.Error{Reason: "no " + step, Permanent: permanent}
		}
	}
	pendingLeft := func(s *stage) {
		s.server.Values[8], s.server.Pending, s.server.Newest = credential{"ann", "password-left"}.String(), 8, 8
		s.server.Record.Run.Version, s.server.Record.Run.From, s.server.Record.Run.Step = 8, 7, api.StepSet
	}
	all := func(does ...func(*stage)) func(*stage) {
		return func(s *stage) {
			for _, do := range does {
				do(s)
			}
		}
	}
	for name, c := range map[string]struct {
		style  style
		before func(*stage)
		want   worker.Outcome
		state  api.RotationState
		reason string
		works  bool // the current value, then
		left   bool // a pending version
	}{
		"well":                                        {single, func(*stage) {}, worker.Rotated, api.RotationDone, "", true, false},
		"well, with what was left":                    {single, pendingLeft, worker.Rotated, api.RotationDone, "", true, false},
		"in a value that can't be made":               {single, refuse("create", false), worker.Retry, api.RotationDue, "no create", true, false},
		"in one that never can":                       {single, refuse("create", true), worker.Discarded, api.RotationFailed, "no create", true, false},
		"before it is set":                            {single, refuse("set", false), worker.Retry, api.RotationDue, "no set", true, true},
		"before it is set, for good":                  {single, refuse("set", true), worker.Discarded, api.RotationFailed, "no set", true, false},
		"before it is set, at last":                   {single, all(last, refuse("set", false)), worker.Discarded, api.RotationFailed, "no set", true, false},
		"before it is set, and can't be taken back":   {single, all(refuse("set", false), func(s *stage) { s.worker.Rotator = stuck{s.target} }), worker.Retry, api.RotationDue, "no set; taking it back until then failed: the rotator could not take back the new value", false, true},
		"with one of two users":                       {alternating, refuse("test", false), worker.Retry, api.RotationDue, "no test", true, true},
		"and can't be taken back":                     {single, all(refuse("set", true), refuse("undo", false)), worker.Retry, api.RotationDue, "no set; taking it back failed: no undo", true, true},
		"and can never be taken back":                 {single, all(refuse("set", true), refuse("undo", true)), worker.Failed, api.RotationFailed, "no set; taking it back failed: no undo", true, true},
		"and can't be taken back at last":             {single, all(last, refuse("set", false), refuse("undo", false)), worker.Failed, api.RotationFailed, "no set; taking it back failed: no undo", true, true},
		"without a secret that is named":              {single, func(s *stage) { delete(s.server.Others, adminID) }, worker.Retry, api.RotationDue, "Strongroom could not be asked for the secret " + adminID.String(), true, false},
		"without it at last, undone by nobody":        {single, all(last, pendingLeft, func(s *stage) { delete(s.server.Others, adminID) }), worker.Failed, api.RotationFailed, "taking it back failed: Strongroom could not be asked for the secret", true, true},
		"for another rotator":                         {single, func(s *stage) { s.worker.Kind = rotation.MySQL }, worker.Retry, api.RotationDue, "this worker is one of the rotator mysql, and the secret's is postgresql now", true, false},
		"with settings that it can't read":            {single, func(s *stage) { s.server.Asked.Settings = []byte(`{"new": 1}`) }, worker.Discarded, api.RotationFailed, "this worker can't use the settings: settings.new is no setting", true, false},
		"with such, when the target may have a value": {single, all(pendingLeft, func(s *stage) { s.server.Asked.Settings = []byte(`{"new": 1}`) }), worker.Failed, api.RotationFailed, "can't use the settings", true, true},
		"with what somebody set by hand before":       {single, all(pendingLeft, func(s *stage) { s.server.Set(credential{"ann", "by-hand"}.String()) }), worker.Discarded, api.RotationFailed, "version 9 instead of 7", true, false},
		"with another name before":                    {single, all(pendingLeft, func(s *stage) { s.server.Rename() }), worker.Rotated, api.RotationDone, "", true, false},
		"with what somebody set by hand a moment before": {single, func(s *stage) {
			s.hooks.claimed = func() { s.server.Set(credential{"ann", "by-hand"}.String()) }
		}, worker.Retry, api.RotationDue, "version 8 instead of 7", false, false},
		"with what somebody set by hand while a value was made": {single, func(s *stage) {
			s.worker.Rotator = overtaken{s.target, func() { s.server.Set(credential{"ann", "by-hand"}.String()) }}
		}, worker.Retry, api.RotationDue, "could not be asked to store the new value: it got another value", false, false},
		"with what somebody set by hand meanwhile": {single, func(s *stage) {
			s.hooks.promote = func(int64) (error, error) { s.server.Set(credential{"ann", "by-hand"}.String()); return nil, nil }
		}, worker.Discarded, api.RotationFailed, "version 9 instead of 7", true, false},
		"with another name meanwhile": {single, func(s *stage) {
			s.hooks.promote = func(n int64) (error, error) {
				if n == 1 {
					s.server.Rename()
				}
				return nil, nil
			}
		}, worker.Rotated, api.RotationDone, "", true, false},
		"with other names again and again": {single, func(s *stage) {
			s.hooks.promote = func(int64) (error, error) { s.server.Rename(); return nil, nil }
		}, worker.Retry, api.RotationDue, "Strongroom does not make the new value the current one: ", true, true},
		"without an answer at the end":          {single, func(s *stage) { s.hooks.promote = func(int64) (error, error) { return errSilent, nil } }, worker.Retry, api.RotationDue, "could not be asked to make the new value the current one", true, true},
		"without one at last":                   {single, all(last, func(s *stage) { s.hooks.promote = func(int64) (error, error) { return errSilent, nil } }), worker.Discarded, api.RotationFailed, "could not be asked to make the new value the current one", true, false},
		"well, though the answer was lost":      {single, func(s *stage) { s.hooks.promote = func(int64) (error, error) { return nil, errSilent } }, worker.Lost, api.RotationDone, "", true, false},
		"well, though it was lost at last":      {single, all(last, func(s *stage) { s.hooks.promote = func(int64) (error, error) { return nil, errSilent } }), worker.Lost, api.RotationDone, "", true, false},
		"with an error that is none for people": {single, func(s *stage) { s.target.refuses["set"] = errors.New("said the password is hunter2") }, worker.Retry, api.RotationDue, "the rotator could not set the new value", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, c.style)
				c.before(s)
				got := s.rotate(t.Context(), t)
				run := s.server.Run()
				if got != c.want || run.State != c.state || !strings.Contains(run.Reason, c.reason) || (c.reason == "") != (run.Reason == "") {
					t.Errorf("it ended with %s: %s because %q; want %s, %s because %q", got, run.State, run.Reason, c.want, c.state, c.reason)
				}
				if s.target.works(s.server.Value()) != c.works {
					t.Errorf("the current value works: %t", !c.works)
				}
				if (s.server.Pending != 0) != c.left {
					t.Errorf("a pending version is left: %t", !c.left)
				}
			})
		})
	}
}

// stuck is a rotator that takes nothing back.
type stuck struct{ *target }

func (stuck) Undo(context.Context, *rotators.Task) error { return errSilent }

// overtaken is a rotator while which makes a value somebody does something else.
type overtaken struct {
	*target
	meanwhile func()
}

func (o overtaken) Create(ctx context.Context, t *rotators.Task) (rotators.Created, error) {
	o.meanwhile()
	return o.target.Create(ctx, t)
}

// TestWhatMayYetHappenIsWaitedFor: the answer to promote was lost, and what it asked for happens while the worker waits.
func TestWhatMayYetHappenIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, single)
		s.server.Record.Run.Attempts = rotation.MaxAttempts - 1
		s.hooks.promote = func(int64) (error, error) {
			run := s.server.Run()
			go func() {
				time.Sleep(worker.Settle - time.Second)
				in := api.PromoteVersion{RotationLease: api.RotationLease{ID: run.ID, Lease: run.Lease.ID}, Version: run.Version}
				if err := s.server.Promote(t.Context(), secretID, in); err != nil {
					t.Error(err)
				}
			}()
			return errSilent, nil
		}
		if got := s.rotate(t.Context(), t); got != worker.Lost {
			t.Errorf("it ended with %s", got)
		}
		if !s.target.works(s.server.Value()) || s.target.calls["undo"] != 0 || s.server.Run().State != api.RotationDone {
			t.Errorf("left %+v, after %v", s.server.Run(), s.target.calls)
		}
	})
}

func TestTheOldValueIsRetired(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*stage)
		want   worker.Outcome
		state  api.RotationState
		reason string
		old    bool // works on
	}{
		"well":  {func(*stage) {}, worker.Retired, api.RotationDone, "", false},
		"later": {func(s *stage) { s.target.refuses["retire"] = &rotators.Error{Reason: "not now"} }, worker.Retry, api.RotationDue, "not now", false},
		"never": {func(s *stage) { s.target.refuses["retire"] = &rotators.Error{Reason: "never", Permanent: true} }, worker.Failed, api.RotationFailed, "never", false},
		"never after all": {func(s *stage) {
			s.target.refuses["retire"] = &rotators.Error{Reason: "not now"}
			s.server.Record.Run.Attempts = rotation.MaxAttempts - 1
		}, worker.Failed, api.RotationFailed, "not now", false},
		"but is gone":         {func(s *stage) { delete(s.server.Values, 7) }, worker.Retry, api.RotationDue, "could not be asked for the old value", true},
		"but is set again":    {func(s *stage) { s.server.Set(s.server.Values[7]) }, worker.Kept, api.RotationDone, "version 7 was not retired, since its value is the current one again, as version 9; version 8, which the rotation made, may work too", true},
		"but another is set":  {func(s *stage) { s.server.Set(credential{"ann", "by-hand"}.String()) }, worker.Retired, api.RotationDone, "version 9 was set since, in the place of version 8, which the rotation made and which may work still", true},
		"and gets a new name": {func(s *stage) { s.server.Rename() }, worker.Retired, api.RotationDone, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, alternating)
				old := s.server.Value()
				s.rotate(t.Context(), t)
				if !s.target.works(old) || !s.target.works(s.server.Value()) {
					t.Fatal("the two values don't both work")
				}
				c.before(s)
				time.Sleep(time.Hour)
				if !s.server.Record.Check(nil, time.Now()) {
					t.Fatal("nothing is to be retired")
				}
				got := s.rotate(t.Context(), t)
				run := s.server.Run()
				if got != c.want || run.State != c.state || !strings.Contains(run.Reason, c.reason) || (c.reason == "") != (run.Reason == "") {
					t.Errorf("it ended with %s: %s because %q", got, run.State, run.Reason)
				}
				if asked := s.target.calls["retire"] > 0; asked == (name == "but is set again" || name == "but is gone") {
					t.Errorf("the target is told: %t", asked)
				}
				if s.target.works(old) != c.old || s.target.calls["undo"] != 0 {
					t.Errorf("the old value works: %t, after %v", !c.old, s.target.calls)
				}
			})
		})
	}
}

// breaking is a rotator that panics with what it knows, or notes it.
type breaking struct {
	*target
	note bool
}

func (b breaking) Create(ctx context.Context, task *rotators.Task) (rotators.Created, error) {
	if b.note {
		if err := task.SaveNote(ctx, "made beside "+parse(task.Current).Password); err != nil {
			return rotators.Created{}, &rotators.Error{Reason: err.Error()}
		}
	}
	panic("I had " + task.Current)
}

func TestARotatorThatBreaksGivesNothingAway(t *testing.T) {
	for want, r := range map[string]breaking{
		"the rotator broke down when it was to make a new value": {nil, false},
		"the note holds a value, and is not stored":              {nil, true},
	} {
		s := newStage(t, single)
		r.target = s.target
		s.worker.Rotator = r
		got := s.rotate(t.Context(), t)
		if run := s.server.Run(); got != worker.Retry || run.Reason != want || run.Note != "" {
			t.Errorf("it ended with %s because %q, noting %q", got, run.Reason, run.Note)
		}
	}
}

// finishing is a rotator that wants to know when the value is current, and fails at it.
type finishing struct {
	*target
	told *rotators.Task
}

func (f *finishing) Finish(_ context.Context, task *rotators.Task) error {
	f.told = task
	return errSilent
}

func TestARotatorIsToldThatItsValueIsCurrent(t *testing.T) {
	s := newStage(t, single)
	f, old := &finishing{target: s.target}, s.server.Value()
	s.worker.Rotator = f
	if got := s.rotate(t.Context(), t); got != worker.Rotated {
		t.Errorf("it ended with %s", got)
	}
	if f.told == nil || f.told.Current != s.server.Value() || f.told.Old == nil || *f.told.Old != old || f.told.Pending != nil {
		t.Errorf("it is told %+v", f.told)
	}
}

func TestTheSameValueIsNoRotation(t *testing.T) {
	s := newStage(t, single)
	s.worker.Rotator = same{s.target}
	if got := s.rotate(t.Context(), t); got != worker.Retry || s.server.Run().Version != 0 {
		t.Errorf("it ended with %s: %+v", got, s.server.Run())
	}
}

type same struct{ *target }

func (same) Create(_ context.Context, task *rotators.Task) (rotators.Created, error) {
	return rotators.Created{Value: task.Current}, nil
}

// TestReasonsHoldNoValue: the rotator says all it knows, in each step.
func TestReasonsHoldNoValue(t *testing.T) {
	for _, step := range []string{"set", "test", "undo"} {
		s := newStage(t, alternating)
		s.worker.Rotator = telling{s.target, step}
		if step == "undo" {
			s.server.Record.Run.Attempts = rotation.MaxAttempts - 1
		}
		s.rotate(t.Context(), t)
		reason := s.server.Run().Reason
		for _, value := range []string{"password", "admin-password"} {
			if strings.Contains(reason, value) {
				t.Errorf("%s: %s", step, reason)
			}
		}
		if !strings.Contains(reason, "[value]") || !strings.Contains(reason, "bob") {
			t.Errorf("%s: %s", step, reason)
		}
	}
}

type telling struct {
	*target
	step string
}

func (r telling) say(step string, task *rotators.Task) error {
	if r.step != step && !(r.step == "undo" && step == "set") {
		return nil
	}
	return &rotators.Error{Reason: "bob: " + *task.Pending + " instead of " + task.Current + " by " + task.Further[adminID]}
}

func (r telling) Set(_ context.Context, task *rotators.Task) error  { return r.say("set", task) }
func (r telling) Test(_ context.Context, task *rotators.Task) error { return r.say("test", task) }
func (r telling) Undo(_ context.Context, task *rotators.Task) error { return r.say("undo", task) }

// TestAReasonThatIsWithheldStillSaysWhereItFailed: a password of few letters stands in any text.
func TestAReasonThatIsWithheldStillSaysWhereItFailed(t *testing.T) {
	refuse := func(step string, permanent bool) func(*stage) {
		return func(s *stage) {
			s.target.refuses[step] = &rotators.Error{Reason: "no zx for " + step, Permanent: permanent}
		}
	}
	const withheld = "; what was said of it is withheld, since it may hold a value"
	for name, c := range map[string]struct {
		before func(*stage)
		want   string
	}{
		"set":                        {refuse("set", false), "the rotator could not set the new value at the database server, which may pass" + withheld},
		"test, for good":             {refuse("test", true), "the rotator could not test the new value at the database server, which does not pass by itself" + withheld},
		"set, and is not taken back": {func(s *stage) { refuse("set", true)(s); refuse("undo", true)(s) }, "the rotator could not set the new value at the database server, which does not pass by itself; taking it back failed: the rotator could not take back the new value at the database server, which does not pass by itself" + withheld},
		"Strongroom is not there": {func(s *stage) {
			s.hooks.promote = func(int64) (error, error) { return errors.New("no answer of zx"), nil }
		}, "the attempt failed at the step finish" + withheld},
		"a further secret is not": {func(s *stage) {
			delete(s.server.Others, adminID)
		}, "Strongroom could not be asked for the secret " + adminID.String() + ", which the settings name: it is not there"},
		"nothing is withheld": {func(s *stage) {
			s.target.refuses["set"] = &rotators.Error{Reason: "no luck"}
		}, "no luck"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, single)
				s.server.Set(credential{"ann", "zx"}.String())
				s.target.opens["ann"] = "zx"
				c.before(s)
				s.rotate(t.Context(), t)
				if got := s.server.Run().Reason; got != c.want {
					t.Errorf("it failed because %q; want %q", got, c.want)
				}
			})
		})
	}
}
