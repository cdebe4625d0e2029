package secrets_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/metric"
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
