//go:build localstack

package localstack_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"strongroom/pkg/rotation/rotators/dbtest"
)

// How long things may take on a busy machine.
const (
	startTime  = 90 * time.Second
	stopTime   = 20 * time.Second
	buildTime  = 10 * time.Minute // of nothing but sources, on a busy machine
	deployTime = 2 * time.Minute
	followTime = 45 * time.Second
)

// root is the repository's folder.
var root, _ = filepath.Abs(filepath.FromSlash("../../../../.."))

// The deployment that all tests use.
var stack *deployment

func TestMain(m *testing.M) {
	status, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "localstack:", err)
		status = 1
	}
	os.Exit(status)
}

// run starts LocalStack and deploys while the binaries are built, runs the tests and stops everything.
func run(m *testing.M) (status int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), buildTime+deployTime)
	defer cancel()
	folder, err := os.MkdirTemp("", "strongroom-localstack")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	began := time.Now()
	built := make(chan error, 1)
	var b binaries
	go func() {
		var err error
		b, err = build(ctx, folder)
		built <- err
	}()
	e, err := newEmulator(ctx, folder)
	if err != nil {
		cancel()
		<-built // nothing of it is left behind
		return 1, err
	}
	defer func() {
		if e.log != "" && (status != 0 || err != nil) {
			fmt.Fprintf(os.Stderr, "the end of LocalStack's log:\n%s\n", tail(e.log))
		}
		err = errors.Join(err, e.stop())
	}()
	ready := time.Since(began)
	if err := <-built; err != nil {
		return 1, err
	}
	if stack, err = deployStack(ctx, e, b, folder); err != nil {
		return 1, err
	}
	defer stack.close()
	fmt.Printf("LocalStack answered after %.1f s, all was deployed after %.1f s\n", ready.Seconds(), time.Since(began).Seconds())
	return dbtest.Run(m), nil
}

// An emulator is a LocalStack that runs. One that was not started here has no log and no command.
type emulator struct {
	url, log string
	command  *exec.Cmd
	stdin    interface{ Close() error }
	ended    chan struct{}
}

// newEmulator is the LocalStack that STRONGROOM_LOCALSTACK says the URL of, in which nothing was made yet, or one that is
// started.
func newEmulator(ctx context.Context, folder string) (*emulator, error) {
	url := os.Getenv("STRONGROOM_LOCALSTACK")
	if url == "" {
		return startEmulator(ctx, folder)
	}
	e := &emulator{url: url}
	if err := e.wait(ctx); err != nil {
		return nil, fmt.Errorf("LocalStack does not answer on %s: %w", url, err)
	}
	return e, nil
}

// startEmulator starts LocalStack on a free port and waits until it answers.
func startEmulator(ctx context.Context, folder string) (*emulator, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	e := &emulator{
		url: fmt.Sprintf("http://127.0.0.1:%d", port), log: filepath.Join(folder, "localstack.log"), ended: make(chan struct{}),
	}
	log, err := os.Create(e.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	e.command = exec.Command(filepath.Join(root, "localstack", "start"), fmt.Sprint(port), filepath.Join(folder, "localstack"))
	e.command.Env = append(os.Environ(), "STRONGROOM_UNTIL_EOF=1", "STRONGROOM_CACHE="+cache())
	e.command.Stdout, e.command.Stderr = log, log
	if e.stdin, err = e.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := e.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = e.command.Wait() // what it said is in the log
		close(e.ended)
	}()
	if err := e.wait(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("LocalStack did not start: %w\n%s", err, tail(e.log)), e.stop())
	}
	return e, nil
}

// wait waits until LocalStack answers.
func (e *emulator) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url+"/_localstack/health", nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-e.ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stop ends LocalStack: it goes when its standard input ends, and is told to if it does not.
func (e *emulator) stop() error {
	if e.command == nil {
		return nil
	}
	_ = e.stdin.Close() // it may have ended
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		select {
		case <-e.ended:
			return nil
		case <-time.After(stopTime):
			_ = e.command.Process.Signal(signal)
		}
	}
	return errors.New("LocalStack does not stop")
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// cache is where make has installed things.
func cache() string {
	if folder := os.Getenv("STRONGROOM_CACHE"); folder != "" {
		return folder
	}
	return filepath.Join(root, ".cache")
}

// tail is the end of a file.
func tail(name string) string {
	content, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	const most = 6000
	return string(content[max(0, len(content)-most):])
}

// binaries are what is built: the folder of the functions, the program, and the templates of what they stand on.
type binaries struct {
	functions, program string
	templates          templates
}

// build builds all functions for this machine, as make functions does for Lambda, the program and the templates. Programs stay,
// so that what did not change is not linked again.
func build(ctx context.Context, folder string) (b binaries, err error) {
	b.functions, b.program = filepath.Join(cache(), "host", "functions"), filepath.Join(cache(), "host", "strongroom")
	if b.templates, err = synthesise(ctx, folder); err != nil {
		return b, err
	}
	small := []string{"-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", b.functions + string(filepath.Separator), "./functions/..."}
	if err := goBuild(ctx, root, small...); err != nil {
		return b, err
	}
	return b, goBuild(ctx, root, "-o", b.program, "./pkg/cmd/strongroom")
}

func goBuild(ctx context.Context, folder string, args ...string) error {
	command := exec.CommandContext(ctx, "go", append([]string{"build", "-buildvcs=false"}, args...)...)
	command.Dir = folder
	if slices.Contains(args, "-trimpath") { // as make functions does
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}
