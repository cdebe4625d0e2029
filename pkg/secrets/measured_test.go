package secrets_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/metric"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// measure answers what was counted while do was done.
func measure(ctx context.Context, do func(context.Context)) map[metric.Name]float64 {
	ctx, counts := metric.With(ctx)
	do(ctx)
	got := map[metric.Name]float64{}
	for _, v := range counts.Values() {
		got[v.Name] = v.Value
	}
	return got
}

// TestRecordedDenialsAreCounted: a stranger's once a minute, as they are recorded.
func TestRecordedDenialsAreCounted(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("A", "one", w.ServerProject("plain"))
	_, member := w.User("member", access.RoleMember)
	get := func(name string, want float64, code api.Code) {
		t.Helper()
		got := measure(t.Context(), func(ctx context.Context) {
			by := w.Owner
			switch name {
			case "member":
				by = member
			case "stranger":
				by = secretstest.Caller("stranger")
			}
			_, err := w.GetSecret(ctx, by, secret.ID, nil)
			wantCode(t, err, code)
		})
		if got[metric.Denied] != want {
			t.Errorf("%s: %g denials are counted, want %g", name, got[metric.Denied], want)
		}
	}
	get("owner", 0, "")
	get("member", 1, api.CodeNotFound)
	get("stranger", 1, api.CodeForbidden)
	get("stranger", 0, api.CodeForbidden)
}

// unwritable is a table that nothing can be written to.
type unwritable struct{ table.Table }

func (unwritable) Transact(context.Context, table.Transaction) error { return errors.New("not today") }

// TestSealsAreMeasured also where a run fails: who watches the age sees it grow.
func TestSealsAreMeasured(t *testing.T) {
	w := newSealWorld(t, nil)
	w.Clock.Advance(2*time.Hour + 10*time.Minute) // it is 12:11
	run := func(w *secretstest.World) map[metric.Name]float64 {
		return measure(t.Context(), func(ctx context.Context) { _, _ = w.SealEvents(ctx) })
	}
	if got := run(w); got[metric.SealedHours] != 2 || got[metric.SealAgeSeconds] != (11*time.Minute).Seconds() {
		t.Errorf("measured %v", got)
	}
	w.Clock.Advance(time.Hour)
	failing := w.Again(func(tbl table.Table) table.Table { return unwritable{tbl} })
	if got := run(failing); got[metric.SealedHours] != 0 || got[metric.SealAgeSeconds] != (71*time.Minute).Seconds() {
		t.Errorf("measured %v of a run that fails", got)
	}
}

// mute is a table whose next transaction is done, and not answered.
type mute struct {
	table.Table
	next atomic.Bool
}

func (m *mute) Transact(ctx context.Context, transaction table.Transaction) error {
	if err := m.Table.Transact(ctx, transaction); err != nil || !m.next.Swap(false) {
		return err
	}
	return errors.New("no answer")
}

// TestRotationsAreCounted where they are asked for, finished and given up, each once, and by the dispatcher how late it is.
func TestRotationsAreCounted(t *testing.T) {
	silent := &mute{}
	w := newWorld(t)
	again := w.Again(func(tbl table.Table) table.Table { silent.Table = tbl; return silent })
	secret := again.Secret("PASSWORD", "v", again.ServerProject("plain")).ID
	secrets.SetRotation(t, again.Service, secret, daily)
	run := func(do func(context.Context) error) map[metric.Name]float64 {
		t.Helper()
		return measure(t.Context(), func(ctx context.Context) { wantCode(t, do(ctx), "") })
	}
	dispatched := func(ctx context.Context) error { _, err := again.DispatchRotations(ctx); return err }
	type counts = map[metric.Name]float64
	want := func(what string, got, want counts) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	want("nothing is due", run(dispatched), counts{metric.RotationLateSeconds: 0})
	again.Clock.Advance(24*time.Hour + 90*time.Second)
	late := float64(again.Clock.Now().UnixMilli()-secrets.RotationOf(t, again.Service, secret).NextAt.UnixMilli()) / 1000
	silent.next.Store(true)
	want("one is", run(dispatched), counts{metric.RotationsDue: 1, metric.RotationLateSeconds: late})
	asked := secrets.RotationOf(t, again.Service, secret).Run.ID
	lease := api.RotationLease{ID: asked, Lease: uuid.New()}
	want("a worker takes it", run(func(ctx context.Context) error {
		_, err := again.ClaimRotation(ctx, again.Owner, secret, api.ClaimRotation{RotationLease: lease})
		return err
	}), counts{})
	want("and makes a value", run(func(ctx context.Context) error {
		value := "new"
		_, err := again.PutPendingVersion(ctx, again.Owner, secret, api.PutPendingVersion{RotationLease: lease, Base: 1, Value: &value})
		return err
	}), counts{})
	silent.next.Store(true)
	promote := func(ctx context.Context) error {
		_, err := again.PromoteVersion(ctx, again.Owner, secret, api.PromoteVersion{RotationLease: lease, Version: 2})
		return err
	}
	want("which becomes the current one", run(promote), counts{metric.RotationsFinished: 1})
	want("and does so again", run(promote), counts{})
	want("another is asked for", run(func(ctx context.Context) error {
		answer, err := again.RotateSecret(ctx, again.Owner, secret, api.RotateSecret{})
		lease.ID = answer.ID
		return err
	}), counts{metric.RotationsDue: 1})
	want("and given up", run(func(ctx context.Context) error {
		_, err := again.ClaimRotation(ctx, again.Owner, secret, api.ClaimRotation{RotationLease: lease})
		wantCode(t, err, "")
		_, err = again.ReportRotation(ctx, again.Owner, secret, api.ReportRotation{RotationLease: lease, Outcome: api.OutcomeFailed, Reason: "gone"})
		return err
	}), counts{metric.RotationsFailed: 1})
}

// TestRotationsThatWaitAreCounted when the dispatcher looks at them.
func TestRotationsThatWaitAreCounted(t *testing.T) {
	w := newWaitingWorld(t, "reader")
	w.finish()
	got := measure(t.Context(), func(ctx context.Context) {
		if _, err := w.DispatchRotations(ctx); err != nil {
			t.Error(err)
		}
	})
	delete(got, metric.RotationLateSeconds)
	if diff := cmp.Diff(map[metric.Name]float64{metric.RotationsWaiting: 1}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
