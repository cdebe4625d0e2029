package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// TestRedeliveringRepeatsAndCutsBatches reads all of a feed: each change is there in its order, and when every second
// batch comes again, changes come with others than before.
func TestRedeliveringRepeatsAndCutsBatches(t *testing.T) {
	db := open(t, newPath(t))
	f := feed(t, db, "f", under("p"), bolt.Redelivering(2))
	const changes = 100
	for i := range int64(changes) {
		bump(t, db, "a", i+1)
	}
	var seen []uint64
	var batches [][]uint64
	for len(seen) == 0 || seen[len(seen)-1] < changes {
		got := next(t, f, 10)
		var batch []uint64
		for _, r := range got {
			batch = append(batch, r.Sequence)
		}
		if len(seen) > 0 && batch[0] > seen[len(seen)-1]+1 {
			t.Fatalf("%v follows %v", batch, seen)
		}
		seen, batches = append(seen, batch...), append(batches, batch)
		done(t, f, got)
	}
	if len(seen) <= changes+50 {
		t.Errorf("%d records came for %d changes", len(seen), changes)
	}
	if slices.ContainsFunc(batches, func(b []uint64) bool { return len(b) == 10 }) &&
		slices.ContainsFunc(batches, func(b []uint64) bool { return len(b) < 4 }) {
		return
	}
	t.Errorf("the batches are all alike: %v", batches)
}

// TestAFeedIsInOrderUnderManyWriters: each record of an item begins where the one before ended.
func TestAFeedIsInOrderUnderManyWriters(t *testing.T) {
	db := open(t, newPath(t), bolt.NoSync())
	f := feed(t, db, "f", under("p"), bolt.Redelivering(3))
	const writers, writes = 16, 200
	var group errgroup.Group
	for i := range writers {
		group.Go(func() error {
			for n := range int64(writes) {
				if err := db.Transact(t.Context(), put(item(fmt.Sprint(i), n+1), table.IfRevision(n))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	last, through := map[string]int64{}, uint64(0)
	for through < writers*writes {
		got := next(t, f, 50)
		for _, r := range got {
			if r.Sequence <= through {
				continue // again
			}
			if r.Sequence != through+1 || r.New.Revision != last[r.Key.SK]+1 || (r.Old == nil) != (last[r.Key.SK] == 0) {
				t.Fatalf("record %d of %s, revision %d, follows record %d, revision %d", r.Sequence, r.Key.SK, r.New.Revision,
					through, last[r.Key.SK])
			}
			last[r.Key.SK], through = r.New.Revision, r.Sequence
		}
		done(t, f, got)
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkFeed is BenchmarkTransact's durable put of 300 bytes, with feeds that want it or don't, read or not.
func BenchmarkFeed(b *testing.B) {
	for _, c := range []struct {
		name   string
		feeds  int
		wanted []table.Key
		read   bool
	}{
		{"none", 0, nil, false},
		{"two that want others", 2, under("q", "r"), false},
		{"one", 1, under("p"), false},
		{"two", 2, under("p"), false},
		{"two that are read", 2, under("p"), true},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkFeed(b, c.feeds, c.wanted, c.read) })
	}
}

func benchmarkFeed(b *testing.B, feeds int, wanted []table.Key, read bool) {
	db := open(b, newPath(b))
	reading, stop := context.WithCancel(b.Context())
	var readers, writers errgroup.Group
	for i := range feeds {
		f := feed(b, db, fmt.Sprint(i), wanted)
		readers.Go(func() error {
			for read {
				records, err := f.Next(reading, 100)
				if errors.Is(err, context.Canceled) {
					return nil
				}
				if err == nil {
					err = f.Done(context.WithoutCancel(reading), records[len(records)-1].Sequence)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	numbers := make(chan int)
	for range 16 {
		writers.Go(func() error {
			for n := range numbers {
				it := item(fmt.Sprint(n), 1)
				it.Attributes["v"] = make([]byte, 300)
				if err := db.Transact(context.Background(), put(it, table.IfAbsent())); err != nil {
					return err
				}
			}
			return nil
		})
	}
	b.ResetTimer()
	for n := range b.N {
		numbers <- n
	}
	close(numbers)
	err := writers.Wait()
	b.StopTimer()
	stop()
	if err = errors.Join(err, readers.Wait()); err != nil {
		b.Fatal(err)
	}
}
