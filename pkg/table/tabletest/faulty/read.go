package faulty

import (
	"context"

	"strongroom/pkg/table"
)

// Get implements table.Table.
func (t *Table) Get(ctx context.Context, key table.Key) (item table.Item, found bool, err error) {
	err = t.read(ctx, func() (err error) {
		item, found, err = t.inner.Get(ctx, key)
		return err
	})
	return item, found && err == nil, err
}

// BatchGet implements table.Table.
func (t *Table) BatchGet(ctx context.Context, keys []table.Key) (items map[table.Key]table.Item, err error) {
	err = t.read(ctx, func() (err error) {
		if _, torn := t.happens(Torn); torn && len(keys) > 1 && table.CheckKeys(keys, len(keys)) == nil {
			t.count(Torn)
			items, err = t.tear(ctx, keys)
			return err
		}
		items, err = t.inner.BatchGet(ctx, keys)
		return err
	})
	return items, err
}

// tear reads the keys one after the other.
func (t *Table) tear(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	t.mu.Lock()
	order := t.random.Perm(len(keys))
	t.mu.Unlock()
	items := map[table.Key]table.Item{}
	for _, i := range order {
		item, found, err := t.inner.Get(ctx, keys[i])
		if err != nil {
			return nil, err
		}
		if found {
			items[keys[i]] = item
		}
		if err := t.pause(ctx, 1); err != nil {
			return nil, refused(err)
		}
	}
	return items, nil
}

// TransactGet implements table.Table.
func (t *Table) TransactGet(ctx context.Context, keys []table.Key) (items map[table.Key]table.Item, err error) {
	err = t.read(ctx, func() (err error) {
		if _, conflict := t.happens(ReadConflict); conflict {
			t.count(ReadConflict)
			return refused(table.ErrConflict)
		}
		items, err = t.inner.TransactGet(ctx, keys)
		return err
	})
	return items, err
}

// Query implements table.Table.
func (t *Table) Query(ctx context.Context, q table.Query) (page table.Page, err error) {
	err = t.read(ctx, func() (err error) {
		page, err = t.inner.Query(ctx, q)
		return err
	})
	return page, err
}

// read does one read between two pauses, unless it is throttled.
func (t *Table) read(ctx context.Context, do func() error) error {
	if err := t.pause(ctx, 1); err != nil {
		return refused(err)
	}
	if _, throttled := t.happens(ReadThrottled); throttled {
		t.count(ReadThrottled)
		return refused(table.ErrThrottled)
	}
	if err := do(); err != nil {
		return err
	}
	if err := t.pause(ctx, 1); err != nil {
		return refused(err)
	}
	return nil
}
