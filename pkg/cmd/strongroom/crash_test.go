package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/api"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
)

// A process is a `strongroom local` of its own, to be killed.
type process struct {
	command     *exec.Cmd
	out, errors *lines
}

// lines collects what a process says, and says when it listens.
type lines struct {
	mu    sync.Mutex
	text  strings.Builder
	ready chan string
}

var listening = regexp.MustCompile(`strongroom is listening on (\S+)\n`)

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if found := listening.FindStringSubmatch(l.text.String()); found != nil && l.ready != nil {
		l.ready <- found[1]
		l.ready = nil
	}
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func launch(t *testing.T, data string) (*process, <-chan string) {
	t.Helper()
	program, err := exec.LookPath("strongroom") // testscript put it there
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	p := &process{command: exec.Command(program, "local"), out: &lines{ready: ready}, errors: &lines{}} //nolint:noctx // killed below
	p.command.Args[0] = "strongroom"
	p.command.Env = append(os.Environ(), "STRONGROOM_DATA="+data, "STRONGROOM_ADDR=127.0.0.1:0", "STRONGROOM_KMS_ADDR=127.0.0.1:0")
	p.command.Stdout, p.command.Stderr = p.out, p.errors
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p, ready
}

// kill is kill -9, and again is harmless.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

func await(t *testing.T, p *process, ready <-chan string, data string) *localtest.Server {
	t.Helper()
	select {
	case url := <-ready:
		return localtest.At(t, url, data)
	case <-time.After(patience):
		p.kill()
		t.Fatalf("the server is not ready after %s\n%s", patience, p.errors.String())
		return nil
	}
}

// TestAFirstStartThatIsKilledGoesOn kills first starts over one folder, each later than the one before.
func TestAFirstStartThatIsKilledGoesOn(t *testing.T) {
	data := t.TempDir()
	killed := 0
	for delay := time.Millisecond; ; delay += delay/8 + time.Millisecond/2 {
		p, ready := launch(t, data)
		time.Sleep(delay)
		p.kill()
		if len(ready) > 0 {
			break
		}
		killed++
	}
	if killed < 3 {
		t.Errorf("only %d starts were killed before they were done", killed)
	}
	p, ready := launch(t, data)
	s := await(t, p, ready, data)
	known, err := local.Profiles(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ci", "developer", "owner", "rotation", "stranger"}, known); diff != "" {
		t.Errorf("profiles (-want +got):\n%s", diff)
	}
	var me api.Me
	s.JSON(localtest.Request{Profile: local.Owner, Method: http.MethodGet, Path: "/me"}, http.StatusOK, &me)
	organization := "/organizations/" + me.OrganizationID.String()
	var projects api.List[api.Project]
	s.JSON(localtest.Request{Profile: local.CI, Method: http.MethodGet, Path: organization + "/projects"}, http.StatusOK, &projects)
	var principals api.List[api.Principal]
	s.JSON(localtest.Request{Profile: local.Developer, Method: http.MethodGet, Path: organization + "/principals"}, http.StatusOK, &principals)
	var names []string
	for _, project := range projects.Data {
		names = append(names, project.Name)
	}
	for _, principal := range principals.Data {
		names = append(names, principal.Name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"ci", "demo", "developer", "owner", "plain", "rotation"}, names); diff != "" {
		t.Errorf("what there is after %d killed starts (-want +got):\n%s", killed, diff)
	}
	granted, err := os.ReadFile(filepath.Join(data, "kms.json"))
	if err != nil || bytes.Count(granted, []byte(`"Decrypt"`)) != 6 {
		t.Errorf("after %d killed starts KMS has not the demo's six grants: %v\n%s", killed, err, granted)
	}
}

// A writer creates secrets and changes them until the server is gone, and remembers what was acknowledged.
type writer struct {
	server *localtest.Server
	create string
	name   string
	// tried and acknowledged are the numbers of values, by the secret's id.
	tried, acknowledged map[string]int
}

func (w *writer) run() {
	for n := 0; ; n++ {
		var secret api.Secret
		body := map[string]any{"name": fmt.Sprintf("%s-%d", w.name, n), "value": "value 1", "projectIds": []string{}}
		a, err := w.server.Try(localtest.Request{Profile: local.Owner, Method: http.MethodPost, Path: w.create, Body: body})
		if err != nil || a.Status != http.StatusCreated || json.Unmarshal(a.Body, &secret) != nil {
			return
		}
		id := secret.ID.String()
		w.tried[id], w.acknowledged[id] = 1, 1
		for version := 2; version <= 4; version++ {
			w.tried[id] = version
			update := map[string]any{"value": fmt.Sprintf("value %d", version)}
			a, err := w.server.Try(localtest.Request{Profile: local.Owner, Method: http.MethodPut, Path: "/secrets/" + id, Body: update})
			if err != nil || a.Status != http.StatusOK {
				return
			}
			w.acknowledged[id] = version
		}
	}
}

// TestWhatWasAcknowledgedSurvivesKill kills servers while eight clients write, over one folder.
func TestWhatWasAcknowledgedSurvivesKill(t *testing.T) {
	data := t.TempDir()
	p, ready := launch(t, data)
	s := await(t, p, ready, data)
	var me api.Me
	s.JSON(localtest.Request{Profile: local.Owner, Method: http.MethodGet, Path: "/me"}, http.StatusOK, &me)
	total := 0
	for round := range 3 {
		var all sync.WaitGroup
		writers := make([]*writer, 8)
		for i := range writers {
			writers[i] = &writer{
				server: s, create: "/organizations/" + me.OrganizationID.String() + "/secrets", name: fmt.Sprintf("%d-%d", round, i),
				tried: map[string]int{}, acknowledged: map[string]int{},
			}
			all.Go(writers[i].run)
		}
		time.Sleep(300 * time.Millisecond)
		p.kill()
		all.Wait()
		p, ready = launch(t, data)
		s = await(t, p, ready, data)
		for _, w := range writers {
			w.check(t, s)
			total += len(w.acknowledged)
		}
	}
	if total < 50 {
		t.Errorf("only %d secrets were written, which shows little", total)
	}
	t.Logf("%d secrets", total)
}

// check finds each secret with the last value that was acknowledged, or the one under way when the server was killed.
func (w *writer) check(t *testing.T, s *localtest.Server) {
	t.Helper()
	for id, acknowledged := range w.acknowledged {
		var secret api.Secret
		s.JSON(localtest.Request{Profile: local.Owner, Method: http.MethodGet, Path: "/secrets/" + id}, http.StatusOK, &secret)
		version := int(secret.Version)
		if version < acknowledged || version > w.tried[id] || secret.Value != fmt.Sprintf("value %d", version) {
			t.Errorf("secret %s has %q as version %d; %d was acknowledged, %d tried",
				secret.Name, secret.Value, version, acknowledged, w.tried[id])
		}
	}
}
