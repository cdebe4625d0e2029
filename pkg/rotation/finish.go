package rotation

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// Finished notes that the pending version has become the current one: the run waits for readers where the old value works on, and
// there is one, or is done.
func (r *Record) Finished(now time.Time) {
	r.LastRotatedAt, r.LastVersion = now, r.Run.Version
	r.schedule(r.Run.Cause, now)
	r.Run.Attempts, r.Run.Reason, r.Run.Step = 0, "", api.StepFinish
	r.Run.end()
	if !r.Config.Settings.Keeps() || r.Run.From == 0 {
		r.over(api.RotationDone, now)
		return
	}
	r.Run.State, r.Run.Step, r.Run.CheckAt = api.RotationWaiting, api.StepRetire, now.Add(firstCheck)
	r.Run.RetireBy = now.Add(r.Config.Readers.Deadline)
	if r.Run.CheckAt.After(r.Run.RetireBy) {
		r.Run.CheckAt = r.Run.RetireBy
	}
	if r.Run.Cause.urgent() || r.Again.urgent() {
		r.Run.RetireBy, r.Run.CheckAt = now, now
	}
}

// Check is told which readers are missing, and says whether the old value is to be retired now: a worker is asked for then. It is
// for runs that wait.
func (r *Record) Check(missing []uuid.UUID, now time.Time) (ask bool) {
	run := &r.Run
	if run.State != api.RotationWaiting {
		return false
	}
	run.Missing = int64(len(missing))
	overdue := !run.RetireBy.After(now)
	switch {
	case len(missing) > 0:
		run.CameAt = time.Time{}
	case run.CameAt.IsZero():
		run.CameAt = now
	}
	if overdue || (!run.CameAt.IsZero() && !run.CameAt.Add(r.grace()).After(now)) {
		run.NeverCame = missing
		run.State, run.AskedAt, run.AskedSince = api.RotationDue, now, now
		return true
	}
	pause := now.Sub(r.LastRotatedAt) / 8
	run.CheckAt = now.Add(min(max(pause, firstCheck), longCheck))
	if !run.CameAt.IsZero() {
		run.CheckAt = run.CameAt.Add(r.grace())
	}
	if run.CheckAt.After(run.RetireBy) {
		run.CheckAt = run.RetireBy
	}
	return false
}

// Settled notes that nothing is left to be retired, and what else is to be known of that: why attempts before failed is none of it.
func (r *Record) Settled(reason string, now time.Time) {
	r.Run.Reason = strings.TrimSpace(reason)
	r.over(api.RotationDone, now)
}

// Failed notes that an attempt failed: it is tried again, or the run has failed. Says whether it has.
func (r *Record) Failed(reason string, final bool, now time.Time) bool {
	if final || r.Last() {
		r.fail(reason, now)
		return true
	}
	r.Run.Reason = strings.TrimSpace(reason)
	r.Run.State, r.Run.TryAt = api.RotationDue, now.Add(Backoff(r.Run.Attempts))
	r.Run.end()
	return false
}

// Discarded notes that the run was given up and its pending version is none any more. Of a run whose version has become the
// current one, it is the failure to retire the old one.
func (r *Record) Discarded(reason string, now time.Time) {
	if r.Run.Step != api.StepRetire {
		r.Run.Version, r.Run.Note = 0, ""
	}
	r.fail(reason, now)
}

func (r *Record) fail(reason string, now time.Time) {
	r.Run.Reason = strings.TrimSpace(reason)
	r.over(api.RotationFailed, now)
	if r.Run.Unretired() {
		r.Run.TryAt = now.Add(MendAfter)
	}
	r.mend(now)
}

// over ends the run.
func (r *Record) over(state api.RotationState, now time.Time) {
	r.Run.State, r.Run.FinishedAt, r.Run.TryAt = state, now, time.Time{}
	r.Run.end()
}
