package rotation

import (
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// The times of a run.
const (
	// LeaseTime is how long a lease holds unless it is renewed.
	LeaseTime = 5 * time.Minute
	// MaxAttempt is for how long a lease is renewed, and so ends at most LeaseTime later: a worker that hangs while it renews its
	// lease, or only claims, keeps no secret from being rotated. It is longer than any worker works, with what it does after its
	// work (worker.MaxWork).
	MaxAttempt = 20 * time.Minute
	// AskAgain is after how long without a worker another is asked for.
	AskAgain = 15 * time.Minute
	// hastenAgain is after how long whoever asks for a run that no worker has taken has one asked for again: a worker that was
	// refused may be let in by then.
	hastenAgain = 30 * time.Second
	// NobodyCame is after how long of asking again and again without any worker a run has failed.
	NobodyCame = 24 * time.Hour
	// MaxAttempts is how often a worker takes a run at most.
	MaxAttempts = 6
	// firstBackoff and longBackoff bound the time between attempts.
	firstBackoff = time.Minute
	longBackoff  = 2 * time.Hour
	// MendAfter is how long after a failure that left a pending version, which the target may have, another rotation begins, and
	// how long after one that left an old value working it is tried again to retire that.
	MendAfter = 6 * time.Hour
	// firstCheck and longCheck bound the time from one look for readers to the next.
	firstCheck = time.Minute
	longCheck  = time.Hour
)

// Backoff is how long after an attempt failed the next one is made: a minute after the first, then four times as long each.
func Backoff(attempts int64) time.Duration {
	pause := firstBackoff
	for range attempts - 1 {
		if pause *= 4; pause >= longBackoff {
			return longBackoff
		}
	}
	return pause
}

// A Cause is why a secret is rotated.
type Cause struct {
	Kind api.RotationCause
	// Because is the cause in words.
	Because string
}

// urgent says whether the old value is retired without waiting for anybody.
func (c Cause) urgent() bool { return c.Kind == api.CauseLeak }

// A Lease is a worker's hold on a run.
type Lease struct {
	ID uuid.UUID
	// Since is when it was taken: when the attempt began. Of one that was stored without it, it is when it is renewed next.
	Since time.Time
	Until time.Time
	// Holder is the worker's principal. It stays when the lease has ended: such a reader is waited for by nobody.
	Holder uuid.UUID
}

// A Run is one rotation of a secret. The zero value is none.
type Run struct {
	ID    uuid.UUID
	State api.RotationState
	Step  api.RotationStep
	Cause Cause
	// RequestedAt, StartedAt and FinishedAt are when it was asked for, first claimed, and over.
	RequestedAt, StartedAt, FinishedAt time.Time
	Attempts                           int64
	Lease                              Lease
	// Ended is the lease that ended last by a worker's own word: what it says again is answered as before.
	Ended uuid.UUID
	// From is the version that was current when it began, Version the one that it made.
	From, Version int64
	// Note is what workers wrote down for those that follow them.
	Note string
	// Reason is why the last attempt failed.
	Reason string
	// AskedAt is when a worker was asked for last; TryAt is when the next attempt may be made.
	AskedAt, TryAt time.Time
	// AskedSince is since when workers are asked for and none comes; zero where none was asked for since one was there.
	AskedSince time.Time
	// RetireBy is the deadline of waiting; CheckAt is when readers are looked at next; CameAt is when none was missing any more.
	RetireBy, CheckAt, CameAt time.Time
	// Missing counts the readers that were missing when it was last looked.
	Missing int64
	// NeverCame are those who had not come at the deadline.
	NeverCame []uuid.UUID
}

// Active says whether the run is not over.
func (r *Run) Active() bool {
	switch r.State {
	case api.RotationDue, api.RotationRunning, api.RotationWaiting:
		return true
	case api.RotationDone, api.RotationFailed:
	}
	return false
}

// Unretired says whether the old value works on: the new one is current, and the old one is still to be retired, which may have
// failed so far.
func (r *Run) Unretired() bool { return r.Step == api.StepRetire && r.State != api.RotationDone }

// end ends the lease, by its worker's word or the run's end.
func (r *Run) end() {
	if r.Lease.ID != uuid.Nil {
		r.Ended = r.Lease.ID
	}
	r.release()
}

// release takes the run from its worker.
func (r *Run) release() { r.Lease = Lease{Holder: r.Lease.Holder} }
