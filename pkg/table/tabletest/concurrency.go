package tabletest

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/table"
)

var concurrency = []check{
	{"sixteen writers that compare and swap lose nothing", lostUpdates},
	{"one of sixteen creates the same item", oneCreator},
	{"checks prevent write skew", writeSkew},
	{"a transactional get never sees half a transaction", halfTransactions},
	{"transactions of many at once all happen", manyWriters},
}

const writers = 16

// retried does the writes that make makes, until they happen. Conflicts and unmet conditions make it try again, with
// what is there by then.
func (f fixture) retried(make func() ([]table.Write, error)) error {
	for {
		writes, err := make()
		if err != nil {
			return err
		}
		err = f.try(writes...)
		var failed *table.ConditionError
		if !errors.As(err, &failed) && !errors.Is(err, table.ErrConflict) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func lostUpdates(f fixture) {
	const times = 10
	key := f.key("p", "counter")
	increment := func() ([]table.Write, error) {
		item, _, err := f.table.Get(f.Context(), key)
		count, _ := item.Attributes["count"].(int64)
		next := table.Item{Key: key, Revision: item.Revision + 1, Attributes: map[string]any{"count": count + 1}}
		return []table.Write{table.Put(next, table.IfRevision(item.Revision))}, err
	}
	var group errgroup.Group
	for range writers {
		group.Go(func() error {
			for range times {
				if err := f.retried(increment); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		f.Fatal(err)
	}
	if got := f.get(key).Attributes["count"]; got != int64(writers*times) {
		f.Errorf("the count is %v, want %d", got, writers*times)
	}
}

func oneCreator(f fixture) {
	for _, alone := range []bool{true, false} {
		sk := uuid.NewString()
		var created atomic.Int64
		var group errgroup.Group
		for i := range writers {
			group.Go(func() error {
				writes := []table.Write{table.Put(f.item("p", sk, int64(i+1)), table.IfAbsent())}
				if !alone {
					writes = append(writes, table.Put(f.item("q", uuid.NewString(), 1), table.IfAbsent()))
				}
				err := f.try(writes...)
				var failed *table.ConditionError
				if errors.As(err, &failed) || errors.Is(err, table.ErrConflict) {
					return nil
				}
				created.Add(1)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			f.Fatal(err)
		}
		if got := created.Load(); got != 1 {
			f.Errorf("alone %v: %d created the item, want 1", alone, got)
		}
	}
	if got := f.sortKeys(table.Query{PK: f.prefix + "q"}); len(got) != 1 {
		f.Errorf("%d companions were written, want the creator's", len(got))
	}
}

// writeSkew has two transactions each switch one of two items off, provided that the other is on.
func writeSkew(f fixture) {
	for range 20 {
		id := uuid.NewString()
		f.write(table.Put(f.item(id, "a", 1), table.IfAbsent()), table.Put(f.item(id, "b", 1), table.IfAbsent()))
		var switched sync.WaitGroup
		for _, mine := range []string{"a", "b"} {
			other := map[string]string{"a": "b", "b": "a"}[mine]
			switched.Go(func() {
				err := f.try(
					table.Put(f.item(id, mine, 2), table.IfRevision(1)),
					table.Check(f.key(id, other), table.IfRevision(1)),
				)
				var failed *table.ConditionError
				if err != nil && !errors.As(err, &failed) && !errors.Is(err, table.ErrConflict) {
					f.Error(err)
				}
			})
		}
		switched.Wait()
		if f.get(f.key(id, "a")).Revision == 2 && f.get(f.key(id, "b")).Revision == 2 {
			f.Fatal("both were switched off")
		}
	}
}

func halfTransactions(f fixture) {
	const times = 100
	a, b := f.key("p", "a"), f.key("q", "b")
	var group errgroup.Group
	done := make(chan struct{})
	group.Go(func() error {
		defer close(done)
		for i := range int64(times) {
			err := f.retried(func() ([]table.Write, error) {
				return []table.Write{
					table.Put(f.item("p", "a", i+1), table.IfRevision(i)),
					table.Put(f.item("q", "b", i+1), table.IfRevision(i)),
				}, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	seen := 0
	for {
		select {
		case <-done:
			if err := group.Wait(); err != nil || seen == 0 {
				f.Errorf("the writer ended with %v, the reader saw %d", err, seen)
			}
			return
		default:
		}
		items, err := f.table.TransactGet(f.Context(), []table.Key{a, b})
		if errors.Is(err, table.ErrConflict) {
			continue
		}
		if err != nil {
			f.Error(err)
		}
		seen++
		if items[a].Revision != items[b].Revision {
			f.Errorf("revisions %d and %d at one moment", items[a].Revision, items[b].Revision)
		}
	}
}

func manyWriters(f fixture) {
	const times = 20
	var group errgroup.Group
	for range writers {
		group.Go(func() error {
			for range times {
				err := f.retried(func() ([]table.Write, error) {
					id := uuid.NewString()
					return []table.Write{
						table.Put(f.item("p", id, 1), table.IfAbsent()),
						table.Put(f.item("q", id, 1), table.IfAbsent()),
						table.Check(f.key("r", id), table.IfAbsent()),
					}, nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		f.Fatal(err)
	}
	for _, pk := range []string{"p", "q"} {
		if got := f.sortKeys(table.Query{PK: f.prefix + pk}); len(got) != writers*times {
			f.Errorf("partition %s holds %d items, want %d", pk, len(got), writers*times)
		}
	}
}
