package worker

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// points are where processes may be ended or held up: before and after each effect in the target and each write to the server. They
// are counted over all processes of a history, from 1.
type points struct {
	mutex  sync.Mutex
	passed []string
	// deaths are the points at which the process that passes it ends; stall is the one at which it stands still.
	deaths []int
	stall  int
}

// pass is one point of a process's. Says how far it may go.
func (p *points) pass(name string) (dies, stalls bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.passed = append(p.passed, name)
	for _, death := range p.deaths {
		dies = dies || death == len(p.passed)
	}
	return dies, p.stall == len(p.passed)
}

// count is how many were passed.
func (p *points) count() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return len(p.passed)
}

// A process is one that a worker runs in: what its Server and its At are wrapped in. When it has ended nothing of it arrives
// anywhere any more.
type process struct {
	Server
	*points
	stalled chan string   // told where it stands still
	resume  chan struct{} // closed to have it go on

	state sync.Mutex
	dead  bool
	// claimed says that it was answered a claim.
	claimed bool
	ctx     context.Context // of what it did last
}

func newProcess(server Server, p *points) *process {
	return &process{Server: server, points: p, stalled: make(chan string, 1), resume: make(chan struct{})}
}

// at is one point. The process that ends there runs nothing more.
func (p *process) at(name string) {
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
		p.stalled <- name
		<-p.resume
	}
}

func (p *process) gone() bool {
	p.state.Lock()
	defer p.state.Unlock()
	return p.dead
}

func (p *process) context() context.Context {
	p.state.Lock()
	defer p.state.Unlock()
	return p.ctx
}

var errGone = errors.New("the process has ended")

// write is a write to the server, with a point before it is sent and one before its answer arrives.
func (p *process) write(ctx context.Context, name string, do func() error) error {
	if p.gone() {
		return errGone
	}
	p.state.Lock()
	p.ctx = ctx
	p.state.Unlock()
	p.at(name + ":before")
	err := do()
	p.at(name + ":after")
	return err
}

func (p *process) Claim(ctx context.Context, id uuid.UUID, in api.ClaimRotation) (task api.RotationTask, err error) {
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

func (p *process) PutPending(ctx context.Context, id uuid.UUID, in api.PutPendingVersion) error {
	return p.write(ctx, "put-pending", func() error { return p.Server.PutPending(ctx, id, in) })
}

func (p *process) Promote(ctx context.Context, id uuid.UUID, lease api.RotationLease) error {
	return p.write(ctx, "promote", func() error { return p.Server.Promote(ctx, id, lease) })
}

func (p *process) Discard(ctx context.Context, id uuid.UUID, in api.DiscardPendingVersion) error {
	return p.write(ctx, "discard", func() error { return p.Server.Discard(ctx, id, in) })
}

func (p *process) Report(ctx context.Context, id uuid.UUID, in api.ReportRotation) error {
	return p.write(ctx, "report", func() error { return p.Server.Report(ctx, id, in) })
}

// A result is what Rotate answered; the zero one of a process that ended before.
type result struct {
	outcome Outcome
	err     error
}

// rotate has a process make one attempt.
func (p *process) rotate(ctx context.Context, w Worker, id uuid.UUID) <-chan result {
	w.Server, w.At = p, p.at
	ended := make(chan result, 1)
	go func() {
		var r result
		defer func() { ended <- r }()
		r.outcome, r.err = w.Rotate(ctx, secretID, id)
	}()
	return ended
}

// first says whether a process has not claimed anything yet.
func (p *process) first() bool {
	p.state.Lock()
	defer p.state.Unlock()
	return !p.claimed
}
