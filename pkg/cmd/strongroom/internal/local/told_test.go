package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"strongroom/pkg/api"
	"strongroom/pkg/metric"
	"strongroom/pkg/metric/metrictest"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
)

// An ear hears all that the process says: its log and its standard output and error.
type ear struct {
	testing.TB
	log  bytes.Buffer
	file *os.File
}

func listenIn(t testing.TB) *ear {
	t.Helper()
	e := &ear{TB: t}
	var err error
	e.file, err = os.Create(filepath.Join(t.TempDir(), "out"))
	must(err)
	stdout, stderr, logger, writer := os.Stdout, os.Stderr, slog.Default(), log.Writer()
	os.Stdout, os.Stderr = e.file, e.file
	slog.SetDefault(slog.New(slog.NewJSONHandler(&e.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() {
		os.Stdout, os.Stderr = stdout, stderr
		slog.SetDefault(logger)
		log.SetOutput(writer)
		must(e.file.Close())
	})
	return e
}

// said answers what was said since the last time.
func (e *ear) said() string {
	printed, err := os.ReadFile(e.file.Name())
	must(err)
	must(e.file.Truncate(0))
	_, err = e.file.Seek(0, 0)
	must(err)
	defer e.log.Reset()
	return e.log.String() + string(printed)
}

// untold are names in the world: no log line has one, though answers and events do.
var untold = []string{"DATABASE_URL", "OLD_TOKEN", "SHARED", "LOOSE", "HIDDEN", "GONE", "grace@example.com", ":role/", ":user/"}

// wantSilence checks that the request was logged, in one line with metrics, and neither the mark nor a name there, nor the
// mark in an error answer.
func (e *ear) wantSilence(what, requestID string, r response) {
	e.Helper()
	said := e.said()
	if !strings.Contains(said, requestID) {
		e.Errorf("%s: the request is not logged: %s", what, said)
	}
	for _, secret := range append([]string{mark}, untold...) {
		if strings.Contains(said, secret) {
			e.Errorf("%s: %s is logged or printed: %.500s", what, secret, said)
		}
	}
	if measured := metrictest.Lines(e, said); len(measured) != 1 || measured[0][metric.Requests]+measured[0][metric.Runs] != 1 {
		e.Errorf("%s: not one line with metrics: %v", what, measured)
	}
	if r.refused() && (bytes.Contains(r.Body, []byte(mark)) || strings.Contains(fmt.Sprint(r.Headers, r.Error), mark)) {
		e.Errorf("%s: the error tells: %.500s", what, r.Body)
	}
}

// hear sends an event with the default log, as a deployed function has it.
func (w *world) hear(t testing.TB, name operation.Name, payload []byte) response {
	t.Helper()
	answer, err := w.function(name, nil).Invoke(t.Context(), payload)
	if !hasRoute(name) {
		return invoked(t, answer, err)
	}
	must(err)
	return proxied(t, answer)
}

// wantUntold checks that the record of what happened in the world does not have the mark.
func (w *world) wantUntold(t testing.TB, what string) {
	t.Helper()
	list, err := w.service.ListEvents(t.Context(), (*builder)(nil).owner(), fixedID(1), secrets.ListEvents{Page: api.Page{Limit: 500}})
	must(err)
	if len(list.Data) < 20 {
		t.Errorf("%s: only %d events are recorded", what, len(list.Data))
	}
	recorded, err := json.Marshal(list)
	must(err)
	if bytes.Contains(recorded, []byte(mark)) {
		t.Errorf("%s: the record tells: %.500s", what, recorded)
	}
}

// TestEventsTellNoSecrets: all values and notes of the world and of its events have the mark.
func TestEventsTellNoSecrets(t *testing.T) {
	e := listenIn(t)
	marked := 0
	for _, s := range samples(t) {
		if bytes.Contains(s.payload, []byte(mark)) {
			marked++
		}
		w := newWorld(t, nil)
		r := w.hear(t, s.operation, s.payload)
		e.wantSilence(s.path(), string(s.operation), r)
		w.wantUntold(t, s.path())
	}
	if marked < 20 {
		t.Errorf("%d events have the mark", marked)
	}
}

// TestMarkedRequestsTellNothing puts the mark into every text of a request, as it is and so that it is refused.
func TestMarkedRequestsTellNothing(t *testing.T) {
	e := listenIn(t)
	eachRoute(t, func(t *testing.T, p *probe) {
		hear := func(what string, d draft) {
			t.Helper()
			e.wantSilence(fmt.Sprintf("%s: %s", p.row.Name, what), string(p.row.Name), p.hear(t, p.row.Name, d.payload()))
		}
		hear("headers", p.base.withHeader("authorization", mark).withHeader("cookie", mark).withHeader("x-amz-security-token", mark))
		hear("If-None-Match", p.base.withHeader("if-none-match", mark))
		hear("Content-Type", p.base.withHeader("content-type", mark))
		agent := p.base
		agent.RequestContext = maps.Clone(agent.RequestContext)
		agent.RequestContext["http"] = map[string]any{"method": p.route.Method, "path": mark, "userAgent": mark}
		hear("user agent", agent)
		for _, name := range p.route.PathParameters() {
			hear(name, p.base.withParameter(p.route, name, mark))
		}
		for _, name := range p.route.Query {
			for _, ending := range []string{"", "%ff", "%0a", strings.Repeat("x", 5000)} {
				hear(name, p.base.withQuery(name+"="+mark+url.QueryEscape("&")+ending))
			}
		}
		p.markFields(t, hear)
	})
}

func (p *probe) markFields(t *testing.T, hear func(string, draft)) {
	if !p.route.Body {
		hear("body", p.base.withBody([]byte(mark)))
		return
	}
	for _, f := range fieldsOf(field{kind: requests[p.row.Name]}) {
		if f.kind.Kind() == reflect.Struct && f.kind != typeTime {
			continue
		}
		for _, ending := range []string{"", `\n`, `\ud800`, "\xff", `","x":"`, strings.Repeat("x", 200_000)} {
			hear(fmt.Sprintf("%s with %.10q", f, ending), p.base.withBody(p.body(t, f, `"`+mark+ending+`"`)))
		}
	}
	for _, body := range []string{mark, `"` + mark + `"`, `["` + mark + `"]`, `{"value":` + mark, `{"unknown":"` + mark + `"}`, `{"name":{"a":"` + mark + `"}}`} {
		hear("body "+body, p.base.withBody([]byte(body)))
	}
}

// A faulty table fails in one way: "error", "panic", or "damage", which changes what is sealed.
type faulty struct {
	table.Table
	how string
}

var errTable = errors.New("the table has no time for this")

func (f faulty) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	switch f.how {
	case "error":
		return nil, errTable
	case "panic":
		panic(mark)
	}
	items, err := f.Table.BatchGet(ctx, keys)
	for _, item := range items {
		damage(item)
	}
	return items, err
}

func (f faulty) Query(ctx context.Context, q table.Query) (table.Page, error) {
	page, err := f.Table.Query(ctx, q)
	for _, item := range page.Items {
		damage(item)
	}
	return page, err
}

func damage(item table.Item) {
	if sealed, ok := item.Attributes["value"].([]byte); ok && len(sealed) > 0 {
		item.Attributes["value"] = append(bytes.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1)
	}
}

// TestFailuresTellNothing: what goes wrong inside is logged, and answered as no more than that it went wrong.
func TestFailuresTellNothing(t *testing.T) {
	e := listenIn(t)
	failed := map[string]int{}
	for _, how := range []string{"error", "panic", "damage"} {
		for _, s := range routed(t) {
			w := newWorld(t, func(tbl table.Table) table.Table { return faulty{tbl, how} })
			r := w.hear(t, s.operation, s.payload)
			if r.StatusCode >= http.StatusInternalServerError {
				failed[how]++
				wantError(t, r)
			}
			e.wantSilence(how+": "+s.path(), string(s.operation), r)
		}
	}
	if failed["error"] < 100 || failed["panic"] < 100 || failed["damage"] < 10 {
		t.Errorf("failures: %v", failed)
	}
	t.Log(failed)
}
