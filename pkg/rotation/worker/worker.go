package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// A Worker does rotations of one kind, as many at a time as are asked of it. It keeps nothing between them.
type Worker struct {
	// Kind is what Rotator rotates.
	Kind    rotation.Kind
	Rotator rotators.Rotator
	Server  Server
	// Targets are what may be told values that clients encrypt: nothing but them, whatever settings say.
	Targets rotation.Targets
	// Clock tells the time; nil is the system's.
	Clock Clock
	// At, where not nil, is told of every effect in the target, before and after it (rotators.Task): tests end the worker there.
	At func(point string)
}

// An Outcome is how an attempt at a rotation ended.
type Outcome string

// The outcomes.
const (
	// Refused is that there was nothing to do: another worker has the rotation, or it is over.
	Refused Outcome = "refused"
	// Rotated is that the new value is the current one. The old one may be to be retired, later.
	Rotated Outcome = "rotated"
	// Retired is that the old value works no more.
	Retired Outcome = "retired"
	// Kept is that the old value works on, since it is the current one again.
	Kept Outcome = "kept"
	// Retry is that the attempt failed, and another one follows.
	Retry Outcome = "retry"
	// Discarded is that the rotation failed and what it did was taken back.
	Discarded Outcome = "discarded"
	// Failed is that the rotation failed, and that nobody knows whether the target has the pending version; or that the old value
	// could not be retired.
	Failed Outcome = "failed"
	// Lost is that the lease was lost, or the context ended: another worker goes on.
	Lost Outcome = "lost"
)

// The times of a worker.
const (
	// Beat is how often the lease is renewed.
	Beat = rotation.LeaseTime / 5
	// MaxWork is how long an attempt works at most. Taking back and reporting come after it.
	MaxWork = 12 * time.Minute
	// Reserve is the time before the context's deadline that is kept for taking back and reporting, and LeastTime what must be
	// left for an attempt to begin.
	Reserve   = 90 * time.Second
	LeastTime = 2 * Reserve
	// Settle is after how long no request is under way any more: API Gateway gives up after 30 seconds
	// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html), and clients wait for 40.
	Settle = 45 * time.Second
	// leaseMargin is how long before its end a lease counts as lost: what was sent must have arrived by then.
	leaseMargin = 30 * time.Second
)

// ErrNoTime is that too little time is left before the context's deadline to begin: nothing was done.
var ErrNoTime = fmt.Errorf("less than %s are left, in which no rotation is begun", LeastTime)

// Why the context of an attempt's work ended.
var (
	errLost = errors.New("the lease on the rotation was lost")
	errLate = errors.New("there was no time left")
)

// Rotate makes one attempt at a rotation. An error says that Strongroom could not be asked, or told how the attempt ended: asking
// again later is right. It is safe to call at the same time, for the same rotation too.
func (w *Worker) Rotate(ctx context.Context, secret, rotationID uuid.UUID) (Outcome, error) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < LeastTime {
		return "", ErrNoTime
	}
	h, task, err := w.take(ctx, secret, rotationID)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		slog.InfoContext(ctx, "a rotation is not to be had", "secret", secret, "rotation", rotationID, "because", refused.Message)
		return Refused, nil
	case err != nil:
		return "", fmt.Errorf("claiming the rotation: %w", err)
	}
	defer h.release()
	a := &attempt{worker: w, hold: h, secret: secret, task: task}
	work, cancel := h.work()
	defer cancel()
	outcome, err := a.work(work) //nolint:contextcheck // it is made from ctx, as the hold's is
	if err == nil {
		return outcome, nil
	}
	if cause := context.Cause(work); cause != nil && errors.Is(cause, errLate) { //nolint:contextcheck // as above
		err = &failure{reason: errLate.Error(), uncertain: isUncertain(err)}
	}
	return a.failed(h.ctx, err) //nolint:contextcheck // as above
}

func (w *Worker) clock() Clock {
	if w.Clock == nil {
		return systemClock{}
	}
	return w.Clock
}

// newLease is a new one on a rotation.
func newLease(rotationID uuid.UUID) api.RotationLease {
	return api.RotationLease{ID: rotationID, Lease: uuid.New()}
}
