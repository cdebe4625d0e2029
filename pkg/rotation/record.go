package rotation

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

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
	// Again is why another run follows the present one, AgainID the id that it has when the dispatcher begins it: that of the
	// request, which may be sent again.
	Again   Cause
	AgainID uuid.UUID
	// Pace is how many times as fast as the clocks of workers that clock runs that the record is moved by; 0 is once. Workers have
	// as much longer.
	Pace int
}

// knownAfter is after how long a read is known for certain, unless the stream of changes is behind.
const knownAfter = 5 * time.Second

// worked is a time of workers' clocks, by the clock that the record is moved by.
func (r *Record) worked(d time.Duration) time.Duration { return d * time.Duration(max(r.Pace, 1)) }

// grace is how long the old value works on after the last reader has come. It covers the seconds until a read is known, which
// are those of readers' clocks.
func (r *Record) grace() time.Duration {
	if r.Pace > 1 {
		return max(r.Config.Readers.Grace, r.worked(knownAfter))
	}
	return r.Config.Readers.Grace
}

// A RefusedError is why a request about a run can't be done now; for the caller to read.
type RefusedError struct{ Message string }

func (r *RefusedError) Error() string { return r.Message }

func refuse(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// Set makes the secret be rotated so from now on. A schedule that is another one counts from the last rotation, or from now where
// there was none or where it is due already.
func (r *Record) Set(c Config, now time.Time) {
	same := r.Config.Schedule == c.Schedule
	if r.Config = c; !same || !r.NextAt.After(now) {
		r.NextAt = c.Schedule.Next(now, r.Secret)
		if !r.LastRotatedAt.IsZero() {
			if next := c.Schedule.Next(r.LastRotatedAt, r.Secret); next.After(now) {
				r.NextAt = next
			}
		}
	}
	r.mend(now)
}

// schedule sets when the next rotation is due by itself, after one for that cause.
func (r *Record) schedule(cause Cause, now time.Time) {
	if cause.Kind == api.CauseSchedule {
		r.NextAt = r.Config.Schedule.Following(now, r.Secret)
		return
	}
	r.NextAt = r.Config.Schedule.Next(now, r.Secret)
}

// mend has another rotation follow one that left a pending version. The target may have that one, and the secret's current value
// may work no more: this doesn't wait for the schedule.
func (r *Record) mend(now time.Time) {
	if r.Run.leftPending() == 0 {
		return
	}
	if at := now.Add(MendAfter); r.NextAt.IsZero() || r.NextAt.After(at) {
		r.NextAt = at
	}
}

// Request asks for a rotation under that id. Where one is under way, it is left to that, unless it has made its value already:
// then another run follows, as one does after a departure, a leak or an event. The id of the run under way is the answer to
// whoever asked. So it is with a run that failed to retire the old value: that is tried again at once, and then another follows.
// Says whether anything changed.
func (r *Record) Request(id uuid.UUID, cause Cause, now time.Time) bool {
	switch {
	case r.Run.ID == id:
		return false
	case !r.Run.Active() && r.Run.Unretired():
		if r.retireAnew(now); cause.Kind != api.CauseSchedule {
			r.follow(id, cause)
		}
		return true
	case !r.Run.Active():
		r.begin(id, cause, now)
		return true
	case cause.Kind == api.CauseSchedule || r.Again == cause || r.AgainID == id:
		return false
	case cause.Kind == api.CauseRequest && (r.Run.Version == 0 || r.Again != (Cause{})):
		return false
	case r.Run.State == api.RotationDue && r.Run.Version == 0: // its value is still to be made
		if r.Run.Cause.urgent() || !cause.urgent() {
			return false
		}
		r.Run.Cause = cause
		return true
	case r.Again.urgent():
		return false
	}
	if cause.urgent() && r.Run.State == api.RotationWaiting {
		r.Run.RetireBy, r.Run.CheckAt = now, now
	}
	r.follow(id, cause)
	return true
}

// follow has another run follow, for what was said last, under the id that was asked for first.
func (r *Record) follow(id uuid.UUID, cause Cause) {
	if r.Again = cause; r.AgainID == uuid.Nil {
		r.AgainID = id
	}
}

// begin makes a run. It is also the one that was to follow the last one, and is for what is more urgent. It goes on with what a
// failed one left: its pending version, and the notes of its workers on what is to be taken away.
func (r *Record) begin(id uuid.UUID, cause Cause, now time.Time) {
	if r.Again != (Cause{}) && !cause.urgent() {
		cause = r.Again
	}
	left := r.Run
	r.Again, r.AgainID = Cause{}, uuid.Nil
	r.Run = Run{ID: id, State: api.RotationDue, Step: api.StepCreate, Cause: cause, RequestedAt: now, AskedAt: now, AskedSince: now}
	if left.State == api.RotationFailed {
		r.Run.Note = left.Note
	}
	if left.leftPending() != 0 {
		r.schedule(cause, now) // in place of the moment that mend chose
		r.Run.Step, r.Run.From, r.Run.Version = api.StepSet, left.From, left.Version
	}
}

// leftPending is the pending version that a failed run left, which the target may have; zero for none.
func (r *Run) leftPending() int64 {
	if r.State == api.RotationFailed && r.Step != api.StepRetire {
		return r.Version
	}
	return 0
}
