package secrets_test

import (
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
)

// TestWhoMayOnlyWriteIsNotToldWhy: a cause in words may name who left, whom a worker doesn't know.
func TestWhoMayOnlyWriteIsNotToldWhy(t *testing.T) {
	w := newRotatedWorld(t)
	w.set(randomly())
	told, err := w.RotateOnEvent(t.Context(), event("strongroom.rotate", "Rotate", map[string]any{"secretId": w.secret.ID, "reason": "ada left"}))
	if err != nil || told.Requested != 1 {
		t.Fatal(told, err)
	}
	for name, c := range map[string]struct {
		by    secrets.Caller
		tells bool
	}{"writer": {w.writer, false}, "manager": {w.manager, true}} {
		run, err := w.RotateSecret(t.Context(), c.by, w.secret.ID, api.RotateSecret{})
		if wantCode(t, err, ""); (run.Because != "") != c.tells || run.Cause != api.CauseEvent {
			t.Errorf("rotate-secret tells the %s %q, %s", name, run.Because, run.Cause)
		}
		lease := api.RotationLease{ID: run.ID, Lease: uuid.New()}
		task, err := w.ClaimRotation(t.Context(), c.by, w.secret.ID, api.ClaimRotation{RotationLease: lease})
		if wantCode(t, err, ""); (task.Run.Because != "") != c.tells {
			t.Errorf("claim-rotation tells the %s %q", name, task.Run.Because)
		}
		run, err = w.ReportRotation(t.Context(), c.by, w.secret.ID, api.ReportRotation{RotationLease: lease, Outcome: api.OutcomeRetry, Reason: "no luck"})
		if wantCode(t, err, ""); (run.Because != "") != c.tells {
			t.Errorf("report-rotation tells the %s %q", name, run.Because)
		}
	}
}
