package secrets_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
)

// A waitingWorld has a secret with alternating users whose readers are summed up, and its worker.
type waitingWorld struct {
	*followed
	secret, admin uuid.UUID
	worker        secrets.Caller
	names         map[uuid.UUID]string
	as            map[string]secrets.Caller
	ids           map[string]uuid.UUID
	base          int64 // the version that the worker read
}

// newWaitingWorld has these service accounts read the secret.
func newWaitingWorld(t *testing.T, readers ...string) *waitingWorld {
	t.Helper()
	w := &waitingWorld{
		followed: follow(t, 0), names: map[uuid.UUID]string{}, as: map[string]secrets.Caller{}, ids: map[string]uuid.UUID{},
	}
	project := w.ServerProject("app")
	w.secret = w.World.Secret("DATABASE_PASSWORD", `{"username":"app_a","password":"first"}`, project).ID
	w.admin = w.World.Secret("DATABASE_ADMIN", "admin", w.ServerProject("databases")).ID
	worker, as := w.ServiceAccount("worker")
	w.worker = as
	w.Grant(project, access.Write, worker)
	for _, name := range readers {
		w.ids[name], w.as[name] = w.ServiceAccount(name)
		w.names[w.ids[name]] = name
		w.GrantSecret(w.secret, access.Read, w.ids[name])
	}
	w.names[w.OwnerID] = "owner"
	for _, name := range readers {
		get(t, w.World, w.as[name], w.secret)
	}
	w.rollUp()
	w.set(nil)
	return w
}

func (w *waitingWorld) set(readers *api.RotationReaders) {
	w.Helper()
	in := alternating(w.admin)
	in.Readers = readers
	_, err := w.PutRotation(w.Context(), w.Owner, secrets.PutRotation{ID: w.secret, PutRotation: in})
	wantCode(w, err, "")
}

// take asks for a rotation and takes it.
func (w *waitingWorld) take() api.RotationLease {
	w.Helper()
	run, err := w.RotateSecret(w.Context(), w.Owner, w.secret, api.RotateSecret{ID: ptr(w.NewID())})
	wantCode(w, err, "")
	lease := api.RotationLease{ID: run.ID, Lease: uuid.New()}
	_, err = w.ClaimRotation(w.Context(), w.worker, w.secret, api.ClaimRotation{RotationLease: lease})
	wantCode(w, err, "")
	w.base = get(w, w.World, w.worker, w.secret).Version
	return lease
}

// pend puts a pending version.
func (w *waitingWorld) pend(lease api.RotationLease) {
	w.Helper()
	_, err := w.PutPendingVersion(w.Context(), w.worker, w.secret, api.PutPendingVersion{
		RotationLease: lease, Base: w.base, Value: ptr(`{"username":"app_b","password":"second"}`),
	})
	wantCode(w, err, "")
}

// finish has the secret rotated up to where it waits for readers.
func (w *waitingWorld) finish() {
	w.Helper()
	lease := w.take()
	w.pend(lease)
	_, err := w.PromoteVersion(w.Context(), w.worker, w.secret, api.PromoteVersion{RotationLease: lease, Version: w.run().Version})
	wantCode(w, err, "")
	w.Clock.Advance(time.Minute)
	w.rollUp()
}

func (w *waitingWorld) run() api.RotationRun {
	w.Helper()
	got, err := w.GetRotation(w.Context(), w.Owner, w.secret)
	wantCode(w, err, "")
	if got.Run == nil {
		w.Fatal("no run is shown")
	}
	return *got.Run
}

// wantWaiting says who is waited for.
func (w *waitingWorld) wantWaiting(want ...string) {
	w.Helper()
	run := w.run()
	got := []string{}
	for _, r := range run.WaitingFor {
		got = append(got, w.names[r.ID])
		if r.Name != w.names[r.ID] || r.Version != 1 || r.Last.IsZero() || r.Kind == "" {
			w.Errorf("%s is shown as %+v", w.names[r.ID], r)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || run.Missing != int64(len(want)) || run.State != api.RotationWaiting {
		w.Errorf("%s: waited for are %q (%d), want %q", run.State, got, run.Missing, want)
	}
}

// TestWhoOnlySetAValueIsNotWaitedFor: who knows the newest value that it knows because it set that itself; but for who read it then.
func TestWhoOnlySetAValueIsNotWaitedFor(t *testing.T) {
	w := newWaitingWorld(t, "reads", "sets", "both")
	for _, name := range []string{"sets", "both"} {
		w.GrantSecret(w.secret, access.Write, w.ids[name])
		value := `{"username":"app_a","password":"by ` + name + `"}`
		_, err := w.UpdateSecret(t.Context(), w.as[name], secrets.UpdateSecret{ID: w.secret, UpdateSecret: api.UpdateSecret{Value: &value}})
		wantCode(t, err, "")
	}
	get(t, w.World, w.as["both"], w.secret)
	w.finish()
	versions := map[string]int64{}
	for _, r := range w.run().WaitingFor {
		versions[w.names[r.ID]] = r.Version
	}
	if diff := cmp.Diff(map[string]int64{"reads": 1, "both": 3}, versions); diff != "" {
		t.Errorf("waited for are (-want +got):\n%s", diff)
	}
}

// TestWhoIsWaitedFor: who read an older version lately, may read still, and has not come.
func TestWhoIsWaitedFor(t *testing.T) {
	w := newWaitingWorld(t, "api", "batch", "cron")
	w.finish()
	w.wantWaiting("api", "batch", "cron")

	get(t, w.World, w.as["api"], w.secret)
	w.wantWaiting("api", "batch", "cron") // what is summed up lags behind
	w.rollUp()
	w.wantWaiting("batch", "cron")

	disabled, err := w.SetDisabled(t.Context(), w.Owner, w.ids["batch"], true)
	if err != nil || !*disabled.Disabled {
		t.Fatal(disabled, err)
	}
	w.wantWaiting("cron")
	wantCode(t, ignored(w.SetDisabled(t.Context(), w.Owner, w.ids["batch"], false)), "")
	w.wantWaiting("batch", "cron")
	wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, w.ids["batch"]), "")
	w.wantWaiting("cron")
	access, err := w.GetSecretAccess(t.Context(), w.Owner, w.secret)
	wantCode(t, err, "")
	grants := slices.DeleteFunc(access.Grants, func(g api.Grant) bool { return g.Principal.ID == w.ids["cron"] })
	wantCode(t, ignored(w.PutSecretAccess(t.Context(), w.Owner, secrets.PutAccess{ID: w.secret, Grants: grants})), "")
	w.wantWaiting()
}

// TestWhoReadLongAgoIsNotWaitedFor: as the settings say, which may be changed while it waits.
func TestWhoReadLongAgoIsNotWaitedFor(t *testing.T) {
	w := newWaitingWorld(t, "api")
	w.finish()
	w.wantWaiting("api")
	w.set(&api.RotationReaders{Within: "30s"})
	w.wantWaiting()
}

// TestTheDeadlineOfWhatWaitsFollowsTheSettings: it counts from when the new version became the current one.
func TestTheDeadlineOfWhatWaitsFollowsTheSettings(t *testing.T) {
	w := newWaitingWorld(t, "api")
	w.finish()
	before := w.run()
	w.Clock.Advance(time.Hour)
	w.set(&api.RotationReaders{Deadline: "2d"})
	if got := before.RetireBy.Sub(*w.run().RetireBy); got != 5*24*time.Hour {
		t.Errorf("two days instead of seven are %v earlier", got)
	}
}

// TestALeakedValueWaitsForNobody: the old value is retired at once, and another rotation follows.
func TestALeakedValueWaitsForNobody(t *testing.T) {
	w := newWaitingWorld(t, "api")
	w.finish()
	now := w.Clock.Now().UTC().Truncate(time.Millisecond)
	run, err := w.RotateSecret(t.Context(), w.Owner, w.secret, api.RotateSecret{Leaked: true})
	wantCode(t, err, "")
	if !run.RetireBy.Equal(now) || run.Cause != api.CauseRequest {
		t.Errorf("the run that waits becomes %+v", run)
	}
	w.set(&api.RotationReaders{Deadline: "90d"})
	if got := w.run(); !got.RetireBy.Equal(now) {
		t.Errorf("the settings were changed, and the leaked value works until %v", got.RetireBy)
	}
	w.publish()
	for _, n := range w.Bus.Published() {
		if n.Kind == "Rotation Due" && n.Action == string(operation.RotateSecret) && *n.RotationID == run.ID && n.At.Equal(now) {
			t.Error("a worker is asked for while there is nothing to do")
		}
	}
}

// TestAWorkerIsAskedForOnTheBus: by ids and the kind of the rotator alone.
func TestAWorkerIsAskedForOnTheBus(t *testing.T) {
	w := newWaitingWorld(t)
	w.publish()
	for _, n := range w.Bus.Published() {
		if n.RotationID != nil {
			t.Errorf("published before it was asked for: %+v", n)
		}
	}
	run, err := w.RotateSecret(t.Context(), w.Owner, w.secret, api.RotateSecret{})
	wantCode(t, err, "")
	w.publish()
	published := w.Bus.Published()
	if len(published) != 1 {
		t.Fatalf("published are %+v", published)
	}
	n := published[0]
	want := secrets.Detail{
		EventID: n.EventID, OrganizationID: w.Organization, Action: "rotate-secret", ResourceKind: "secret", ResourceID: w.secret,
		ActorKind: "user", ActorID: &w.OwnerID, Changed: []string{"rotationDue"}, RotationID: &run.ID, Rotator: "postgresql",
	}
	if diff := cmp.Diff(want, n.Detail); diff != "" || n.Kind != "Rotation Due" {
		t.Errorf("%s (-want +got):\n%s", n.Kind, diff)
	}
}

// TestARotationThatFailedIsTriedAtOnceWhenAsked: not when its pause is over; a repetition of the first request asks for nothing.
func TestARotationThatFailedIsTriedAtOnceWhenAsked(t *testing.T) {
	w := newWaitingWorld(t)
	lease := w.take()
	failed, err := w.ReportRotation(t.Context(), w.worker, w.secret, api.ReportRotation{
		RotationLease: lease, Outcome: api.OutcomeRetry, Reason: "connection refused",
	})
	if err != nil || failed.TryAt == nil {
		t.Fatalf("failed: %+v, %v", failed, err)
	}
	ask := func(in api.RotateSecret) api.RotationRun {
		t.Helper()
		run, err := w.RotateSecret(t.Context(), w.Owner, w.secret, in)
		wantCode(t, err, "")
		if run.ID != lease.ID || run.Attempts != 1 {
			t.Errorf("asked for, it is %+v", run)
		}
		return run
	}
	claim := func() error {
		again := api.RotationLease{ID: lease.ID, Lease: uuid.New()}
		return ignored(w.ClaimRotation(t.Context(), w.worker, w.secret, api.ClaimRotation{RotationLease: again}))
	}
	wantCode(t, claim(), api.CodeConflict)
	if run := ask(api.RotateSecret{ID: &lease.ID}); run.TryAt == nil {
		t.Error("the request that began it came again, and it is tried at once")
	}
	if run := ask(api.RotateSecret{}); run.TryAt != nil {
		t.Errorf("it is tried at %v", run.TryAt)
	}
	wantCode(t, claim(), "")
}

// TestWhatAFailedRotationLeftIsGivenUpKnowingly: its pending version may be what the target has.
func TestWhatAFailedRotationLeftIsGivenUpKnowingly(t *testing.T) {
	w := newWaitingWorld(t)
	lease := w.take()
	w.pend(lease)
	_, err := w.ReportRotation(t.Context(), w.worker, w.secret, api.ReportRotation{
		RotationLease: lease, Outcome: api.OutcomeFailed, Reason: "nobody knows",
	})
	wantCode(t, err, "")
	if run := w.run(); run.State != api.RotationFailed || run.Version != 2 {
		t.Fatalf("failed: %+v", run)
	}
	_, err = w.PutRotation(t.Context(), w.Owner, secrets.PutRotation{ID: w.secret, PutRotation: randomly()})
	wantCode(t, err, api.CodeConflict)
	before := get(t, w.World, w.Owner, w.secret)
	wantCode(t, w.DeleteRotation(t.Context(), w.Owner, secrets.DeleteRotation{ID: w.secret}), api.CodeConflict)
	wantCode(t, w.DeleteRotation(t.Context(), w.Owner, secrets.DeleteRotation{ID: w.secret, Force: true}), "")
	if diff := cmp.Diff(before, get(t, w.World, w.Owner, w.secret)); diff != "" {
		t.Errorf("the secret changed (-before +after):\n%s", diff)
	}
	versions, err := w.ListSecretVersions(t.Context(), w.Owner, w.secret, page)
	wantCode(t, err, "")
	if len(versions.Data) != 2 || versions.Data[0].Stage != "" || versions.Data[1].Stage != api.StageCurrent {
		t.Errorf("versions: %+v", versions.Data)
	}
	updated, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: w.secret, UpdateSecret: api.UpdateSecret{Value: ptr("by hand")}})
	if err != nil || updated.Version != 3 {
		t.Errorf("the number of the version that was given up is used again: %+v, %v", updated, err)
	}
}

// TestWhoNeverCameIsNamed: also who is gone since.
func TestWhoNeverCameIsNamed(t *testing.T) {
	w := newWaitingWorld(t, "api", "batch")
	w.finish()
	missing := w.run().WaitingFor
	key := table.Key{PK: "SECRET#" + w.secret.String(), SK: "ROTATION"}
	item, _, err := w.Table().Get(t.Context(), key)
	wantCode(t, err, "")
	var ids []any
	for _, r := range missing {
		ids = append(ids, r.ID[:])
	}
	run := item.Attributes["run"].(map[string]any)
	run["state"], run["neverCame"], run["missing"] = "done", ids, int64(2)
	wantCode(t, w.Table().Transact(t.Context(), table.Transaction{Writes: []table.Write{table.Put(item, table.Unconditional())}}), "")
	wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, w.ids["batch"]), "")
	for i := range missing {
		if missing[i].ID == w.ids["batch"] {
			missing[i].Name = ""
		}
	}
	got := w.run()
	if diff := cmp.Diff(missing, got.NeverCame); diff != "" || got.Missing != 2 || got.WaitingFor != nil {
		t.Errorf("%+v\n(-want +got):\n%s", got, diff)
	}
}
