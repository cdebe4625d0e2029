package bolt

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"

	"go.etcd.io/bbolt"

	"strongroom/pkg/table"
)

// Get implements table.Table.
func (db *DB) Get(ctx context.Context, key table.Key) (item table.Item, found bool, err error) {
	if err := table.CheckKeys([]table.Key{key}, 1); err != nil {
		return table.Item{}, false, err
	}
	err = db.view(ctx, func(tx *bbolt.Tx) error {
		stored := tx.Bucket(bucketItems).Get(itemKey(key))
		if stored == nil {
			return nil
		}
		found = true
		item, err = decodeItem(key, stored)
		return err
	})
	return item, found && err == nil, err
}

// BatchGet implements table.Table. All of the answer is of one moment.
func (db *DB) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := table.CheckKeys(keys, math.MaxInt); err != nil {
		return nil, err
	}
	return db.items(ctx, keys)
}

// TransactGet implements table.Table. Reads don't meet writes here: there is no ErrConflict.
func (db *DB) TransactGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := table.CheckKeys(keys, table.MaxTransactionItems); err != nil {
		return nil, err
	}
	items, err := db.items(ctx, keys)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, item := range items {
		size += table.ItemSize(item)
	}
	if size > table.MaxTransactionBytes {
		return nil, fmt.Errorf("%w: a transaction of %d bytes, more than %d",
			table.ErrInvalid, size, table.MaxTransactionBytes)
	}
	return items, nil
}

func (db *DB) items(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	items := make(map[table.Key]table.Item, len(keys))
	err := db.view(ctx, func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketItems)
		for _, key := range keys {
			stored := bucket.Get(itemKey(key))
			if stored == nil {
				continue
			}
			item, err := decodeItem(key, stored)
			if err != nil {
				return err
			}
			items[key] = item
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// Query implements table.Table. An index never lags here.
func (db *DB) Query(ctx context.Context, q table.Query) (page table.Page, err error) {
	if err := table.CheckQuery(q); err != nil {
		return table.Page{}, err
	}
	err = db.view(ctx, func(tx *bbolt.Tx) error {
		page, err = newWalk(tx, q).page(q.Limit)
		return err
	})
	return page, err
}

// A walk goes through the part of a bucket that a query asks for.
type walk struct {
	cursor *bbolt.Cursor
	prefix []byte // what the keys begin with
	after  []byte // where to begin, where not nil
	down   bool
	index  table.Index
}

func newWalk(tx *bbolt.Tx, q table.Query) walk {
	w := walk{down: q.Descending, index: q.Index, prefix: appendEnded(nil, q.PK)}
	if q.Index == table.Primary {
		w.cursor = tx.Bucket(bucketItems).Cursor()
		w.prefix = append(w.prefix, q.Prefix...)
	} else {
		w.cursor = bucketsOf(tx).indexes[q.Index-table.Index1].Cursor()
		w.prefix = appendPart(w.prefix, q.Prefix)
	}
	if !q.After.IsZero() {
		at := table.Key{PK: q.PK, SK: q.After.SK}
		if q.Index == table.Primary {
			w.after = itemKey(at)
		} else {
			w.after = entryKey(at, q.After.Key)
		}
	}
	return w
}

// all yields the bucket's keys and values in the walk's order.
func (w walk) all() iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		k, v := w.first()
		for k != nil && bytes.HasPrefix(k, w.prefix) && yield(k, v) {
			if w.down {
				k, v = w.cursor.Prev()
			} else {
				k, v = w.cursor.Next()
			}
		}
	}
}

func (w walk) first() (k, v []byte) {
	if w.down {
		end := w.after
		if end == nil {
			end = successor(w.prefix)
		}
		if k, _ = w.cursor.Seek(end); k == nil {
			return w.cursor.Last()
		}
		return w.cursor.Prev()
	}
	if w.after == nil {
		return w.cursor.Seek(w.prefix)
	}
	if k, v = w.cursor.Seek(w.after); bytes.Equal(k, w.after) {
		return w.cursor.Next()
	}
	return k, v
}

// page reads up to limit items, or as many as fit into a page.
func (w walk) page(limit int) (table.Page, error) {
	var page table.Page
	size := 0
	for k, v := range w.all() {
		item, err := w.item(k, v)
		if err != nil {
			return table.Page{}, err
		}
		size += table.ItemSize(item)
		n := len(page.Items)
		if n > 0 && (n == limit || size > table.MaxPage) {
			page.Next = w.position(page.Items[n-1])
			break
		}
		page.Items = append(page.Items, item)
	}
	return page, nil
}

func (w walk) item(k, v []byte) (table.Item, error) {
	if w.index != table.Primary {
		for range 2 { // the index's own key
			var err error
			if _, k, err = cutPart(k); err != nil {
				return table.Item{}, err
			}
		}
	}
	key, err := cutKey(k)
	if err != nil {
		return table.Item{}, err
	}
	return decodeItem(key, v)
}

func (w walk) position(item table.Item) table.Position {
	switch w.index {
	case table.Index1:
		return table.Position{SK: item.Index1.SK, Key: item.Key}
	case table.Index2:
		return table.Position{SK: item.Index2.SK, Key: item.Key}
	case table.Primary:
	}
	return table.Position{SK: item.Key.SK}
}
