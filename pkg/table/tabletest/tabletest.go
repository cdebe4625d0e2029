// Package tabletest is the conformance suite of the table port: what every adapter must do, one subtest for each thing
// that package table's documentation promises. An adapter's own test calls [Run].
package tabletest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/table"
)

// A check is one subtest.
type check struct {
	name string
	run  func(f fixture)
}

// Run runs the suite. It calls open once for each subtest; open may give the same table each time, as subtests keep to
// partitions of their own, and is to close it by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) table.Table) {
	for _, group := range [][]check{values, reads, writes, queries, indexes, limits, concurrency} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				c.run(fixture{T: t, table: open(t), prefix: uuid.NewString() + "#"})
			})
		}
	}
}

// A fixture is what a check works with.
type fixture struct {
	*testing.T
	table  table.Table
	prefix string
}

// key makes a key in one of the check's own partitions.
func (f fixture) key(pk, sk string) table.Key { return table.Key{PK: f.prefix + pk, SK: sk} }

// item makes a small item.
func (f fixture) item(pk, sk string, revision int64) table.Item {
	return table.Item{Key: f.key(pk, sk), Revision: revision, Attributes: map[string]any{"sk": sk, "revision": revision}}
}

// try does the writes.
func (f fixture) try(writes ...table.Write) error {
	return f.table.Transact(f.Context(), table.Transaction{Writes: writes})
}

// write does the writes, which must succeed.
func (f fixture) write(writes ...table.Write) {
	f.Helper()
	if err := f.try(writes...); err != nil {
		f.Fatalf("Transact: %v", err)
	}
}

// put puts the items one by one, whatever is there.
func (f fixture) put(items ...table.Item) {
	f.Helper()
	for _, item := range items {
		f.write(table.Put(item, table.Unconditional()))
	}
}

// get answers the item, nil if there is none.
func (f fixture) get(key table.Key) *table.Item {
	f.Helper()
	item, found, err := f.table.Get(f.Context(), key)
	if err != nil {
		f.Fatalf("Get: %v", err)
	}
	if !found {
		return nil
	}
	return &item
}

// wantItem reports an item that is not as wanted.
func (f fixture) wantItem(want table.Item) {
	f.Helper()
	got := f.get(want.Key)
	if reflect.DeepEqual(&want, got) { // cmp takes exponential time to find deep lists equal
		return
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		f.Errorf("item %q (-want +got):\n%s", want.Key, diff)
	}
}

// wantNone reports an item that should not be there.
func (f fixture) wantNone(key table.Key) {
	f.Helper()
	if got := f.get(key); got != nil {
		f.Errorf("item %q is there: %v", key, got)
	}
}

// wantInvalid reports an error that is not ErrInvalid.
func (f fixture) wantInvalid(what string, err error) {
	f.Helper()
	if !errors.Is(err, table.ErrInvalid) {
		f.Errorf("%s: error %v, want ErrInvalid", what, err)
	}
}

// page answers one page.
func (f fixture) page(q table.Query) table.Page {
	f.Helper()
	page, err := f.table.Query(f.Context(), q)
	if err != nil {
		f.Fatalf("Query: %v", err)
	}
	if q.Limit > 0 && len(page.Items) > q.Limit {
		f.Errorf("a page of %d items for a limit of %d", len(page.Items), q.Limit)
	}
	return page
}

// all answers the items of all pages from q on, and how many pages held items.
func (f fixture) all(q table.Query) (items []table.Item, pages int) {
	f.Helper()
	for {
		page := f.page(q)
		items = append(items, page.Items...)
		if len(page.Items) > 0 {
			pages++
		}
		if page.Next.IsZero() {
			return items, pages
		}
		q.After = page.Next
	}
}

// sortKeys answers the sort keys of all pages from q on: the index's, in a query of an index.
func (f fixture) sortKeys(q table.Query) []string {
	f.Helper()
	items, _ := f.all(q)
	keys := []string{}
	for _, item := range items {
		switch q.Index {
		case table.Index1:
			keys = append(keys, item.Index1.SK)
		case table.Index2:
			keys = append(keys, item.Index2.SK)
		case table.Primary:
			keys = append(keys, item.Key.SK)
		}
	}
	return keys
}

// patience is how long an index may lag.
const patience = 10 * time.Second

// eventually reports a difference that does not go away: indexes may lag.
func (f fixture) eventually(diff func() string) {
	f.Helper()
	deadline := time.Now().Add(patience)
	for {
		d := diff()
		if d == "" {
			return
		}
		if time.Now().After(deadline) {
			f.Errorf("(-want +got):\n%s", d)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
