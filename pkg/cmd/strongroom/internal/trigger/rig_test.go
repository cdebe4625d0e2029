package trigger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"strongroom/pkg/app"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// The operations of these tests.
const (
	streamed  operation.Name = "test-stream"
	scheduled operation.Name = "test-schedule"
)

// withRows has rows in the operation table while a test runs, which must not run beside others.
func withRows(t *testing.T) {
	t.Helper()
	whole := operation.Table
	t.Cleanup(func() { operation.Table = whole })
	operation.Table = append(slices.Clone(whole), testRows...)
}

var testRows = []operation.Row{
	{Name: streamed, Trigger: operation.Stream{Items: []operation.Items{{PK: "p"}}}},
	{Name: scheduled, Trigger: operation.Schedule{Every: time.Hour, After: 10 * time.Minute}},
}

// A rig is a folder with a table, in which triggers are started again and again.
type rig struct {
	t      *testing.T
	folder string
	config Config
	db     *bolt.DB
	log    lockedBuffer
	pauses *pauses
}

func newRig(t *testing.T) *rig {
	withRows(t)
	r := &rig{t: t, folder: t.TempDir(), pauses: &pauses{}}
	r.config = Config{
		Runs: filepath.Join(r.folder, "runs.json"), Account: "000000000000", Region: "us-east-1",
		Log: slog.New(slog.NewTextHandler(&r.log, nil)),
	}
	r.open()
	return r
}

func (r *rig) open() {
	r.t.Helper()
	db, err := bolt.Open(filepath.Join(r.folder, "table"), bolt.NoSync())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = db.Close() })
	r.db, r.config.Table = db, db
}

func (r *rig) close() {
	r.t.Helper()
	if err := r.db.Close(); err != nil {
		r.t.Fatal(err)
	}
}

// new makes triggers whose pauses take no time.
func (r *rig) new(functions map[operation.Name]lambda.Handler) *Triggers {
	r.t.Helper()
	triggers, err := New(r.config, functions)
	if err != nil {
		r.t.Fatal(err)
	}
	triggers.sleep = r.pauses.sleep
	return triggers
}

// run has triggers run until the answered function is called, which waits for their end.
func (r *rig) run(triggers *Triggers) (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		triggers.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (r *rig) settings() app.Settings {
	return app.Settings{Account: r.config.Account, Log: slog.New(slog.DiscardHandler)}
}

// onChanges makes triggers with one function, of the stream.
func (r *rig) onChanges(use app.StreamUse) *Triggers {
	return r.new(map[operation.Name]lambda.Handler{streamed: app.StreamFunction(streamed, use, r.settings())})
}

// onTime makes triggers with one function, of the clock.
func (r *rig) onTime(use app.ScheduleUse) *Triggers {
	return r.new(map[operation.Name]lambda.Handler{scheduled: app.ScheduleFunction(scheduled, use, r.settings())})
}

// bump puts an item at its next revision.
func (r *rig) bump(pk, sk string, revision int64) {
	r.t.Helper()
	it := table.Item{Key: table.Key{PK: pk, SK: sk}, Revision: revision, Attributes: map[string]any{"b": []byte{1}}}
	err := r.db.Transact(r.t.Context(), table.Transaction{Writes: []table.Write{table.Put(it, table.IfRevision(revision-1))}})
	if err != nil {
		r.t.Fatal(err)
	}
}

// A lockedBuffer is what several goroutines log into.
type lockedBuffer struct {
	mutex sync.Mutex
	b     bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.b.String()
}

// pauses are those that were made, without waiting.
type pauses struct {
	mutex sync.Mutex
	list  []time.Duration
}

func (p *pauses) sleep(ctx context.Context, d time.Duration) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if d != window && d != rest {
		p.list = append(p.list, d)
	}
	return ctx.Err()
}

// A handClock is turned by hand.
type handClock struct {
	mutex   sync.Mutex
	now     time.Time
	turned  chan struct{}
	waiting chan time.Time // gets what is waited for
}

func newHandClock(now time.Time) *handClock {
	return &handClock{now: now, turned: make(chan struct{}), waiting: make(chan time.Time, 100)}
}

func (c *handClock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *handClock) Until(ctx context.Context, at time.Time) error {
	for first := true; ; first = false {
		c.mutex.Lock()
		reached, turned := !c.now.Before(at), c.turned
		c.mutex.Unlock()
		if reached {
			return ctx.Err()
		}
		if first {
			c.waiting <- at
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *handClock) turn(now time.Time) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = now
	close(c.turned)
	c.turned = make(chan struct{})
}

var errTest = errors.New("the function can't")

// told is changes in words: the item and its revision.
func told(changes []table.Change) []string {
	var words []string
	for _, c := range changes {
		words = append(words, fmt.Sprintf("%s/%s %d", c.Key.PK, c.Key.SK, c.New.Revision))
	}
	return words
}
