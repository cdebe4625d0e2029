package runtimeapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// maxAnswer is how long an answer may be, with a little for its wrapping
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const maxAnswer = 6<<20 + 100

// headerTimeout is how long a process may take to say what it wants.
const headerTimeout = 10 * time.Second

// The paths of the Runtime API.
const (
	apiVersion     = "/2018-06-01/runtime"
	nextPath       = apiVersion + "/invocation/next"
	invocationPath = apiVersion + "/invocation/"
	initErrorPath  = apiVersion + "/init/error"
)

// A process is one of a function's, and its Runtime API.
type process struct {
	command *exec.Cmd
	server  *http.Server
	// work hands the process its next invocation.
	work chan *invocation
	// ended is closed when the process has ended, and its API with it.
	ended chan struct{}

	mutex   sync.Mutex
	current *invocation
	// failed is what the process said of its start; nil for nothing.
	failed error
}

// start starts a process. It ends by itself or by kill.
func start(ctx context.Context, c Config) (*process, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &process{work: make(chan *invocation), ended: make(chan struct{})}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: headerTimeout}
	p.command = exec.CommandContext(ctx, c.Binary) //nolint:gosec // the binary that this is about
	p.command.Env = append(c.Environment[:len(c.Environment):len(c.Environment)], "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String())
	p.command.Stdout, p.command.Stderr = c.Log, c.Log
	p.command.WaitDelay = time.Second // a child of its own may hold the log open
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("runtimeapi: %w", err), listener.Close())
	}
	go func() { _ = p.server.Serve(listener) }() // until it is closed
	go func() {
		_ = p.command.Wait() // how it ended is in ProcessState
		_ = p.server.Close() // nobody asks any more
		close(p.ended)
	}()
	return p, nil
}

// alive says whether the process has not ended.
func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill ends the process and waits for its end.
func (p *process) kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
}

// do has the process do an invocation.
func (p *process) do(ctx context.Context, i *invocation) outcome {
	select {
	case p.work <- i:
	case <-p.ended:
		return p.end()
	case <-ctx.Done():
		return failed("the function did not start in time: %w", ctx.Err())
	}
	select {
	case o := <-i.done:
		return o
	case <-p.ended:
		select {
		case o := <-i.done: // before it ended
			return o
		default:
			return p.end()
		}
	case <-ctx.Done():
		return failed("the function did not answer in time: %w", ctx.Err())
	}
}

// failed is the outcome of an invocation after which the process can't be used.
func failed(format string, args ...any) outcome {
	return outcome{err: fmt.Errorf("runtimeapi: "+format, args...), broken: true}
}

// end says how the process ended.
func (p *process) end() outcome {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.failed != nil {
		return failed("the function could not start: %w", p.failed)
	}
	return failed("the function's process ended without an answer: %s", p.command.ProcessState)
}

// ServeHTTP is the Runtime API.
func (p *process) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, invocationPath)
	id, kind, _ := strings.Cut(rest, "/")
	switch {
	case r.Method == http.MethodGet && r.URL.Path == nextPath:
		p.next(w, r)
	case r.Method == http.MethodPost && r.URL.Path == initErrorPath:
		body, _ := io.ReadAll(io.LimitReader(r.Body, maxAnswer)) // what came is what there is
		p.mutex.Lock()
		p.failed = decodeError(body)
		p.mutex.Unlock()
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodPost && ok && (kind == "response" || kind == "error"):
		p.answered(w, r, id, kind == "error")
	default:
		http.NotFound(w, r)
	}
}

// next waits for the next invocation and hands it over.
func (p *process) next(w http.ResponseWriter, r *http.Request) {
	select {
	case i := <-p.work:
		p.mutex.Lock()
		p.current = i
		p.mutex.Unlock()
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", i.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(i.deadline.UnixMilli()))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", i.arn)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(i.payload) // whether it came is seen by the answer
	case <-r.Context().Done():
	}
}

// answered takes an answer to the invocation under way; the answer to another one is refused.
func (p *process) answered(w http.ResponseWriter, r *http.Request, id string, isError bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	p.mutex.Lock()
	i := p.current
	if i != nil && i.id == id {
		p.current = nil
	}
	p.mutex.Unlock()
	var tooLarge *http.MaxBytesError
	switch {
	case i == nil || i.id != id:
		http.Error(w, "no such invocation", http.StatusBadRequest)
		return
	case errors.As(err, &tooLarge):
		i.done <- failed("the answer has over %d bytes", maxAnswer)
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		i.done <- failed("the answer did not come whole: %w", err)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	if isError {
		i.done <- outcome{err: decodeError(body)}
		return
	}
	i.done <- outcome{payload: body}
}

// decodeError reads an error as functions answer theirs.
func decodeError(body []byte) error {
	var e messages.InvokeResponse_Error
	if err := json.Unmarshal(body, &e); err != nil {
		return errors.New("runtimeapi: the function answered an error that is no JSON")
	}
	return e
}
