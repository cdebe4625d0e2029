// Package faulty makes a table that works fail as one across a network does: a test helper.
//
// A [Table] stands before another one and now and then does what package table allows every adapter to do: it refuses for
// a moment, loses a request or an answer, writes after it has said that it does not know, and answers the keys of a batch
// one after the other while others write. What it does next follows from its seed and from the calls before, so that a
// client that calls in the same order meets the same faults.
//
// The one thing that package table promises and that is worth much it keeps: after ErrThrottled and ErrConflict nothing
// was written, and what was written was written whole.
package faulty

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"strongroom/pkg/table"
)

// A Fault is a way to fail.
type Fault int

// The faults. Those of writes come first.
const (
	// Throttled: a write is refused with ErrThrottled.
	Throttled Fault = iota
	// Conflict: a write is refused with ErrConflict.
	Conflict
	// TimedOut: a write's time is over before it was done; context.DeadlineExceeded.
	TimedOut
	// RequestLost: the connection breaks before a write was done, or before a refusal was answered.
	RequestLost
	// AnswerLost: the connection breaks after a write was done.
	AnswerLost
	// Late: the connection breaks, and the write is done a while later.
	Late
	// ReadThrottled: a read of any kind is refused with ErrThrottled.
	ReadThrottled
	// ReadConflict: a TransactGet is refused with ErrConflict.
	ReadConflict
	// Torn: the keys of a BatchGet are read one after the other, in any order.
	Torn
	// Slow: a pause of any call is twenty times as long as others.
	Slow
	faults int = iota
)

// All are all the faults.
func All() []Fault {
	all := make([]Fault, faults)
	for i := range all {
		all[i] = Fault(i)
	}
	return all
}

func (f Fault) String() string {
	return [...]string{
		"throttled", "conflict", "timed out", "request lost", "answer lost", "late", "read throttled", "read conflict", "torn", "slow",
	}[f]
}

// ErrLost is the error of a broken connection: it says nothing about the outcome.
var ErrLost = errors.New("faulty: connection lost")

// Odds say how likely each fault is, in a call that it may befall: 0 is never, 1 always. They are tried in the order of
// the faults, and one call meets at most one.
type Odds map[Fault]float64

// Options say what happens to a Table.
type Options struct {
	Seed uint64
	Odds Odds
	// Pause is how long a call waits at most before it does anything, and once more before it answers. What is torn
	// pauses between the keys too, and what is late comes up to ten pauses later. Zero is not at all, and nothing is slow.
	Pause time.Duration
}

// A Table is a table that fails. Make one with New.
type Table struct {
	inner   table.Table
	options Options
	late    sync.WaitGroup

	mu       sync.Mutex
	random   *rand.Rand
	injected [faults]int
}

var _ table.Table = (*Table)(nil)

// New makes a table that fails before one that works.
func New(inner table.Table, options Options) *Table {
	return &Table{inner: inner, options: options, random: rand.New(rand.NewPCG(options.Seed, 0))} //nolint:gosec // chance that is to come again
}

// Injected is how often a fault happened so far.
func (t *Table) Injected(f Fault) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.injected[f]
}

// Settle waits for what is late. Nothing is written on behalf of earlier calls afterwards.
func (t *Table) Settle() { t.late.Wait() }

// happens says which of the faults befalls a call, if any.
func (t *Table) happens(may ...Fault) (Fault, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range may {
		if t.random.Float64() < t.options.Odds[f] {
			return f, true
		}
	}
	return 0, false
}

func (t *Table) count(f Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.injected[f]++
}

// pause waits up to so many pauses, or until the context ends.
func (t *Table) pause(ctx context.Context, times int) error {
	longest := t.options.Pause * time.Duration(times)
	if longest <= 0 {
		return ctx.Err()
	}
	if _, slow := t.happens(Slow); slow {
		t.count(Slow)
		longest *= 20
	}
	timer := time.NewTimer(t.upTo(longest))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *Table) upTo(longest time.Duration) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Duration(t.random.Int64N(int64(longest)))
}

func refused(err error) error { return fmt.Errorf("faulty: %w", err) }
