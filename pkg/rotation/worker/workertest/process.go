package workertest

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation/worker"
)

// Points are where processes may be ended or held up: before and after each effect in the target and each write to the server. They
// are counted over all processes of a history, from 1.
type Points struct {
	mutex sync.Mutex
	// Passed are those that were passed.
	Passed []string
	// Deaths are the points at which the process that passes it ends; Stall is the one at which it stands still.
	Deaths []int
	Stall  int
}

// pass is one point of a process's. Says how far it may go.
func (p *Points) pass(name string) (dies, stalls bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.Passed = append(p.Passed, name)
	for _, death := range p.Deaths {
		dies = dies || death == len(p.Passed)
	}
	return dies, p.Stall == len(p.Passed)
}

// Count is how many were passed.
func (p *Points) Count() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return len(p.Passed)
}

// A Process is one that a worker runs in: what its Server and its At are wrapped in. When it has ended nothing of it arrives
// anywhere any more.
type Process struct {
	worker.Server
	*Points
	Stalled chan string   // told where it stands still
	Resume  chan struct{} // closed to have it go on

	state sync.Mutex
	dead  bool
	// claimed says that it was answered a claim.
	claimed bool
	ctx     context.Context // of what it did last
}

// NewProcess is one that goes on until a point says otherwise.
func NewProcess(server worker.Server, p *Points) *Process {
	return &Process{Server: server, Points: p, Stalled: make(chan string, 1), Resume: make(chan struct{})}
}

// At is one point. The process that ends there runs nothing more.
func (p *Process) At(name string) {
	if p.gone() {
		runtime.Goexit()
	}
	dies, stalls := p.pass(name)
	if dies {
		p.state.Lock()
		p.dead = true
		p.state.Unlock()
		runtime.Goexit()
	}
	if stalls {
		p.Stalled <- name
		<-p.Resume
	}
}

func (p *Process) gone() bool {
	p.state.Lock()
	defer p.state.Unlock()
	return p.dead
}

// Context is that of what it did last: it ends when the process knows that its lease is lost.
func (p *Process) Context() context.Context {
	p.state.Lock()
	defer p.state.Unlock()
	return p.ctx
}

var errGone = errors.New("the process has ended")

// write is a write to the server, with a point before it is sent and one before its answer arrives.
func (p *Process) write(ctx context.Context, name string, do func() error) error {
	if p.gone() {
		return errGone
	}
	p.state.Lock()
	p.ctx = ctx
	p.state.Unlock()
	p.At(name + ":before")
	err := do()
	p.At(name + ":after")
	return err
}

// Claim takes the run, or renews its lease.
func (p *Process) Claim(ctx context.Context, id uuid.UUID, in api.ClaimRotation) (task api.RotationTask, err error) {
	name := "claim"
	if in.Note != nil {
		name = "note"
	}
	err = p.write(ctx, name, func() error {
		task, err = p.Server.Claim(ctx, id, in)
		return err
	})
	p.state.Lock()
	p.claimed = true
	p.state.Unlock()
	return task, err
}

// PutPending stores the pending value.
func (p *Process) PutPending(ctx context.Context, id uuid.UUID, in api.PutPendingVersion) (version int64, err error) {
	err = p.write(ctx, "put-pending", func() error {
		version, err = p.Server.PutPending(ctx, id, in)
		return err
	})
	return version, err
}

// Promote makes the pending value the current one.
func (p *Process) Promote(ctx context.Context, id uuid.UUID, in api.PromoteVersion) error {
	return p.write(ctx, "promote", func() error { return p.Server.Promote(ctx, id, in) })
}

// Discard gives the run up.
func (p *Process) Discard(ctx context.Context, id uuid.UUID, in api.DiscardPendingVersion) error {
	return p.write(ctx, "discard", func() error { return p.Server.Discard(ctx, id, in) })
}

// Report ends an attempt.
func (p *Process) Report(ctx context.Context, id uuid.UUID, in api.ReportRotation) error {
	return p.write(ctx, "report", func() error { return p.Server.Report(ctx, id, in) })
}

// A Result is what Rotate answered; the zero one of a process that ended before.
type Result struct {
	Outcome worker.Outcome
	Err     error
}

// Rotate has a process make one attempt.
func (p *Process) Rotate(ctx context.Context, w worker.Worker, secret, id uuid.UUID) <-chan Result {
	w.Server, w.At = p, p.At
	ended := make(chan Result, 1)
	go func() {
		var r Result
		defer func() { ended <- r }()
		r.Outcome, r.Err = w.Rotate(ctx, secret, id)
	}()
	return ended
}

// First says whether a process has not claimed anything yet.
func (p *Process) First() bool {
	p.state.Lock()
	defer p.state.Unlock()
	return !p.claimed
}
