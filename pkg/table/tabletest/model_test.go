package tabletest_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"

	"strongroom/pkg/table"
)

// A model is a table as naive as can be: what the adapters are compared with.
type model struct {
	mu     sync.Mutex
	items  map[table.Key]table.Item
	tokens map[string]table.Transaction
}

var _ table.Table = (*model)(nil)

func newModel() *model {
	return &model{items: map[table.Key]table.Item{}, tokens: map[string]table.Transaction{}}
}

func (m *model) Get(ctx context.Context, key table.Key) (table.Item, bool, error) {
	items, err := m.get(ctx, []table.Key{key}, 1)
	item, ok := items[key]
	return item, ok, err
}

func (m *model) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	return m.get(ctx, keys, math.MaxInt)
}

func (m *model) TransactGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	items, err := m.get(ctx, keys, table.MaxTransactionItems)
	size := 0
	for _, item := range items {
		size += table.ItemSize(item)
	}
	if size > table.MaxTransactionBytes {
		return nil, table.ErrInvalid
	}
	return items, err
}

func (m *model) get(ctx context.Context, keys []table.Key, most int) (map[table.Key]table.Item, error) {
	if err := table.CheckKeys(keys, most); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	items := map[table.Key]table.Item{}
	for _, key := range keys {
		if item, ok := m.items[key]; ok {
			items[key] = cloneItem(item)
		}
	}
	return items, ctx.Err()
}

func (m *model) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if err := table.CheckQuery(q); err != nil {
		return table.Page{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []table.Item
	for _, item := range m.items {
		if at := keyIn(item, q.Index); at.PK == q.PK && strings.HasPrefix(at.SK, q.Prefix) {
			found = append(found, cloneItem(table.Project(item, q.Index)))
		}
	}
	slices.SortFunc(found, func(a, b table.Item) int {
		order := strings.Compare(keyIn(a, q.Index).SK, keyIn(b, q.Index).SK)
		if q.Descending {
			return -order
		}
		return order
	})
	var page table.Page
	size := 0
	for _, item := range found {
		at := keyIn(item, q.Index)
		if !q.After.IsZero() && (q.Descending && at.SK >= q.After.SK || !q.Descending && at.SK <= q.After.SK) {
			continue
		}
		size += table.ItemSize(item)
		if n := len(page.Items); n > 0 && (n == q.Limit || size > table.MaxPage) {
			last := page.Items[n-1]
			page.Next = table.Position{SK: keyIn(last, q.Index).SK}
			if q.Index != table.Primary {
				page.Next.Key = last.Key
			}
			break
		}
		page.Items = append(page.Items, item)
	}
	return page, ctx.Err()
}

func keyIn(item table.Item, index table.Index) table.Key {
	return map[table.Index]table.Key{table.Primary: item.Key, table.Index1: item.Index1, table.Index2: item.Index2}[index]
}

func (m *model) Transact(ctx context.Context, t table.Transaction) error {
	if err := table.CheckTransaction(t); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if done, ok := m.tokens[t.Token]; ok {
		if !sameWrites(done, t) {
			return table.ErrInvalid
		}
		return nil
	}
	var failed []int
	for i, w := range t.Writes {
		item, there := m.items[w.Item.Key]
		met := map[table.ConditionKind]bool{
			table.Always: true, table.Absent: !there, table.Present: there,
			table.AtRevision: there && item.Revision == w.If.Revision,
		}[w.If.Kind]
		if !met {
			failed = append(failed, i)
		}
	}
	if failed != nil {
		return &table.ConditionError{Failed: failed}
	}
	for _, w := range t.Writes {
		switch w.Op {
		case table.OpPut:
			m.items[w.Item.Key] = cloneItem(w.Item)
		case table.OpDelete:
			delete(m.items, w.Item.Key)
		case table.OpCheck:
		}
	}
	if t.Token != "" {
		m.tokens[t.Token] = t
	}
	return nil
}

func sameWrites(a, b table.Transaction) bool {
	return slices.EqualFunc(a.Writes, b.Writes, func(x, y table.Write) bool {
		return x.Op == y.Op && x.If == y.If && x.Item.Key == y.Item.Key && x.Item.Revision == y.Item.Revision
	})
}

func cloneItem(item table.Item) table.Item {
	item.Attributes = cloneValue(item.Attributes).(map[string]any)
	return item
}

func cloneValue(value any) any {
	switch x := value.(type) {
	case []byte:
		return append([]byte{}, x...)
	case []any:
		list := make([]any, len(x))
		for i := range x {
			list[i] = cloneValue(x[i])
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(x))
		for name := range x {
			m[name] = cloneValue(x[name])
		}
		return m
	}
	return value
}
