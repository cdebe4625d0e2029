package secrets_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/metric"
	"strongroom/pkg/rotation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// noticed are the kinds of the notices about rotations since it was last asked.
func (f *followed) noticed() (kinds []string) {
	f.Helper()
	f.publish()
	for _, n := range f.Bus.Published() {
		if strings.HasPrefix(n.Kind, "Rotation") {
			kinds = append(kinds, n.Kind)
		}
	}
	return kinds
}

func leakOf(secret uuid.UUID) secrets.BusEvent {
	return event("strongroom.leak", "Leak Found", map[string]any{"secretId": secret})
}

// TestALeakHurriesWhatFailed: a run in back-off is tried now, and so is one that failed to retire: a worker is asked for at once.
func TestALeakHurriesWhatFailed(t *testing.T) {
	f := follow(t, 0)
	_, asAda := f.User("ada", access.RoleMember)
	retiring := waiting(t, f, asAda)
	f.Clock.Advance(48 * time.Hour)
	dispatch(t, f.World)
	claimed(t, f.World, retiring)
	making := f.Secret("PASSWORD", "v", f.ServerProject("another")).ID
	secrets.SetRotation(t, f.Service, making, api.PutRotation{Rotator: "random"})
	_, err := f.RotateSecret(t.Context(), f.Owner, making, api.RotateSecret{})
	wantCode(t, err, "")
	claimed(t, f.World, making)
	now := f.Clock.Now().Truncate(time.Millisecond)
	secrets.MoveRotation(t, f.Service, retiring, func(r *rotation.Record) { r.Failed("denied", true, now) })
	secrets.MoveRotation(t, f.Service, making, func(r *rotation.Record) { r.Run.Attempts = 4; r.Failed("down", false, now) })
	f.Clock.Advance(time.Second)
	f.noticed()
	for _, secret := range []uuid.UUID{making, retiring} {
		told, err := f.RotateOnEvent(t.Context(), leakOf(secret))
		if err != nil || told.Requested != 1 {
			t.Fatalf("%+v, %v", told, err)
		}
		asked := f.Clock.Now().Truncate(time.Millisecond)
		if r := secrets.RotationOf(t, f.Service, secret).Run; r.State != api.RotationDue || !r.AskedAt.Equal(asked) || !r.TryAt.IsZero() {
			t.Errorf("it is %+v", r)
		}
		if kinds := f.noticed(); !slices.Equal(kinds, []string{"Rotation Due"}) {
			t.Errorf("published %v", kinds)
		}
	}
}

// A slowTable takes its time for each request.
type slowTable struct {
	table.Table
	pause time.Duration
}

func (s slowTable) Query(ctx context.Context, q table.Query) (table.Page, error) {
	time.Sleep(s.pause)
	return s.Table.Query(ctx, q)
}

func (s slowTable) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	time.Sleep(s.pause)
	return s.Table.BatchGet(ctx, keys)
}

func (s slowTable) Transact(ctx context.Context, t table.Transaction) error {
	time.Sleep(s.pause)
	return s.Table.Transact(ctx, t)
}

// runFor has the dispatcher run, slowly, for so long and the time that it leaves itself for its end.
func runFor(t *testing.T, w *secretstest.World, long time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second+long)
	defer cancel()
	slow := w.Again(func(beneath table.Table) table.Table { return slowTable{beneath, 5 * time.Millisecond} })
	if told, err := slow.DispatchRotations(ctx); err != nil {
		t.Fatalf("%+v, %v", told, err)
	}
}

// TestADepartureThatTakesManyRunsGoesOn where it was, and another one has its turn meanwhile.
func TestADepartureThatTakesManyRunsGoesOn(t *testing.T) {
	l := newLeavers(t)
	l.want(api.RotateOnLeaveReachable)
	const projects, each = 30, 4
	var ids []uuid.UUID
	for i := range projects {
		project := l.ServerProject(fmt.Sprintf("big %02d", i))
		l.Grant(project, access.Read, l.ada)
		for k := range each {
			id := l.Secret(fmt.Sprintf("BIG_%02d_%d", i, k), "v", project).ID
			secrets.SetRotation(t, l.Service, id, api.PutRotation{Rotator: "random"})
			ids = append(ids, id)
		}
	}
	bob, _ := l.User("bob", access.RoleMember)
	l.Grant(l.other, access.Read, bob)
	l.on(l.leave(false), secrets.EventSummary{Unfinished: true})
	l.on(l.leaves(bob), secrets.EventSummary{Unfinished: true})
	asked := func() (n int) {
		for _, id := range ids {
			if secrets.RotationOf(t, l.Service, id).Run.Active() {
				n++
			}
		}
		return n
	}
	bobAfter := 0
	for run := 1; asked() < len(ids); run++ {
		if run > 40 {
			t.Fatalf("of %d secrets %d are asked for", len(ids), asked())
		}
		runFor(t, l.World, 300*time.Millisecond)
		if l.Clock.Advance(time.Minute); bobAfter == 0 && l.rotated()["OTHER"] == api.CauseLeaver {
			bobAfter = asked()
		}
	}
	if bobAfter == 0 || bobAfter == len(ids) {
		t.Errorf("the second departure had its turn after %d of %d secrets of the first", bobAfter, len(ids))
	}
}

// TestDeparturesHaveTheirPartOfARun, however much is due.
func TestDeparturesHaveTheirPartOfARun(t *testing.T) {
	l := newLeavers(t)
	l.want(api.RotateOnLeaveReachable)
	l.on(l.leave(false), secrets.EventSummary{Unfinished: true})
	due := secrets.SeedRotations(t, l.Service, 3000, daily)
	l.Clock.Advance(25 * time.Hour)
	for run := 1; l.rotated()["UNREAD"] != api.CauseLeaver; run++ {
		if run > 3 {
			t.Fatal("nothing is done about who left")
		}
		runFor(t, l.World, time.Second)
	}
	left := 0
	for _, id := range due {
		if !secrets.RotationOf(t, l.Service, id).Run.Active() {
			left++
		}
	}
	if left == 0 {
		t.Error("nothing was due any more: the test shows nothing")
	}
}

// TestADepartureThatWasTakenBackEnds: what who left reads from then on is not rotated, nor what it had read.
func TestADepartureThatWasTakenBackEnds(t *testing.T) {
	l := newLeavers(t)
	l.want(api.RotateOnLeaveReachable)
	e := l.leave(false)
	l.on(e, secrets.EventSummary{Unfinished: true})
	_, err := l.SetDisabled(t.Context(), l.Owner, l.ada, false)
	wantCode(t, err, "")
	l.on(e, secrets.EventSummary{Ignored: true})
	l.Clock.Advance(time.Minute)
	dispatch(t, l.World)
	if got, left := l.rotated(), secrets.Leavings(t, l.Service); len(got) > 0 || left > 0 {
		t.Errorf("rotated %v, and %d departures are left", got, left)
	}
}

// TestAnOldDepartureIsNotPlayedAgain, by whoever may put events on the bus: all that was to be done is done.
func TestAnOldDepartureIsNotPlayedAgain(t *testing.T) {
	l := newLeavers(t)
	l.want(api.RotateOnLeaveRead)
	e := l.leave(false)
	l.Clock.Advance(48*time.Hour + time.Minute)
	l.on(e, secrets.EventSummary{Ignored: true})
	if got, left := l.rotated(), secrets.Leavings(t, l.Service); len(got) > 0 || left > 0 {
		t.Errorf("rotated %v, and %d departures are left", got, left)
	}
	_, err := l.SetDisabled(t.Context(), l.Owner, l.ada, false)
	wantCode(t, err, "")
	e = l.leave(false)
	l.Clock.Advance(47 * time.Hour) // late, but the first that is heard of it
	l.on(e, secrets.EventSummary{Requested: 2, Unset: 1})
}

// TestWhatIsReadAfterALeakIsNotPartOfIt, in any pass.
func TestWhatIsReadAfterALeakIsNotPartOfIt(t *testing.T) {
	l := newLeavers(t)
	get(t, l.World, l.asAda, l.secrets["GROUP"])
	l.on(event("strongroom.leak", "Leak Found", map[string]any{"principalId": l.ada}), secrets.EventSummary{Requested: 2, Unset: 1})
	l.Clock.Advance(2 * time.Minute)
	get(t, l.World, l.asAda, l.secrets["UNREAD"])
	l.rollUp()
	l.Clock.Advance(time.Hour)
	dispatch(t, l.World)
	if diff := cmp.Diff(all(api.CauseLeak, "READ", "SET", "GROUP"), l.rotated()); diff != "" {
		t.Errorf("rotated (-want +got):\n%s", diff)
	}
}

// TestAPassAsksAgainForWhatFailed, under another id, where the value is the one that who left knows; and each pass asks once.
func TestAPassAsksAgainForWhatFailed(t *testing.T) {
	l := newLeavers(t)
	l.want(api.RotateOnLeaveRead)
	e := l.leave(false)
	l.on(e, secrets.EventSummary{Requested: 2, Unset: 1})
	fail := func() uuid.UUID {
		now := l.Clock.Now().Truncate(time.Millisecond)
		for _, name := range []string{"READ", "SET"} {
			secrets.MoveRotation(t, l.Service, l.secrets[name], func(r *rotation.Record) { r.Failed("no", true, now) })
		}
		return secrets.RotationOf(t, l.Service, l.secrets["READ"]).Run.ID
	}
	first := fail()
	l.update(l.Owner, "SET") // by hand: nobody who left knows it
	l.on(e, secrets.EventSummary{})
	for _, after := range []time.Duration{time.Hour, 23 * time.Hour} {
		l.Clock.Advance(after)
		dispatch(t, l.World)
		if diff := cmp.Diff(all(api.CauseLeaver, "READ"), l.rotated()); diff != "" {
			t.Fatalf("rotated (-want +got):\n%s", diff)
		}
		r := secrets.RotationOf(t, l.Service, l.secrets["READ"]).Run
		if r.ID == first {
			t.Error("it is the run that failed")
		}
		now := l.Clock.Now().Truncate(time.Millisecond)
		secrets.MoveRotation(t, l.Service, l.secrets["READ"], func(r *rotation.Record) { r.Failed("no", true, now) })
		first = r.ID
	}
	if left := secrets.Leavings(t, l.Service); left != 0 {
		t.Errorf("%d departures are left after the last pass", left)
	}
}

// TestWhatIsInTheTrashIsRotatedWhenItIsRestored: a departure and a leak are about it too, and the list says where it is. Until then
// no worker is asked for.
func TestWhatIsInTheTrashIsRotatedWhenItIsRestored(t *testing.T) {
	l := newLeavers(t)
	l.want(api.RotateOnLeaveReachable)
	secrets.SetRotation(t, l.Service, l.secrets["UNSET"], api.PutRotation{Rotator: "random"})
	gone := []string{"READ", "UNREAD", "UNSET", "OTHER"}
	var ids []uuid.UUID
	for _, name := range gone {
		ids = append(ids, l.secrets[name])
	}
	_, err := l.DeleteSecrets(t.Context(), l.Owner, api.IDs{IDs: ids})
	wantCode(t, err, "")
	l.on(leakOf(l.secrets["UNSET"]), secrets.EventSummary{Requested: 1})
	l.on(l.leave(false), secrets.EventSummary{Unfinished: true})
	l.noticed()
	dispatch(t, l.World)
	want := all(api.CauseLeaver, "READ", "SET", "OLD", "UNREAD", "GROUP")
	want["UNSET"] = api.CauseLeak
	if diff := cmp.Diff(want, l.rotated()); diff != "" {
		t.Errorf("rotated (-want +got):\n%s", diff)
	}
	for _, limit := range []int{1, 2, 100} {
		if diff := cmp.Diff(map[string]string{
			"READ": "read or set version 1, the current one" + isTrashed, "SET": "read or set version 2, the current one",
			"UNSET": "read or set version 1, the current one" + isTrashed, "OLD": "could read it: write on project plain",
			"UNREAD": "could read it: write on project plain" + isTrashed, "GROUP": "could read it: read on project shared through group team",
		}, l.listed(limit)); diff != "" {
			t.Errorf("the list of pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	if kinds := l.noticed(); len(kinds) != 3 { // SET, OLD and GROUP
		t.Errorf("published %v", kinds)
	}
	l.Clock.Advance(rotation.AskAgain)
	dispatch(t, l.World)
	l.noticed()
	_, err = l.RestoreFromTrash(t.Context(), l.Owner, l.Organization, api.RestoreFromTrash{IDs: ids[:3]})
	wantCode(t, err, "")
	l.Clock.Advance(time.Hour)
	dispatch(t, l.World)
	for _, name := range gone[:3] {
		asked := l.Clock.Now().Truncate(time.Millisecond)
		if r := secrets.RotationOf(t, l.Service, l.secrets[name]).Run; r.State != api.RotationDue || !r.AskedAt.Equal(asked) {
			t.Errorf("%s is %+v", name, r)
		}
	}
}

// TestAnAccessKeyIsKnownWhileItIsInTheSecret: what somebody set by hand since is not what the last rotation made. A leak that is of no
// secret is counted where people see it.
func TestAnAccessKeyIsKnownWhileItIsInTheSecret(t *testing.T) {
	f := follow(t, 0)
	secret := f.Secret("KEY", "by hand", f.ServerProject("plain")).ID
	secrets.SetRotation(t, f.Service, secret, keeping)
	rotate := func(base int64, publicID string) {
		t.Helper()
		run, err := f.RotateSecret(t.Context(), f.Owner, secret, api.RotateSecret{})
		wantCode(t, err, "")
		lease := api.RotationLease{ID: run.ID, Lease: uuid.New()}
		_, err = f.ClaimRotation(t.Context(), f.Owner, secret, api.ClaimRotation{RotationLease: lease})
		wantCode(t, err, "")
		put, err := f.PutPendingVersion(t.Context(), f.Owner, secret, api.PutPendingVersion{
			RotationLease: lease, Base: base, Value: ptr(publicID), PublicID: publicID,
		})
		wantCode(t, err, "")
		_, err = f.PromoteVersion(t.Context(), f.Owner, secret, api.PromoteVersion{RotationLease: lease, Version: put.Version})
		wantCode(t, err, "")
	}
	leak := func(key string, want secrets.EventSummary) {
		t.Helper()
		ctx, counts := metric.With(t.Context())
		got, err := f.RotateOnEvent(ctx, event("strongroom.leak", "Leak Found", map[string]any{"accessKeyId": key}))
		wantCode(t, err, "")
		failed := 0.0
		for _, v := range counts.Values() {
			if v.Name == metric.RotationsFailed {
				failed = v.Value
			}
		}
		if got != want || failed != float64(want.Unknown) {
			t.Errorf("%s: %+v, %v counted", key, got, failed)
		}
	}
	rotate(1, "AKIA1")
	_, err := f.UpdateSecret(t.Context(), f.Owner, secrets.UpdateSecret{ID: secret, UpdateSecret: api.UpdateSecret{Value: ptr("AKIA2")}})
	wantCode(t, err, "")
	leak("AKIA1", secrets.EventSummary{Unknown: 1})
	leak("AKIA2", secrets.EventSummary{Unknown: 1})
	now := f.Clock.Now().Truncate(time.Millisecond)
	secrets.MoveRotation(t, f.Service, secret, func(r *rotation.Record) { r.Settled("", now) })
	rotate(3, "AKIA3")
	leak("AKIA1", secrets.EventSummary{Unknown: 1}) // which isn't the one that is to be retired
	leak("AKIA3", secrets.EventSummary{Requested: 1})
}
