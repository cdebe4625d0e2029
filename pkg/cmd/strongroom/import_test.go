package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
	"strongroom/pkg/operation"
)

// A gate stands before a server: it counts requests by operation, and can keep the answers to creates to itself.
type gate struct {
	mu     sync.Mutex
	counts map[operation.Name]int
	// after is how many answers to creates are let through; open lets the others through too.
	after, held int
	open        chan struct{}
	routes      *http.ServeMux
}

// newGate answers a gate and its URL.
func newGate(t *testing.T, server string) (*gate, string) {
	t.Helper()
	g := &gate{counts: map[operation.Name]int{}, routes: http.NewServeMux()}
	for _, row := range operation.Table {
		if h, ok := row.Trigger.(operation.HTTP); ok {
			g.routes.Handle(h.Method+" "+h.Path, named(row.Name))
		}
	}
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: g.answer,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	return g, s.URL
}

// named stands for an operation among the routes.
type named operation.Name

func (named) ServeHTTP(http.ResponseWriter, *http.Request) {}

// answer counts what was answered, and holds it where it is to be held.
func (g *gate) answer(r *http.Response) error {
	handler, _ := g.routes.Handler(r.Request)
	name, _ := handler.(named)
	g.mu.Lock()
	g.counts[operation.Name(name)]++
	open := g.open
	hold := operation.Name(name) == operation.CreateSecret && open != nil && g.counts[operation.CreateSecret] > g.after
	if hold {
		g.held++
	}
	g.mu.Unlock()
	if hold {
		<-open
	}
	return nil
}

// shut holds answers to creates from the one after that many on, and answers a function that lets them through.
func (g *gate) shut(after int) func() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.after, g.held, g.open = after, 0, make(chan struct{})
	open := g.open
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.open = nil
		close(open)
	})
}

// await waits until that many answers are held.
func (g *gate) await(t *testing.T, held int) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		now := g.held
		g.mu.Unlock()
		if now >= held {
			return
		}
		if time.Since(start) > patience {
			t.Fatalf("%d answers are held after %s, not %d", now, patience, held)
		}
	}
}

// taken are the counts since it was asked last.
func (g *gate) taken() map[operation.Name]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	taken := g.counts
	g.counts = map[operation.Name]int{}
	return taken
}

// writeEnv writes a .env file in its canonical form, and answers what is in it.
func writeEnv(t *testing.T, path string, nth func(i int) string) string {
	t.Helper()
	var text strings.Builder
	for i := range entries {
		fmt.Fprintf(&text, "SECRET_%04d=%s\n", i, nth(i))
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

const (
	entries = 600
	// atOnce is how many secrets import writes at a time.
	atOnce = 16
)

// nthValue is long now and then, so that all values together don't fit into one answer.
func nthValue(i int) string {
	if i%8 == 0 {
		return strings.Repeat("long", 15_000) + fmt.Sprint(i)
	}
	return fmt.Sprintf("value-%d", i)
}

// TestAnInterruptedImportGoesOn interrupts an import once by a signal that lets it finish what is under way, and once by
// one that does not, after the server has made what it never learns of. The third one does the rest: nothing is lost or
// sent twice, and the file's order is kept.
func TestAnInterruptedImportGoesOn(t *testing.T) {
	s := localtest.Start(t)
	g, through := newGate(t, s.URL)
	p := personOf(t, s, local.Developer)
	p.env = append(p.env, "STRONGROOM_URL="+through)
	path := filepath.Join(t.TempDir(), "secrets.env")
	text := writeEnv(t, path, nthValue)
	arguments := []string{"import", path, "--project", "demo", "--yes"}

	interrupted := func(after int, signal os.Signal) (status int, said string) {
		open := g.shut(after)
		defer open()
		r := p.start(t, arguments...)
		g.await(t, atOnce)
		if err := r.command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if signal != os.Kill {
			time.Sleep(50 * time.Millisecond) // it has the signal before it has answers
			open()
		}
		return r.status(t), r.errors.String()
	}
	status, said := interrupted(150, syscall.SIGINT)
	if want := fmt.Sprintf("interrupted; %d of %d were written: run it again for the rest\n", 150+atOnce, entries); status != 130 || !strings.HasSuffix(said, want) {
		t.Errorf("after SIGINT: status %d\n%s", status, said)
	}
	if status, said = interrupted(350, os.Kill); status != -1 {
		t.Errorf("after SIGKILL: status %d\n%s", status, said)
	}
	made := g.taken()
	if made[operation.CreateSecret] != 350+atOnce {
		t.Errorf("%d secrets were made before both signals", made[operation.CreateSecret])
	}
	said = p.must(t, arguments...).errors.String()
	if want := fmt.Sprintf("demo: %d new, 0 changed, %d unchanged, 0 not in the file\n", entries-350-atOnce, 350+atOnce); !strings.Contains(said, want) {
		t.Errorf("the third run says\n%s", said)
	}

	// One request for each secret, and few for all.
	rest := g.taken()
	if made[operation.CreateSecret]+rest[operation.CreateSecret] != entries {
		t.Errorf("%d secrets were made with %d and %d requests", entries, made[operation.CreateSecret], rest[operation.CreateSecret])
	}
	delete(rest, operation.CreateSecret)
	if diff := cmp.Diff(map[operation.Name]int{operation.GetProject: 1, operation.GetProjectValues: 1}, rest); diff != "" {
		t.Errorf("further requests of the third run (-want +got):\n%s", diff)
	}

	exported := p.must(t, "export", "--project", "demo").out.String()
	if exported != text {
		t.Error("what is exported is not what was imported")
	}
	if diff := cmp.Diff(map[operation.Name]int{operation.GetProject: 1, operation.GetProjectValues: 2}, g.taken()); diff != "" {
		t.Errorf("requests of the export, of two pages (-want +got):\n%s", diff)
	}
	checkChanges(t, g, p, path)
}

// checkChanges changes a few values: what is so already is not written again.
func checkChanges(t *testing.T, g *gate, p person, path string) {
	t.Helper()
	const changed = entries / 100
	text := writeEnv(t, path, func(i int) string {
		if i%100 == 1 {
			return "changed"
		}
		return nthValue(i)
	})
	g.taken()
	said := p.must(t, "import", path, "--project", "demo", "--yes").errors.String()
	if want := fmt.Sprintf("demo: 0 new, %d changed, %d unchanged, 0 not in the file\n", changed, entries-changed); !strings.Contains(said, want) {
		t.Errorf("it says\n%s", said)
	}
	sent := g.taken()
	delete(sent, operation.GetProjectValues)
	want := map[operation.Name]int{operation.GetProject: 1, operation.GetSecretByName: changed, operation.UpdateSecret: changed}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if exported := p.must(t, "export", "--project", "demo").out.String(); exported != text {
		t.Error("what is exported after the change is not what was imported")
	}
}
