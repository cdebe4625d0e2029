package secrets_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/secrets"
)

// TestRefusedSettingsAreSetAnewThoughARotationIsOpen: with those that are stored nobody could end it.
func TestRefusedSettingsAreSetAnewThoughARotationIsOpen(t *testing.T) {
	for name, c := range map[string]struct {
		open   func(w *working)
		stages string
		ends   func(w *working)
	}{
		"under way": {func(w *working) { secrets.SpoilRotation(t, w.Service, w.secret.ID) }, "2 pending, 1 current", func(w *working) {
			wantCode(t, ignored(w.promote()), "")
		}},
		"given up, with a pending version": {func(w *working) {
			secrets.SpoilRotation(t, w.Service, w.secret.ID)
			w.Clock.Advance(rotation.LeaseTime)
			dispatch(t, w.World)
		}, "2 pending, 1 current", func(w *working) {
			w.begin()
			wantCode(t, ignored(w.promote()), "")
		}},
		"with an old value that works": {func(w *working) {
			wantCode(t, ignored(w.promote()), "")
			secrets.MoveRotation(t, w.Service, w.secret.ID, func(r *rotation.Record) { r.Run.Step = api.StepRetire; r.Discarded("it is stuck", w.Clock.Now()) })
			secrets.SpoilRotation(t, w.Service, w.secret.ID)
		}, "2 current, 1 previous", func(w *working) {
			w.begin()
			wantCode(t, ignored(w.report(api.OutcomeRetired, "")), "")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorking(t, randomly())
			wantCode(t, ignored(w.putPending("second")), "")
			c.open(w)
			w.wantStages(c.stages)
			_, err := w.put(w.manager, alternating(w.admin.ID))
			wantCode(t, err, api.CodeConflict)
			for _, says := range []string{"this version refuses its settings", "delete-rotation with force=true"} {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("another rotator: %v; want %q", err, says)
				}
			}
			w.set(api.PutRotation{Rotator: "random", Every: "7d", Settings: json.RawMessage(`{"length":40}`)})
			if got := w.rotation(); string(got.Settings) != `{"length":40}` || got.Every != "7d" {
				t.Errorf("it is set %+v", got)
			}
			c.ends(w)
			w.wantStages("2 current, 1 previous")
			w.Clock.Advance(time.Minute)
			if run := w.rotation().Run; run.State != api.RotationDone {
				t.Errorf("it ended %+v", run)
			}
		})
	}
}

// TestSettingsThatAreTakenStayWhileARotationIsOpen: only those that are refused are replaced.
func TestSettingsThatAreTakenStayWhileARotationIsOpen(t *testing.T) {
	w := newWorking(t, randomly())
	_, err := w.put(w.manager, api.PutRotation{Rotator: "random", Settings: json.RawMessage(`{"length":40}`)})
	if wantCode(t, err, api.CodeConflict); !strings.Contains(err.Error(), "only the schedule and the readers can be changed now") {
		t.Error(err)
	}
}
