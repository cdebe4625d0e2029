package secrets_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// A leavers is an organization that ada is about to leave: she has read READ, set SET, read OLD before its value was replaced,
// read UNSET, which nothing rotates, and could have read UNREAD, and GROUP through a group, but not OTHER.
type leavers struct {
	*followed
	ada, group, plain, other uuid.UUID
	asAda                    secrets.Caller
	secrets                  map[string]uuid.UUID
}

func newLeavers(t *testing.T) *leavers {
	t.Helper()
	f := follow(t, 0)
	l := &leavers{followed: f, plain: f.ServerProject("plain"), other: f.ServerProject("other"), secrets: map[string]uuid.UUID{}}
	l.ada, l.asAda = f.User("ada", access.RoleMember)
	l.group = f.Group("team", l.ada)
	shared := f.ServerProject("shared")
	f.Grant(l.plain, access.Write, l.ada)
	f.Grant(shared, access.Read, l.group)
	for name, project := range map[string]uuid.UUID{
		"READ": l.plain, "SET": l.plain, "OLD": l.plain, "UNREAD": l.plain, "UNSET": l.plain, "GROUP": shared, "OTHER": l.other,
	} {
		l.secrets[name] = f.Secret(name, "v", project).ID
		if name != "UNSET" {
			secrets.SetRotation(t, f.Service, l.secrets[name], api.PutRotation{Rotator: "random"})
		}
	}
	for _, name := range []string{"READ", "OLD", "UNSET"} {
		get(t, f.World, l.asAda, l.secrets[name])
	}
	l.update(l.asAda, "SET")
	l.update(f.Owner, "OLD")
	f.Clock.Advance(time.Hour)
	f.rollUp()
	return l
}

func (l *leavers) update(as secrets.Caller, name string) {
	l.Helper()
	_, err := l.UpdateSecret(l.Context(), as, secrets.UpdateSecret{ID: l.secrets[name], UpdateSecret: api.UpdateSecret{Value: ptr(uuid.NewString())}})
	wantCode(l, err, "")
}

func (l *leavers) want(leave api.RotateOnLeave) {
	l.Helper()
	_, err := l.UpdateOrganization(l.Context(), l.Owner, l.Organization, "", api.UpdateOrganization{Settings: &api.UpdateSettings{RotateOnLeave: &leave}})
	wantCode(l, err, "")
}

// leave disables or deletes ada, and answers what the bus says of it, as EventBridge delivers it.
func (l *leavers) leave(remove bool) secrets.BusEvent {
	l.Helper()
	if !remove {
		return l.leaves(l.ada)
	}
	return l.departure(func() error { return l.DeletePrincipal(l.Context(), l.Owner, l.ada) })
}

// leaves disables a principal, and answers the same.
func (l *leavers) leaves(id uuid.UUID) secrets.BusEvent {
	l.Helper()
	return l.departure(func() error {
		_, err := l.SetDisabled(l.Context(), l.Owner, id, true)
		return err
	})
}

func (l *leavers) departure(leave func() error) secrets.BusEvent {
	l.Helper()
	l.publish()
	l.Bus.Published()
	wantCode(l, leave(), "")
	l.publish()
	for _, n := range l.Bus.Published() {
		if n.Kind == "Principal Disabled" || n.Kind == "Principal Deleted" {
			return event("strongroom", n.Kind, n.Detail)
		}
	}
	l.Fatal("nothing tells that somebody left")
	return secrets.BusEvent{}
}

func event(source, kind string, detail any) secrets.BusEvent {
	encoded, err := json.Marshal(detail)
	if err != nil {
		panic(err)
	}
	return secrets.BusEvent{ID: uuid.NewString(), Source: source, Type: kind, At: time.Now(), Detail: encoded}
}

// rotated are the names of the secrets whose runs are under way, each with its cause.
func (l *leavers) rotated() map[string]api.RotationCause {
	l.Helper()
	causes := map[string]api.RotationCause{}
	for name, id := range l.secrets {
		if r := secrets.RotationOf(l, l.Service, id); r != nil && r.Run.Active() {
			causes[name] = r.Run.Cause.Kind
		}
	}
	return causes
}

func (l *leavers) on(e secrets.BusEvent, want secrets.EventSummary) {
	l.Helper()
	got, err := l.RotateOnEvent(l.Context(), e)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		l.Errorf("%s %s: %v (-want +got):\n%s", e.Source, e.Detail, err, diff)
	}
}

func all(kind api.RotationCause, names ...string) map[string]api.RotationCause {
	causes := map[string]api.RotationCause{}
	for _, name := range names {
		causes[name] = kind
	}
	return causes
}

// listed is the list of what ada knows, page by page: why by name, with * where no rotation is set.
func (l *leavers) listed(limit int) map[string]string {
	l.Helper()
	why := map[string]string{}
	in := secrets.ListRotations{Leaver: &l.ada, Page: api.Page{Limit: limit}}
	for {
		list, err := l.ListRotations(l.Context(), l.Owner, l.Organization, in)
		wantCode(l, err, "")
		if len(list.Data) > limit {
			l.Fatalf("%d of at most %d", len(list.Data), limit)
		}
		for _, e := range list.Data {
			name := e.Secret.Name
			if e.Rotator == "" {
				name += "*"
			}
			if why[name] != "" || e.Leaver == nil || e.Leaver.Read != strings.HasPrefix(e.Leaver.Because, "read or set") {
				l.Errorf("%s is there twice, or without a reason: %+v", name, e)
			}
			why[name] = e.Leaver.Because
		}
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			return why
		}
	}
}

// TestWhatALeaverReadIsRotatedAndNothingElse: a person is disabled or deleted, and the list says why for each secret.
func TestWhatALeaverReadIsRotatedAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		setting api.RotateOnLeave
		remove  bool
		told    secrets.EventSummary
		want    []string
	}{
		{api.RotateOnLeaveNone, false, secrets.EventSummary{Ignored: true}, nil},
		{api.RotateOnLeaveRead, false, secrets.EventSummary{Requested: 2, Unset: 1}, []string{"READ", "SET"}},
		{api.RotateOnLeaveRead, true, secrets.EventSummary{Requested: 2, Unset: 1}, []string{"READ", "SET"}},
		{api.RotateOnLeaveReachable, false, secrets.EventSummary{Unfinished: true}, []string{"READ", "SET", "OLD", "UNREAD", "GROUP"}},
		{api.RotateOnLeaveReachable, true, secrets.EventSummary{Unfinished: true}, []string{"READ", "SET", "OLD", "UNREAD", "GROUP"}},
	} {
		t.Run(fmt.Sprintf("%s, deleted %t", c.setting, c.remove), func(t *testing.T) {
			l := newLeavers(t)
			l.TB = t
			l.want(c.setting)
			e := l.leave(c.remove)
			l.on(e, c.told)
			by := operation.RotateOnEvent
			if c.told.Unfinished { // the dispatcher goes on
				dispatch(t, l.World)
				by = operation.DispatchRotations
			}
			if diff := cmp.Diff(all(api.CauseLeaver, c.want...), l.rotated()); diff != "" {
				t.Errorf("rotated (-want +got):\n%s", diff)
			}
			for _, limit := range []int{1, 2, 100} {
				if diff := cmp.Diff(map[string]string{
					"READ": "read or set version 1, the current one", "SET": "read or set version 2, the current one",
					"UNSET*": "read or set version 1, the current one", "OLD": "could read it: write on project plain",
					"UNREAD": "could read it: write on project plain", "GROUP": "could read it: read on project shared through group team",
				}, l.listed(limit)); diff != "" {
					t.Errorf("the list of pages of %d (-want +got):\n%s", limit, diff)
				}
			}
			told := toldOf(l.World, by)
			word := map[bool]string{true: "deleted", false: "disabled"}[c.remove]
			for _, line := range told {
				if !strings.HasPrefix(line, "rotationDue: user ada was "+word+" at ") {
					t.Errorf("told %s", line)
				}
			}
			if len(told) != len(c.want) {
				t.Errorf("told %v", told)
			}
		})
	}
}

// TestADepartureThatComesTwiceActsOnce, under another id of EventBridge too.
func TestADepartureThatComesTwiceActsOnce(t *testing.T) {
	l := newLeavers(t)
	l.want(api.RotateOnLeaveRead)
	e := l.leave(false)
	l.on(e, secrets.EventSummary{Requested: 2, Unset: 1})
	run := secrets.RotationOf(t, l.Service, l.secrets["READ"]).Run.ID
	e.ID = uuid.NewString()
	l.on(e, secrets.EventSummary{})
	if r := secrets.RotationOf(t, l.Service, l.secrets["READ"]); r.Run.ID != run || r.Again != (rotation.Cause{}) {
		t.Errorf("it is rotated again: %+v", r)
	}
}

// TestReadsThatAreSummedUpLateCount: a later pass finds them, and the last one is the end.
func TestReadsThatAreSummedUpLateCount(t *testing.T) {
	l := newLeavers(t)
	l.want(api.RotateOnLeaveRead)
	get(t, l.World, l.asAda, l.secrets["UNREAD"])
	e := l.leave(false)
	l.on(e, secrets.EventSummary{Requested: 2, Unset: 1})
	l.rollUp()
	l.Clock.Advance(59 * time.Minute)
	dispatch(t, l.World)
	if diff := cmp.Diff(all(api.CauseLeaver, "READ", "SET"), l.rotated()); diff != "" {
		t.Errorf("before the second pass (-want +got):\n%s", diff)
	}
	l.Clock.Advance(time.Minute)
	if dispatch(t, l.World) == 0 {
		t.Error("the second pass did nothing")
	}
	if diff := cmp.Diff(all(api.CauseLeaver, "READ", "SET", "UNREAD"), l.rotated()); diff != "" {
		t.Errorf("after it (-want +got):\n%s", diff)
	}
	l.Clock.Advance(23 * time.Hour)
	dispatch(t, l.World)
	if left := secrets.Leavings(t, l.Service); left != 0 {
		t.Errorf("%d departures are left after the last pass", left)
	}
}

// TestADepartureThatNobodyRecordedIsNotBelieved: anybody who may put events on the bus could say so.
func TestADepartureThatNobodyRecordedIsNotBelieved(t *testing.T) {
	l := newLeavers(t)
	l.want(api.RotateOnLeaveReachable)
	made := events(l.World, secrets.ListEvents{ResourceID: &l.ada})[0]
	for name, d := range map[string]secrets.Detail{
		"no event":      {ResourceID: l.ada, EventID: uuid.New()},
		"another event": {ResourceID: l.ada, EventID: made.ID},
		"nobody":        {ResourceID: uuid.New(), EventID: made.ID},
	} {
		l.on(event("strongroom", "Principal Disabled", d), secrets.EventSummary{Unknown: 1})
		if got := l.rotated(); len(got) > 0 {
			t.Errorf("%s: rotated %v", name, got)
		}
	}
}

// TestLeaksAreRotated: a secret, an access key, all that somebody read; whatever the organization says of departures.
func TestLeaksAreRotated(t *testing.T) {
	l := newLeavers(t)
	secrets.SetPublicID(t, l.Service, l.secrets["OTHER"], "AKIAIOSFODNN7EXAMPLE")
	health := func(key string) secrets.BusEvent {
		return event("aws.health", "AWS Health Event", map[string]any{
			"service": "RISK", "eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSED", "affectedEntities": []any{map[string]string{"entityValue": key}},
		})
	}
	leak := func(detail map[string]any) secrets.BusEvent { return event("strongroom.leak", "Leak Found", detail) }
	one := secrets.EventSummary{Requested: 1}
	e := health("AKIAIOSFODNN7EXAMPLE")
	l.on(e, one)
	l.on(e, secrets.EventSummary{Known: 1})
	l.on(health("AKIAUNKNOWN"), secrets.EventSummary{Unknown: 1})
	l.on(leak(map[string]any{"secretId": l.secrets["UNREAD"], "reason": strings.Repeat("in a\nlog ", 100)}), one)
	l.on(leak(map[string]any{"secretId": uuid.New()}), secrets.EventSummary{Unknown: 1})
	l.on(leak(map[string]any{"secretId": l.secrets["UNSET"]}), secrets.EventSummary{Unset: 1})
	l.on(leak(map[string]any{"principalId": uuid.New()}), secrets.EventSummary{Unknown: 1})
	e = leak(map[string]any{"principalId": l.ada})
	l.on(e, secrets.EventSummary{Requested: 2, Unset: 1})
	l.on(e, secrets.EventSummary{})
	l.on(event("strongroom.rotate", "Mine", map[string]any{"secretId": l.secrets["OLD"], "reason": "the moon is full"}), one)
	want := all(api.CauseLeak, "OTHER", "UNREAD", "READ", "SET")
	want["OLD"] = api.CauseEvent
	if diff := cmp.Diff(want, l.rotated()); diff != "" {
		t.Errorf("rotated (-want +got):\n%s", diff)
	}
	for _, line := range toldOf(l.World, operation.RotateOnEvent) {
		if strings.Contains(line, "\n") || len(line) > 450 {
			t.Errorf("told %q", line)
		}
	}
	for name, e := range map[string]secrets.BusEvent{
		"nothing":     leak(map[string]any{"reason": "so"}),
		"two things":  leak(map[string]any{"secretId": uuid.New(), "accessKeyId": "AKIA"}),
		"no id":       leak(map[string]any{"secretId": "READ"}),
		"no secret":   event("strongroom.rotate", "Mine", map[string]any{"secret": uuid.New()}),
		"another one": event("elsewhere", "Mine", map[string]any{}),
	} {
		if _, err := l.RotateOnEvent(t.Context(), e); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			wantCode(t, err, api.CodeInvalid)
		}
	}
}

// TestALeakEndsWaiting: the old value, which works still, is retired at once, and the new one is replaced too.
func TestALeakEndsWaiting(t *testing.T) {
	f := follow(t, 0)
	_, asAda := f.User("ada", access.RoleMember)
	secret := waiting(t, f, asAda)
	told, err := f.RotateOnEvent(t.Context(), event("strongroom.leak", "Leak Found", map[string]any{"secretId": secret}))
	if err != nil || told.Requested != 1 || dispatch(t, f.World) != 1 {
		t.Fatalf("%+v, %v", told, err)
	}
	r := secrets.RotationOf(t, f.Service, secret)
	if r.Run.State != api.RotationDue || r.Run.Step != api.StepRetire || r.Again.Kind != api.CauseLeak {
		t.Errorf("it is %+v, and then %+v", r.Run, r.Again)
	}
	var kinds []string
	f.publish()
	for _, n := range f.Bus.Published() {
		if strings.HasPrefix(n.Kind, "Rotation") {
			kinds = append(kinds, n.Kind)
		}
	}
	if !slices.Equal(kinds, []string{"Rotation Due", "Rotation Due"}) {
		t.Errorf("published %v", kinds)
	}
}

// A forgetfulTable can't say who left.
type forgetfulTable struct{ table.Table }

func (f forgetfulTable) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if q.Prefix == "SWEEP#leaver#" {
		return table.Page{}, errors.New("throttled")
	}
	return f.Table.Query(ctx, q)
}

// TestWhatIsDueComesBeforeWhatLeaversKnew, and is done whatever becomes of that.
func TestWhatIsDueComesBeforeWhatLeaversKnew(t *testing.T) {
	l := newLeavers(t)
	secrets.SetRotation(t, l.Service, l.secrets["OTHER"], daily)
	l.Clock.Advance(25 * time.Hour)
	told, err := l.Again(func(beneath table.Table) table.Table { return forgetfulTable{beneath} }).DispatchRotations(t.Context())
	if err == nil || told.Done != 1 || told.Failed != 1 || !told.Unfinished {
		t.Errorf("%+v, %v", told, err)
	}
	if diff := cmp.Diff(all(api.CauseSchedule, "OTHER"), l.rotated()); diff != "" {
		t.Errorf("rotated (-want +got):\n%s", diff)
	}
}

// TestAnOldValueThatIsNotRetiredIsKnown by who read it, although the rotation has failed; and its retirement is asked for again.
func TestAnOldValueThatIsNotRetiredIsKnown(t *testing.T) {
	f := follow(t, 0)
	ada, asAda := f.User("ada", access.RoleMember)
	secret := waiting(t, f, asAda)
	f.Clock.Advance(48 * time.Hour)
	dispatch(t, f.World)
	claimed(t, f.World, secret)
	now := f.Clock.Now().Truncate(time.Millisecond)
	secrets.MoveRotation(t, f.Service, secret, func(r *rotation.Record) { r.Failed("denied", true, now) })
	list, err := f.ListRotations(t.Context(), f.Owner, f.Organization, secrets.ListRotations{Leaver: &ada, Page: page})
	wantCode(t, err, "")
	if len(list.Data) != 1 || list.Data[0].Leaver == nil || list.Data[0].Leaver.Because != "read or set version 1, which works until it is retired" {
		t.Errorf("ada knows %+v", list.Data)
	}
	wantCode(t, f.DeleteRotation(t.Context(), f.Owner, secrets.DeleteRotation{ID: secret}), api.CodeConflict)
	f.Clock.Advance(rotation.MendAfter)
	if dispatch(t, f.World) != 1 {
		t.Error("nobody is asked to retire it")
	}
	if told := toldOf(f.World, operation.DispatchRotations); told[len(told)-1] !=
		"rotationDue: the old value works still; it is tried again to retire it: denied" {
		t.Errorf("told %q", told)
	}
}

// TestWhoReachesEverythingCouldHaveReadEverything, but what was rotated since they left.
func TestWhoReachesEverythingCouldHaveReadEverything(t *testing.T) {
	l := newLeavers(t)
	_, err := l.UpdatePrincipal(t.Context(), l.Owner, l.ada, "", api.UpdatePrincipal{Role: ptr(access.RoleAdmin)})
	wantCode(t, err, "")
	_, err = l.SetDisabled(t.Context(), l.Owner, l.ada, true)
	wantCode(t, err, "")
	l.Clock.Advance(time.Minute)
	l.update(l.Owner, "OTHER")
	now := l.Clock.Now().Truncate(time.Millisecond)
	secrets.MoveRotation(t, l.Service, l.secrets["OTHER"], func(r *rotation.Record) { r.LastRotatedAt, r.LastVersion = now, 2 })
	for _, limit := range []int{1, 3, 100} {
		why := l.listed(limit)
		if len(why) != 6 || why["OTHER"] != "" || why["UNREAD"] != "could read it: role admin" {
			t.Errorf("the list of pages of %d: %v", limit, why)
		}
	}
}

// TestRotationsAreListedByWhenTheyAreDue, those last that are not, and page by page.
func TestRotationsAreListedByWhenTheyAreDue(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	var want []string
	for i := range 12 {
		id := w.Secret(fmt.Sprintf("SECRET_%02d", i), "v", project).ID
		every := fmt.Sprintf("%dh", i+1)
		if i == 11 {
			every = ""
		}
		secrets.SetRotation(t, w.Service, id, api.PutRotation{Every: every, Rotator: "random"})
		want = append(want, fmt.Sprintf("SECRET_%02d", i))
	}
	gone := w.Secret("GONE", "v", project).ID
	secrets.SetRotation(t, w.Service, gone, daily)
	_, err := w.DeleteSecrets(t.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{gone}})
	wantCode(t, err, "")
	names := func(in secrets.ListRotations) []string {
		t.Helper()
		var names []string
		for {
			list, err := w.ListRotations(t.Context(), w.Owner, w.Organization, in)
			wantCode(t, err, "")
			for _, e := range list.Data {
				names = append(names, e.Secret.Name)
				if e.Rotator != "random" || e.Leaver != nil || (e.NextAt == nil) != (e.Every == "") {
					t.Errorf("%+v", e)
				}
			}
			if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
				return names
			}
		}
	}
	for _, limit := range []int{1, 5, 100} {
		if diff := cmp.Diff(want, names(secrets.ListRotations{Page: api.Page{Limit: limit}})); diff != "" {
			t.Errorf("in pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	w.Clock.Advance(3 * time.Hour)
	due := secrets.ListRotations{Due: &time.Time{}, Page: api.Page{Limit: 2}}
	if diff := cmp.Diff(want[:3], names(due)); diff != "" {
		t.Errorf("due now (-want +got):\n%s", diff)
	}
	due.Due = ptr(w.Clock.Now().Add(2 * time.Hour))
	if diff := cmp.Diff(want[:5], names(due)); diff != "" {
		t.Errorf("due in two hours (-want +got):\n%s", diff)
	}
	_, err = w.ListRotations(t.Context(), w.Owner, w.Organization, secrets.ListRotations{Due: due.Due, Leaver: &w.OwnerID, Page: page})
	wantCode(t, err, api.CodeInvalid)
	_, err = w.ListRotations(t.Context(), w.Owner, w.Organization, secrets.ListRotations{Leaver: ptr(uuid.New()), Page: page})
	wantCode(t, err, api.CodeNotFound)
	_, asMember := w.User("member", access.RoleMember)
	_, err = w.ListRotations(t.Context(), asMember, w.Organization, secrets.ListRotations{Page: page})
	wantCode(t, err, api.CodeForbidden)
	_, asAuditor := w.User("auditor", access.RoleAuditor)
	_, err = w.ListRotations(t.Context(), asAuditor, w.Organization, secrets.ListRotations{Leaver: &w.OwnerID, Page: page})
	wantCode(t, err, "")
}
