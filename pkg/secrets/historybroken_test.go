package secrets_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"strongroom/pkg/table"
	"strongroom/pkg/table/tabletest/faulty"
)

// A brokenTable does not keep what package table promises.
type brokenTable struct {
	table.Table
	// write changes what is written, read what is read.
	write func([]table.Write) []table.Write
	read  func(map[table.Key]table.Item)
	// apart answers TransactGet from more than one moment.
	apart *faulty.Table
}

func (b *brokenTable) Transact(ctx context.Context, t table.Transaction) error {
	if b.write != nil {
		t.Writes = b.write(slices.Clone(t.Writes))
	}
	return b.Table.Transact(ctx, t)
}

func (b *brokenTable) Get(ctx context.Context, key table.Key) (table.Item, bool, error) {
	items, err := b.BatchGet(ctx, []table.Key{key})
	item, found := items[key]
	return item, found, err
}

func (b *brokenTable) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	items, err := b.Table.BatchGet(ctx, keys)
	if b.read != nil && err == nil {
		b.read(items)
	}
	return items, err
}

func (b *brokenTable) TransactGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if b.apart != nil {
		return b.apart.BatchGet(ctx, keys)
	}
	items, err := b.Table.TransactGet(ctx, keys)
	if b.read != nil && err == nil {
		b.read(items)
	}
	return items, err
}

func without(keys func(table.Key) bool) func([]table.Write) []table.Write {
	return func(writes []table.Write) []table.Write {
		return slices.DeleteFunc(writes, func(w table.Write) bool { return keys(w.Item.Key) })
	}
}

// A memory answers projects as they were a while ago.
type memory struct {
	mu   sync.Mutex
	seen map[table.Key]table.Item
	at   map[table.Key]time.Time
}

func (m *memory) read(items map[table.Key]table.Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, item := range items {
		switch {
		case key.SK != "PROJECT":
		case time.Since(m.at[key]) < 50*time.Millisecond:
			items[key] = m.seen[key]
		default:
			m.seen[key], m.at[key] = item, time.Now()
		}
	}
}

// TestHistoriesShowWhatIsBroken breaks one promise after another, and finds a history that shows it, and how.
func TestHistoriesShowWhatIsBroken(t *testing.T) {
	for name, c := range map[string]struct {
		wrap  func(table.Table) table.Table
		shows string
	}{
		"conditions are not looked at": {
			wrap: func(inner table.Table) table.Table {
				return &brokenTable{Table: inner, write: func(writes []table.Write) []table.Write {
					for i := range writes {
						writes[i].If = table.Unconditional()
					}
					return writes
				}}
			},
			shows: "which is not there",
		},
		"grants are read late": {
			wrap: func(inner table.Table) table.Table {
				m := &memory{seen: map[table.Key]table.Item{}, at: map[table.Key]time.Time{}}
				return &brokenTable{Table: inner, read: m.read}
			},
			shows: "after the last grant was taken away",
		},
		"what is read at one moment is of several": {
			wrap: func(inner table.Table) table.Table {
				return &brokenTable{Table: inner, apart: faulty.New(inner, faulty.Options{
					Odds: faulty.Odds{faulty.Torn: 1, faulty.Slow: .5}, Pause: 4 * time.Millisecond,
				})}
			},
			shows: "porcupine says Illegal",
		},
		"requests do not find themselves": {
			wrap: func(inner table.Table) table.Table {
				return &brokenTable{Table: inner, read: func(items map[table.Key]table.Item) {
					for key, item := range items {
						if delete(item.Attributes, "writes"); strings.HasPrefix(key.SK, "EVENT#") {
							delete(items, key)
						}
					}
				}}
			},
			shows: " became version ",
		},
		"copies are not written": {
			wrap: func(inner table.Table) table.Table {
				return &brokenTable{Table: inner, write: without(func(key table.Key) bool { return strings.HasPrefix(key.SK, "VALUE#") })}
			},
			shows: "value copies",
		},
		"versions are not written": {
			wrap: func(inner table.Table) table.Table {
				return &brokenTable{Table: inner, write: without(func(key table.Key) bool { return strings.HasPrefix(key.SK, "VERSION") })}
			},
			shows: "is current, and 0 are listed",
		},
		"events beside changes are not written": {
			wrap: func(inner table.Table) table.Table {
				return &brokenTable{Table: inner, write: without(func(key table.Key) bool { return strings.HasPrefix(key.SK, "EVENT#") })}
			},
			shows: "events tell of",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const most = 1000
			for seed := range uint64(most) {
				r := simulate(t, historyPlan{seed: seed, steps: 8, pause: 2 * time.Millisecond, faults: usualFaults, wrap: c.wrap})
				if strings.Contains(strings.Join(r.judge(t.TempDir()), "\n"), c.shows) {
					t.Logf("history %d shows it", seed)
					return
				}
			}
			t.Errorf("none of %d histories shows it", most)
		})
	}
}
