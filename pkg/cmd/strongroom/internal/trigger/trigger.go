// Package trigger starts the functions that nobody asks for, where there is no AWS to do it: those of the table's stream
// and those of the clock. It hands them the payloads that Lambda would, so that the very same code runs.
//
// # The table's stream
//
// Each function has a feed of the table of its own (package table/bolt) and gets its changes in batches of at most 100, in
// the order in which they were committed. It gets a batch again until it has answered without an error, after longer and
// longer pauses and for ever, and half of it at first, as Lambda halves batches, so that what can be done is done. Which
// changes a function has dealt with is on the disk: a process that is killed goes on where it was, and what was under way
// comes again. A function that is new gets the changes from its first start on; the feed of one that is gone is removed.
// Between two batches that are not full there is a short pause, so that under load a function is started for many changes
// at once, and notes their end with one write.
//
// # The clock
//
// A function of the clock is started when its row says so, and never twice at once. A file remembers when each was last
// started and came to its end without an error; whatever was due since then, while the process was away or another run
// under way, is made up for by one run. A schedule that is new counts from its first start on. A run that fails is
// repeated, after longer and longer pauses. Between two runs there is a short pause by the machine's clock, so that a clock that
// is made to run fast has as many runs as can be done, and no more.
//
// # The end
//
// When the context of Run ends nothing new is started. Functions under way have a few seconds to come to their end, then
// their contexts end as well, and Run waits for them: after it nobody uses the table.
package trigger

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"strongroom/pkg/operation"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// grace is how long functions under way have when Run is to end.
const grace = 3 * time.Second

// A Config says what functions are started over.
type Config struct {
	Table *bolt.DB
	// Runs is the path of the file that remembers when schedules last ran.
	Runs string
	// Account and Region are those of which payloads speak.
	Account, Region string
	// Clock is what schedules go by; nil is the system's.
	Clock Clock
	// Redeliver, where not zero, is how many batches of changes a function gets until one comes twice on purpose.
	Redeliver int
	// Window is the pause after a batch of changes that was not full; 0 is a quarter of a second. Tests that wait for changes have a
	// shorter one.
	Window time.Duration
	// Log is where it is said that a function fails, and that it works again; nil is slog.Default().
	Log *slog.Logger
}

// Triggers start functions. Make them with New, and start them with Run, once.
type Triggers struct {
	config    Config
	streams   []*stream
	schedules []*schedule
	grace     time.Duration
	// sleep is how pauses are made, which go by the real clock.
	sleep func(context.Context, time.Duration) error
}

// New makes the triggers of functions by their operations, whose rows say what starts them; it panics for an operation
// that something else starts. From then on the table records the changes that the functions want.
func New(c Config, functions map[operation.Name]lambda.Handler) (*Triggers, error) {
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Window == 0 {
		c.Window = window
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	t := &Triggers{config: c, grace: grace, sleep: sleep}
	runs, err := readRuns(c.Runs)
	if err != nil {
		return nil, err
	}
	var feeds []string
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		starter := starter{t, name, functions[name]}
		switch trigger := operation.MustLookup(name).Trigger.(type) {
		case operation.Stream:
			wanted := make([]table.Key, len(trigger.Items))
			for i, of := range trigger.Items {
				wanted[i] = table.Key(of)
			}
			feed, err := c.Table.Feed(string(name), wanted, bolt.Redelivering(c.Redeliver))
			if err != nil {
				return nil, err
			}
			feeds = append(feeds, string(name))
			t.streams = append(t.streams, &stream{starter, feed})
		case operation.Schedule:
			t.schedules = append(t.schedules, &schedule{starter, trigger, runs})
		default:
			panic(fmt.Sprintf("trigger: %s is started neither by the table's stream nor by the clock", name))
		}
	}
	return t, c.Table.RetainFeeds(feeds...)
}

// Run starts functions until ctx ends, and answers when the last has come to its end.
func (t *Triggers) Run(ctx context.Context) {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(t.grace, stop) })()
	var all sync.WaitGroup
	for _, s := range t.streams {
		all.Go(func() { s.run(ctx, working) })
	}
	for _, s := range t.schedules {
		all.Go(func() { s.run(ctx, working) })
	}
	all.Wait()
}

// A starter is what streams and schedules have in common.
type starter struct {
	*Triggers
	name     operation.Name
	function lambda.Handler
}

// Pauses after failures: the first, and the longest.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = time.Minute
)

// A streak is how often in a row a function has failed.
type streak int

// pause waits after a failure, longer each time; the first of a streak is logged. It answers ctx's error.
func (s *starter) pause(ctx context.Context, n *streak, err error) error {
	if *n == 0 {
		s.config.Log.WarnContext(ctx, "a function fails and is started again until it does not", "operation", s.name, "error", err)
	}
	pause := min(firstPause<<min(*n, 20), longestPause)
	*n++
	return s.sleep(ctx, pause)
}

// worked ends a streak.
func (s *starter) worked(ctx context.Context, n *streak) {
	if *n > 0 {
		s.config.Log.InfoContext(ctx, "a function works again", "operation", s.name, "failures", int(*n))
	}
	*n = 0
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
