package local

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
)

// The operations of these tests.
const (
	testStream   operation.Name = "test-stream"
	testSchedule operation.Name = "test-schedule"
)

// A recorder is behind both operations: it keeps what they get.
type recorder struct {
	mutex   sync.Mutex
	changes map[table.Key][]table.Change
	times   chan time.Time
	seen    chan table.Key
}

// newRecorder has the operations in the table and the registry while a test runs, which must not run beside others.
func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{changes: map[table.Key][]table.Change{}, times: make(chan time.Time, 10), seen: make(chan table.Key, 1000)}
	whole := operation.Table
	operation.Table = append(slices.Clone(whole),
		operation.Row{Name: testStream, Trigger: operation.Stream{Items: []operation.Items{{PK: "ORG#"}}}},
		operation.Row{Name: testSchedule, Trigger: operation.Schedule{Every: time.Hour}})
	streams[testStream] = func(*secrets.Service) func(context.Context, []table.Change) error { return r.take }
	schedules[testSchedule] = func(*secrets.Service) func(context.Context, time.Time) (any, error) { return r.tick }
	t.Cleanup(func() {
		operation.Table = whole
		delete(streams, testStream)
		delete(schedules, testSchedule)
	})
	return r
}

func (r *recorder) take(_ context.Context, changes []table.Change) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, c := range changes {
		r.changes[c.Key] = append(r.changes[c.Key], c)
		r.seen <- c.Key
	}
	return nil
}

func (r *recorder) tick(_ context.Context, at time.Time) (any, error) {
	r.times <- at
	return nil, nil
}

// wait waits for a change of an item and answers how often it came.
func (r *recorder) wait(t *testing.T, key table.Key) int {
	t.Helper()
	for timeout := time.After(time.Minute); ; {
		select {
		case got := <-r.seen:
			if got != key {
				continue
			}
			r.mutex.Lock()
			defer r.mutex.Unlock()
			return len(r.changes[key])
		case <-timeout:
			t.Fatalf("no change of %s/%s", key.PK, key.SK)
		}
	}
}

// A lateClock is some time ahead.
type lateClock struct{ ahead time.Duration }

func (c lateClock) Now() time.Time { return time.Now().Add(c.ahead) }

func (c lateClock) Until(ctx context.Context, at time.Time) error {
	if !c.Now().Before(at) {
		return nil
	}
	<-ctx.Done() // nothing is due so soon
	return ctx.Err()
}

// serve opens a server with what a test wants of it, and answers what stops it.
func serveWith(t *testing.T, c Config) (*Server, func()) {
	t.Helper()
	c.Addr, c.KMSAddr, c.Log = "127.0.0.1:0", "127.0.0.1:0", silent
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	return s, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server ends with %v", err)
		}
	}
}

// group makes a group and answers the key of its entry.
func group(t *testing.T, s *Server, name string) table.Key {
	t.Helper()
	_, _, err := s.service.CreatePrincipal(t.Context(), s.owner, s.organization, api.CreatePrincipal{Kind: access.KindGroup, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return table.Key{PK: "ORG#" + s.organization.String(), SK: "GROUP#" + name}
}

// TestFunctionsAreStartedByTheStream: a function of the stream gets the changes of the first start, then those of
// requests, and at the second start what is new.
func TestFunctionsAreStartedByTheStream(t *testing.T) {
	r, data := newRecorder(t), t.TempDir()
	s, stop := serveWith(t, Config{Data: data})
	r.wait(t, table.Key{PK: "ORG#" + s.organization.String(), SK: "PROJECT#demo"})
	first := group(t, s, "first")
	r.wait(t, first)
	stop()
	s, stop = serveWith(t, Config{Data: data})
	second := group(t, s, "second")
	r.wait(t, second)
	stop()
	for key, changes := range r.changes {
		for i, c := range changes {
			if i > 0 && (c.Old == nil || c.Old.Revision != changes[i-1].New.Revision) {
				t.Errorf("%s/%s: change %d does not follow the one before", key.PK, key.SK, i)
			}
			if !(operation.Stream{Items: []operation.Items{{PK: "ORG#"}}}).Wants(key.PK, key.SK) {
				t.Errorf("a change of %s/%s came", key.PK, key.SK)
			}
		}
	}
	if len(r.changes[first]) != 1 || len(r.changes[second]) != 1 {
		t.Errorf("the groups' changes came %d and %d times", len(r.changes[first]), len(r.changes[second]))
	}
}

func TestChangesComeTwiceOnPurpose(t *testing.T) {
	r := newRecorder(t)
	s, stop := serveWith(t, Config{Data: t.TempDir(), Redeliver: 1})
	defer stop()
	entry := group(t, s, "twice")
	for n := r.wait(t, entry); n < 2; {
		n = r.wait(t, entry)
	}
}

// TestFunctionsAreStartedByTheClock: the second start is two hours later, by the server's clock.
func TestFunctionsAreStartedByTheClock(t *testing.T) {
	r, data := newRecorder(t), t.TempDir()
	_, stop := serveWith(t, Config{Data: data, Clock: lateClock{}})
	stop()
	if len(r.times) > 0 {
		t.Error("it ran at the first start")
	}
	_, stop = serveWith(t, Config{Data: data, Clock: lateClock{2 * time.Hour}})
	select {
	case at := <-r.times:
		if ahead := time.Until(at); ahead < 119*time.Minute || ahead > 2*time.Hour {
			t.Errorf("it ran at %s", at)
		}
	case <-time.After(time.Minute):
		t.Error("it did not run")
	}
	stop()
	if len(r.times) > 0 {
		t.Error("it ran twice")
	}
}
