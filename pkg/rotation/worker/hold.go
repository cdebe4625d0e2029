package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
)

// A hold is a worker's lease on a rotation, which it renews until it is released. Its context ends when it is lost.
type hold struct {
	server Server
	clock  Clock
	secret uuid.UUID
	lease  api.RotationLease
	began  time.Time

	ctx    context.Context //nolint:containedctx // it is what the hold is about: everything done under it ends with it
	lose   context.CancelCauseFunc
	late   chan struct{} // closed after MaxWork
	beaten sync.WaitGroup

	mutex sync.Mutex
	// until is when the lease counts as lost, by the worker's own clock: from before the request that got it was sent.
	until time.Time
	step  api.RotationStep
}

// take claims a rotation and begins to renew the lease on it.
func (w *Worker) take(ctx context.Context, secret, rotationID uuid.UUID) (*hold, api.RotationTask, error) {
	h := &hold{server: w.Server, clock: w.clock(), secret: secret, lease: newLease(rotationID), late: make(chan struct{})}
	h.ctx, h.lose = context.WithCancelCause(ctx)
	h.began = h.clock.Now()
	task, err := h.claim(h.ctx, nil) //nolint:contextcheck // it is made from ctx
	if err != nil {
		h.lose(nil)
		return nil, task, err
	}
	h.beaten.Go(h.beat)
	return h, task, nil
}

// claim takes the rotation or renews the lease, and says what there is to say. A refusal is the loss of what was held.
func (h *hold) claim(ctx context.Context, note *string) (api.RotationTask, error) {
	h.mutex.Lock()
	step := h.step
	h.mutex.Unlock()
	sent := h.clock.Now()
	task, err := h.server.Claim(ctx, h.secret, api.ClaimRotation{RotationLease: h.lease, Step: step, Note: note})
	var refused *RefusedError
	switch {
	case err == nil:
		h.mutex.Lock()
		if until := sent.Add(rotation.LeaseTime - leaseMargin); until.After(h.until) {
			h.until = until
		}
		h.mutex.Unlock()
	case errors.As(err, &refused):
		h.lose(errLost)
	}
	return task, err
}

// at says that the work is at a step, and makes sure of the lease before what that step does outside.
func (h *hold) at(ctx context.Context, step api.RotationStep) error {
	h.mutex.Lock()
	h.step = step
	h.mutex.Unlock()
	return h.sure(ctx)
}

// sure is nil where the lease is held.
func (h *hold) sure(ctx context.Context) error {
	if _, err := h.claim(ctx, nil); err != nil {
		return asking("to renew the lease", err)
	}
	return nil
}

// beat renews the lease until the hold's context ends, and ends it when the lease does.
func (h *hold) beat() {
	renewed, renewing := make(chan struct{}, 1), false
	next := h.clock.Now().Add(Beat)
	late := h.late
	for {
		now := h.clock.Now()
		h.mutex.Lock()
		until := h.until
		h.mutex.Unlock()
		switch {
		case !now.Before(until):
			h.lose(errLost)
			return
		case late != nil && !now.Before(h.began.Add(MaxWork)):
			close(late)
			late = nil
		case !renewing && !now.Before(next):
			renewing, next = true, now.Add(Beat)
			h.beaten.Go(func() {
				_, _ = h.claim(h.ctx, nil) // refused, it is lost; without an answer, until says when it is
				renewed <- struct{}{}
			})
		}
		wait := until.Sub(now)
		if !renewing {
			wait = min(wait, next.Sub(now))
		}
		if late != nil {
			wait = min(wait, h.began.Add(MaxWork).Sub(now))
		}
		select {
		case <-h.ctx.Done():
			return
		case <-renewed:
			renewing = false
		case <-h.clock.After(wait):
		}
	}
}

// work is a context for what is to be done within the time that there is. It ends a while before the hold's own.
func (h *hold) work() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(h.ctx)
	stop := func() { cancel(nil) }
	if deadline, ok := h.ctx.Deadline(); ok {
		inner, end := context.WithDeadlineCause(ctx, deadline.Add(-Reserve), errLate)
		ctx, stop = inner, func() { end(); cancel(nil) }
	}
	h.beaten.Go(func() {
		select {
		case <-h.late:
			cancel(errLate)
		case <-ctx.Done():
		}
	})
	return ctx, stop
}

// release ends the renewing. The lease itself is ended by what was reported, or by time.
func (h *hold) release() {
	h.lose(nil)
	h.beaten.Wait()
}
