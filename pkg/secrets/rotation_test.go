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
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// randomly is the simplest rotation: a random value, every thirty days.
func randomly() api.PutRotation { return api.PutRotation{Rotator: "random", Every: "30d"} }

// alternating is one of two users of a database, which an admin changes.
func alternating(admin uuid.UUID) api.PutRotation {
	settings := fmt.Sprintf(`{"host":"db.example.com","users":["app_a","app_b"],"adminSecretId":%q}`, admin)
	return api.PutRotation{Rotator: "postgresql", Every: "30d", Window: "2h", Settings: json.RawMessage(settings)}
}

// A rotatedWorld has a secret, the secret of its database's admin, and people who may do different things.
type rotatedWorld struct {
	*secretstest.World
	project       uuid.UUID
	secret, admin api.Secret
	// manager manages the secret and reads the admin's; neighbour manages the secret alone; writer, reader and auditor are what
	// they are called.
	manager, neighbour, writer, reader, auditor secrets.Caller
}

func newRotatedWorld(t testing.TB) *rotatedWorld {
	t.Helper()
	w := &rotatedWorld{World: newWorld(t)}
	w.project = w.ServerProject("app")
	w.secret = w.World.Secret("DATABASE_PASSWORD", `{"username":"app_a","password":"first"}`, w.project)
	w.admin = w.World.Secret("DATABASE_ADMIN", "admin", w.ServerProject("databases"))
	grant := func(name string, permission access.Permission) (uuid.UUID, secrets.Caller) {
		id, as := w.User(name, access.RoleMember)
		w.GrantSecret(w.secret.ID, permission, id)
		return id, as
	}
	var manager uuid.UUID
	manager, w.manager = grant("manager", access.Manage)
	w.GrantSecret(w.admin.ID, access.Read, manager)
	_, w.neighbour = grant("neighbour", access.Manage)
	_, w.writer = grant("writer", access.Write)
	_, w.reader = grant("reader", access.Read)
	_, w.auditor = w.User("auditor", access.RoleAuditor)
	w.Clock.Advance(time.Minute)
	return w
}

func (w *rotatedWorld) set(in api.PutRotation) api.Rotation {
	w.Helper()
	set, err := w.put(w.manager, in)
	wantCode(w, err, "")
	return set
}

func (w *rotatedWorld) put(by secrets.Caller, in api.PutRotation) (api.Rotation, error) {
	return w.PutRotation(w.Context(), by, secrets.PutRotation{ID: w.secret.ID, PutRotation: in})
}

func (w *rotatedWorld) rotation() api.Rotation {
	w.Helper()
	got, err := w.GetRotation(w.Context(), w.manager, w.secret.ID)
	wantCode(w, err, "")
	return got
}

func (w *rotatedWorld) rotate(in api.RotateSecret) api.RotationRun {
	w.Helper()
	run, err := w.RotateSecret(w.Context(), w.writer, w.secret.ID, in)
	wantCode(w, err, "")
	return run
}

func TestARotationIsSetShownChangedAndDeleted(t *testing.T) {
	w := newRotatedWorld(t)
	_, err := w.GetRotation(t.Context(), w.manager, w.secret.ID)
	wantCode(t, err, api.CodeNotFound)

	now := w.Clock.Now().UTC().Truncate(time.Millisecond)
	set := w.set(alternating(w.admin.ID))
	want := api.Rotation{
		SecretID: w.secret.ID, Every: "30d", Window: "2h", Rotator: "postgresql",
		Settings:  json.RawMessage(fmt.Sprintf(`{"adminSecretId":%q,"host":"db.example.com","users":["app_a","app_b"]}`, w.admin.ID)),
		Readers:   &api.RotationReaders{Within: "30d", Deadline: "7d", Grace: "10m"},
		CreatedAt: now, SetAt: &now,
	}
	if diff := cmp.Diff(want, set, cmpopts.IgnoreFields(api.Rotation{}, "NextAt", "ETag", "SetBy")); diff != "" {
		t.Errorf("set (-want +got):\n%s", diff)
	}
	if set.SetBy.Name != "manager" || set.Run != nil || set.LastRotatedAt != nil {
		t.Errorf("set: %+v", set)
	}
	if at := set.NextAt.Sub(now); at < 30*24*time.Hour || at > 30*24*time.Hour+2*time.Hour {
		t.Errorf("the first one is due after %v", at)
	}
	if diff := cmp.Diff(set, w.rotation()); diff != "" {
		t.Errorf("it is shown otherwise (-set +shown):\n%s", diff)
	}

	w.Clock.Advance(time.Hour)
	in := alternating(w.admin.ID)
	in.Every, in.Readers = "0 3 1 * *", &api.RotationReaders{Deadline: "14d", Grace: "600s"}
	changed := w.set(in)
	if changed.Every != in.Every || *changed.Readers != (api.RotationReaders{Within: "30d", Deadline: "14d", Grace: "10m"}) ||
		!changed.CreatedAt.Equal(set.CreatedAt) || !changed.SetAt.After(*set.SetAt) || changed.ETag == set.ETag {
		t.Errorf("changed: %+v", changed)
	}

	wantCode(t, w.DeleteRotation(t.Context(), w.manager, secrets.DeleteRotation{ID: w.secret.ID}), "")
	wantCode(t, w.DeleteRotation(t.Context(), w.manager, secrets.DeleteRotation{ID: w.secret.ID}), "")
	_, err = w.GetRotation(t.Context(), w.manager, w.secret.ID)
	wantCode(t, err, api.CodeNotFound)
}

// TestSettingWhatIsSetAlreadyWritesNothing: however it is written.
func TestSettingWhatIsSetAlreadyWritesNothing(t *testing.T) {
	w := newRotatedWorld(t)
	set := w.set(alternating(w.admin.ID))
	same := map[string]func(*api.PutRotation){
		"as it was": func(*api.PutRotation) {},
		"in another order, with spaces": func(in *api.PutRotation) {
			in.Settings = json.RawMessage(fmt.Sprintf("{ \"users\": [\"app_a\", \"app_b\"],\n\"host\":\"db.example.com\",\"adminSecretId\":%q}", w.admin.ID))
		},
		"with the defaults said": func(in *api.PutRotation) {
			in.Readers = &api.RotationReaders{Within: "30d", Deadline: "1w", Grace: "10m"}
		},
		"with empty readers": func(in *api.PutRotation) { in.Readers = &api.RotationReaders{} },
		"with a space about": func(in *api.PutRotation) { in.Every = " 30d " },
	}
	for name, write := range same {
		t.Run(name, func(t *testing.T) {
			w.Clock.Advance(time.Minute)
			in := alternating(w.admin.ID)
			write(&in)
			got, err := w.PutRotation(t.Context(), w.manager, secrets.PutRotation{ID: w.secret.ID, Match: `"1"`, PutRotation: in})
			wantCode(t, err, "")
			if diff := cmp.Diff(set, got); diff != "" {
				t.Errorf("it is another one (-first +second):\n%s", diff)
			}
		})
	}
	if n := len(events(w.World, of(operation.PutRotation))); n != 1 {
		t.Errorf("%d events tell of it, want 1", n)
	}
	w.Clock.Advance(time.Minute)
	got := w.set(func() api.PutRotation {
		in := alternating(w.admin.ID)
		in.Readers = &api.RotationReaders{Grace: "0s"}
		return in
	}())
	if got.Readers.Grace != "0s" || got.ETag == set.ETag {
		t.Errorf("a grace of nothing is %+v", got)
	}
}

func TestWhatIsWrongWithARotationIsSaidFieldByField(t *testing.T) {
	w := newRotatedWorld(t)
	cases := map[string]struct {
		in     api.PutRotation
		fields []string
	}{
		"no rotator":      {api.PutRotation{}, []string{"rotator"}},
		"unknown rotator": {api.PutRotation{Rotator: "oracle"}, []string{"rotator"}},
		"all of it": {api.PutRotation{
			Rotator: "postgresql", Every: "5m", Window: "1x", Readers: &api.RotationReaders{Deadline: "1y"},
			Settings: json.RawMessage(`{"host":"db","port":0,"users":["a"]}`),
		}, []string{"every", "window", "readers.deadline", "settings.port", "readers"}},
		"an unknown setting":    {api.PutRotation{Rotator: "random", Settings: json.RawMessage(`{"lenght":3}`)}, []string{"settings.lenght"}},
		"waiting for nothing":   {api.PutRotation{Rotator: "random", Readers: &api.RotationReaders{}}, []string{"readers"}},
		"the secret as its own": {alternating(w.secret.ID), []string{"settings.adminSecretId"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := w.put(w.manager, c.in)
			wantCode(t, err, api.CodeInvalid)
			var got []string
			for _, d := range detailsOf(err) {
				got = append(got, d.Field)
				if d.Message == "" {
					t.Errorf("%s says nothing", d.Field)
				}
			}
			if diff := cmp.Diff(c.fields, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOnlyWhoReadsASecretHasAWorkerUseIt: who manages a secret, and names another in its settings that it can't read, would have
// the worker send that one's value to a host of theirs.
func TestOnlyWhoReadsASecretHasAWorkerUseIt(t *testing.T) {
	w := newRotatedWorld(t)
	signed := func(key uuid.UUID) api.PutRotation {
		const text = `{"url":"https://evil.example.com/","signingSecretId":%q}`
		return api.PutRotation{Rotator: "http", Settings: json.RawMessage(fmt.Sprintf(text, key))}
	}
	refused := func(by secrets.Caller, in api.PutRotation, field string) {
		t.Helper()
		_, err := w.put(by, in)
		wantCode(t, err, api.CodeNotFound)
		if details := detailsOf(err); len(details) != 1 || details[0].Field != field {
			t.Errorf("the details are %v, want %s", details, field)
		}
	}
	refused(w.neighbour, alternating(w.admin.ID), "settings.adminSecretId")
	refused(w.neighbour, signed(w.admin.ID), "settings.signingSecretId")
	refused(w.manager, alternating(uuid.New()), "settings.adminSecretId")

	w.set(alternating(w.admin.ID))
	elsewhere := alternating(w.admin.ID)
	elsewhere.Settings = json.RawMessage(strings.Replace(string(elsewhere.Settings), "db.example.com", "evil.example.com", 1))
	refused(w.neighbour, elsewhere, "settings.adminSecretId")
	refused(w.neighbour, alternating(w.admin.ID), "settings.adminSecretId") // not even what is there
	wantCode(t, ignored(w.put(w.neighbour, randomly())), "")

	w.GrantSecret(w.admin.ID, access.Read) // nobody
	_, err := w.DeleteSecrets(t.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{w.admin.ID}})
	wantCode(t, err, "")
	refused(w.manager, alternating(w.admin.ID), "settings.adminSecretId") // in the trash
}

// detailsOf are the fields that an error names.
func detailsOf(err error) []api.Detail {
	var known *api.Error
	if errors.As(err, &known) {
		return known.Details
	}
	return nil
}

func ignored[T any](_ T, err error) error { return err }

// TestWhoMayManageARotation: seeing is for who manages and for auditors, setting for who manages, rotating for who writes.
func TestWhoMayManageARotation(t *testing.T) {
	w := newRotatedWorld(t)
	w.set(randomly())
	_, stranger := w.User("stranger", access.RoleMember)
	callers := map[string]secrets.Caller{
		"owner": w.Owner, "manager": w.manager, "writer": w.writer, "reader": w.reader, "auditor": w.auditor, "stranger": stranger,
	}
	const yes, no, hidden = api.Code(""), api.CodeForbidden, api.CodeNotFound
	cases := map[string]struct {
		do   func(by secrets.Caller) error
		want map[string]api.Code
	}{
		"get-rotation": {
			func(by secrets.Caller) error { return ignored(w.GetRotation(t.Context(), by, w.secret.ID)) },
			map[string]api.Code{"owner": yes, "manager": yes, "writer": no, "reader": no, "auditor": yes, "stranger": hidden},
		},
		"put-rotation": {
			func(by secrets.Caller) error { return ignored(w.put(by, randomly())) },
			map[string]api.Code{"owner": yes, "manager": yes, "writer": no, "reader": no, "auditor": no, "stranger": hidden},
		},
		"rotate-secret": {
			func(by secrets.Caller) error {
				return ignored(w.RotateSecret(t.Context(), by, w.secret.ID, api.RotateSecret{}))
			},
			map[string]api.Code{"owner": yes, "manager": yes, "writer": yes, "reader": no, "auditor": no, "stranger": hidden},
		},
		"delete-rotation": {
			func(by secrets.Caller) error {
				return w.DeleteRotation(t.Context(), by, secrets.DeleteRotation{ID: w.secret.ID, Force: true})
			},
			map[string]api.Code{"owner": yes, "manager": yes, "writer": no, "reader": no, "auditor": no, "stranger": hidden},
		},
	}
	for name, c := range cases {
		for who, by := range callers {
			t.Run(name+" by "+who, func(t *testing.T) {
				w.set(randomly())
				if got := secretstest.Code(c.do(by)); got != c.want[who] {
					t.Errorf("it is answered %q, want %q", got, c.want[who])
				}
			})
		}
	}
}

func TestARotationHasAnETag(t *testing.T) {
	w := newRotatedWorld(t)
	put := func(match secrets.IfMatch, every string) (api.Rotation, error) {
		return w.PutRotation(t.Context(), w.manager, secrets.PutRotation{
			ID: w.secret.ID, Match: match, PutRotation: api.PutRotation{Rotator: "random", Every: every},
		})
	}
	first := w.set(randomly())
	second, err := put(secrets.IfMatch(first.ETag), "60d")
	wantCode(t, err, "")
	_, err = put(secrets.IfMatch(first.ETag), "90d")
	wantCode(t, err, api.CodePreconditionFailed)

	w.Clock.Advance(time.Minute)
	w.rotate(api.RotateSecret{})
	shown := w.rotation()
	if shown.ETag == second.ETag {
		t.Error("a rotation has begun, and the ETag is as before")
	}
	_, err = put(secrets.IfMatch(second.ETag), "90d")
	wantCode(t, err, "") // how a rotation goes is nothing that others have set

	wantCode(t, w.DeleteRotation(t.Context(), w.manager, secrets.DeleteRotation{ID: w.secret.ID, Force: true}), "")
	w.Clock.Advance(time.Minute)
	for range 3 {
		w.set(randomly())
		for _, old := range []api.Rotation{first, second, shown} {
			_, err = put(secrets.IfMatch(old.ETag), "90d")
			wantCode(t, err, api.CodePreconditionFailed)
		}
		w.set(api.PutRotation{Rotator: "random", Every: "45d"})
	}
}

func TestASecretIsRotatedOnceAtATime(t *testing.T) {
	w := newRotatedWorld(t)
	_, err := w.RotateSecret(t.Context(), w.writer, w.secret.ID, api.RotateSecret{})
	wantCode(t, err, api.CodeConflict)
	if !strings.Contains(err.Error(), "put-rotation") {
		t.Errorf("it doesn't say what to do: %v", err)
	}
	w.set(randomly())
	now := w.Clock.Now().UTC().Truncate(time.Millisecond)
	id := w.NewID()
	run := w.rotate(api.RotateSecret{ID: &id})
	want := api.RotationRun{
		ID: id, State: api.RotationDue, Step: api.StepCreate, Cause: api.CauseRequest, RequestedAt: now,
	}
	if diff := cmp.Diff(want, run); diff != "" {
		t.Errorf("the run (-want +got):\n%s", diff)
	}
	for _, again := range []api.RotateSecret{{ID: &id}, {}, {ID: ptr(w.NewID())}} {
		w.Clock.Advance(time.Second)
		if got := w.rotate(again); got.ID != id {
			t.Errorf("asked again, it is %s, want %s", got.ID, id)
		}
	}
	if told := events(w.World, of(operation.RotateSecret)); len(told) != 1 || !slices.Equal(told[0].Changed, []string{"rotationDue"}) ||
		told[0].RotationID == nil || *told[0].RotationID != id || told[0].Rotator != "random" {
		t.Errorf("events: %+v", told)
	}
	if got := w.rotation(); got.Run == nil || got.Run.ID != id || got.NextAt == nil {
		t.Errorf("shown: %+v", got)
	}
}

// TestWhoAsksForWhatNoWorkerTookHasOneAskedForAgain: one that was refused may be let in by nof.
func TestWhoAsksForWhatNoWorkerTookHasOneAskedForAgain(t *testing.T) {
	f := follow(t, 0)
	secret := f.Secret("TOKEN", "first", f.ServerProject("app")).ID
	secrets.SetRotation(t, f.Service, secret, randomly())
	rotate := func() api.RotationRun {
		run, err := f.RotateSecret(t.Context(), f.Owner, secret, api.RotateSecret{})
		wantCode(t, err, "")
		return run
	}
	begun := rotate()
	for _, again := range []struct {
		after time.Duration
		asks  bool
	}{{20 * time.Second, false}, {10 * time.Second, true}, {20 * time.Second, false}, {time.Minute, true}} {
		f.Clock.Advance(again.after)
		f.publish()
		f.Bus.Published()
		if got := rotate(); got.ID != begun.ID || got.State != api.RotationDue {
			t.Errorf("after %s more it is %+v", again.after, got)
		}
		f.publish()
		var due []uuid.UUID
		for _, n := range f.Bus.Published() {
			if n.Kind == "Rotation Due" {
				due = append(due, *n.RotationID)
			}
		}
		if again.asks && !slices.Equal(due, []uuid.UUID{begun.ID}) || !again.asks && len(due) > 0 {
			t.Errorf("after %s more a worker is asked for %v; want %t", again.after, due, again.asks)
		}
	}
}

func TestTwoWhoAskAtOnceGetOneRotation(t *testing.T) {
	w := newRotatedWorld(t)
	w.set(randomly())
	const asking = 8
	ids := make([]uuid.UUID, asking)
	var all sync.WaitGroup
	for i := range asking {
		all.Go(func() {
			run, err := w.Again(nil).RotateSecret(t.Context(), w.writer, w.secret.ID, api.RotateSecret{})
			if err != nil {
				t.Error(err)
			}
			ids[i] = run.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("there are the runs %s and %s", ids[0], id)
		}
	}
	if n := len(events(w.World, of(operation.RotateSecret))); n != 1 {
		t.Errorf("%d events ask for a worker", n)
	}
}

// TestOfTwoWhoSetARotationOneIsTold: with the ETag that both saw.
func TestOfTwoWhoSetARotationOneIsTold(t *testing.T) {
	w := newRotatedWorld(t)
	first := w.set(randomly())
	const setting = 6
	errs := make([]error, setting)
	var all sync.WaitGroup
	for i := range setting {
		all.Go(func() {
			_, errs[i] = w.Again(nil).PutRotation(t.Context(), w.manager, secrets.PutRotation{
				ID: w.secret.ID, Match: secrets.IfMatch(first.ETag),
				PutRotation: api.PutRotation{Rotator: "random", Every: fmt.Sprintf("%dd", 40+i)},
			})
		})
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		switch secretstest.Code(err) {
		case "":
			won++
		case api.CodePreconditionFailed:
		default:
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d of them won", won)
	}
	if n := len(events(w.World, of(operation.PutRotation))); n != 2 {
		t.Errorf("%d events tell of it, want 2", n)
	}
}

// TestALostAnswerOfARotationIsASuccess: whatever others do in between.
func TestALostAnswerOfARotationIsASuccess(t *testing.T) {
	w := newRotatedWorld(t)
	first := secrets.PutRotation{ID: w.secret.ID, Match: `"0"`, PutRotation: randomly()}
	_, err := losing(w.World, nil).PutRotation(t.Context(), w.manager, first)
	wantCode(t, err, "")

	other := api.PutRotation{Rotator: "random", Every: "60d"}
	after := func() { w.set(other) }
	set, err := losing(w.World, after).PutRotation(t.Context(), w.manager, secrets.PutRotation{
		ID: w.secret.ID, PutRotation: api.PutRotation{Rotator: "random", Every: "90d"},
	})
	wantCode(t, err, "")
	if set.Every != "90d" || w.rotation().Every != "60d" {
		t.Errorf("answered %s, and in the end it is %s", set.Every, w.rotation().Every)
	}
	run, err := losing(w.World, nil).RotateSecret(t.Context(), w.writer, w.secret.ID, api.RotateSecret{})
	wantCode(t, err, "")
	if got := w.rotation().Run; got == nil || got.ID != run.ID {
		t.Errorf("answered %s, and it is %+v", run.ID, got)
	}
	deleted := losing(w.World, func() { w.set(other) })
	wantCode(t, deleted.DeleteRotation(t.Context(), w.manager, secrets.DeleteRotation{ID: w.secret.ID, Force: true}), "")
	if got := w.rotation(); got.Run != nil { // what was set since stays
		t.Errorf("in the end it is %+v", got)
	}
	if n := len(events(w.World, of(operation.RotateSecret))); n != 1 {
		t.Errorf("%d events ask for a worker", n)
	}
}

func TestALeakIsUrgent(t *testing.T) {
	w := newRotatedWorld(t)
	w.set(randomly())
	run := w.rotate(api.RotateSecret{})
	leaked := w.rotate(api.RotateSecret{Leaked: true})
	if leaked.ID != run.ID || leaked.Cause != api.CauseLeak || leaked.Because != "" || w.rotation().Run.Because != "said to be known to others by user writer" {
		t.Errorf("the run under way becomes %+v", leaked)
	}
	again := w.rotate(api.RotateSecret{Leaked: true})
	if diff := cmp.Diff(leaked, again); diff != "" {
		t.Errorf("said again, it is another one (-first +second):\n%s", diff)
	}
}

// TestARotationUnderWayIsNotChangedUnderneath: neither its rotator, nor its target, nor by deleting it; when and for whom is no
// matter.
func TestARotationUnderWayIsNotChangedUnderneath(t *testing.T) {
	w := newRotatedWorld(t)
	single := alternating(w.admin.ID)
	single.Settings = json.RawMessage(`{"host":"db.example.com","users":["app_a"]}`)
	w.set(alternating(w.admin.ID))
	run := w.rotate(api.RotateSecret{})
	elsewhere, others := alternating(w.admin.ID), alternating(w.admin.ID)
	elsewhere.Settings = json.RawMessage(strings.Replace(string(elsewhere.Settings), "db.example.com", "db2.example.com", 1))
	others.Settings = json.RawMessage(strings.Replace(string(others.Settings), "app_b", "app_c", 1))
	for _, in := range []api.PutRotation{randomly(), single, elsewhere, others} {
		_, err := w.put(w.manager, in)
		wantCode(t, err, api.CodeConflict)
		if !strings.Contains(err.Error(), "delete-rotation with force=true") {
			t.Errorf("it doesn't say what to do: %v", err)
		}
	}
	wantCode(t, w.DeleteRotation(t.Context(), w.manager, secrets.DeleteRotation{ID: w.secret.ID}), api.CodeConflict)
	later := alternating(w.admin.ID)
	later.Every, later.Readers = "60d", &api.RotationReaders{Deadline: "14d"}
	if got := w.set(later); got.Run == nil || got.Run.ID != run.ID || got.Every != "60d" || got.Readers.Deadline != "14d" {
		t.Errorf("set: %+v", got)
	}
	wantCode(t, w.DeleteRotation(t.Context(), w.manager, secrets.DeleteRotation{ID: w.secret.ID, Force: true}), "")
	w.set(randomly())
	if got := w.rotation(); got.Run != nil {
		t.Errorf("set anew, it is %+v", got)
	}
}

// TestSettingsThatAnotherVersionTookHoldUpNothing: they are seen, set anew and deleted, and others are rotated.
func TestSettingsThatAnotherVersionTookHoldUpNothing(t *testing.T) {
	w := newRotatedWorld(t)
	w.set(randomly())
	secrets.SetRotation(t, w.Service, w.admin.ID, randomly())
	secrets.SpoilRotation(t, w.Service, w.secret.ID)
	if got := w.rotation(); got.Rotator != "random" || string(got.Settings) != `{"ofAnotherVersion":1}` {
		t.Errorf("shown: %+v", got)
	}
	_, err := w.RotateSecret(t.Context(), w.writer, w.secret.ID, api.RotateSecret{})
	wantCode(t, err, api.CodeConflict)
	list, err := w.ListRotations(t.Context(), w.Owner, w.Organization, secrets.ListRotations{Page: page})
	wantCode(t, err, "")
	reasons := map[string]bool{}
	for _, e := range list.Data {
		reasons[e.Secret.Name] = strings.Contains(e.Reason, "ofAnotherVersion")
	}
	if diff := cmp.Diff(map[string]bool{"DATABASE_PASSWORD": true, "DATABASE_ADMIN": false}, reasons); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	w.Clock.Advance(31 * 24 * time.Hour)
	if moved := dispatch(t, w.World); moved != 1 {
		t.Errorf("%d are dispatched", moved)
	}
	told, err := w.RotateOnEvent(t.Context(), event("strongroom.leak", "Leak Found", map[string]any{"secretId": w.secret.ID}))
	if err != nil || told.Unset != 1 {
		t.Errorf("%+v, %v", told, err)
	}
	w.set(randomly())
	if run := w.rotate(api.RotateSecret{}); run.State != api.RotationDue {
		t.Errorf("set anew, it is %+v", run)
	}
	secrets.SpoilRotation(t, w.Service, w.secret.ID)
	wantCode(t, w.DeleteRotation(t.Context(), w.manager, secrets.DeleteRotation{ID: w.secret.ID}), api.CodeConflict)
	wantCode(t, w.DeleteRotation(t.Context(), w.manager, secrets.DeleteRotation{ID: w.secret.ID, Force: true}), "")
}

func TestARotationGoesWithItsSecret(t *testing.T) {
	w := newRotatedWorld(t)
	set := w.set(randomly())
	_, err := w.DeleteSecrets(t.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{w.secret.ID}})
	wantCode(t, err, "")
	gone := map[string]error{
		"get-rotation":    ignored(w.GetRotation(t.Context(), w.Owner, w.secret.ID)),
		"put-rotation":    ignored(w.put(w.Owner, randomly())),
		"rotate-secret":   ignored(w.RotateSecret(t.Context(), w.Owner, w.secret.ID, api.RotateSecret{})),
		"delete-rotation": w.DeleteRotation(t.Context(), w.Owner, secrets.DeleteRotation{ID: w.secret.ID}),
	}
	for name, err := range gone {
		if secretstest.Code(err) != api.CodeNotFound {
			t.Errorf("%s of a secret in the trash: %v", name, err)
		}
	}
	restored, err := w.RestoreFromTrash(t.Context(), w.Owner, w.Organization, api.RestoreFromTrash{IDs: []uuid.UUID{w.secret.ID}})
	if err != nil || restored.Data[0].Error != nil {
		t.Fatal(restored, err)
	}
	if diff := cmp.Diff(set, w.rotation()); diff != "" {
		t.Errorf("restored, it is another one (-before +after):\n%s", diff)
	}
	ids := api.IDs{IDs: []uuid.UUID{w.secret.ID}}
	wantCode(t, ignored(w.DeleteSecrets(t.Context(), w.Owner, ids)), "")
	wantCode(t, ignored(w.PurgeTrash(t.Context(), w.Owner, w.Organization, ids)), "")
	wantCode(t, ignored(w.SweepDeleted(t.Context())), "")
	_, left, err := w.Table().Get(t.Context(), table.Key{PK: "SECRET#" + w.secret.ID.String(), SK: "ROTATION"})
	if err != nil || left {
		t.Errorf("the rotation is left of a secret that was purged and swept (%v)", err)
	}
}
