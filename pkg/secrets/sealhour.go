package secrets

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"strongroom/pkg/audit"
	"strongroom/pkg/table"
)

// maxIndexPart is how many entries of an index are in one item: 288 KB, of the 400 that an item may have.
const maxIndexPart = 12_000

// An indexRecord is a part of the index of an hour's shard.
type indexRecord struct {
	header
	Entries []byte `table:"i"`
}

// shardNames are the shards that events are written to, sorted.
func shardNames() []string {
	names := make([]string, 0, eventShards+1)
	for n := range eventShards {
		names = append(names, strconv.Itoa(n))
	}
	return append(names, unboundShard)
}

// readHour reads an hour's events, writes their index, and answers what is to be sealed of the shards that have some.
// However many there are, it holds of each shard a page and a part of the index.
func (z *sealer) readHour(ctx context.Context, hour audit.Hour) ([]audit.Shard, error) {
	names := shardNames()
	shards := make([]audit.Shard, len(names))
	err := z.sideBySide(ctx, len(names), func(ctx context.Context, i int) (err error) {
		shards[i], err = z.readShard(ctx, hour, names[i])
		return err
	})
	return slices.DeleteFunc(shards, func(s audit.Shard) bool { return s.Count == 0 }), err
}

func (z *sealer) readShard(ctx context.Context, hour audit.Hour, name string) (audit.Shard, error) {
	var tree audit.Tree
	index := audit.NewIndex()
	var packed []byte
	parts := 0
	flush := func() error {
		index.Add(packed)
		item := toItem(sealIndexKey(hour, name, parts), 0, &indexRecord{Entries: packed})
		parts++
		packed = nil
		// Without a condition: whoever reads the hour, now that it is over, writes the same.
		err := z.table.Transact(ctx, table.Transaction{Writes: []table.Write{table.Put(item, table.Unconditional())}})
		return unavailable(err)
	}
	err := z.eachEvent(ctx, hour, name, func(id uuid.UUID, stored []byte) error {
		leaf := audit.Leaf(name, id, stored)
		tree.Add(leaf)
		if packed = audit.EntryOf(id, leaf).AppendTo(packed); len(packed) == maxIndexPart*audit.EntrySize {
			return flush()
		}
		return nil
	})
	if err == nil && len(packed) > 0 {
		err = flush()
	}
	return audit.Shard{Name: name, Count: tree.Leaves(), Root: tree.Root(), Index: index.Hash()}, err
}

// eachEvent goes through the events of an hour's shard in the order of their ids. What else is stored there is passed over.
func (q *request) eachEvent(ctx context.Context, hour audit.Hour, shard string, do func(id uuid.UUID, stored []byte) error) error {
	query := table.Query{PK: eventPK(hour, shard)}
	for {
		page, err := q.table.Query(ctx, query)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			id, stored := storedEvent(item)
			if id == uuid.Nil {
				continue
			}
			if err := do(id, stored); err != nil {
				return err
			}
		}
		if query.After = page.Next; page.Next.IsZero() {
			return nil
		}
	}
}

// storedEvent is an event's id and its bytes; no id for what is none. It does not read the bytes, nor the schema: they are
// sealed and exported as they are, also those that a later program wrote.
func storedEvent(item table.Item) (uuid.UUID, []byte) {
	id, err := uuid.Parse(item.Key.SK)
	if err == nil && id.String() != item.Key.SK {
		err = errors.New("its key is not an id as it is written")
	}
	stored, ok := item.Attributes["e"].([]byte)
	if err == nil && !ok {
		err = errors.New("it has no bytes of an event")
	}
	if err != nil {
		passOver(item.Key, err)
		return uuid.Nil, nil
	}
	return id, stored
}

// passOver logs an item among the events that is none that can be read. Only who writes the table without Strongroom puts
// one there; if it were an error, one item could stop for ever whatever reads events in their order.
func passOver(key table.Key, err error) {
	slog.Error("an item is no event and is passed over", "pk", key.PK, "sk", key.SK, "error", err)
}
