package secrets_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// A working is a worker at a rotation of the world's secret.
type working struct {
	*rotatedWorld
	run   uuid.UUID
	lease api.RotationLease
}

// newWorking has a rotation set, asked for, and claimed by the writer.
func newWorking(t testing.TB, in api.PutRotation) *working {
	t.Helper()
	w := &working{rotatedWorld: newRotatedWorld(t)}
	w.set(in)
	w.begin()
	return w
}

// begin asks for a rotation and claims it.
func (w *working) begin() {
	w.Helper()
	w.run = w.rotate(api.RotateSecret{}).ID
	w.take()
}

// take claims the rotation under a new lease.
func (w *working) take() api.RotationTask {
	w.Helper()
	w.lease = api.RotationLease{ID: w.run, Lease: uuid.New()}
	task, err := w.claim(api.ClaimRotation{RotationLease: w.lease})
	wantCode(w, err, "")
	return task
}

func (w *working) claim(in api.ClaimRotation) (api.RotationTask, error) {
	return w.ClaimRotation(w.Context(), w.writer, w.secret.ID, in)
}

func (w *working) putPending(value string) (api.SecretVersion, error) {
	return w.putPendingOver(w.get().Version, value)
}

func (w *working) putPendingOver(base int64, value string) (api.SecretVersion, error) {
	return w.PutPendingVersion(w.Context(), w.writer, w.secret.ID, api.PutPendingVersion{RotationLease: w.lease, Base: base, Value: &value})
}

func (w *working) setByHand(value string) {
	w.Helper()
	_, err := w.UpdateSecret(w.Context(), w.writer, secrets.UpdateSecret{ID: w.secret.ID, UpdateSecret: api.UpdateSecret{Value: &value}})
	wantCode(w, err, "")
}

func (w *working) promote() (api.SecretVersion, error) {
	return w.promoteVersion(max(1, w.rotation().Run.Version))
}

func (w *working) promoteVersion(version int64) (api.SecretVersion, error) {
	return w.PromoteVersion(w.Context(), w.writer, w.secret.ID, api.PromoteVersion{RotationLease: w.lease, Version: version})
}

func (w *working) discard(reason string) (api.RotationRun, error) {
	return w.DiscardPendingVersion(w.Context(), w.writer, w.secret.ID, api.DiscardPendingVersion{RotationLease: w.lease, Reason: reason})
}

func (w *working) report(outcome api.RotationOutcome, reason string) (api.RotationRun, error) {
	return w.ReportRotation(w.Context(), w.writer, w.secret.ID, api.ReportRotation{RotationLease: w.lease, Outcome: outcome, Reason: reason})
}

func (w *working) get() api.Secret {
	w.Helper()
	got, err := w.GetSecret(w.Context(), w.Owner, w.secret.ID, nil)
	wantCode(w, err, "")
	return got
}

// stages are the secret's versions, newest first: "3 pending".
func (w *working) stages() string {
	w.Helper()
	list, err := w.ListSecretVersions(w.Context(), w.Owner, w.secret.ID, api.Page{Limit: 100})
	wantCode(w, err, "")
	var words []string
	for _, v := range list.Data {
		words = append(words, strings.TrimSpace(fmt.Sprintf("%d %s", v.Version, v.Stage)))
	}
	return strings.Join(words, ", ")
}

func (w *working) wantStages(want string) {
	w.Helper()
	if got := w.stages(); got != want {
		w.Errorf("the versions are %s; want %s", got, want)
	}
}

// TestWhoAsksWhenTheValueIsMadeHasAnotherRotationFollow: the answer is the one under way, and its event tells no worker to come.
func TestWhoAsksWhenTheValueIsMadeHasAnotherRotationFollow(t *testing.T) {
	w := newWorking(t, randomly())
	_, err := w.putPending("second")
	wantCode(t, err, "")
	w.Clock.Advance(time.Minute)
	id := w.NewID()
	for range 2 {
		if got := w.rotate(api.RotateSecret{ID: &id}); got.ID != w.run {
			t.Errorf("the answer is %s, not %s, which is under way", got.ID, w.run)
		}
	}
	if told := events(w.World, of(operation.RotateSecret)); len(told) != 2 || !slices.Equal(told[0].Changed, []string{"rotationFollows"}) {
		t.Errorf("told %+v", told)
	}
	_, err = w.promote()
	wantCode(t, err, "")
	if moved := dispatch(t, w.World); moved != 1 {
		t.Errorf("moved %d", moved)
	}
	if run := w.rotation().Run; run.ID != id || run.State != api.RotationDue || run.Because != "asked for by user writer" {
		t.Errorf("then it is %+v", run)
	}
}

// TestALeakIsTracedToTheSecretWhileTheValueWorks: from when it is pending until it is retired, and when it is put anew.
func TestALeakIsTracedToTheSecretWhileTheValueWorks(t *testing.T) {
	w := newWorking(t, keeping)
	put := func(value, publicID string) {
		t.Helper()
		_, err := w.PutPendingVersion(t.Context(), w.writer, w.secret.ID, api.PutPendingVersion{
			RotationLease: w.lease, Base: w.get().Version, Value: &value, PublicID: publicID,
		})
		wantCode(t, err, "")
	}
	known := func(key string, want bool) {
		t.Helper()
		told, err := w.RotateOnEvent(t.Context(), event("strongroom.leak", "Leak Found", map[string]any{"accessKeyId": key}))
		if err != nil || (told.Unknown == 0) != want {
			t.Errorf("%s: %+v, %v", key, told, err)
		}
	}
	retire := func() {
		t.Helper()
		dispatch(t, w.World)
		w.take()
		_, err := w.report(api.OutcomeRetired, "")
		wantCode(t, err, "")
	}
	put("first", "AKIAFIRST")
	put("first, encrypted anew", "")
	known("AKIAFIRST", true)
	_, err := w.promote()
	wantCode(t, err, "")
	known("AKIAFIRST", true)
	retire()

	dispatch(t, w.World) // what leaked is rotated
	w.run = w.rotation().Run.ID
	w.take()
	put("second", "AKIASECOND")
	_, err = w.promote()
	wantCode(t, err, "")
	known("AKIAFIRST", true)
	known("AKIASECOND", true)
	retire()
	known("AKIAFIRST", false)
	known("AKIASECOND", true)
}

// TestDeletingARotationKeepsItsPendingVersion: the target may have it already, and then that is the only copy.
func TestDeletingARotationKeepsItsPendingVersion(t *testing.T) {
	w := newWorking(t, randomly())
	_, err := w.putPending("second")
	wantCode(t, err, "")
	wantCode(t, w.DeleteRotation(t.Context(), w.manager, secrets.DeleteRotation{ID: w.secret.ID, Force: true}), "")
	w.wantStages("2, 1 current")
	restored, err := w.RestoreSecretVersion(t.Context(), w.writer, w.secret.ID, "", 2)
	wantCode(t, err, "")
	if restored.Version != 3 || w.get().Value != "second" {
		t.Errorf("restored as version %d: %q", restored.Version, w.get().Value)
	}
	w.wantStages("3 current, 2, 1 previous")
}

// TestANewValueIsPublishedWhoeverMadeIt: who follows the versions of secrets needs to know nothing of rotations.
func TestANewValueIsPublishedWhoeverMadeIt(t *testing.T) {
	f := follow(t, 0)
	secret := f.Secret("TOKEN", "first", f.ServerProject("app")).ID
	secrets.SetRotation(t, f.Service, secret, daily)
	run, err := f.RotateSecret(t.Context(), f.Owner, secret, api.RotateSecret{})
	wantCode(t, err, "")
	lease := api.RotationLease{ID: run.ID, Lease: uuid.New()}
	_, err = f.ClaimRotation(t.Context(), f.Owner, secret, api.ClaimRotation{RotationLease: lease})
	wantCode(t, err, "")
	_, err = f.PutPendingVersion(t.Context(), f.Owner, secret, api.PutPendingVersion{RotationLease: lease, Base: 1, Value: ptr("second")})
	wantCode(t, err, "")
	f.publish()
	f.Bus.Published()
	_, err = f.PromoteVersion(t.Context(), f.Owner, secret, api.PromoteVersion{RotationLease: lease, Version: 2})
	wantCode(t, err, "")
	f.publish()
	var kinds []string
	for _, n := range f.Bus.Published() {
		kinds = append(kinds, n.Kind)
		if n.ResourceID != secret || n.Version != 2 || n.RotationID == nil || *n.RotationID != run.ID {
			t.Errorf("published %+v", n)
		}
	}
	if diff := cmp.Diff([]string{"Secret Version Created", "Rotation Finished"}, kinds); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
}

func TestAWorkerReplacesAValue(t *testing.T) {
	w := newWorking(t, randomly())
	before := w.get()
	pending, err := w.putPending("second")
	wantCode(t, err, "")
	if pending.Version != 2 || pending.Stage != api.StagePending || pending.CreatedBy.Name != "writer" {
		t.Errorf("put: %+v", pending)
	}
	w.wantStages("2 pending, 1 current")
	if diff := cmp.Diff(before, w.get()); diff != "" {
		t.Errorf("a pending version shows (-before +after):\n%s", diff)
	}
	values, err := w.GetProjectValues(t.Context(), w.Owner, secrets.GetProjectValues{Project: w.project})
	wantCode(t, err, "")
	if got := values.Data[0].Value; got != before.Value {
		t.Errorf("the project shows %q", got)
	}
	shown, err := w.GetSecretVersion(t.Context(), w.writer, w.secret.ID, 2)
	wantCode(t, err, "")
	if *shown.Value != "second" {
		t.Errorf("version 2 is %q", *shown.Value)
	}

	w.Clock.Advance(time.Minute)
	promoted, err := w.promote()
	wantCode(t, err, "")
	if promoted.Version != 2 || promoted.Stage != api.StageCurrent {
		t.Errorf("promoted: %+v", promoted)
	}
	after := w.get()
	if after.Value != "second" || after.Version != 2 || after.UpdatedBy.Name != "writer" || after.ETag == before.ETag {
		t.Errorf("after it: %+v", after)
	}
	w.wantStages("2 current, 1 previous")
	r := w.rotation()
	if r.LastVersion != 2 || r.Run.State != api.RotationDone || r.Run.From != 1 || !r.LastRotatedAt.Equal(*r.Run.FinishedAt) {
		t.Errorf("the rotation: %+v, %+v", r, r.Run)
	}
	values, err = w.GetProjectValues(t.Context(), w.Owner, secrets.GetProjectValues{Project: w.project})
	wantCode(t, err, "")
	if got := values.Data[0].Value; got != "second" {
		t.Errorf("the project shows %q", got)
	}
}

// TestWhatAWorkerRepeatsIsAnsweredAsBefore: an answer may be lost.
func TestWhatAWorkerRepeatsIsAnsweredAsBefore(t *testing.T) {
	again := map[string]func(w *working) func() (any, error){
		"claim": func(w *working) func() (any, error) {
			return func() (any, error) {
				task, err := w.claim(api.ClaimRotation{RotationLease: w.lease})
				return task.Run.Attempts, err
			}
		},
		"put": func(w *working) func() (any, error) {
			return func() (any, error) { return w.putPending("second") }
		},
		"promote": func(w *working) func() (any, error) {
			_, err := w.putPending("second")
			wantCode(w, err, "")
			return func() (any, error) { return w.promote() }
		},
		"discard": func(w *working) func() (any, error) {
			_, err := w.putPending("second")
			wantCode(w, err, "")
			return func() (any, error) { return w.discard("the target is gone") }
		},
		"report": func(w *working) func() (any, error) {
			return func() (any, error) { return w.report(api.OutcomeRetry, "the target is busy") }
		},
	}
	for name, prepare := range again {
		t.Run(name, func(t *testing.T) {
			w := newWorking(t, randomly())
			do := prepare(w)
			first, err := do()
			wantCode(t, err, "")
			stages, tag := w.stages(), w.rotation().ETag
			second, err := do()
			wantCode(t, err, "")
			if diff := cmp.Diff(first, second); diff != "" {
				t.Errorf("(-first +second):\n%s", diff)
			}
			if name != "claim" && (w.stages() != stages || w.rotation().ETag != tag) {
				t.Errorf("it acted twice: %s became %s", stages, w.stages())
			}
		})
	}
}

// TestAWorkerThatLostItsLeaseWritesNothing: another has the rotation.
func TestAWorkerThatLostItsLeaseWritesNothing(t *testing.T) {
	w := newWorking(t, randomly())
	_, err := w.putPending("second")
	wantCode(t, err, "")
	slow := w.lease
	_, err = w.claim(api.ClaimRotation{RotationLease: api.RotationLease{ID: w.run, Lease: uuid.New()}})
	wantCode(t, err, api.CodeConflict)
	w.Clock.Advance(rotation.LeaseTime + time.Second)
	task := w.take()
	if task.Run.Version != 2 || task.Run.Attempts != 2 || task.Run.Step != api.StepSet {
		t.Errorf("the second worker goes on with %+v", task.Run)
	}
	w.lease, slow = slow, w.lease
	for name, write := range map[string]func() error{
		"claim":   func() error { _, err := w.claim(api.ClaimRotation{RotationLease: w.lease}); return err },
		"put":     func() error { _, err := w.putPending("third"); return err },
		"promote": func() error { _, err := w.promote(); return err },
		"discard": func() error { _, err := w.discard("no reason"); return err },
		"report":  func() error { _, err := w.report(api.OutcomeFailed, "no reason"); return err },
	} {
		if err := write(); err == nil {
			t.Errorf("%s by the first worker was done", name)
		} else {
			wantCode(t, err, api.CodeConflict)
		}
	}
	w.wantStages("2 pending, 1 current")
	w.lease = slow
	_, err = w.promote()
	wantCode(t, err, "")
}

// TestAWorkerPromotesWhatItPutAlone: one that lost its lease may have it again, when another has put its own value.
func TestAWorkerPromotesWhatItPutAlone(t *testing.T) {
	w := newWorking(t, randomly())
	_, err := w.putPending("of the first")
	wantCode(t, err, "")
	slow := w.lease
	w.Clock.Advance(rotation.LeaseTime + time.Second)
	w.take()
	_, err = w.putPending("of the second")
	wantCode(t, err, "")
	w.Clock.Advance(rotation.LeaseTime + time.Second)
	w.lease = slow
	_, err = w.claim(api.ClaimRotation{RotationLease: w.lease})
	wantCode(t, err, "")
	_, err = w.promoteVersion(2)
	wantCode(t, err, api.CodeConflict)
	w.wantStages("3 pending, 1 current")
	_, err = w.promoteVersion(3)
	wantCode(t, err, "")
	_, err = w.promoteVersion(2) // no repetition
	wantCode(t, err, api.CodeConflict)
}

// TestAPendingVersionThatIsReplacedOrDiscardedLeavesNoNumber: what was sealed under it, and who read it, stays told apart.
func TestAPendingVersionThatIsReplacedOrDiscardedLeavesNoNumber(t *testing.T) {
	w := newWorking(t, randomly())
	for _, value := range []string{"second", "third"} {
		_, err := w.putPending(value)
		wantCode(t, err, "")
	}
	w.wantStages("3 pending, 1 current")
	_, err := w.GetSecretVersion(t.Context(), w.writer, w.secret.ID, 2)
	wantCode(t, err, api.CodeNotFound)
	run, err := w.discard("the target refused it")
	wantCode(t, err, "")
	if run.State != api.RotationFailed || run.Reason != "the target refused it" || run.Version != 0 {
		t.Errorf("discarded: %+v", run)
	}
	w.wantStages("1 current")
	updated, err := w.UpdateSecret(t.Context(), w.writer, secrets.UpdateSecret{ID: w.secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("by hand")}})
	wantCode(t, err, "")
	if updated.Version != 4 {
		t.Errorf("the next version is %d", updated.Version)
	}
	w.wantStages("4 current, 1 previous")
	w.begin()
	_, err = w.putPending("fifth")
	wantCode(t, err, "")
	w.wantStages("5 pending, 4 current, 1 previous")
}

// TestTheCurrentAndThePreviousVersionAreKept however many were tried.
func TestTheCurrentAndThePreviousVersionAreKept(t *testing.T) {
	w := newWorking(t, randomly())
	for i := range 120 {
		_, err := w.putPending(fmt.Sprint(i))
		wantCode(t, err, "")
	}
	w.wantStages("121 pending, 1 current")
	_, err := w.promote()
	wantCode(t, err, "")
	w.wantStages("121 current, 1 previous")
}

// TestAValueThatSomebodySetMeanwhileStays: the rotation gives way.
func TestAValueThatSomebodySetMeanwhileStays(t *testing.T) {
	w := newWorking(t, randomly())
	_, err := w.putPending("second")
	wantCode(t, err, "")
	w.setByHand("by hand")
	w.wantStages("3 current, 2 pending, 1 previous")
	_, err = w.promote()
	wantCode(t, err, api.CodeConflict)
	_, err = w.discard("somebody set another value")
	wantCode(t, err, "")
	w.wantStages("3 current, 1 previous")
	if got := w.get(); got.Value != "by hand" {
		t.Errorf("the value is %q", got.Value)
	}
}

// TestAValueThatSomebodySetBeforeThePendingOneStays: what a worker made of another value than the current one is refused, until it
// has read that.
func TestAValueThatSomebodySetBeforeThePendingOneStays(t *testing.T) {
	w := newWorking(t, randomly())
	w.setByHand("by hand")
	_, err := w.putPendingOver(1, "made of the first")
	wantCode(t, err, api.CodeConflict)
	w.wantStages("2 current, 1 previous")
	for _, value := range []string{"made of the second", "made of the third"} {
		current := w.get().Version
		_, err = w.putPendingOver(current, value)
		wantCode(t, err, "")
		if run := w.rotation().Run; run.From != current {
			t.Errorf("version %d is to be replaced, want %d", run.From, current)
		}
		w.setByHand("by hand again, over " + value)
		_, err = w.promote()
		wantCode(t, err, api.CodeConflict)
	}
	_, err = w.putPendingOver(w.get().Version, "made of the third") // the value that is pending already
	wantCode(t, err, "")
	_, err = w.promote()
	wantCode(t, err, "")
	w.wantStages("7 current, 6 previous, 4, 2, 1")
}

// TestFailuresAreTriedAgainAndThenEnd: with longer and longer pauses, and the reason shown.
func TestFailuresAreTriedAgainAndThenEnd(t *testing.T) {
	w := newWorking(t, randomly())
	for attempt := int64(1); ; attempt++ {
		task, err := w.claim(api.ClaimRotation{RotationLease: w.lease})
		wantCode(t, err, "")
		if task.Run.Attempts != attempt || task.Last != (attempt == rotation.MaxAttempts) {
			t.Fatalf("attempt %d: %+v, last %t", attempt, task.Run, task.Last)
		}
		run, err := w.report(api.OutcomeRetry, "the target is busy")
		wantCode(t, err, "")
		if attempt == rotation.MaxAttempts {
			if run.State != api.RotationFailed || run.Reason != "the target is busy" {
				t.Errorf("in the end: %+v", run)
			}
			break
		}
		if pause := run.TryAt.Sub(w.Clock.Now()); run.State != api.RotationDue || pause > rotation.Backoff(attempt) || pause < rotation.Backoff(attempt)-time.Second {
			t.Errorf("after attempt %d: %+v, again after %v", attempt, run, pause)
		}
		w.lease.Lease = uuid.New()
		_, err = w.claim(api.ClaimRotation{RotationLease: w.lease})
		wantCode(t, err, api.CodeConflict) // too early
		w.Clock.Advance(rotation.Backoff(attempt))
	}
}

// TestWhatIsSetWhileARotationWaitsIsSaid: nobody is told that a value was retired which goes on, nor that one is current which is not.
func TestWhatIsSetWhileARotationWaitsIsSaid(t *testing.T) {
	const left = "version 3 may work too"
	for name, c := range map[string]struct {
		set           func(*working) error
		outcome       api.RotationOutcome
		waits, reason string
		due, end      string
		known         []string // by which a leak is traced to the secret, then
	}{
		"the old value again": {
			func(w *working) error {
				_, err := w.RestoreSecretVersion(w.Context(), w.writer, w.secret.ID, "", 2)
				return err
			}, api.OutcomeKept, "version 4 was set since and is the current one, in the place of version 3", left,
			"everybody who is known to use an older version has read version 3 or a later one; version 4 is the current one",
			"rotationKept: " + left, []string{"AKIAOLD"},
		},
		"another": {
			func(w *working) error { w.setByHand("by hand"); return nil },
			api.OutcomeRetired, "version 4 was set since and is the current one, in the place of version 3", left,
			"everybody who is known to use an older version has read version 3 or a later one; version 4 is the current one",
			"rotationRetired: " + left, nil, // to rotate again would not end the one that the rotation made
		},
		"none": {
			func(*working) error { return nil }, api.OutcomeRetired, "", "",
			"everybody who is known to use an older version has read version 3", "rotationRetired: ", []string{"AKIANEW"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorking(t, keeping)
			for version, id := range []string{"AKIAOLD", "AKIANEW"} {
				if version > 0 {
					w.begin()
				}
				_, err := w.PutPendingVersion(t.Context(), w.writer, w.secret.ID, api.PutPendingVersion{
					RotationLease: w.lease, Base: int64(version + 1), Value: ptr("value " + id), PublicID: id,
				})
				wantCode(t, err, "")
				_, err = w.promote()
				wantCode(t, err, "")
				if version > 0 {
					break
				}
				w.retiring()
				_, err = w.report(api.OutcomeRetired, "")
				wantCode(t, err, "")
			}
			before := w.rotation()
			wantCode(t, c.set(w), "")
			if r := w.rotation(); r.Run.State != api.RotationWaiting || r.Run.Reason != c.waits || (r.ETag == before.ETag) != (c.waits == "") {
				t.Errorf("while it waits it is %+v, with the ETag %s after %s", r.Run, r.ETag, before.ETag)
			}
			w.retiring()
			if told := toldOf(w.World, operation.DispatchRotations); told[len(told)-1] != "rotationDue: "+c.due {
				t.Errorf("a worker is asked for with the words %q", told[len(told)-1])
			}
			run, err := w.report(c.outcome, c.reason)
			wantCode(t, err, "")
			if again, err := w.report(c.outcome, c.reason); err != nil || cmp.Diff(run, again) != "" {
				t.Errorf("said again, it is %+v, %v", again, err)
			}
			if run.State != api.RotationDone || run.Reason != c.reason {
				t.Errorf("it ends as %+v", run)
			}
			list, err := w.ListSecretEvents(t.Context(), w.Owner, w.secret.ID, api.Page{Limit: 1})
			wantCode(t, err, "")
			if e := list.Data[0]; strings.Join(e.Changed, ",")+": "+e.RotationReason != c.end {
				t.Errorf("told is %+v", e)
			}
			for _, id := range []string{"AKIAOLD", "AKIANEW"} {
				told, err := w.RotateOnEvent(t.Context(), event("strongroom.leak", "Leak Found", map[string]any{"accessKeyId": id}))
				if err != nil || (told.Unknown == 0) != slices.Contains(c.known, id) {
					t.Errorf("%s: %+v, %v", id, told, err)
				}
			}
		})
	}
}

// retiring has the old value be due to be retired, for want of anybody to wait for, and claims that.
func (w *working) retiring() {
	w.Helper()
	for range 2 { // the second is when the grace is over
		w.Clock.Advance(time.Hour)
		dispatch(w, w.World)
	}
	w.take()
}

// TestWhyAnAttemptFailedIsRecorded: beside why its worker was let in, and also for who is not told that.
func TestWhyAnAttemptFailedIsRecorded(t *testing.T) {
	w := newWorking(t, randomly())
	_, err := w.report(api.OutcomeRetry, "the target is busy")
	wantCode(t, err, "")
	w.Clock.Advance(rotation.Backoff(1))
	dispatch(t, w.World)
	w.take()
	w.Clock.Advance(rotation.LeaseTime)
	dispatch(t, w.World)
	w.take()
	_, err = w.report(api.OutcomeFailed, "the target is gone")
	wantCode(t, err, "")
	w.begin()
	_, err = w.discard(strings.Repeat("the settings are wrong; ", 20))
	wantCode(t, err, "")
	for name, by := range map[string]secrets.Caller{"the owner": w.Owner, "who manages the secret alone": w.neighbour} {
		list, err := w.ListSecretEvents(t.Context(), by, w.secret.ID, api.Page{Limit: 100})
		wantCode(t, err, "")
		var got []string
		for _, e := range slices.Backward(list.Data) {
			if e.RotationReason == "" {
				continue
			}
			if e.Action == string(operation.ReportRotation) && (e.Reason != "") != (name == "the owner") {
				t.Errorf("to %s it shows why it was allowed: %q", name, e.Reason)
			}
			got = append(got, e.Action+" "+strings.Join(e.Changed, ",")+": "+e.RotationReason)
		}
		want := []string{
			"report-rotation rotationDelayed: the target is busy", "dispatch-rotations rotationDue: its worker ended without a word",
			"report-rotation rotationFailed: the target is gone",
			"discard-pending-version rotationFailed: " + strings.Repeat("the settings are wrong; ", 20)[:397] + "…",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s sees (-want +got):\n%s", name, diff)
		}
	}
}

// TestTheOldValueIsRetiredByAWorkerToo where it has gone on working.
func TestTheOldValueIsRetiredByAWorkerToo(t *testing.T) {
	w := &working{rotatedWorld: newRotatedWorld(t)}
	w.set(alternating(w.admin.ID))
	w.begin()
	_, err := w.report(api.OutcomeRetired, "")
	wantCode(t, err, api.CodeConflict) // which comes later
	_, err = w.putPending(`{"username":"app_b","password":"second"}`)
	wantCode(t, err, "")
	_, err = w.promote()
	wantCode(t, err, "")
	r := w.rotation()
	if r.Run.State != api.RotationWaiting || r.Run.Step != api.StepRetire || r.Run.RetireBy == nil {
		t.Fatalf("it does not wait: %+v", r.Run)
	}
	_, err = w.claim(api.ClaimRotation{RotationLease: api.RotationLease{ID: w.run, Lease: uuid.New()}})
	wantCode(t, err, api.CodeConflict)
	again := w.rotate(api.RotateSecret{})
	if again.ID != w.run {
		t.Errorf("another rotation began before the old value was retired")
	}
}

// TestAClientEncryptedPendingValueMustFitTheSecret when it is put and when it is promoted.
func TestAClientEncryptedPendingValueMustFitTheSecret(t *testing.T) {
	w := newRotatedWorld(t)
	project := w.ClientProject("sealed")
	w.secret = w.ClientSecret("TOKEN", "first", project)
	for _, of := range []struct {
		by         *secrets.Caller
		permission access.Permission
	}{{&w.manager, access.Manage}, {&w.writer, access.Write}} {
		id, as := w.User("sealed-"+of.permission.String(), access.RoleMember)
		w.GrantSecret(w.secret.ID, of.permission, id)
		*of.by = as
	}
	k := &working{rotatedWorld: w}
	w.set(randomly())
	k.begin()
	_, err := k.putPending("in the clear")
	wantCode(t, err, api.CodeInvalid)
	_, err = k.putPending(w.Encrypt(w.secret.ID, "ANOTHER", "second", project))
	wantCode(t, err, api.CodeInvalid)
	_, err = k.putPending(w.Encrypt(w.secret.ID, "TOKEN", "second", project))
	wantCode(t, err, "")
	value := w.Encrypt(w.secret.ID, "RENAMED", "first", project)
	_, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: w.secret.ID, UpdateSecret: api.UpdateSecret{
		Name: ptr("RENAMED"), Value: &value,
	}})
	wantCode(t, err, "")
	_, err = k.putPending(w.Encrypt(w.secret.ID, "RENAMED", "second", project))
	wantCode(t, err, "")
	project = w.NewKey(project)
	_, err = k.promote()
	wantCode(t, err, api.CodeConflict)
	_, err = k.putPending(w.Encrypt(w.secret.ID, "RENAMED", "second", project))
	wantCode(t, err, "")
	_, err = k.promote()
	wantCode(t, err, "")
	k.wantStages("5 current, 3 previous, 1")
}

// TestTwoWorkersAtOnce: one has it, and one value comes of it.
func TestTwoWorkersAtOnce(t *testing.T) {
	w := &working{rotatedWorld: newRotatedWorld(t)}
	w.set(randomly())
	w.run = w.rotate(api.RotateSecret{}).ID
	var got sync.Map
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			lease := api.RotationLease{ID: w.run, Lease: uuid.New()}
			if _, err := w.claim(api.ClaimRotation{RotationLease: lease}); err != nil {
				return
			}
			value := fmt.Sprint("of worker ", i)
			_, err := w.PutPendingVersion(t.Context(), w.writer, w.secret.ID, api.PutPendingVersion{RotationLease: lease, Base: 1, Value: &value})
			if err == nil {
				_, err = w.PromoteVersion(t.Context(), w.writer, w.secret.ID, api.PromoteVersion{RotationLease: lease, Version: 2})
			}
			got.Store(value, err)
		})
	}
	group.Wait()
	n := 0
	got.Range(func(value, err any) bool {
		if n++; err != nil || w.get().Value != value {
			t.Errorf("%s: %v; the value is %q", value, err, w.get().Value)
		}
		return true
	})
	if n != 1 {
		t.Errorf("%d workers had the rotation", n)
	}
	w.wantStages("2 current, 1 previous")
}

func TestWhoMayWorkOnARotation(t *testing.T) {
	w := newWorking(t, randomly())
	_, asStranger := w.User("stranger", access.RoleMember)
	lease := w.lease
	value := "second"
	ops := map[string]func(by secrets.Caller) error{
		"claim": func(by secrets.Caller) error {
			_, err := w.ClaimRotation(t.Context(), by, w.secret.ID, api.ClaimRotation{RotationLease: lease})
			return err
		},
		"put": func(by secrets.Caller) error {
			_, err := w.PutPendingVersion(t.Context(), by, w.secret.ID, api.PutPendingVersion{RotationLease: lease, Base: 1, Value: &value})
			return err
		},
		"promote": func(by secrets.Caller) error {
			_, err := w.PromoteVersion(t.Context(), by, w.secret.ID, api.PromoteVersion{RotationLease: lease, Version: 2})
			return err
		},
		"discard": func(by secrets.Caller) error {
			_, err := w.DiscardPendingVersion(t.Context(), by, w.secret.ID, api.DiscardPendingVersion{RotationLease: lease, Reason: "why not"})
			return err
		},
		"report": func(by secrets.Caller) error {
			_, err := w.ReportRotation(t.Context(), by, w.secret.ID, api.ReportRotation{RotationLease: lease, Outcome: api.OutcomeRetry, Reason: "why not"})
			return err
		},
	}
	refused := func() {
		t.Helper()
		for name, do := range ops {
			wantCode(t, do(w.reader), api.CodeForbidden)
			wantCode(t, do(w.auditor), api.CodeForbidden)
			wantCode(t, do(asStranger), api.CodeNotFound)
			if t.Failed() {
				t.Fatalf("at %s", name)
			}
		}
	}
	refused()
	// Of settings that this version refuses, only who may work on it is told, and a worker that is refused leaves it.
	secrets.SpoilRotation(t, w.Service, w.secret.ID)
	refused()
	for name, do := range ops {
		err := do(w.writer)
		if wantCode(t, err, api.CodeConflict); !strings.Contains(err.Error(), "who manages the secret sees why, and sets it anew with put-rotation") ||
			strings.Contains(err.Error(), "ofAnotherVersion") {
			t.Errorf("%s: %v", name, err)
		}
		err = do(w.manager)
		if wantCode(t, err, api.CodeConflict); !strings.Contains(err.Error(), "set it anew with put-rotation: settings.ofAnotherVersion") {
			t.Errorf("%s, by the manager: %v", name, err)
		}
	}
	w.wantStages("1 current")
}

// TestWhatAWorkerSendsIsChecked: every message says what would be right.
func TestWhatAWorkerSendsIsChecked(t *testing.T) {
	w := newWorking(t, randomly())
	long := strings.Repeat("x", api.MaxRotationNote+1)
	for want, do := range map[string]func() error{
		"id is missing": func() error {
			_, err := w.claim(api.ClaimRotation{RotationLease: api.RotationLease{Lease: uuid.New()}})
			return err
		},
		"lease is missing": func() error {
			_, err := w.PromoteVersion(t.Context(), w.writer, w.secret.ID, api.PromoteVersion{RotationLease: api.RotationLease{ID: w.run}, Version: 2})
			return err
		},
		"note is 1025 bytes long": func() error {
			_, err := w.claim(api.ClaimRotation{RotationLease: w.lease, Note: &long})
			return err
		},
		"must be create, set, test, finish or retire": func() error { _, err := w.claim(api.ClaimRotation{RotationLease: w.lease, Step: "begin"}); return err },
		"value is missing": func() error {
			_, err := w.PutPendingVersion(t.Context(), w.writer, w.secret.ID, api.PutPendingVersion{RotationLease: w.lease, Base: 1})
			return err
		},
		"version must be a version's number": func() error { _, err := w.promoteVersion(0); return err },
		"base must be a version's number":    func() error { _, err := w.putPendingOver(0, "second"); return err },
		"publicId is 1025 bytes long": func() error {
			_, err := w.PutPendingVersion(t.Context(), w.writer, w.secret.ID, api.PutPendingVersion{RotationLease: w.lease, Base: 1, Value: ptr("v"), PublicID: long})
			return err
		},
		"reason is missing":         func() error { _, err := w.discard(""); return err },
		"reason is 1025 bytes long": func() error { _, err := w.report(api.OutcomeRetry, long); return err },
		"must be retry, failed":     func() error { _, err := w.report("done", ""); return err },
		"why it failed or was not":  func() error { _, err := w.report(api.OutcomeKept, ""); return err },
		"U+000A":                    func() error { _, err := w.report(api.OutcomeRetired, "it went\nwell"); return err },
		"no pending version":        func() error { _, err := w.promote(); return err },
		"not the secret's rotation": func() error { w.lease.ID = uuid.New(); _, err := w.promote(); return err },
	} {
		lease := w.lease
		err := do()
		w.lease = lease
		if err == nil || !strings.Contains(told(err), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// told is all of an error's words, its fields among them.
func told(err error) string {
	text := err.Error()
	var known *api.Error
	if errors.As(err, &known) {
		for _, d := range known.Details {
			text += " " + d.Field + " " + d.Message
		}
	}
	return text
}

// TestWhatIsRecordedOfARotation: each act once, with the rotation and its rotator, and no value.
func TestWhatIsRecordedOfARotation(t *testing.T) {
	w := newWorking(t, randomly())
	_, err := w.claim(api.ClaimRotation{RotationLease: w.lease}) // renewed, of which nothing is told
	wantCode(t, err, "")
	_, err = w.putPending("the-new-value")
	wantCode(t, err, "")
	_, err = w.promote()
	wantCode(t, err, "")
	list, err := w.ListSecretEvents(t.Context(), w.Owner, w.secret.ID, api.Page{Limit: 100})
	wantCode(t, err, "")
	var got []string
	for _, e := range list.Data {
		if e.RotationID == nil {
			continue
		}
		if *e.RotationID != w.run || e.Rotator != string(rotation.Random) {
			t.Errorf("%s names the rotation %v by %s", e.Action, e.RotationID, e.Rotator)
		}
		got = append(got, e.Action+" "+strings.Join(e.Changed, ","))
	}
	want := []string{
		"promote-version rotationFinished,value", "put-pending-version pending", "claim-rotation rotationClaimed", "rotate-secret rotationDue",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	text, err := json.Marshal(list)
	wantCode(t, err, "")
	if strings.Contains(string(text), "the-new-value") {
		t.Error("an event holds the value")
	}
}

// TestAnAnswerThatIsLostIsASuccessForWorkersToo.
func TestAnAnswerThatIsLostIsASuccessForWorkersToo(t *testing.T) {
	for name, do := range map[string]func(w *working, through *secretstest.World) error{
		"put": func(w *working, through *secretstest.World) error {
			_, err := through.PutPendingVersion(w.Context(), w.writer, w.secret.ID, api.PutPendingVersion{RotationLease: w.lease, Base: 1, Value: ptr("third")})
			return err
		},
		"promote": func(w *working, through *secretstest.World) error {
			_, err := through.PromoteVersion(w.Context(), w.writer, w.secret.ID, api.PromoteVersion{RotationLease: w.lease, Version: 2})
			return err
		},
		"claim": func(w *working, through *secretstest.World) error {
			_, err := through.ClaimRotation(w.Context(), w.writer, w.secret.ID, api.ClaimRotation{RotationLease: w.lease})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorking(t, randomly())
			_, err := w.putPending("second")
			wantCode(t, err, "")
			wantCode(t, do(w, losing(w.World, nil)), "")
		})
	}
}
