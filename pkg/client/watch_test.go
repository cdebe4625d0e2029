package client_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

// A poller is a server that answers pollers as Strongroom does: 304 to who has the mark, which is counted up by hand.
type poller struct {
	*stage
	mark string
	// conditions are the If-None-Match of what was asked for, page by page; pages is how many there are.
	conditions []string
	pages      int
	unchanged  int
	inVain     int
}

func newPoller(t *testing.T) (*poller, *client.Client) {
	s, _ := newStage(t)
	p := &poller{stage: s, mark: `"1"`, pages: 1}
	s.twist = p.answer
	return p, s.anew()
}

func (p *poller) answer(r *http.Request, _ []byte) any {
	if !strings.HasSuffix(r.URL.Path, "/values") {
		return nil
	}
	condition, token := r.Header.Get("If-None-Match"), r.URL.Query().Get("continuationToken")
	p.conditions = append(p.conditions, strings.TrimSpace(token+" "+condition))
	if condition == p.mark {
		p.unchanged++
		return raw{status: http.StatusNotModified, header: http.Header{"ETag": {p.mark}}}
	}
	list := p.ofProject(p.demo, "values", "").(api.List[api.ProjectValue]) //nolint:forcetypeassert // it is one
	if token == "" && p.pages == 2 {
		list.Data, list.ContinuationToken = list.Data[:min(1, len(list.Data))], "second"
	} else if token != "" {
		list.Data = list.Data[min(1, len(list.Data)):]
	}
	return raw{status: http.StatusOK, header: http.Header{"ETag": {p.mark}}, body: encoded(p.t, list)}
}

// changes makes what happens between two polls, in its order. Who goes on polling long after it all waits in vain.
func (p *poller) changes(c *client.Client, between ...func()) {
	client.SetPause(c, func(ctx context.Context, _ time.Duration) error {
		if p.inVain++; p.inVain > 100 {
			return errors.New("polled in vain")
		}
		if len(between) > 0 {
			p.mutex.Lock()
			between[0]()
			p.mutex.Unlock()
			between = between[1:]
		}
		return ctx.Err()
	})
}

// yielded are the first so many readings of a project: name and version of each secret.
func yielded(t *testing.T, c *client.Client, n int) (readings []string) {
	t.Helper()
	for all, err := range c.WatchAll(t.Context(), "demo", time.Second) {
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range all {
			names = append(names, s.Name+" "+s.Value.Reveal())
		}
		if readings = append(readings, strings.Join(names, ", ")); len(readings) == n {
			break
		}
	}
	return readings
}

// A poller begins with an ETag that nothing has, so that the first answer's is good for asking again, and sends the last
// one from then on. What is unchanged is not yielded, and a change is, in however many pages.
func TestWatchAllAsksForWhatHasChanged(t *testing.T) {
	for _, test := range []struct {
		pages int
		want  []string
	}{
		{1, []string{`""`, `"1"`, `"1"`, `"1"`, `"2"`, `"2"`}},
		{2, []string{`""`, "second", `"1"`, `"1"`, `"1"`, "second", `"2"`, `"2"`, "second"}},
	} {
		p, c := newPoller(t)
		p.pages = test.pages
		stored, nothing := p.secretNamed(p.demo, "TOKEN"), func() {}
		p.changes(c, nothing, nothing, func() {
			renamed := p.secretNamed(p.demo, "SECOND")
			delete(p.secrets, renamed.ID)
			p.mark = `"2"`
		}, nothing, func() {
			delete(p.secrets, stored.ID)
			p.mark = `"3"`
		})
		want := []string{"TOKEN " + mark + ", SECOND second", "TOKEN " + mark, ""}
		if diff := cmp.Diff(want, yielded(t, c, 3)); diff != "" {
			t.Errorf("in %d pages (-want +got):\n%s", test.pages, diff)
		}
		if p.unchanged != 3 {
			t.Errorf("in %d pages: told %d times that nothing changed, want 3", test.pages, p.unchanged)
		}
		if diff := cmp.Diff(test.want, p.conditions); diff != "" {
			t.Errorf("in %d pages (-want +got):\n%s", test.pages, diff)
		}
	}
}

// Where nothing changed one request is all: neither keys nor pins are asked for again.
func TestAPollIsOneRequest(t *testing.T) {
	p, c := newPoller(t)
	const polls = 10
	between := make([]func(), polls)
	for i := range between {
		between[i] = func() {
			if i == 0 {
				p.sent = nil // what was asked at first
			}
		}
	}
	between[polls-1] = func() {
		delete(p.secrets, p.secretNamed(p.demo, "SECOND").ID)
		p.mark = `"2"`
	}
	p.changes(c, between...)
	yielded(t, c, 2)
	if sent, _ := p.record(); strings.Count(sent, "\n")+1 != polls {
		t.Errorf("sent for %d polls:\n%s", polls, sent)
	}
	if p.unchanged != polls-1 {
		t.Errorf("%d were answered without values, want %d", p.unchanged, polls-1)
	}
}

// The mark may follow a change that was read already: then all is answered once more, which is nothing new.
func TestWhatIsTheSameIsNotYieldedAgain(t *testing.T) {
	p, c := newPoller(t)
	p.changes(c, func() { p.mark = `"2"` }, func() { p.mark = `"3"` }, func() {
		delete(p.secrets, p.secretNamed(p.demo, "SECOND").ID)
		p.mark = `"4"`
	})
	want := []string{"TOKEN " + mark + ", SECOND second", "TOKEN " + mark}
	if diff := cmp.Diff(want, yielded(t, c, 2)); diff != "" {
		t.Error(diff)
	}
}

// A server may say for ever that nothing changed: that denies, as silence would, and whoever watches keeps what they have.
// To who has nothing it is no answer.
func TestNothingHasChangedIsNoAnswerToWhoHasNothing(t *testing.T) {
	s, c := newStage(t)
	s.twist = func(r *http.Request, _ []byte) any {
		if !strings.Contains(r.URL.Path, "/secret") && !strings.HasSuffix(r.URL.Path, "/values") {
			return nil
		}
		return raw{status: http.StatusNotModified}
	}
	ctx := t.Context()
	for name, act := range map[string]func() error{
		"Get":      func() error { _, err := c.Get(ctx, "demo/TOKEN"); return err },
		"GetAll":   func() error { _, err := c.GetAll(ctx, "demo"); return err },
		"Watch":    func() error { return first(c.Watch(ctx, "demo/TOKEN", time.Second)) },
		"WatchAll": func() error { return first(c.WatchAll(ctx, "demo", time.Second)) },
		"Set":      func() error { _, err := c.Set(ctx, "demo/TOKEN", client.NewValue("new")); return err },
	} {
		if err := act(); !errors.As(err, new(*client.NoAnswerError)) || !strings.Contains(err.Error(), "nothing has changed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a poll answers is proved as what anything else answers: an older version is found out, also by who was told
// meanwhile that nothing changed, and the ETag of an answer that was not believed is not sent again.
func TestAPollIsNotBelievedMoreThanARead(t *testing.T) {
	p, c := newPoller(t)
	old := p.secretNamed(p.demo, "TOKEN").Value
	set(t, c, "demo/TOKEN", "newer")
	p.record()
	p.changes(c, func() {}, func() {
		stored := p.secretNamed(p.demo, "TOKEN")
		stored.Value, stored.Version = old, 1
		p.mark = `"2"`
	})
	var stale *client.StaleError
	readings := 0
	for _, err := range c.WatchAll(t.Context(), "demo", time.Second) {
		if readings++; err != nil && !errors.As(err, &stale) {
			t.Fatal(err)
		}
	}
	if stale == nil || readings != 2 {
		t.Errorf("%d readings, then %v", readings, stale)
	}
	if slices.Contains(p.conditions, `"2"`) {
		t.Errorf("sent the ETag of an answer that was not believed: %q", p.conditions)
	}
}

// The real server's change is delivered, and nothing is recorded of polls that found none.
func TestWatchAllByTheServer(t *testing.T) {
	c := real(t, "owner")
	project := freshServer(t, c, "watched")
	set(t, c, project+"/A", "first")
	polls := 0
	client.SetPause(c, func(ctx context.Context, _ time.Duration) error {
		if polls++; polls == 50 {
			if _, err := c.Set(ctx, project+"/A", client.NewValue("second")); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	var got []string
	for all, err := range c.WatchAll(t.Context(), project, time.Millisecond) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, all[0].Value.Reveal()); len(got) == 2 {
			break
		}
	}
	if diff := cmp.Diff([]string{"first", "second"}, got); diff != "" {
		t.Error(diff)
	}
	p, err := c.Project(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	reads := 0
	for e, err := range c.Events(t.Context(), client.EventFilter{Action: "get-project-values", Resource: p.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		if reads++; len(e.Values) != 1 {
			t.Errorf("%+v", e)
		}
	}
	// What the mark says late is read once more.
	if reads < 2 || reads > 6 {
		t.Errorf("%d polls were recorded as %d reads", polls, reads)
	}
}
