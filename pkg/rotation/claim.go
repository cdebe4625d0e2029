package rotation

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// Claim gives the run to a worker under a lease, or renews it, for MaxAttempt from when it was taken. Another lease that holds, and
// a run that asks for no worker, are refused. current is the secret's current version: the one that is replaced, unless a pending version was made from another.
func (r *Record) Claim(lease api.RotationLease, holder uuid.UUID, current int64, now time.Time) error {
	run, since := &r.Run, now
	switch {
	case run.ID != lease.ID:
		return refuse("this is not the secret's rotation any more; ask for the task anew")
	case run.Ended == lease.Lease:
		return refuse("this lease has ended; take the rotation under another one")
	case run.State == api.RotationRunning && run.Lease.ID == lease.Lease: // renewed, even a moment late
		if !run.Lease.Since.IsZero() {
			since = run.Lease.Since
		}
		if now.Sub(since) >= r.worked(MaxAttempt) {
			return refuse("this attempt has lasted since %s, and none is renewed for longer than %s; another worker goes on",
				since.Format(time.RFC3339), r.worked(MaxAttempt))
		}
	case run.State == api.RotationRunning && run.Lease.Until.After(now):
		return refuse("another worker has this rotation until %s", run.Lease.Until.Format(time.RFC3339))
	case run.State == api.RotationDue && run.TryAt.After(now):
		return refuse("this rotation failed a moment ago; it is tried again from %s", run.TryAt.Format(time.RFC3339))
	case run.State == api.RotationDue || run.State == api.RotationRunning:
		if r.Last() {
			return refuse("this rotation was tried %d times; no more attempts are made", run.Attempts)
		}
		r.take(current, now)
	case run.State == api.RotationWaiting:
		return refuse("this rotation waits for readers; nothing is to be done")
	default:
		return refuse("this rotation is over: %s", run.State)
	}
	run.State, run.Lease = api.RotationRunning, Lease{ID: lease.Lease, Holder: holder, Since: since, Until: now.Add(r.worked(LeaseTime))}
	return nil
}

// take begins an attempt.
func (r *Record) take(current int64, now time.Time) {
	run := &r.Run
	if run.State == api.RotationRunning {
		run.Reason = wordless
	}
	run.Attempts++
	run.TryAt, run.AskedSince = time.Time{}, time.Time{}
	if run.StartedAt.IsZero() {
		run.StartedAt = now
	}
	if run.Version == 0 {
		run.From = current
	}
}

// Held is nil where the run is under that lease. A lease that ended holds on as long as nobody else has taken the run.
func (r *Record) Held(lease api.RotationLease) error {
	switch {
	case r.Run.ID != lease.ID:
		return refuse("this is not the secret's rotation any more")
	case r.Run.State != api.RotationRunning || r.Run.Lease.ID != lease.Lease:
		return refuse("this worker does not have the rotation any more; another one goes on with it, or it is over")
	}
	return nil
}

// Last says whether no attempt follows the present one.
func (r *Record) Last() bool { return r.Run.Attempts >= MaxAttempts }

// proving are the steps at which there is a pending version, in their order.
var proving = []api.RotationStep{api.StepSet, api.StepTest, api.StepFinish}

// At notes at which step the worker is: forwards alone, and not beyond what package secrets knows to have happened.
func (r *Record) At(step api.RotationStep) {
	from := slices.Index(proving, r.Run.Step)
	if r.Run.Version != 0 && from >= 0 && slices.Index(proving, step) > from {
		r.Run.Step = step
	}
}

// Created notes the pending version that the worker stored, and the one that it replaces: for the first time, or again, since the
// one before does not fit the secret any more.
func (r *Record) Created(version, base int64) {
	r.Run.Version, r.Run.From, r.Run.Step = version, base, api.StepSet
}
