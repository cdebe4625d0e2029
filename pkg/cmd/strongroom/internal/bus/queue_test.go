package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var errTest = errors.New("the consumer can't")

// A consumer notes when it gets which message, counted from the beginning.
type consumer struct {
	began time.Time
	mutex sync.Mutex
	got   map[string][]time.Duration
	atOne int
	most  int
	log   bytes.Buffer
	do    func(ctx context.Context, message string, n int) error
}

func newConsumer(do func(ctx context.Context, message string, n int) error) *consumer {
	return &consumer{began: time.Now(), got: map[string][]time.Duration{}, do: do}
}

func (c *consumer) consume(ctx context.Context, body []byte) error {
	c.mutex.Lock()
	message := string(body)
	c.got[message] = append(c.got[message], time.Since(c.began))
	n := len(c.got[message])
	c.atOne++
	c.most = max(c.most, c.atOne)
	c.mutex.Unlock()
	defer func() {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.atOne--
	}()
	return c.do(ctx, message, n)
}

func (c *consumer) queue(t *testing.T, change func(*QueueConfig)) *Queue {
	t.Helper()
	config := QueueConfig{
		Name: "test", Consume: c.consume, Concurrency: 1, Visibility: time.Minute, Pause: 10 * time.Second, Receives: 3,
		Log: slog.New(slog.NewTextHandler(&c.log, nil)),
	}
	change(&config)
	q, err := NewQueue(config)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// run has the queue run for so long.
func run(t *testing.T, q *Queue, long time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	New(Rule{Queue: q}, Rule{Queue: q}).Run(ctx)
}

func send(t *testing.T, q *Queue, messages ...string) {
	t.Helper()
	for _, m := range messages {
		if err := q.Send([]byte(m)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMessagesAreConsumedOnceAndSoManyAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConsumer(func(context.Context, string, int) error { time.Sleep(time.Second); return nil })
		q := c.queue(t, func(c *QueueConfig) { c.Concurrency = 3 })
		var sent []string
		for i := range 10 {
			sent = append(sent, fmt.Sprint(i))
		}
		send(t, q, sent...)
		run(t, q, time.Hour)
		if diff := cmp.Diff(sent, slices.Sorted(maps.Keys(c.got))); diff != "" || c.most != 3 {
			t.Errorf("%d at a time (-sent +got):\n%s", c.most, diff)
		}
		for m, times := range c.got {
			if len(times) != 1 {
				t.Errorf("%s came at %v", m, times)
			}
		}
		if c.got["9"][0] != 3*time.Second {
			t.Errorf("the last came after %s", c.got["9"][0])
		}
	})
}

// TestAMessageThatFailsComesAgain after the pause, until it was received so often that it is given up, and holds up no other.
func TestAMessageThatFailsComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConsumer(func(_ context.Context, message string, n int) error {
			if message == "never" || message == "twice" && n < 3 {
				return errTest
			}
			return nil
		})
		q := c.queue(t, func(*QueueConfig) {})
		send(t, q, "never", "twice", "once")
		run(t, q, time.Hour)
		s := time.Second
		want := map[string][]time.Duration{"never": {0, 10 * s, 20 * s}, "twice": {0, 10 * s, 20 * s}, "once": {0}}
		if diff := cmp.Diff(want, c.got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if log := c.log.String(); strings.Count(log, "given up") != 1 || strings.Count(log, "comes again") != 4 || strings.Contains(log, "never") {
			t.Errorf("logged:\n%s", log)
		}
	})
}

// TestAMessageThatIsNotDoneWithInTimeComesAgain while the first is still under way; each context ends in time.
func TestAMessageThatIsNotDoneWithInTimeComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConsumer(func(ctx context.Context, message string, n int) error {
			if message == "slow" && n < 3 {
				<-ctx.Done()
				time.Sleep(10 * time.Second)
				return nil
			}
			if message == "stuck" {
				time.Sleep(2 * time.Minute)
				return errTest
			}
			return nil
		})
		q := c.queue(t, func(c *QueueConfig) { c.Concurrency = 10 })
		send(t, q, "slow", "stuck")
		run(t, q, time.Hour)
		m := time.Minute
		want := map[string][]time.Duration{"slow": {0, m}, "stuck": {0, m, 2 * m}}
		if diff := cmp.Diff(want, c.got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestMessagesComeTwiceOnPurpose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConsumer(func(context.Context, string, int) error { return nil })
		q := c.queue(t, func(c *QueueConfig) { c.Redeliver = 5 })
		for i := range 100 {
			send(t, q, fmt.Sprint(i))
		}
		run(t, q, time.Hour)
		twice := 0
		for _, times := range c.got {
			twice += len(times) - 1
		}
		if len(c.got) != 100 || twice != 20 {
			t.Errorf("%d messages came, %d twice", len(c.got), twice)
		}
	})
}

// TestAFolderKeepsMessages that a process did not come to, was dealing with, or failed with; one that was given up is gone.
func TestAFolderKeepsMessages(t *testing.T) {
	folder := t.TempDir() + "/queue"
	synctest.Test(t, func(t *testing.T) {
		c := newConsumer(func(ctx context.Context, message string, _ int) error {
			switch message {
			case "hangs":
				<-ctx.Done()
				return ctx.Err()
			case "fails":
				return errTest
			}
			return nil
		})
		inFolder := func(c *QueueConfig) { c.Folder, c.Concurrency = folder, 2 }
		q := c.queue(t, inFolder)
		send(t, q, "done", "fails", "hangs")
		run(t, q, 5*time.Second)
		for _, name := range []string{".half.json.1", "README"} {
			if err := os.WriteFile(folder+"/"+name, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c.got = map[string][]time.Duration{}
		run(t, c.queue(t, inFolder), time.Hour)
		if got, want := slices.Sorted(maps.Keys(c.got)), []string{"fails", "hangs"}; !slices.Equal(got, want) || len(c.got["fails"]) != 3 {
			t.Errorf("after the next start %v came", c.got)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) != 2 {
			t.Errorf("%d files are left, %v", len(left), err)
		}
	})
}

func TestThatAMessageCanNotBeKeptIsSaid(t *testing.T) {
	c := newConsumer(func(context.Context, string, int) error { return nil })
	folder := t.TempDir() + "/queue"
	q := c.queue(t, func(c *QueueConfig) { c.Folder = folder })
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := q.Send(nil); err == nil {
		t.Error("it is sent")
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewQueue(QueueConfig{Folder: folder}); err == nil {
		t.Error("a file is taken for a folder")
	}
}
