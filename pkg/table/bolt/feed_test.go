package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

func feed(t testing.TB, db *bolt.DB, name string, wanted []table.Key, options ...bolt.FeedOption) *bolt.Feed {
	t.Helper()
	f, err := db.Feed(name, wanted, options...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// under are all items whose partition keys begin so.
func under(prefixes ...string) (all []table.Key) {
	for _, prefix := range prefixes {
		all = append(all, table.Key{PK: prefix})
	}
	return all
}

// write does all writes in one transaction.
func write(t testing.TB, db *bolt.DB, writes ...table.Write) {
	t.Helper()
	if err := db.Transact(t.Context(), table.Transaction{Writes: writes}); err != nil {
		t.Fatal(err)
	}
}

// bump puts an item of partition p at its next revision.
func bump(t testing.TB, db *bolt.DB, sk string, revision int64) {
	t.Helper()
	write(t, db, table.Put(item(sk, revision), table.IfRevision(revision-1)))
}

func next(t testing.TB, f *bolt.Feed, most int) []bolt.Record {
	t.Helper()
	records, err := f.Next(t.Context(), most)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func done(t testing.TB, f *bolt.Feed, records []bolt.Record) {
	t.Helper()
	if err := f.Done(t.Context(), records[len(records)-1].Sequence); err != nil {
		t.Fatal(err)
	}
}

// nothing says that a feed has no records: one that a write under pk leaves now is its first.
func nothing(t testing.TB, db *bolt.DB, f *bolt.Feed, pk string) {
	t.Helper()
	write(t, db, table.Put(table.Item{Key: table.Key{PK: pk, SK: "marker"}, Revision: 1}, table.IfAbsent()))
	if diff := cmp.Diff([]string{pk + "/marker 0 1"}, told(next(t, f, 1))); diff != "" {
		t.Errorf("there was another record (-want +got):\n%s", diff)
	}
}

// told is a record in words: its item and the revisions before and after.
func told(records []bolt.Record) []string {
	var words []string
	for _, r := range records {
		before, after := int64(0), int64(0)
		if r.Old != nil {
			before = r.Old.Revision
		}
		if r.New != nil {
			after = r.New.Revision
		}
		words = append(words, fmt.Sprintf("%s/%s %d %d", r.Key.PK, r.Key.SK, before, after))
	}
	return words
}

func TestAFeedHasEachChangeInItsOrder(t *testing.T) {
	db := open(t, newPath(t))
	f := feed(t, db, "all", under("p", "q"))
	whole := item("a", 1)
	whole.Index2 = table.Key{PK: "y", SK: "z"}
	whole.Attributes = map[string]any{"bytes": []byte{}, "list": []any{int64(1), "x"}, "no": false}
	other := table.Key{PK: "q", SK: "b"}
	write(t, db, table.Put(whole, table.IfAbsent()))
	write(t, db, table.Put(whole, table.IfPresent()))        // as it was
	write(t, db, table.Delete(other, table.Unconditional())) // not there
	write(t, db, table.Check(whole.Key, table.IfPresent()))  // no write
	failed := put(item("a", 9), table.IfAbsent())            // the condition is not met
	failed.Writes = append(failed.Writes, table.Put(item("c", 1), table.IfAbsent()))
	var refused *table.ConditionError
	if err := db.Transact(t.Context(), failed); !errors.As(err, &refused) {
		t.Fatal(err)
	}
	write(t, db, table.Put(item("a", 2), table.IfRevision(1)), table.Put(table.Item{Key: other}, table.IfAbsent()))
	write(t, db, table.Delete(whole.Key, table.IfRevision(2)))
	repeated := put(item("d", 1), table.IfAbsent())
	repeated.Token = "token"
	for range 2 {
		if err := db.Transact(t.Context(), repeated); err != nil {
			t.Fatal(err)
		}
	}

	second, empty := item("a", 2), table.Item{Key: other, Attributes: map[string]any{}}
	fourth := item("d", 1)
	want := []bolt.Record{
		{Sequence: 1, Change: table.Change{Key: whole.Key, New: &whole}},
		{Sequence: 2, Change: table.Change{Key: whole.Key, Old: &whole, New: &second}},
		{Sequence: 3, Change: table.Change{Key: other, New: &empty}},
		{Sequence: 4, Change: table.Change{Key: whole.Key, Old: &second}},
		{Sequence: 5, Change: table.Change{Key: fourth.Key, New: &fourth}},
	}
	if diff := cmp.Diff(want, next(t, f, 100)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFeedHasWhatItWantsFromItsBeginningOn(t *testing.T) {
	db := open(t, newPath(t))
	ps := feed(t, db, "ps", under("p"))
	bump(t, db, "a", 1)
	later := feed(t, db, "later", under("o", "p"))
	none := feed(t, db, "none", under("q"))
	some := feed(t, db, "some", []table.Key{{PK: "o", SK: "a"}, {PK: "p", SK: "b"}})
	bump(t, db, "a", 2)
	if diff := cmp.Diff([]string{"p/a 0 1", "p/a 1 2"}, told(next(t, ps, 100))); diff != "" {
		t.Errorf("the first feed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"p/a 1 2"}, told(next(t, later, 100))); diff != "" {
		t.Errorf("the feed that began later (-want +got):\n%s", diff)
	}
	nothing(t, db, none, "q")
	bump(t, db, "bc", 1)
	if diff := cmp.Diff([]string{"p/bc 0 1"}, told(next(t, some, 100))); diff != "" {
		t.Errorf("the feed of some items of a partition (-want +got):\n%s", diff)
	}
	if _, err := db.Feed("", nil); !errors.Is(err, table.ErrInvalid) {
		t.Errorf("a feed without a name: %v", err)
	}
}

func TestRecordsComeUntilTheyAreDone(t *testing.T) {
	db := open(t, newPath(t))
	f := feed(t, db, "f", under("p"))
	for i := range int64(5) {
		bump(t, db, "a", i+1)
	}
	for range 2 {
		if diff := cmp.Diff([]string{"p/a 0 1", "p/a 1 2"}, told(next(t, f, 2))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	done(t, f, next(t, f, 2))
	done(t, f, next(t, f, 1))
	if diff := cmp.Diff([]string{"p/a 3 4", "p/a 4 5"}, told(next(t, f, 9))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	done(t, f, next(t, f, 9))
	nothing(t, db, f, "p")
}

// TestFeedsAreDurable writes before the feed is opened again: it is recorded for who is known to want it.
func TestFeedsAreDurable(t *testing.T) {
	path := newPath(t)
	reopened := func(use func(*bolt.DB)) {
		db, err := bolt.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		use(db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	reopened(func(db *bolt.DB) {
		f := feed(t, db, "f", under("p"))
		bump(t, db, "a", 1)
		bump(t, db, "a", 2)
		done(t, f, next(t, f, 1))
	})
	reopened(func(db *bolt.DB) { bump(t, db, "a", 3) })
	reopened(func(db *bolt.DB) {
		f := feed(t, db, "f", under("q"))
		bump(t, db, "a", 4)
		write(t, db, table.Put(table.Item{Key: table.Key{PK: "q", SK: "b"}, Revision: 1}, table.IfAbsent()))
		records := next(t, f, 9)
		if diff := cmp.Diff([]string{"p/a 1 2", "p/a 2 3", "q/b 0 1"}, told(records)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		done(t, f, records)
	})
	reopened(func(db *bolt.DB) {
		f := feed(t, db, "f", under("p"))
		bump(t, db, "a", 5)
		if got := next(t, f, 9); len(got) != 1 || got[0].Sequence != 5 {
			t.Errorf("%v: the numbers do not go on", got)
		}
	})
}

// records counts what a file holds for feeds.
func records(t *testing.T, path string) map[string]int {
	t.Helper()
	file, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	counts := map[string]int{}
	err = file.View(func(tx *bbolt.Tx) error {
		changes := tx.Bucket([]byte("changes"))
		return changes.ForEachBucket(func(name []byte) error {
			counts[string(name)] = changes.Bucket(name).Inspect().KeyN
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func TestTheFileKeepsNoRecordThatNobodyWaitsFor(t *testing.T) {
	path := newPath(t)
	db, err := bolt.Open(path, bolt.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	quick, slow := feed(t, db, "quick", under("p")), feed(t, db, "slow", under("p"))
	feed(t, db, "gone", under("p"))
	for i := range int64(1000) {
		bump(t, db, "a", i+1)
	}
	for range 10 {
		done(t, quick, next(t, quick, 100))
	}
	done(t, slow, next(t, slow, 300))
	if err := db.RetainFeeds("quick", "slow", "never there"); err != nil {
		t.Fatal(err)
	}
	bump(t, db, "a", 1001)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"quick": 1, "slow": 701}, records(t, path)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARemovedFeedSaysSo(t *testing.T) {
	db := open(t, newPath(t))
	f := feed(t, db, "f", under("p"))
	if err := errors.Join(db.RetainFeeds(), f.Done(t.Context(), 1)); err != nil {
		t.Fatal(err)
	}
	if records, err := f.Next(t.Context(), 1); err == nil {
		t.Errorf("answers %v", records)
	}
}

func TestNextEndsWithItsContextAndTheTable(t *testing.T) {
	db := open(t, newPath(t))
	f := feed(t, db, "f", under("p"))
	got := make(chan error, 1)
	ended, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := f.Next(ended, 1)
		got <- err
	}()
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("Next ends with %v", err)
	}
	go func() {
		_, err := f.Next(context.Background(), 1)
		got <- err
	}()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; !errors.Is(err, bolt.ErrClosed) {
		t.Errorf("Next ends with %v", err)
	}
	if err := f.Done(t.Context(), 1); !errors.Is(err, bolt.ErrClosed) {
		t.Errorf("Done = %v", err)
	}
	if _, err := db.Feed("g", nil); !errors.Is(err, bolt.ErrClosed) {
		t.Errorf("Feed = %v", err)
	}
}

func TestABatchOfLargeItemsIsCut(t *testing.T) {
	db := open(t, newPath(t))
	f := feed(t, db, "f", under("p"))
	for i := range 12 {
		large := item(fmt.Sprint(i), 1)
		large.Attributes["v"] = bytes.Repeat([]byte{1}, 390<<10)
		write(t, db, table.Put(large, table.IfAbsent()))
	}
	if got := len(next(t, f, 100)); got != 7 {
		t.Errorf("%d records of 390 KiB, want 7, which are less than 3 MiB", got)
	}
}

func TestAFileFromBeforeTheFeedIsOpened(t *testing.T) {
	path := newPath(t)
	db := open(t, path)
	bump(t, db, "a", 1)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = file.Update(func(tx *bbolt.Tx) error {
		return errors.Join(tx.DeleteBucket([]byte("feeds")), tx.DeleteBucket([]byte("changes")))
	})
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	f := feed(t, db, "f", under("p"))
	bump(t, db, "a", 2)
	if diff := cmp.Diff([]string{"p/a 1 2"}, told(next(t, f, 9))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
