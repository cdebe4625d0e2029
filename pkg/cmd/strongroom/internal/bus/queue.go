package bus

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/wholefile"
)

// A QueueConfig says how messages are consumed. All times are by the machine's clock, since work is.
type QueueConfig struct {
	// Name is what the log calls it.
	Name string
	// Consume deals with a message. An error has it come again.
	Consume func(ctx context.Context, message []byte) error
	// Concurrency is how many messages are under way at a time.
	Concurrency int
	// Visibility is how long a message has. Its context ends then, and it comes again, even if the consumer has not come back.
	Visibility time.Duration
	// Pause is after how long a message comes again that failed.
	Pause time.Duration
	// Receives is how often a message comes before it is given up.
	Receives int
	// Redeliver, where not zero, has one message of so many come twice, as messages may: for tests.
	Redeliver int
	// Folder is where messages are kept; empty keeps them in memory.
	Folder string
	// Log is where dead letters and failures are told; nil is slog.Default().
	Log *slog.Logger
}

// suffix is that of the files of messages.
const suffix = ".json"

// A Queue holds messages for a consumer.
type Queue struct {
	config QueueConfig
	// wake gets a value when there is a message to be taken.
	wake chan struct{}

	mutex sync.Mutex
	ready []*message
	sent  int
}

// A message is one that was sent, and not done with.
type message struct {
	id   string
	body []byte
	// file is where it is kept; empty for none.
	file     string
	received int
	done     bool
}

// NewQueue makes a queue. What its folder has of an earlier process, which is made where there is none, comes first.
func NewQueue(c QueueConfig) (*Queue, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	q := &Queue{config: c, wake: make(chan struct{}, 1)}
	if c.Folder == "" {
		return q, nil
	}
	if err := os.MkdirAll(c.Folder, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(c.Folder) // sorted by name, which begins with the time
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		id, ok := strings.CutSuffix(entry.Name(), suffix)
		if !ok || uuid.Validate(id) != nil { // a file that was not finished, or somebody else's
			continue
		}
		file := filepath.Join(c.Folder, entry.Name())
		body, err := os.ReadFile(file) //nolint:gosec // the operator's
		if err != nil {
			return nil, err
		}
		q.push(&message{id: id, body: body, file: file})
	}
	return q, nil
}

// Send gives the queue a message. In a queue with a folder it is on the disk when Send returns without an error.
func (q *Queue) Send(body []byte) error {
	m := &message{id: uuid.Must(uuid.NewV7()).String(), body: body}
	if q.config.Folder != "" {
		m.file = filepath.Join(q.config.Folder, m.id+suffix)
		if err := wholefile.Create(m.file, body); err != nil {
			return fmt.Errorf("keeping a message: %w", err)
		}
	}
	q.push(m)
	q.mutex.Lock()
	q.sent++
	twice := q.config.Redeliver > 0 && q.sent%q.config.Redeliver == 0
	q.mutex.Unlock()
	if twice {
		q.push(&message{id: m.id, body: body})
	}
	return nil
}

// push has a message be taken, unless it is done with.
func (q *Queue) push(m *message) {
	q.mutex.Lock()
	if !m.done {
		q.ready = append(q.ready, m)
	}
	q.mutex.Unlock()
	select {
	case q.wake <- struct{}{}:
	default: // it is awake
	}
}

// A receipt is a message that was taken for the n-th time.
type receipt struct {
	*message
	n int
}

// pop takes the message that has waited longest, if there is one.
func (q *Queue) pop() (receipt, bool) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	for len(q.ready) > 0 {
		m := q.ready[0]
		if q.ready = q.ready[1:]; !m.done {
			m.received++
			return receipt{m, m.received}, true
		}
	}
	return receipt{}, false
}

// finish is for a message that was consumed or given up.
func (q *Queue) finish(m *message) {
	q.mutex.Lock()
	m.done = true
	q.mutex.Unlock()
	if m.file == "" {
		return
	}
	if err := os.Remove(m.file); err != nil && !os.IsNotExist(err) { // it may come from two receipts
		q.config.Log.Warn("a message that is done with can't be removed, and comes again at the next start",
			"queue", q.config.Name, "message", m.id, "error", err)
	}
}

// next waits for a message; there is none when ctx ends.
func (q *Queue) next(ctx context.Context) (receipt, bool) {
	for ctx.Err() == nil {
		if m, ok := q.pop(); ok {
			return m, true
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
		}
	}
	return receipt{}, false
}

// run consumes messages until ctx ends, and waits for those under way, whose contexts are of working.
func (q *Queue) run(ctx, working context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, q.config.Concurrency)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		m, ok := q.next(ctx)
		if !ok {
			return
		}
		all.Go(func() {
			defer func() { <-slots }()
			q.consume(working, m)
		})
	}
}

// consume has the consumer deal with a message that was received.
func (q *Queue) consume(ctx context.Context, m receipt) {
	log := q.config.Log.With("queue", q.config.Name, "message", m.id, "received", m.n)
	again := func() { q.push(m.message) }
	if m.n >= q.config.Receives {
		again = func() { q.finish(m.message) }
	}
	seen := time.AfterFunc(q.config.Visibility, again)
	inTime, cancel := context.WithTimeout(ctx, q.config.Visibility)
	defer cancel()
	err := q.config.Consume(inTime, m.body)
	inHand := seen.Stop() // nobody else has it yet
	switch {
	case err == nil:
		q.finish(m.message)
	case ctx.Err() != nil: // the process ends, and what is in a folder comes at the next start
	case m.n >= q.config.Receives:
		q.finish(m.message)
		log.ErrorContext(ctx, "a message is given up", "error", err)
	default:
		log.WarnContext(ctx, "a message failed, and comes again", "error", err)
		if inHand {
			time.AfterFunc(q.config.Pause, again)
		}
	}
}
