package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	"strongroom/pkg/table"
)

// daily is rotated every day, and nothing keeps its old value.
var daily = api.PutRotation{Every: "1d", Rotator: "random"}

// keeping has an old value that goes on working: for two days at most, and ten minutes after the last reader has come.
var keeping = api.PutRotation{
	Every: "30d", Rotator: "iam-access-key", Settings: []byte(`{"userName": "app"}`),
	Readers: &api.RotationReaders{Deadline: "2d"},
}

func dispatch(t testing.TB, w *secretstest.World) int {
	t.Helper()
	done, err := w.DispatchRotations(t.Context())
	if err != nil || done.Failed > 0 || done.Unfinished {
		t.Fatalf("dispatching: %+v, %v", done, err)
	}
	return done.Done
}

// told are what the events of the dispatcher say, oldest first: what changed, and why.
func toldOf(w *secretstest.World, action operation.Name) []string {
	w.Helper()
	var all []string
	for _, e := range events(w, of(action)) {
		if e.Actor.Kind != "system" || e.RotationID == nil || e.Rotator == "" || e.Resource.Kind != "secret" {
			w.Errorf("an event of %s is of %+v about %+v, with the rotation %v of %q", action, e.Actor, e.Resource, e.RotationID, e.Rotator)
		}
		all = append(all, strings.Join(e.Changed, ",")+": "+e.Reason)
	}
	slices.Reverse(all)
	return all
}

func wantTold(w *secretstest.World, action operation.Name, want ...string) {
	w.Helper()
	if diff := cmp.Diff(want, toldOf(w, action)); diff != "" {
		w.Errorf("told (-want +got):\n%s", diff)
	}
}

// claimed has a worker take the run that a worker was asked for last.
func claimed(t testing.TB, w *secretstest.World, secret uuid.UUID) {
	t.Helper()
	now := w.Clock.Now().Truncate(time.Millisecond)
	secrets.MoveRotation(t, w.Service, secret, func(r *rotation.Record) {
		if err := r.Claim(api.RotationLease{ID: r.Run.ID, Lease: uuid.New()}, uuid.New(), 1, now); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTheClockMovesRotations through all that it does by itself.
func TestTheClockMovesRotations(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("PASSWORD", "v", w.ServerProject("plain")).ID
	secrets.SetRotation(t, w.Service, secret, daily)
	at := func(after time.Duration, moved int, want api.RotationState) *rotation.Record {
		t.Helper()
		w.Clock.Advance(after)
		got := dispatch(t, w)
		r := secrets.RotationOf(t, w.Service, secret)
		if got != moved || r.Run.State != want {
			t.Fatalf("moved %d and is %q, not %d and %q", got, r.Run.State, moved, want)
		}
		return r
	}
	at(23*time.Hour, 0, "")
	first := at(time.Hour, 1, api.RotationDue)
	if first.Run.Cause.Kind != api.CauseSchedule || first.Run.Step != api.StepCreate || !first.NextAt.After(w.Clock.Now()) {
		t.Errorf("the first run is %+v", first)
	}
	at(rotation.AskAgain-time.Second, 0, api.RotationDue)
	at(time.Second, 1, api.RotationDue) // nobody came
	claimed(t, w, secret)
	at(rotation.LeaseTime-time.Second, 0, api.RotationRunning)
	at(time.Second, 1, api.RotationDue) // who came has gone
	claimed(t, w, secret)
	now := w.Clock.Now().Truncate(time.Millisecond)
	secrets.MoveRotation(t, w.Service, secret, func(r *rotation.Record) { r.Failed("the target is away", false, now) })
	at(rotation.Backoff(2)-time.Second, 0, api.RotationDue)
	if r := at(time.Second, 1, api.RotationDue); r.Run.ID != first.Run.ID {
		t.Errorf("one run became another")
	}
	for range rotation.MaxAttempts - 2 {
		claimed(t, w, secret)
		w.Clock.Advance(rotation.LeaseTime)
		dispatch(t, w)
	}
	failed := at(0, 0, api.RotationFailed)
	second := at(failed.NextAt.Sub(w.Clock.Now()), 1, api.RotationDue)
	if second.Run.ID == first.Run.ID {
		t.Error("the next run is the one before")
	}
	w.Clock.Advance(3 * rotation.NobodyCame) // in which nothing is dispatched
	at(0, 1, api.RotationDue)
	for range rotation.NobodyCame/rotation.AskAgain - 1 {
		at(rotation.AskAgain, 1, api.RotationDue)
	}
	at(rotation.AskAgain, 1, api.RotationFailed)
	told := toldOf(w, operation.DispatchRotations)
	if diff := cmp.Diff(slices.Compact(told), []string{
		"rotationDue: it is time, by its schedule", "rotationDue: no worker has come yet", "rotationDue: its worker ended without a word",
		"rotationDue: it failed and is tried again: the target is away", "rotationDue: its worker ended without a word",
		"rotationFailed: its worker ended without a word", "rotationDue: it is time, by its schedule", "rotationDue: no worker has come yet",
		"rotationFailed: no worker came; is one deployed for the rotator, and may it write the secret?",
	}); diff != "" {
		t.Errorf("told (-got +want):\n%s", diff)
	}
}

// waiting is a secret whose new value is current, while its old one works on for those who read it.
func waiting(t testing.TB, f *followed, readers ...secrets.Caller) uuid.UUID {
	t.Helper()
	project := f.ServerProject("plain")
	secret := f.Secret("KEY", "old", project).ID
	for i, as := range readers {
		me, err := f.Whoami(t.Context(), as)
		wantCode(t, err, "")
		f.Grant(project, access.Read, me.Principal.ID)
		if get(t, f.World, as, secret); i == 0 {
			f.Clock.Advance(time.Minute)
		}
	}
	secrets.SetRotation(t, f.Service, secret, keeping)
	f.Clock.Advance(30 * 24 * time.Hour)
	for _, as := range readers {
		get(t, f.World, as, secret)
	}
	f.rollUp()
	dispatch(t, f.World)
	claimed(t, f.World, secret)
	_, err := f.UpdateSecret(t.Context(), f.Owner, secrets.UpdateSecret{ID: secret, UpdateSecret: api.UpdateSecret{Value: ptr("new")}})
	wantCode(t, err, "")
	f.rollUp()
	now := f.Clock.Now().Truncate(time.Millisecond)
	secrets.MoveRotation(t, f.Service, secret, func(r *rotation.Record) {
		r.Created(2, 1)
		r.Finished(now)
	})
	return secret
}

// TestAnOldValueIsRetiredWhenAllHaveCome, and ten minutes later: looking in vain is not told of.
func TestAnOldValueIsRetiredWhenAllHaveCome(t *testing.T) {
	f := follow(t, 0)
	_, asAda := f.User("ada", access.RoleMember)
	_, asCI := f.ServiceAccount("ci")
	secret := waiting(t, f, asAda, asCI)
	state := func() *rotation.Record { return secrets.RotationOf(t, f.Service, secret) }
	for range 3 {
		get(t, f.World, asAda, secret)
		f.rollUp()
		f.Clock.Advance(20 * time.Minute)
		if dispatch(t, f.World) != 0 || state().Run.State != api.RotationWaiting || state().Run.Missing != 1 {
			t.Fatalf("with one reader missing it is %+v", state().Run)
		}
	}
	get(t, f.World, asCI, secret)
	f.rollUp()
	f.Clock.Advance(20 * time.Minute)
	if dispatch(t, f.World) != 0 || state().Run.State != api.RotationWaiting || state().Run.CameAt.IsZero() {
		t.Fatalf("when all have come it is %+v", state().Run)
	}
	f.Clock.Advance(10 * time.Minute)
	if dispatch(t, f.World) != 1 || state().Run.State != api.RotationDue || state().Run.Step != api.StepRetire || len(state().Run.NeverCame) > 0 {
		t.Fatalf("ten minutes later it is %+v", state().Run)
	}
	wantTold(f.World, operation.DispatchRotations, "rotationDue: it is time, by its schedule",
		"rotationDue: everybody who is known to use an older version has read version 2")
}

// TestWhoNeverCameIsNamedInTheEvent when the old value is retired all the same.
func TestWhoNeverCameIsNamedInTheEvent(t *testing.T) {
	f := follow(t, 0)
	ada, asAda := f.User("ada", access.RoleMember)
	_, asCI := f.ServiceAccount("ci")
	secret := waiting(t, f, asAda, asCI)
	get(t, f.World, asCI, secret)
	f.rollUp()
	f.Clock.Advance(48*time.Hour - time.Second)
	if dispatch(t, f.World) != 0 {
		t.Fatal("it was retired before its deadline")
	}
	f.Clock.Advance(time.Second)
	r := func() *rotation.Record { dispatch(t, f.World); return secrets.RotationOf(t, f.Service, secret) }()
	if diff := cmp.Diff([]uuid.UUID{ada}, r.Run.NeverCame); diff != "" || r.Run.State != api.RotationDue || r.Run.Step != api.StepRetire {
		t.Errorf("it is %+v; %s", r.Run, diff)
	}
	wantTold(f.World, operation.DispatchRotations, "rotationDue: it is time, by its schedule",
		fmt.Sprintf("rotationDue: the time to wait is over, and one reader never came: ada (%s)", ada))
	f.publish()
	var kinds []string
	for _, n := range f.Bus.Published() {
		if n.Action == string(operation.DispatchRotations) {
			kinds = append(kinds, n.Kind)
			if n.ResourceID != secret || n.RotationID == nil || n.Rotator != "iam-access-key" || n.ActorKind != "system" {
				t.Errorf("published %+v", n)
			}
		}
	}
	if diff := cmp.Diff([]string{"Rotation Due", "Rotation Due"}, kinds); diff != "" {
		t.Error(diff)
	}
}

// TestWhatIsInTheTrashIsNotRotated: it is put off without a word, goes on when it comes back, and ends with it.
func TestWhatIsInTheTrashIsNotRotated(t *testing.T) {
	w := newTrashWorld(t)
	project := w.ServerProject("plain")
	back, gone := w.Secret("BACK", "v", project).ID, w.Secret("GONE", "v", project).ID
	for _, id := range []uuid.UUID{back, gone} {
		secrets.SetRotation(t, w.Service, id, daily)
	}
	w.delete(back, gone)
	w.Clock.Advance(25 * time.Hour)
	if dispatch(t, w.World) != 0 {
		t.Error("what is in the trash is rotated")
	}
	w.Clock.Advance(59 * time.Minute)
	if code := w.restore(back, nil); code != "" {
		t.Fatal(code)
	}
	w.purge(gone)
	if dispatch(t, w.World) != 0 {
		t.Error("what was put off is looked at at once")
	}
	w.Clock.Advance(time.Minute)
	if dispatch(t, w.World) != 1 || secrets.RotationOf(t, w.Service, back).Run.State != api.RotationDue {
		t.Error("what came back is not rotated")
	}
	if w.has(table.Key{PK: "SECRET#" + gone.String(), SK: "ROTATION"}) {
		t.Error("what was purged is rotated still")
	}
	wantTold(w.World, operation.DispatchRotations, "rotationDue: it is time, by its schedule")
}

// TestALeakIsNotLostInTheTrash: a run that is put off there for days is asked for when the secret comes back.
func TestALeakIsNotLostInTheTrash(t *testing.T) {
	w := newTrashWorld(t)
	secret := w.Secret("BACK", "v", w.ServerProject("plain")).ID
	secrets.SetRotation(t, w.Service, secret, daily)
	_, err := w.RotateSecret(t.Context(), w.Owner, secret, api.RotateSecret{Leaked: true})
	wantCode(t, err, "")
	w.delete(secret)
	for range 50 {
		w.Clock.Advance(time.Hour)
		dispatch(t, w.World)
	}
	if code := w.restore(secret, nil); code != "" {
		t.Fatal(code)
	}
	w.Clock.Advance(time.Hour)
	if r := secrets.RotationOf(t, w.Service, secret); dispatch(t, w.World) != 1 || r.Run.State != api.RotationDue {
		t.Errorf("it is %+v", r.Run)
	}
	wantTold(w.World, operation.DispatchRotations, "rotationDue: no worker has come yet")
}

// TestALaggingIndexIsNotBelieved: what is not due when it is read is passed over, and the index says so from then on.
func TestALaggingIndexIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("PASSWORD", "v", w.ServerProject("plain")).ID
	secrets.SetRotation(t, w.Service, secret, daily)
	key := table.Key{PK: "SECRET#" + secret.String(), SK: "ROTATION"}
	item, _, err := w.Table().Get(t.Context(), key)
	wantCode(t, err, "")
	right := item.Index1
	item.Index1.SK = fmt.Sprintf("%013d#%s", w.Clock.Now().Add(-time.Hour).UnixMilli(), secret)
	wantCode(t, w.Table().Transact(t.Context(), table.Transaction{Writes: []table.Write{table.Put(item, table.Unconditional())}}), "")
	for range 2 {
		if dispatch(t, w) != 0 {
			t.Error("the index was believed")
		}
	}
	item, _, err = w.Table().Get(t.Context(), key)
	if wantCode(t, err, ""); item.Index1 != right {
		t.Errorf("the index has it at %v, not %v", item.Index1, right)
	}
}

// askedFor counts how often a worker was asked for, for each secret.
func askedFor(t testing.TB, w *secretstest.World, ids []uuid.UUID) map[int]int {
	t.Helper()
	counts := map[uuid.UUID]int{}
	for _, e := range events(w, of(operation.DispatchRotations)) {
		if slices.Equal(e.Changed, []string{"rotationDue"}) {
			counts[e.Resource.ID]++
		}
	}
	histogram := map[int]int{}
	for _, id := range ids {
		histogram[counts[id]]++
		r := secrets.RotationOf(t, w.Service, id)
		if r.Run.State != api.RotationDue && counts[id] > 0 || r.Run.State != "" && counts[id] == 0 {
			t.Errorf("%s is %q, and a worker was asked for %d times", id, r.Run.State, counts[id])
		}
	}
	return histogram
}

// manyDue are so many secrets whose rotations are due.
func manyDue(t testing.TB, w *secretstest.World, n int) []uuid.UUID {
	t.Helper()
	ids := secrets.SeedRotations(t, w.Service, n, daily)
	w.Clock.Advance(25 * time.Hour)
	return ids
}

// TestTwoDispatchersAskOnce: both move all they find, and each rotation is moved by one.
func TestTwoDispatchersAskOnce(t *testing.T) {
	w := newWorld(t)
	ids := manyDue(t, w, 300)
	var group sync.WaitGroup
	var done atomic.Int64
	for range 2 {
		group.Go(func() {
			told, err := w.Again(nil).DispatchRotations(t.Context())
			if err != nil || told.Failed > 0 || told.Unfinished {
				t.Errorf("%+v, %v", told, err)
			}
			done.Add(int64(told.Done))
		})
	}
	group.Wait()
	if diff := cmp.Diff(map[int]int{1: 300}, askedFor(t, w, ids)); diff != "" || done.Load() != 300 {
		t.Errorf("%d were moved; asked for so often, so many (-want +got):\n%s", done.Load(), diff)
	}
}

// TestTenThousandDueAtOnceAreAskedForOnceEach, the earliest first.
func TestTenThousandDueAtOnceAreAskedForOnceEach(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 1_000
	}
	w := newWorld(t)
	ids := manyDue(t, w, n)
	began, runs, left := time.Now(), 0, n
	for ; left > 0 && runs < 10; runs++ {
		told, err := w.DispatchRotations(t.Context())
		if err != nil || told.Failed > 0 {
			t.Fatalf("%+v, %v", told, err)
		}
		left -= told.Done
		w.Clock.Advance(time.Minute)
	}
	t.Logf("%d in %d runs, %v", n, runs, time.Since(began))
	if diff := cmp.Diff(map[int]int{1: n}, askedFor(t, w, ids)); diff != "" {
		t.Errorf("asked for so often, so many (-want +got):\n%s", diff)
	}
}

// An endingTable ends a run with its so many'th write, which is done or not.
type endingTable struct {
	table.Table
	left atomic.Int64
	done bool
	end  context.CancelFunc
}

func (e *endingTable) Transact(ctx context.Context, t table.Transaction) error {
	left := e.left.Add(-1)
	if left == 0 {
		e.end()
	}
	if left > 0 || left == 0 && e.done {
		if err := e.Table.Transact(context.WithoutCancel(ctx), t); err != nil || left > 0 {
			return err
		}
	}
	return errors.New("nobody is there to hear the answer")
}

// TestARunThatEndsAnywhereLosesNothing: the next one does what is left, and nothing twice.
func TestARunThatEndsAnywhereLosesNothing(t *testing.T) {
	const n = 40
	for _, done := range []bool{true, false} {
		for _, after := range []int64{1, 2, 17, n} {
			t.Run(fmt.Sprintf("with write %d, done %t", after, done), func(t *testing.T) {
				w := newWorld(t)
				ids := manyDue(t, w, n)
				ctx, cancel := context.WithCancel(t.Context())
				ending := &endingTable{done: done, end: cancel}
				ending.left.Store(after)
				killed := w.Again(func(beneath table.Table) table.Table { ending.Table = beneath; return ending })
				if told, err := killed.DispatchRotations(ctx); err == nil && !told.Unfinished {
					t.Errorf("it came to its end: %+v", told)
				}
				before := askedFor(t, w, ids)[1]
				if most := int(after); before > most || before < most-1 {
					t.Errorf("%d were asked for before it ended", before)
				}
				if got := dispatch(t, w); got != n-before {
					t.Errorf("the next run moved %d of %d", got, n-before)
				}
				if diff := cmp.Diff(map[int]int{1: n}, askedFor(t, w, ids)); diff != "" {
					t.Errorf("asked for so often, so many (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestARunThatThisVersionRefusesIsGivenUp, wherever it is, when something is to be done about it; and nobody is asked for until it
// is set anew.
func TestARunThatThisVersionRefusesIsGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		in     api.PutRotation
		move   func(w *working)
		due    time.Duration
		stages string
	}{
		"asked for": {randomly(), func(w *working) { wantCode(w, ignored(w.report(api.OutcomeRetry, "away")), "") }, time.Minute, "1 current"},
		"claimed":   {randomly(), func(*working) {}, rotation.LeaseTime, "1 current"},
		"with a pending version": {randomly(), func(w *working) { wantCode(w, ignored(w.putPending("second")), "") }, rotation.LeaseTime,
			"2 pending, 1 current"},
		"waiting": {keeping, func(w *working) {
			wantCode(w, ignored(w.putPending("second")), "")
			wantCode(w, ignored(w.promote()), "")
		}, time.Minute, "2 current, 1 previous"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorking(t, c.in)
			c.move(w)
			secrets.SpoilRotation(t, w.Service, w.secret.ID)
			w.Clock.Advance(c.due - time.Second)
			if moved := dispatch(t, w.World); moved != 0 {
				t.Errorf("before it is due, %d are moved", moved)
			}
			w.Clock.Advance(time.Second)
			if moved := dispatch(t, w.World); moved != 1 {
				t.Errorf("%d are moved", moved)
			}
			told := toldOf(w.World, operation.DispatchRotations)
			if len(told) != 1 || !strings.HasPrefix(told[0], "rotationFailed: this version refuses how the rotation of secret "+w.secret.ID.String()) {
				t.Errorf("told %q", told)
			}
			if run := w.rotation().Run; run.State != api.RotationFailed || run.ID != w.run || !strings.Contains(run.Reason, "set it anew with put-rotation") {
				t.Errorf("it is %+v", run)
			}
			for range 40 * 24 {
				w.Clock.Advance(time.Hour)
				if moved := dispatch(t, w.World); moved != 0 {
					t.Fatalf("%d are moved later", moved)
				}
			}
			w.wantStages(c.stages)
			in := c.in
			in.Every = "7d"
			w.set(in)
			// What is left to be retired is, before another one begins.
			if run := w.rotate(api.RotateSecret{}); run.State != api.RotationDue || (run.ID == w.run) != (run.Step == api.StepRetire) {
				t.Errorf("set anew, it is %+v", run)
			}
		})
	}
}
