package secrets_test

import (
	"fmt"
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
	"strongroom/pkg/table"
)

// TestWhoSetARotationIsKept: it is who set it last, to something else or to the same.
func TestWhoSetARotationIsKept(t *testing.T) {
	w := newRotatedWorld(t)
	set := w.set(randomly())
	by := func(r api.Rotation, name string) {
		t.Helper()
		if r.SetBy == nil || r.SetAt == nil || r.SetBy.Name != name || r.SetBy.Kind != access.KindUser || r.SetBy.Left != "" ||
			!r.SetAt.Equal(w.Clock.Now().Truncate(time.Millisecond)) {
			t.Fatalf("it is set by %+v at %v, want %s", r.SetBy, r.SetAt, name)
		}
	}
	by(set, "manager")
	w.Clock.Advance(time.Minute)
	run := w.rotate(api.RotateSecret{})
	w.Clock.Advance(time.Minute)

	looked, err := w.put(w.Owner, randomly())
	wantCode(t, err, "")
	by(looked, "owner")
	if looked.ETag == set.ETag || looked.Run == nil || looked.Run.ID != run.ID {
		t.Errorf("looked at, it is %+v", looked)
	}
	if diff := cmp.Diff(set.NextAt, looked.NextAt); diff != "" {
		t.Errorf("it is put off by who looks at it:\n%s", diff)
	}
	again, err := w.put(w.Owner, randomly())
	wantCode(t, err, "")
	if diff := cmp.Diff(looked, again); diff != "" {
		t.Errorf("the same by the same is another one:\n%s", diff)
	}
	told := events(w.World, of(operation.PutRotation))
	if len(told) != 2 || told[0].Actor.ID == nil || *told[0].Actor.ID != w.OwnerID {
		t.Errorf("told is %+v", told)
	}
	w.Clock.Advance(time.Minute)
	by(w.set(api.PutRotation{Rotator: "random", Every: "60d"}), "manager")
}

// TestLookingAtARotationOverlooksNoOther: who says which one it was is told if it is another one by now.
func TestLookingAtARotationOverlooksNoOther(t *testing.T) {
	w := newRotatedWorld(t)
	set := w.set(randomly())
	w.Clock.Advance(time.Minute)
	w.set(api.PutRotation{Rotator: "random", Every: "60d"})
	_, err := w.PutRotation(t.Context(), w.Owner, secrets.PutRotation{ID: w.secret.ID, Match: secrets.IfMatch(set.ETag), PutRotation: randomly()})
	wantCode(t, err, api.CodePreconditionFailed)
	if got := w.rotation(); got.SetBy.Name != "manager" {
		t.Errorf("set by %+v", got.SetBy)
	}
}

// TestARotationSaysHowItsSetterLeft, where it is shown and in the list; of one that nobody is known to have set it says nothing.
func TestARotationSaysHowItsSetterLeft(t *testing.T) {
	w := newRotatedWorld(t)
	manager := *w.set(randomly()).SetBy
	unknown := w.World.Secret("UNKNOWN", "v", w.project).ID
	secrets.SetRotation(t, w.Service, unknown, randomly())
	shown := func(want api.Departure) api.Rotation {
		t.Helper()
		got, err := w.GetRotation(t.Context(), w.Owner, w.secret.ID)
		wantCode(t, err, "")
		manager.Left = want
		if diff := cmp.Diff(&manager, got.SetBy); diff != "" {
			t.Errorf("shown (-want +got):\n%s", diff)
		}
		list, err := w.ListRotations(t.Context(), w.auditor, w.Organization, secrets.ListRotations{Page: page})
		wantCode(t, err, "")
		if len(list.Data) != 2 {
			t.Fatalf("listed are %+v", list.Data)
		}
		for _, e := range list.Data {
			switch {
			case e.Secret.ID == unknown && (e.SetBy != nil || e.SetAt != nil):
				t.Errorf("nobody knows who set it, and the list says %+v", e.SetBy)
			case e.Secret.ID == w.secret.ID:
				if diff := cmp.Diff(&manager, e.SetBy); diff != "" || !e.SetAt.Equal(*got.SetAt) {
					t.Errorf("listed (-want +got):\n%s", diff)
				}
			}
		}
		return got
	}
	there := shown("")
	wantCode(t, ignored(w.SetDisabled(t.Context(), w.Owner, manager.ID, true)), "")
	disabled := shown(api.LeftDisabled)
	wantCode(t, ignored(w.SetDisabled(t.Context(), w.Owner, manager.ID, false)), "")
	back := shown("")
	wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, manager.ID), "")
	deleted := shown(api.LeftDeleted)
	if there.ETag != back.ETag || there.ETag == disabled.ETag || there.ETag == deleted.ETag || disabled.ETag == deleted.ETag {
		t.Errorf("the ETags are %s, %s, %s, %s", there.ETag, disabled.ETag, back.ETag, deleted.ETag)
	}
	w.rotate(api.RotateSecret{})
	if again := shown(api.LeftDeleted); again.ETag == deleted.ETag || again.Run == nil {
		t.Errorf("a rotation has begun, and it is %+v", again)
	}
	got, err := w.GetRotation(t.Context(), w.Owner, unknown)
	if wantCode(t, err, ""); got.SetBy != nil || got.SetAt != nil {
		t.Errorf("nobody knows who set it, and it is shown as %+v", got.SetBy)
	}
}

// setBy has ada set rotations, which takes manage; what was granted to her for that is taken away again.
func (l *leavers) setBy(as secrets.Caller, names ...string) {
	l.Helper()
	for _, name := range names {
		before, err := l.GetSecretAccess(l.Context(), l.Owner, l.secrets[name])
		wantCode(l, err, "")
		l.GrantSecret(l.secrets[name], access.Manage, l.ada)
		_, err = l.PutRotation(l.Context(), as, secrets.PutRotation{ID: l.secrets[name], PutRotation: api.PutRotation{Rotator: "random"}})
		wantCode(l, err, "")
		_, err = l.PutSecretAccess(l.Context(), l.Owner, secrets.PutAccess{ID: l.secrets[name], Grants: before.Grants})
		wantCode(l, err, "")
	}
}

const (
	wasSet    = "set where its new values go: look at the target and set it again"
	isTrashed = "; it is in the trash: if it is restored, its value is good again"
)

// TestWhatALeaverSetIsListedAndNotRotatedForThat: where she set it alone, last; where she knows it or could have too, once, with
// both said; not where somebody else has set it since, nor what is purged. It is so however she left.
func TestWhatALeaverSetIsListedAndNotRotatedForThat(t *testing.T) {
	for _, remove := range []bool{false, true} {
		t.Run(fmt.Sprintf("deleted %t", remove), func(t *testing.T) {
			l := newLeavers(t)
			l.TB = t
			for _, name := range []string{"HOOK", "DATABASE", "LOOKED", "REMOVED", "TRASHED", "PURGED", "MANY"} {
				l.secrets[name] = l.Secret(name, "v", l.other).ID
			}
			l.setBy(l.asAda, "HOOK", "DATABASE", "LOOKED", "REMOVED", "TRASHED", "PURGED", "READ", "UNREAD", "GROUP")
			l.setBy(l.Owner, "LOOKED")
			wantCode(t, l.DeleteRotation(t.Context(), l.Owner, secrets.DeleteRotation{ID: l.secrets["REMOVED"]}), "")
			for _, name := range []string{"TRASHED", "PURGED"} {
				wantCode(t, ignored(l.DeleteSecrets(t.Context(), l.Owner, api.IDs{IDs: []uuid.UUID{l.secrets[name]}})), "")
			}
			wantCode(t, ignored(l.PurgeTrash(t.Context(), l.Owner, l.Organization, api.IDs{IDs: []uuid.UUID{l.secrets["PURGED"]}})), "")
			l.want(api.RotateOnLeaveReachable)
			l.on(l.leave(remove), secrets.EventSummary{Unfinished: true})
			for range 3 {
				dispatch(t, l.World)
				l.Clock.Advance(24 * time.Hour)
			}
			if diff := cmp.Diff(all(api.CauseLeaver, "READ", "SET", "OLD", "UNREAD", "GROUP"), l.rotated()); diff != "" {
				t.Errorf("rotated (-want +got):\n%s", diff)
			}
			want := map[string]string{
				"READ": "read or set version 1, the current one; " + wasSet, "SET": "read or set version 2, the current one",
				"UNSET*": "read or set version 1, the current one", "OLD": "could read it: write on project plain",
				"UNREAD": "could read it: write on project plain; " + wasSet,
				"GROUP":  "could read it: read on project shared through group team; " + wasSet,
				"HOOK":   wasSet, "DATABASE": wasSet, "TRASHED": wasSet + isTrashed,
			}
			for _, limit := range []int{1, 2, 3, 100} {
				if diff := cmp.Diff(want, l.listed(limit)); diff != "" {
					t.Errorf("the list of pages of %d (-want +got):\n%s", limit, diff)
				}
			}
			l.wantOrder()
			_, err := l.RestoreFromTrash(t.Context(), l.Owner, l.Organization, api.RestoreFromTrash{IDs: []uuid.UUID{l.secrets["TRASHED"]}})
			wantCode(t, err, "")
			want["TRASHED"] = wasSet
			if diff := cmp.Diff(want, l.listed(2)); diff != "" {
				t.Errorf("one is back from the trash (-want +got):\n%s", diff)
			}
		})
	}
}

// wantOrder wants what she read first, then what she could have, then what she set, and each entry to say which it is.
func (l *leavers) wantOrder() {
	l.Helper()
	list, err := l.ListRotations(l.Context(), l.Owner, l.Organization, secrets.ListRotations{Leaver: &l.ada, Page: page})
	wantCode(l, err, "")
	before := 0
	for _, e := range list.Data {
		place := 2
		switch of := e.Leaver; {
		case of.Read && of.Reachable || !of.Read && !of.Reachable && !of.Set:
			l.Errorf("%s: %+v", e.Secret.Name, of)
		case of.Read:
			place = 0
		case of.Reachable:
			place = 1
		}
		if place < before {
			l.Errorf("%s comes after what is listed for less", e.Secret.Name)
		}
		before = place
		set := strings.Contains(e.Leaver.Because, wasSet)
		if e.Leaver.Trashed != strings.HasSuffix(e.Leaver.Because, isTrashed) {
			l.Errorf("%s: %+v", e.Secret.Name, e.Leaver)
		}
		if e.Leaver.Set != set || set != (e.SetBy != nil && e.SetBy.ID == l.ada && e.SetBy.Left != "") {
			l.Errorf("%s: %+v, set by %+v", e.Secret.Name, e.Leaver, e.SetBy)
		}
	}
}

// TestWhatWasSetByWhoReachesEverythingIsListedOnce: what she set is among what she could have read; but what was rotated since she
// left, which she could not, goes where she said all the same.
func TestWhatWasSetByWhoReachesEverythingIsListedOnce(t *testing.T) {
	l := newLeavers(t)
	_, err := l.UpdatePrincipal(t.Context(), l.Owner, l.ada, "", api.UpdatePrincipal{Role: ptr(access.RoleAdmin)})
	wantCode(t, err, "")
	l.setBy(l.asAda, "READ", "OTHER", "UNREAD")
	_, err = l.SetDisabled(t.Context(), l.Owner, l.ada, true)
	wantCode(t, err, "")
	l.Clock.Advance(time.Minute)
	l.update(l.Owner, "OTHER")
	now := l.Clock.Now().Truncate(time.Millisecond)
	secrets.MoveRotation(t, l.Service, l.secrets["OTHER"], func(r *rotation.Record) { r.LastRotatedAt, r.LastVersion = now, 2 })
	for _, limit := range []int{1, 3, 100} {
		why := l.listed(limit)
		if len(why) != 7 || why["OTHER"] != wasSet || why["UNREAD"] != "could read it: role admin; "+wasSet ||
			why["GROUP"] != "could read it: role admin" {
			t.Errorf("the list of pages of %d: %v", limit, why)
		}
	}
	l.wantOrder()
}

// TestWhatWasGrantedInSeveralWaysIsListedOnce: in two projects, one of them through a group, or by itself, whether she set it or not.
func TestWhatWasGrantedInSeveralWaysIsListedOnce(t *testing.T) {
	l := newLeavers(t)
	team := l.ServerProject("team")
	l.Grant(team, access.Read, l.group)
	for name, projects := range map[string][]uuid.UUID{"BOTH": {l.plain, team}, "SET_BOTH": {team, l.plain}, "ALONE": {l.other}, "SET_ALONE": {l.other}} {
		l.secrets[name] = l.Secret(name, "v", projects...).ID
		l.Clock.Advance(time.Second)
	}
	l.GrantSecret(l.secrets["ALONE"], access.Read, l.ada)
	l.GrantSecret(l.secrets["SET_ALONE"], access.Read, l.group)
	l.setBy(l.asAda, "SET_BOTH", "SET_ALONE")
	_, err := l.SetDisabled(t.Context(), l.Owner, l.ada, true)
	wantCode(t, err, "")
	for _, limit := range []int{1, 2, 3, 100} {
		why := l.listed(limit)
		const both, through = "could read it: write on project plain", "could read it: read on secret SET_ALONE through group team; " + wasSet
		if len(why) != 10 || !strings.HasPrefix(why["BOTH*"], both) || strings.Contains(why["BOTH*"], wasSet) ||
			!strings.HasPrefix(why["SET_BOTH"], both) || !strings.HasSuffix(why["SET_BOTH"], "; "+wasSet) ||
			why["ALONE*"] != "could read it: read on secret ALONE" || why["SET_ALONE"] != through {
			t.Errorf("the list of pages of %d: %v", limit, why)
		}
	}
	l.wantOrder()
}

// TestALeakOfWhatSomebodyReadRotatesNothingThatItSet either.
func TestALeakOfWhatSomebodyReadRotatesNothingThatItSet(t *testing.T) {
	l := newLeavers(t)
	l.setBy(l.asAda, "OTHER")
	l.on(event("strongroom.leak", "Leak Found", map[string]any{"principalId": l.ada}), secrets.EventSummary{Requested: 2, Unset: 1})
	if diff := cmp.Diff(all(api.CauseLeak, "READ", "SET"), l.rotated()); diff != "" {
		t.Errorf("rotated (-want +got):\n%s", diff)
	}
}

// TestAForeignPositionInALeaversListIsRefused.
func TestAForeignPositionInALeaversListIsRefused(t *testing.T) {
	l := newLeavers(t)
	l.setBy(l.asAda, "OTHER")
	in := secrets.ListRotations{Leaver: &l.ada, Page: api.Page{Limit: 6}}
	list, err := l.ListRotations(t.Context(), l.Owner, l.Organization, in)
	wantCode(t, err, "")
	if len(list.Data) != 6 || list.ContinuationToken == "" {
		t.Fatalf("%d entries, and then %q", len(list.Data), list.ContinuationToken)
	}
	in.ContinuationToken = list.ContinuationToken
	last, err := l.ListRotations(t.Context(), l.Owner, l.Organization, in)
	wantCode(t, err, "")
	if len(last.Data) != 1 || last.Data[0].Secret.Name != "OTHER" || last.ContinuationToken != "" {
		t.Errorf("the last page is %+v", last)
	}
	for _, after := range []string{"x", uuid.NewString() + "0"} {
		for _, part := range []string{"set", "trash"} {
			in.ContinuationToken = secrets.Token("leaver", part, "", after)
			_, err = l.ListRotations(t.Context(), l.Owner, l.Organization, in)
			wantCode(t, err, api.CodeInvalid)
		}
	}
}

// TestWhoseARotationIsStandsInOnePlace, whoever sets and removes it, at once too.
func TestWhoseARotationIsStandsInOnePlace(t *testing.T) {
	w := newTrashWorld(t)
	project := w.ServerProject("plain")
	secret, other := w.Secret("A", "v", project).ID, w.Secret("B", "v", project).ID
	id, asManager := w.User("manager", access.RoleMember)
	w.Grant(project, access.Manage, id)
	put := func(by secrets.Caller, secret uuid.UUID, every string) {
		in := api.PutRotation{Rotator: "random", Every: every}
		if _, err := w.PutRotation(t.Context(), by, secrets.PutRotation{ID: secret, PutRotation: in}); err != nil {
			t.Error(err)
		}
	}
	setters := func(want ...table.Key) {
		t.Helper()
		wantWhole(t, w.Organization, w.recording.all())
		n := 0
		for key := range w.recording.all() {
			if strings.HasPrefix(key.PK, "SETTER#") {
				n++
			}
		}
		for _, key := range want {
			if !w.has(key) {
				t.Errorf("%v is not there", key)
			}
		}
		if n != len(want) {
			t.Errorf("there are %d items, want %v", n, want)
		}
	}
	of := func(who, secret uuid.UUID) table.Key {
		return table.Key{PK: "SETTER#" + who.String(), SK: "SECRET#" + secret.String()}
	}
	put(asManager, secret, "30d")
	put(asManager, other, "30d")
	setters(of(id, secret), of(id, other))
	put(w.Owner, secret, "30d")
	setters(of(w.OwnerID, secret), of(id, other))
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() { put([]secrets.Caller{w.Owner, asManager}[i%2], secret, []string{"30d", "60d"}[i/2%2]) })
		group.Go(func() {
			if i%5 == 0 {
				if err := w.DeleteRotation(t.Context(), w.Owner, secrets.DeleteRotation{ID: secret}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	wantWhole(t, w.Organization, w.recording.all())
	put(asManager, secret, "90d")
	setters(of(id, secret), of(id, other))
	wantCode(t, w.DeleteRotation(t.Context(), w.Owner, secrets.DeleteRotation{ID: secret}), "")
	setters(of(id, other))
	put(asManager, secret, "30d")
	w.delete(secret, other)
	setters(of(id, secret), of(id, other))
	w.purge(secret)
	w.sweepOnce()
	setters(of(id, other))
	w.purge(other)
	w.Clock.Advance(40 * 24 * time.Hour)
	dispatch(t, w.World) // which comes before the sweep
	setters()
	w.sweep()
	setters()
}
