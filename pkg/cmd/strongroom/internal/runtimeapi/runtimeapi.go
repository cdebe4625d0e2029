// Package runtimeapi runs the binaries of Lambda functions on this machine: it stands in for Lambda and its Runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
//
// A [Function] keeps a few processes of one binary, each of which does one invocation at a time, as Lambda's environments do:
// it starts one when an invocation finds all others busy, and has invocations wait when there are as many as there may be. A
// process that ends, or does not answer in time, is ended and fails its invocation; the next gets another one. Nothing is
// frozen between invocations.
//
// Each process has a Runtime API of its own on a free port of 127.0.0.1, so that what asks is known by where it asks. The
// binaries know nothing of all this: aws-lambda-go takes the address from AWS_LAMBDA_RUNTIME_API.
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/uuid"
)

// longest is how long an invocation may take where its context does not say: as long as Lambda lets a function run.
const longest = 15 * time.Minute

// A Config says what a function is. All of it is needed.
type Config struct {
	// Binary is the path of the program.
	Binary string
	// Environment is all of its processes' environment but where the Runtime API is, as NAME=value.
	Environment []string
	// Most is how many processes there may be at once.
	Most int
	// Log gets what the processes write, one piece at a time.
	Log io.Writer
}

// A lockedWriter is written by several processes.
type lockedWriter struct {
	mutex sync.Mutex
	w     io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.w.Write(b)
}

// A Function is a binary that is invoked. Its methods may be called at the same time.
type Function struct {
	config Config
	// free has one element for each process that may still be busy.
	free chan struct{}

	mutex  sync.Mutex
	idle   []*process
	all    map[*process]bool
	closed bool
}

var _ lambda.Handler = (*Function)(nil)

// errClosed is what is answered after Close.
var errClosed = errors.New("runtimeapi: the function is closed")

// New makes a function. It starts no process yet.
func New(c Config) *Function {
	c.Log = &lockedWriter{w: c.Log}
	f := &Function{config: c, free: make(chan struct{}, c.Most), all: map[*process]bool{}}
	for range c.Most {
		f.free <- struct{}{}
	}
	return f
}

// Invoke has a process answer a payload. What the function answers as an error is a messages.InvokeResponse_Error; every
// other error is one that Lambda would answer for it: the process ended, or did not answer before the context did. The
// request's id and the function's ARN are those of the context (package lambdacontext) where it has any.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	select {
	case <-f.free:
	case <-ctx.Done():
		return nil, fmt.Errorf("runtimeapi: no process was free: %w", ctx.Err())
	}
	defer func() { f.free <- struct{}{} }()
	p, err := f.take(ctx)
	if err != nil {
		return nil, err
	}
	i := newInvocation(ctx, payload)
	o := p.do(ctx, i)
	f.giveBack(p, o)
	return o.payload, o.err
}

// take answers a process that has nothing to do.
func (f *Function) take(ctx context.Context) (*process, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for len(f.idle) > 0 {
		p := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if p.alive() {
			return p, nil
		}
		delete(f.all, p)
	}
	if f.closed {
		return nil, errClosed
	}
	p, err := start(context.WithoutCancel(ctx), f.config) // it outlives this invocation
	if err == nil {
		f.all[p] = true
	}
	return p, err
}

// giveBack ends a process that is broken, and keeps others for the next invocation.
func (f *Function) giveBack(p *process, o outcome) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if !o.broken && !f.closed {
		f.idle = append(f.idle, p)
		return
	}
	p.kill()
	delete(f.all, p)
}

// Close ends all processes. Invocations under way fail, later ones too.
func (f *Function) Close() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.closed = true
	for p := range f.all {
		p.kill()
	}
	clear(f.all)
	f.idle = nil
}

// An invocation is one payload, and what comes of it.
type invocation struct {
	id, arn  string
	deadline time.Time
	payload  []byte
	done     chan outcome
}

// An outcome is an answer, or why there is none.
type outcome struct {
	payload []byte
	err     error
	// broken says that the process can't be used again.
	broken bool
}

func newInvocation(ctx context.Context, payload []byte) *invocation {
	i := &invocation{id: uuid.NewString(), payload: payload, done: make(chan outcome, 1)}
	i.deadline, _ = ctx.Deadline() // it has one
	if l, ok := lambdacontext.FromContext(ctx); ok {
		i.id, i.arn = l.AwsRequestID, l.InvokedFunctionArn
	}
	return i
}
