package runtimeapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"strongroom/pkg/cmd/strongroom/internal/runtimeapi"
)

// TestMain makes of this very binary the function under test, so that nothing has to be built: what it is asked to do is in
// the payload.
func TestMain(m *testing.M) {
	switch os.Getenv("RUNTIMEAPI_TEST") {
	case "function":
		lambda.Start(behave)
	case "broken":
		fmt.Fprintln(os.Stderr, "it can't start")
		os.Exit(3)
	}
	os.Exit(m.Run())
}

type order struct {
	Do    string
	Bytes int
}

type told struct {
	Pid             int
	ID, ARN, Region string
	Left            time.Duration
	Text            string
}

func behave(ctx context.Context, o order) (told, error) {
	switch o.Do {
	case "fail":
		return told{}, messages.InvokeResponse_Error{Type: "invalid", Message: "it was told to fail"}
	case "exit":
		os.Exit(5)
	case "wait":
		time.Sleep(200 * time.Millisecond)
	case "hang":
		time.Sleep(time.Hour)
	case "write":
		return told{Text: strings.Repeat("x", o.Bytes)}, nil
	}
	at, _ := ctx.Deadline()
	t := told{Pid: os.Getpid(), Region: os.Getenv("AWS_REGION"), Left: time.Until(at)}
	if l, ok := lambdacontext.FromContext(ctx); ok {
		t.ID, t.ARN = l.AwsRequestID, l.InvokedFunctionArn
	}
	return t, nil
}

func newFunction(t *testing.T, kind string, most int) (*runtimeapi.Function, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	f := runtimeapi.New(runtimeapi.Config{
		Binary: os.Args[0], Environment: []string{"RUNTIMEAPI_TEST=" + kind, "AWS_REGION=us-east-1"}, Most: most, Log: &log,
	})
	t.Cleanup(f.Close)
	return f, &log
}

func invoke(ctx context.Context, f *runtimeapi.Function, o order) (told, error) {
	payload, err := json.Marshal(o)
	if err != nil {
		return told{}, err
	}
	answer, err := f.Invoke(ctx, payload)
	if err != nil {
		return told{}, err
	}
	var got told
	return got, json.Unmarshal(answer, &got)
}

func TestAFunctionIsToldItsInvocation(t *testing.T) {
	f, _ := newFunction(t, "function", 1)
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1", InvokedFunctionArn: "arn:aws:lambda:x"})
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	got, err := invoke(ctx, f, order{})
	if err != nil || got.ID != "request-1" || got.ARN != "arn:aws:lambda:x" || got.Region != "us-east-1" {
		t.Errorf("%+v, %v", got, err)
	}
	if got.Left <= 10*time.Second || got.Left > 20*time.Second {
		t.Errorf("it has %s left", got.Left)
	}
}

func TestAProcessServesInvocationAfterInvocation(t *testing.T) {
	f, _ := newFunction(t, "function", 4)
	pids := map[int]bool{}
	for range 20 {
		got, err := invoke(t.Context(), f, order{})
		if err != nil {
			t.Fatal(err)
		}
		pids[got.Pid] = true
	}
	if len(pids) != 1 {
		t.Errorf("%d processes did what one could", len(pids))
	}
}

func TestAnErrorOfTheFunctionIsItsOwn(t *testing.T) {
	f, _ := newFunction(t, "function", 1)
	before, err := invoke(t.Context(), f, order{})
	if err != nil {
		t.Fatal(err)
	}
	var failed messages.InvokeResponse_Error
	if _, err := invoke(t.Context(), f, order{Do: "fail"}); !errors.As(err, &failed) || failed.Type != "invalid" || failed.Message != "it was told to fail" {
		t.Errorf("%v", err)
	}
	if after, err := invoke(t.Context(), f, order{}); err != nil || after.Pid != before.Pid {
		t.Errorf("after an error: %+v, %v", after, err)
	}
}

// Several at once get a process each, up to the most that there may be; the others wait.
func TestInvocationsAtTheSameTime(t *testing.T) {
	f, _ := newFunction(t, "function", 3)
	var mutex sync.Mutex
	var all sync.WaitGroup
	pids := map[int]int{}
	for range 9 {
		all.Go(func() {
			got, err := invoke(t.Context(), f, order{Do: "wait"})
			if err != nil {
				t.Error(err)
			}
			mutex.Lock()
			defer mutex.Unlock()
			pids[got.Pid]++
		})
	}
	all.Wait()
	if len(pids) != 3 {
		t.Errorf("%v, want three processes", pids)
	}
}

// Whatever an invocation does to its process, the next one is answered.
func TestAProcessThatIsGoneIsReplaced(t *testing.T) {
	for _, test := range []struct {
		order order
		said  string
	}{
		{order{Do: "exit"}, "exit status 5"},
		{order{Do: "hang"}, "did not answer in time"},
		{order{Do: "write", Bytes: 7 << 20}, "bytes"},
	} {
		f, _ := newFunction(t, "function", 1)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		_, err := invoke(ctx, f, test.order)
		cancel()
		if err == nil || !strings.Contains(err.Error(), test.said) {
			t.Errorf("%+v: %v", test.order, err)
		}
		if got, err := invoke(t.Context(), f, order{}); err != nil || got.Pid == 0 {
			t.Errorf("after %+v: %+v, %v", test.order, got, err)
		}
	}
}

func TestAFunctionThatCantStart(t *testing.T) {
	f, log := newFunction(t, "broken", 1)
	if _, err := f.Invoke(t.Context(), []byte("{}")); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("%v", err)
	}
	if !strings.Contains(log.String(), "it can't start") {
		t.Errorf("the log is %q", log)
	}
	none := runtimeapi.New(runtimeapi.Config{Binary: "/nowhere", Most: 1, Log: log})
	if _, err := none.Invoke(t.Context(), []byte("{}")); err == nil || !strings.Contains(err.Error(), "/nowhere") {
		t.Errorf("a binary that is not there: %v", err)
	}
}

func TestNothingRunsAfterTheEnd(t *testing.T) {
	f, _ := newFunction(t, "function", 1)
	got, err := invoke(t.Context(), f, order{})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := syscall.Kill(got.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d runs: %v", got.Pid, err)
	}
	if _, err := invoke(t.Context(), f, order{}); err == nil {
		t.Error("it was invoked after its end")
	}
}
