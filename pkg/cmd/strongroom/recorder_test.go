package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
)

// A recorder passes requests on to a server and remembers all that goes over the wire, both ways. It can hold a request
// back, so that the program that sent it waits.
type recorder struct {
	*httptest.Server
	mutex    sync.Mutex
	recorded bytes.Buffer
	// hold is how many of the next requests that change something are held back; waiting gets one signal for each, and
	// each wants one from release. With holdsReads the next ones that change nothing are, too.
	hold             int
	holdsReads       bool
	waiting, release chan struct{}
}

func record(t *testing.T, to string) *recorder {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{waiting: make(chan struct{}), release: make(chan struct{})}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = p.In.Host // the signature is for it
		},
		ModifyResponse: func(answer *http.Response) error {
			body, err := io.ReadAll(answer.Body)
			answer.Body = io.NopCloser(bytes.NewReader(body))
			r.note("%s %v\n%s\n", answer.Status, answer.Header, body)
			return err
		},
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Error(err)
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		r.note("%s %s %v\n%s\n", request.Method, request.URL, request.Header, body)
		if r.holdsBack(request.Method) {
			r.waiting <- struct{}{}
			<-r.release
		}
		proxy.ServeHTTP(w, request)
	}))
	t.Cleanup(r.Close)
	return r
}

// holdNext has the next request that changes something held back.
func (r *recorder) holdNext() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.hold++
}

// holdNextRead has the next request held back, whatever it is for.
func (r *recorder) holdNextRead() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.hold++
	r.holdsReads = true
}

func (r *recorder) holdsBack(method string) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.hold == 0 || method == http.MethodGet && !r.holdsReads {
		return false
	}
	r.hold--
	r.holdsReads = false
	return true
}

func (r *recorder) note(format string, args ...any) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	_, _ = fmt.Fprintf(&r.recorded, format, args...)
}

// said is all that went over the wire since it was asked last.
func (r *recorder) said() []byte {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	defer r.recorded.Reset()
	return bytes.Clone(r.recorded.Bytes())
}

// program is the strongroom that testscript put into the path, in a home of its own.
func (s *stage) program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("strongroom")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), path, args...)
	c.Args[0] = "strongroom"
	c.Dir = t.TempDir()
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + c.Dir, "XDG_RUNTIME_DIR=" + c.Dir, "STRONGROOM_URL=" + s.api.URL, "AWS_ENDPOINT_URL_KMS=" + s.kms.URL,
		"AWS_SHARED_CREDENTIALS_FILE=" + s.Data + "/credentials", "AWS_CONFIG_FILE=/dev/null", "AWS_PROFILE=" + s.profile,
		"AWS_REGION=" + local.Region, "AWS_EC2_METADATA_DISABLED=true",
	}
	return c
}

// A stage is a server behind recorders, one for its KMS.
type stage struct {
	*localtest.Server
	api, kms *recorder
	// profile is who calls.
	profile string
}

func newStage(t *testing.T, profile string) *stage {
	t.Helper()
	s := localtest.Start(t)
	return &stage{s, record(t, s.URL), record(t, s.KMSURL), profile}
}

// run has the program do something and waits for its end.
func (s *stage) run(t *testing.T, stdin string, args ...string) (stdout, stderr string) {
	t.Helper()
	c := s.program(t, args...)
	var out, errors bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &errors
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, errors.String())
	}
	return out.String(), errors.String()
}
