package secrets

import (
	"encoding/json"

	"strongroom/pkg/api"
)

// settings are the rotator's settings as they are shown.
func (rec *rotationRecord) settings() json.RawMessage {
	if len(rec.Settings) == 0 {
		return json.RawMessage("{}")
	}
	return json.RawMessage(rec.Settings)
}

// showRun is the latest run as it is shown, but for who is waited for. Its cause in words may name people, and so is for whom the
// rotation tells.
func (r *rotationSight) showRun() api.RotationRun {
	run := &r.state.Run
	shown := api.RotationRun{
		ID: run.ID, State: run.State, Step: run.Step, Cause: run.Cause.Kind,
		RequestedAt: run.RequestedAt, StartedAt: orNever(run.StartedAt), FinishedAt: orNever(run.FinishedAt),
		Attempts: run.Attempts, TryAt: orNever(run.TryAt), From: run.From, Version: run.Version, Reason: run.Reason,
		RetireBy: orNever(run.RetireBy), Missing: run.Missing,
	}
	if r.tells {
		shown.Because = run.Cause.Because
	}
	return shown
}
