package bolt

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"

	"go.etcd.io/bbolt"

	"strongroom/pkg/table"
)

// seed makes hashes that only this process compares.
var seed = maphash.MakeSeed()

// A write is a table.Write, encoded before it is queued so that the committer has little to do.
type write struct {
	op      table.Op
	cond    table.Condition
	key     table.Key
	at      []byte   // the item's key in its bucket
	item    []byte   // of OpPut
	entries [2]entry // of OpPut
}

// An entry is what an index holds of an item; its at is nil where the item is not in the index.
type entry struct{ at, item []byte }

// A request is a transaction on its way to the committer, or what a feed's reader is done with.
type request struct {
	writes []write
	read   *progress
	token  string
	hash   uint64 // of the writes, where there is a token
	err    error  // of the conditions
	done   chan error
}

// Transact implements table.Table. The package's comment says what happens to a transaction whose context ends.
func (db *DB) Transact(ctx context.Context, t table.Transaction) error {
	if err := table.CheckTransaction(t); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("bolt: nothing was written: %w", err)
	}
	return db.send(ctx, newRequest(t))
}

// send has the committer take a request, and waits for its outcome.
func (db *DB) send(ctx context.Context, r *request) error {
	select {
	case db.queue <- r:
		return <-r.done
	case <-ctx.Done():
		return fmt.Errorf("bolt: nothing was written: %w", ctx.Err())
	case <-db.closing:
		return ErrClosed
	}
}

func newRequest(t table.Transaction) *request {
	r := &request{writes: make([]write, len(t.Writes)), token: t.Token, done: make(chan error, 1)}
	for i, w := range t.Writes {
		r.writes[i] = newWrite(w)
	}
	if r.token != "" {
		r.hash = hashOf(r.writes)
	}
	return r
}

func newWrite(w table.Write) write {
	encoded := write{op: w.Op, cond: w.If, key: w.Item.Key, at: itemKey(w.Item.Key)}
	if w.Op != table.OpPut {
		return encoded
	}
	encoded.item = encodeItem(w.Item)
	if !w.Item.Index1.IsZero() {
		encoded.entries[0] = newEntry(w.Item, table.Index1, w.Item.Index1)
	}
	if !w.Item.Index2.IsZero() {
		encoded.entries[1] = newEntry(w.Item, table.Index2, w.Item.Index2)
	}
	return encoded
}

func newEntry(item table.Item, index table.Index, at table.Key) entry {
	return entry{at: entryKey(at, item.Key), item: encodeItem(table.Project(item, index))}
}

// hashOf is the same for the same writes.
func hashOf(writes []write) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, w := range writes {
		fmt.Fprintf(&h, "%d %d %d %d %d ", w.op, w.cond.Kind, w.cond.Revision, len(w.at), len(w.item))
		h.Write(w.at)
		h.Write(w.item)
	}
	return h.Sum64()
}

// check answers why the transaction can't happen: its conditions, or an item in the file that can't be read.
func (r *request) check(items *bbolt.Bucket) error {
	var failed []int
	for i, w := range r.writes {
		if w.cond.Kind == table.Always {
			continue
		}
		met, err := isMet(w.cond, w.key, items.Get(w.at))
		if err != nil {
			return err
		}
		if !met {
			failed = append(failed, i)
		}
	}
	if failed != nil {
		return &table.ConditionError{Failed: failed}
	}
	return nil
}

func isMet(cond table.Condition, key table.Key, stored []byte) (bool, error) {
	if cond.Kind == table.Absent {
		return stored == nil, nil
	}
	if stored == nil || cond.Kind == table.Present {
		return stored != nil, nil
	}
	item, _, err := decodeHead(key, stored)
	return item.Revision == cond.Revision, err
}

// buckets are where a commit writes.
type buckets struct {
	items   *bbolt.Bucket
	indexes [2]*bbolt.Bucket
	feeds   feeds
}

func bucketsOf(tx *bbolt.Tx) buckets {
	return buckets{
		items:   tx.Bucket(bucketItems),
		indexes: [2]*bbolt.Bucket{tx.Bucket(bucketIndex1), tx.Bucket(bucketIndex2)},
	}
}

// apply does one write, and says whether it left a record in a feed. An error of it fails the whole commit.
func (b buckets) apply(w write) (recorded bool, err error) {
	if w.op == table.OpCheck {
		return false, nil
	}
	stored := b.items.Get(w.at)
	if recorded, err = b.feeds.record(w, stored); err != nil {
		return false, err
	}
	if err := b.dropEntries(w, stored); err != nil {
		return false, err
	}
	if w.op == table.OpDelete {
		return recorded, b.items.Delete(w.at)
	}
	for i, entry := range w.entries {
		if entry.at == nil {
			continue
		}
		if err := b.indexes[i].Put(entry.at, entry.item); err != nil {
			return false, err
		}
	}
	return recorded, b.items.Put(w.at, w.item)
}

// dropEntries removes the entries of the stored item that w does not write again.
func (b buckets) dropEntries(w write, stored []byte) error {
	if stored == nil {
		return nil
	}
	old, _, err := decodeHead(w.key, stored)
	if err != nil {
		return err
	}
	for i, key := range []table.Key{old.Index1, old.Index2} {
		if key.IsZero() {
			continue
		}
		at := entryKey(key, old.Key)
		if bytes.Equal(at, w.entries[i].at) {
			continue
		}
		if err := b.indexes[i].Delete(at); err != nil {
			return err
		}
	}
	return nil
}
