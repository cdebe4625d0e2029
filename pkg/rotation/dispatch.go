package rotation

import (
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// Due is when the dispatcher has something to do about the secret; zero for never.
func (r *Record) Due() time.Time {
	switch r.Run.State {
	case api.RotationDue:
		if r.Run.TryAt.After(r.Run.AskedAt) {
			return r.Run.TryAt
		}
		return r.Run.AskedAt.Add(r.worked(AskAgain))
	case api.RotationRunning:
		return r.Run.Lease.Until
	case api.RotationWaiting:
		return r.Run.CheckAt
	case api.RotationDone, api.RotationFailed:
		if r.Run.Unretired() {
			return r.Run.TryAt
		}
		if r.Again != (Cause{}) {
			return r.Run.FinishedAt
		}
	}
	return r.NextAt
}

// Dispatch does what is due at now, for all states but waiting, and says whether a worker is to be asked for. id is that of a run
// that begins, unless it was asked for under another one.
func (r *Record) Dispatch(id uuid.UUID, now time.Time) (ask bool) {
	due := r.Due()
	if due.IsZero() || due.After(now) || r.Run.State == api.RotationWaiting {
		return false
	}
	switch {
	case !r.Run.Active() && r.Run.Unretired():
		r.retireAnew(now)
		return true
	case !r.Run.Active():
		if !r.NextAt.After(now) {
			r.schedule(bySchedule, now) // if this one fails, the next one is tried then
		}
		if r.AgainID != uuid.Nil {
			id = r.AgainID
		}
		return r.Request(id, bySchedule, now)
	case r.Run.State == api.RotationRunning:
		r.Run.Reason = wordless
		if r.Last() {
			r.fail(wordless, now)
			return false
		}
		r.Run.State = api.RotationDue
		r.Run.release()
	case !r.askedLately(now):
		r.Run.AskedSince = time.Time{} // for that time nobody could have come
	case r.nobodyCame(now):
		r.fail("no worker came; is one deployed for the rotator, and may it write the secret?", now)
		return false
	}
	r.Run.AskedAt, r.Run.TryAt = now, time.Time{}
	if r.Run.AskedSince.IsZero() {
		r.Run.AskedSince = now
	}
	return true
}

// nobodyCame says whether workers have been asked for in vain for as long as they are.
func (r *Record) nobodyCame(now time.Time) bool {
	return !r.Run.AskedSince.IsZero() && now.Sub(r.Run.AskedSince) >= r.worked(NobodyCame)
}

// askedLately says whether a worker was asked for when that was due, or a little later. Else the dispatcher was stopped.
func (r *Record) askedLately(now time.Time) bool {
	return now.Sub(r.Run.AskedAt) < 2*r.worked(AskAgain)
}

// PutOff notes that the run can't go on for now, and so that nobody comes.
func (r *Record) PutOff() { r.Run.AskedSince = time.Time{} }

// retireAnew has a run that failed to retire the old value try that again, as often as before.
func (r *Record) retireAnew(now time.Time) {
	run := &r.Run
	run.State, run.Attempts, run.FinishedAt = api.RotationDue, 0, time.Time{}
	run.AskedAt, run.AskedSince, run.TryAt = now, now, time.Time{}
}

// bySchedule is why the dispatcher begins a run of its own.
var bySchedule = Cause{Kind: api.CauseSchedule}

// wordless is the reason of an attempt whose lease ended.
const wordless = "its worker ended without a word"
