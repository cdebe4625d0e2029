package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"strongroom/pkg/operation"
	"strongroom/pkg/secrets/secretstest"
)

// A coldStart is how long a function took from its process's start: to ask for work, and to answer the first invocation.
type coldStart struct{ asked, answered time.Duration }

// A runtimeAPI stands in for Lambda's: it hands out one invocation and takes the answer
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
type runtimeAPI struct {
	payload []byte
	asked   chan time.Time
	answer  chan []byte
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path.Base(r.URL.Path) == "next" {
		select {
		case a.asked <- time.Now():
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "invocation-1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(15*time.Second).UnixMilli()))
			_, _ = w.Write(a.payload)
		default:
			<-r.Context().Done() // waits for work until it is ended
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	a.answer <- append([]byte(path.Base(r.URL.Path)+" "), body...)
	w.WriteHeader(http.StatusAccepted)
}

// A function is a binary, what it is told, and what its answer has in it.
type function struct {
	binary      string
	environment []string
	payload     []byte
	answer      string
}

// start starts the function, has it answer one invocation and ends it.
func (f function) start(b *testing.B) coldStart {
	b.Helper()
	a := &runtimeAPI{payload: f.payload, asked: make(chan time.Time, 1), answer: make(chan []byte, 1)}
	server := httptest.NewServer(a)
	defer server.Close()
	var output bytes.Buffer
	command := exec.CommandContext(b.Context(), f.binary)
	command.Env = append(slices.Clip(f.environment), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"))
	command.Stdout, command.Stderr = &output, &output
	began := time.Now()
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	select {
	case answer := <-a.answer:
		answered := time.Now()
		if !bytes.HasPrefix(answer, []byte("response ")) || !bytes.Contains(answer, []byte(f.answer)) {
			b.Fatalf("answered %s\n%s", answer, output.String())
		}
		return coldStart{(<-a.asked).Sub(began), answered.Sub(began)}
	case <-time.After(30 * time.Second):
		b.Fatal("no answer")
	}
	return coldStart{}
}

// BenchmarkColdStart starts the function of get-secret and one that does nothing, by turns, built alike and for this
// machine, and prints how long each takes from its process's start to the first request for work, and to the first answer.
// That of get-secret is a secret that it read from a stand-in for DynamoDB and opened with one for KMS, in four round trips
// over connections that it has to make. What Lambda does before a process starts, and TLS, are not in it.
func BenchmarkColdStart(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("functions run on Linux")
	}
	ours, hello := getSecret(b), function{binary: buildFunction(b, "./testdata/hello"), payload: []byte("{}"), answer: "hello, world"}
	ours.start(b) // both files are read once
	hello.start(b)
	var started, bare []coldStart
	for b.Loop() {
		started, bare = append(started, ours.start(b)), append(bare, hello.start(b))
	}
	for _, of := range []struct {
		what string
		took func(coldStart) time.Duration
	}{
		{"to ask for work", func(s coldStart) time.Duration { return s.asked }},
		{"to answer first", func(s coldStart) time.Duration { return s.answered }},
	} {
		x, y := median(started, of.took), median(bare, of.took)
		fmt.Printf("# get-secret takes %s %s, hello %s: %.2f times as long (p50 of %d starts each)\n",
			x.Round(10*time.Microsecond), of.what, y.Round(10*time.Microsecond), float64(x)/float64(y), len(bare))
	}
}

func median(starts []coldStart, took func(coldStart) time.Duration) time.Duration {
	all := make([]time.Duration, len(starts))
	for i, s := range starts {
		all[i] = took(s)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// getSecret is the deployed function, over stand-ins, and an invocation that it answers with a value of 1 KiB.
func getSecret(b *testing.B) function {
	b.Helper()
	w, project, secret := newFunctionWorld(b, 1)
	server := httptest.NewServer(&amazon{b, w.Table(), w.Keys})
	b.Cleanup(server.Close)
	payload := event(b, w, operation.GetSecret, "/secrets/"+secret.String())
	hint := fmt.Appendf(nil, `"rawQueryString":"project=%s"`, project) // as clients send it
	payload = bytes.Replace(payload, []byte(`"rawQueryString":""`), hint, 1)
	return function{
		binary: buildFunction(b, "strongroom/functions/get-secret"), payload: payload, answer: strings.Repeat("x", 1024),
		environment: []string{
			"STRONGROOM_TABLE=strongroom", "STRONGROOM_ORGANIZATION=" + w.Organization.String(),
			"STRONGROOM_ACCOUNT=" + secretstest.Account, "STRONGROOM_CLIENT_KEY=client", "STRONGROOM_STORAGE_KEY=storage",
			"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=example", "AWS_SECRET_ACCESS_KEY=example", "AWS_ENDPOINT_URL=" + server.URL,
		},
	}
}

// buildFunction builds a function as "make functions" does, but for this machine's processor.
func buildFunction(b *testing.B, what string) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "bootstrap")
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binary, what)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return binary
}
