package rotation

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// The times of a run.
const (
	// LeaseTime is how long a lease holds unless it is renewed.
	LeaseTime = 5 * time.Minute
	// AskAgain is after how long without a worker another is asked for.
	AskAgain = 15 * time.Minute
	// NobodyCame is after how long without any worker a run has failed.
	NobodyCame = 24 * time.Hour
	// MaxAttempts is how often a worker takes a run at most.
	MaxAttempts = 6
	// firstBackoff and longBackoff bound the time between attempts.
	firstBackoff = time.Minute
	longBackoff  = 2 * time.Hour
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
	ID    uuid.UUID
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
	// AskedSince is when a worker was asked for first, in this phase.
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

// A Record is how a secret is rotated, and how that goes.
type Record struct {
	Secret uuid.UUID
	Config Config
	// NextAt is when the next rotation is due by itself; zero for never.
	NextAt time.Time
	// LastRotatedAt is when a rotation finished last, LastVersion the version that it made.
	LastRotatedAt time.Time
	LastVersion   int64
	Run           Run
	// Again is why another run follows the present one.
	Again Cause
}

// A RefusedError is why a request about a run can't be done now; for the caller to read.
type RefusedError struct{ Message string }

func (r *RefusedError) Error() string { return r.Message }

func refuse(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// Set makes the secret be rotated so from now on. The schedule counts from the last rotation, or from now where there was none or
// where it is due already.
func (r *Record) Set(c Config, now time.Time) {
	r.Config = c
	r.schedule(now)
	if !r.LastRotatedAt.IsZero() {
		if next := c.Schedule.Next(r.LastRotatedAt, r.Secret); next.After(now) {
			r.NextAt = next
		}
	}
}

// schedule sets when the next rotation is due by itself.
func (r *Record) schedule(now time.Time) { r.NextAt = r.Config.Schedule.Next(now, r.Secret) }

// Request asks for a rotation under that id. Where one is under way, it is left to that: its id is the answer to whoever asked.
// Says whether anything changed. Where more is due, a departure or a leak, another run follows.
func (r *Record) Request(id uuid.UUID, cause Cause, now time.Time) bool {
	if r.Run.ID == id {
		return false
	}
	if !r.Run.Active() {
		r.Run = Run{ID: id, State: api.RotationDue, Step: api.StepCreate, Cause: cause, RequestedAt: now, AskedAt: now, AskedSince: now, Version: r.leftPending()}
		if r.Run.Version != 0 {
			r.Run.Step = api.StepSet
		}
		r.Again = Cause{}
		return true
	}
	if cause.Kind == api.CauseRequest || cause.Kind == api.CauseSchedule || r.Again == cause {
		return false
	}
	if r.Run.State == api.RotationDue && r.Run.Version == 0 { // its value is still to be made
		if r.Run.Cause.urgent() || !cause.urgent() {
			return false
		}
		r.Run.Cause = cause
		return true
	}
	if cause.urgent() && r.Run.State == api.RotationWaiting {
		r.Run.RetireBy, r.Run.CheckAt = now, now
	}
	if r.Again.urgent() {
		return false
	}
	r.Again = cause
	return true
}

// leftPending is the pending version that a failed run left, which the target may have: the next one goes on with it.
func (r *Record) leftPending() int64 {
	if r.Run.State == api.RotationFailed && r.Run.Step != api.StepRetire {
		return r.Run.Version
	}
	return 0
}

// Due is when the dispatcher has something to do about the secret; zero for never.
func (r *Record) Due() time.Time {
	switch r.Run.State {
	case api.RotationDue:
		if r.Run.TryAt.After(r.Run.AskedAt) {
			return r.Run.TryAt
		}
		return r.Run.AskedAt.Add(AskAgain)
	case api.RotationRunning:
		return r.Run.Lease.Until
	case api.RotationWaiting:
		return r.Run.CheckAt
	case api.RotationDone, api.RotationFailed:
		if r.Again != (Cause{}) {
			return r.Run.FinishedAt
		}
	}
	return r.NextAt
}

// Dispatch does what is due at now, for all states but waiting, and says whether a worker is to be asked for. id is that of a run
// that begins.
func (r *Record) Dispatch(id uuid.UUID, now time.Time) (ask bool) {
	due := r.Due()
	if due.IsZero() || due.After(now) || r.Run.State == api.RotationWaiting {
		return false
	}
	switch {
	case !r.Run.Active() && r.Again != (Cause{}):
		return r.Request(id, r.Again, now)
	case !r.Run.Active():
		r.schedule(now) // if this one fails, the next one is tried then
		return r.Request(id, Cause{Kind: api.CauseSchedule}, now)
	case r.Run.State == api.RotationRunning:
		r.Run.Reason = "its worker ended without a word"
		if r.Run.Attempts >= MaxAttempts {
			r.fail(r.Run.Reason, now)
			return false
		}
		r.Run.State = api.RotationDue
		r.Run.release()
	case r.Run.Attempts == 0 && now.Sub(r.Run.AskedSince) >= NobodyCame:
		r.fail("no worker came; is one deployed for the rotator, and may it write the secret?", now)
		return false
	}
	r.Run.AskedAt, r.Run.TryAt = now, time.Time{}
	return true
}

// Claim gives the run to a worker under a lease, or renews it. Another lease that holds, and a run that asks for no worker, are
// refused.
func (r *Record) Claim(lease api.RotationLease, holder uuid.UUID, current int64, now time.Time) error {
	run := &r.Run
	switch {
	case run.ID != lease.ID:
		return refuse("this is not the secret's rotation any more; ask for the task anew")
	case run.Ended == lease.Lease:
		return refuse("this lease has ended; take the rotation under another one")
	case run.State == api.RotationRunning && run.Lease.ID == lease.Lease: // renewed, even a moment late
	case run.State == api.RotationRunning && run.Lease.Until.After(now):
		return refuse("another worker has this rotation until %s", run.Lease.Until.Format(time.RFC3339))
	case run.State == api.RotationDue && run.TryAt.After(now):
		return refuse("this rotation failed a moment ago; it is tried again from %s", run.TryAt.Format(time.RFC3339))
	case run.State == api.RotationDue || run.State == api.RotationRunning:
		if run.Attempts >= MaxAttempts {
			return refuse("this rotation was tried %d times; no more attempts are made", run.Attempts)
		}
		run.Attempts++
		if run.StartedAt.IsZero() {
			run.StartedAt, run.From = now, current
		}
	case run.State == api.RotationWaiting:
		return refuse("this rotation waits for readers; nothing is to be done")
	default:
		return refuse("this rotation is over: %s", run.State)
	}
	run.State, run.Lease = api.RotationRunning, Lease{ID: lease.Lease, Holder: holder, Until: now.Add(LeaseTime)}
	run.TryAt = time.Time{}
	return nil
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

// At notes at which step the worker is: forwards alone, and not beyond what package secrets knows to have happened.
func (r *Record) At(step api.RotationStep) {
	order := []api.RotationStep{api.StepSet, api.StepTest, api.StepFinish}
	at := func(step api.RotationStep) int {
		for i, s := range order {
			if s == step {
				return i
			}
		}
		return -1
	}
	if r.Run.Version != 0 && at(r.Run.Step) >= 0 && at(step) > at(r.Run.Step) {
		r.Run.Step = step
	}
}

// Created notes the pending version that the worker stored: for the first time, or again, since the one before does not fit the
// secret any more.
func (r *Record) Created(version int64) { r.Run.Version, r.Run.Step = version, api.StepSet }

// Finished notes that the pending version has become the current one: the run waits for readers where the old value works on, and
// there is one, or is done.
func (r *Record) Finished(now time.Time) {
	r.LastRotatedAt, r.LastVersion = now, r.Run.Version
	r.schedule(now)
	r.Run.Attempts, r.Run.Reason = 0, ""
	r.Run.end()
	if !r.Config.Settings.Keeps() || r.Run.From == 0 {
		r.over(api.RotationDone, now)
		return
	}
	r.Run.State, r.Run.Step, r.Run.CheckAt = api.RotationWaiting, api.StepRetire, now.Add(firstCheck)
	r.Run.RetireBy = now.Add(r.Config.Readers.Deadline)
	if r.Run.Cause.urgent() || r.Again.urgent() {
		r.Run.RetireBy, r.Run.CheckAt = now, now
	}
}

// Check is told which readers are missing, and says whether the old value is to be retired now: a worker is asked for then.
func (r *Record) Check(missing []uuid.UUID, now time.Time) (ask bool) {
	run := &r.Run
	run.Missing = int64(len(missing))
	overdue := !run.RetireBy.After(now)
	switch {
	case len(missing) > 0:
		run.CameAt = time.Time{}
	case run.CameAt.IsZero():
		run.CameAt = now
	}
	if overdue || (!run.CameAt.IsZero() && !run.CameAt.Add(r.Config.Readers.Grace).After(now)) {
		run.NeverCame = missing
		run.State, run.AskedAt, run.AskedSince = api.RotationDue, now, now
		return true
	}
	pause := now.Sub(r.LastRotatedAt) / 8
	run.CheckAt = now.Add(min(max(pause, firstCheck), longCheck))
	if !run.CameAt.IsZero() {
		run.CheckAt = run.CameAt.Add(r.Config.Readers.Grace)
	}
	if run.CheckAt.After(run.RetireBy) {
		run.CheckAt = run.RetireBy
	}
	return false
}

// Retired notes that the old value works no more.
func (r *Record) Retired(now time.Time) { r.over(api.RotationDone, now) }

// Failed notes that an attempt failed: it is tried again, or the run has failed. Says whether it has.
func (r *Record) Failed(reason string, final bool, now time.Time) bool {
	r.Run.Reason = reason
	if final || r.Last() {
		r.fail(reason, now)
		return true
	}
	r.Run.State, r.Run.TryAt = api.RotationDue, now.Add(Backoff(r.Run.Attempts))
	r.Run.end()
	return false
}

// Discarded notes that the run was given up and its pending version is none any more.
func (r *Record) Discarded(reason string, now time.Time) {
	r.fail(reason, now)
	r.Run.Version = 0
}

func (r *Record) fail(reason string, now time.Time) {
	r.Run.Reason = strings.TrimSpace(reason)
	r.over(api.RotationFailed, now)
}

// over ends the run.
func (r *Record) over(state api.RotationState, now time.Time) {
	r.Run.State, r.Run.FinishedAt, r.Run.TryAt = state, now, time.Time{}
	r.Run.end()
}

// end ends the lease, by its worker's word or the run's end.
func (r *Run) end() {
	if r.Lease.ID != uuid.Nil {
		r.Ended = r.Lease.ID
	}
	r.release()
}

// release takes the run from its worker.
func (r *Run) release() { r.Lease = Lease{Holder: r.Lease.Holder} }
