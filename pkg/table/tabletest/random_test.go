package tabletest_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
	"strongroom/pkg/table/tabletest"
)

func TestModelConforms(t *testing.T) {
	tabletest.Run(t, func(*testing.T) table.Table { return newModel() })
}

// TestRandom drives both adapters and the model with the same operations, drawn at random from few keys so that they
// meet, and compares every answer.
func TestRandom(t *testing.T) {
	file, err := bolt.Open(filepath.Join(t.TempDir(), "table"), bolt.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	client, name := dynamotest.New(t)
	adapters := map[string]table.Table{"bolt": file, "dynamo": dynamo.New(client, name)}
	rapid.Check(t, func(rt *rapid.T) {
		w := world{adapters: adapters, model: newModel(), prefix: uuid.NewString()}
		rt.Repeat(map[string]func(*rapid.T){
			"transact":    w.transact,
			"get":         w.get,
			"batchGet":    w.batchGet,
			"transactGet": w.transactGet,
			"query":       w.query,
		})
	})
}

// A world is one run: the same operations on the adapters and on the model.
type world struct {
	adapters map[string]table.Table
	model    *model
	prefix   string // of its partitions
}

// compare does the same to all tables and reports whose answer is not the model's.
func compare[T any](t *rapid.T, w world, do func(table.Table) (T, error)) {
	want, wantErr := do(w.model)
	for name, adapter := range w.adapters {
		got, err := do(adapter)
		if class(err) != class(wantErr) {
			t.Fatalf("%s: error %v, want %v", name, err, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" && err == nil {
			t.Fatalf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// class is what of an error all tables agree on.
func class(err error) string {
	var failed *table.ConditionError
	switch {
	case err == nil:
		return "none"
	case errors.As(err, &failed):
		return fmt.Sprint("condition ", failed.Failed)
	case errors.Is(err, table.ErrInvalid):
		return "invalid"
	}
	return "other: " + err.Error()
}

var (
	partitions = []string{"p", "p\x00", "q"}
	sortKeys   = []string{"a", "a\x00", "a\x00b", "ab", "b", "ÿ", "\U0010ffff"}
)

func (w world) key(t *rapid.T) table.Key {
	return table.Key{
		PK: w.prefix + rapid.SampledFrom(partitions).Draw(t, "pk"),
		SK: rapid.SampledFrom(sortKeys).Draw(t, "sk"),
	}
}

func (w world) keys(t *rapid.T) []table.Key {
	return rapid.SliceOfNDistinct(rapid.Custom(w.key), 0, 8, rapid.ID[table.Key]).Draw(t, "keys")
}

// indexKey is in one of few partitions, under a sort key that no other item has there.
func (w world) indexKey(t *rapid.T, item table.Key) table.Key {
	if rapid.Bool().Draw(t, "in no index") {
		return table.Key{}
	}
	return table.Key{
		PK: w.prefix + rapid.SampledFrom(partitions).Draw(t, "index pk"),
		SK: rapid.SampledFrom(sortKeys).Draw(t, "index sk") + item.PK + "/" + item.SK,
	}
}

func value(depth int) *rapid.Generator[any] {
	kinds := []*rapid.Generator[any]{
		rapid.String().AsAny(), rapid.Int64().AsAny(), rapid.Bool().AsAny(),
		rapid.Custom(func(t *rapid.T) []byte {
			return append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")...)
		}).AsAny(),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.Custom(func(t *rapid.T) []any {
				return append([]any{}, rapid.SliceOfN(value(depth-1), 0, 3).Draw(t, "list")...)
			}).AsAny(),
			rapid.Custom(func(t *rapid.T) map[string]any { return attributes(t, depth-1) }).AsAny())
	}
	return rapid.OneOf(kinds...)
}

func attributes(t *rapid.T, depth int) map[string]any {
	names := rapid.SampledFrom([]string{"name", "projects", "value", "é\x00"})
	return rapid.MapOfN(names, value(depth), 0, 3).Draw(t, "attributes")
}

func (w world) write(t *rapid.T) table.Write {
	key := w.key(t)
	kinds := []table.ConditionKind{table.Always, table.Absent, table.Present, table.AtRevision, table.AtRevision}
	write := table.Write{
		Op:   table.Op(rapid.IntRange(int(table.OpPut), int(table.OpCheck)).Draw(t, "op")),
		If:   table.Condition{Kind: rapid.SampledFrom(kinds).Draw(t, "condition")},
		Item: table.Item{Key: key},
	}
	if write.If.Kind == table.AtRevision {
		write.If.Revision = w.model.items[key].Revision // mostly right, so that writes happen
		if rapid.IntRange(0, 4).Draw(t, "stale") == 0 {
			write.If.Revision++
		}
	}
	if write.Op == table.OpPut {
		write.Item.Revision = rapid.Int64Range(0, 3).Draw(t, "revision")
		write.Item.Index1, write.Item.Index2 = w.indexKey(t, key), w.indexKey(t, key)
		write.Item.Attributes = attributes(t, 2)
	}
	return write
}

func (w world) transact(t *rapid.T) {
	// Now and then one item is named twice, which is invalid.
	transaction := table.Transaction{Writes: rapid.SliceOfN(rapid.Custom(w.write), 1, 4).Draw(t, "writes")}
	compare(t, w, func(tab table.Table) (struct{}, error) {
		return struct{}{}, tab.Transact(t.Context(), transaction)
	})
}

func (w world) get(t *rapid.T) {
	key := w.key(t)
	compare(t, w, func(tab table.Table) (*table.Item, error) {
		item, found, err := tab.Get(t.Context(), key)
		if !found {
			return nil, err
		}
		return &item, err
	})
}

func (w world) batchGet(t *rapid.T) {
	keys := w.keys(t)
	compare(t, w, func(tab table.Table) (map[table.Key]table.Item, error) { return tab.BatchGet(t.Context(), keys) })
}

func (w world) transactGet(t *rapid.T) {
	keys := w.keys(t)
	compare(t, w, func(tab table.Table) (map[table.Key]table.Item, error) { return tab.TransactGet(t.Context(), keys) })
}

func (w world) query(t *rapid.T) {
	q := table.Query{
		Index:      table.Index(rapid.IntRange(int(table.Primary), int(table.Index2)).Draw(t, "index")),
		PK:         w.prefix + rapid.SampledFrom(partitions).Draw(t, "pk"),
		Prefix:     rapid.SampledFrom(append([]string{"", "", ""}, sortKeys...)).Draw(t, "prefix"),
		Limit:      rapid.IntRange(0, 4).Draw(t, "limit"),
		Descending: rapid.Bool().Draw(t, "descending"),
	}
	if rapid.IntRange(0, 2).Draw(t, "from a position") == 0 {
		q.After = table.Position{SK: q.Prefix + rapid.SampledFrom(sortKeys).Draw(t, "after"), Key: w.key(t)}
	}
	compare(t, w, func(tab table.Table) ([]table.Item, error) {
		var items []table.Item
		for q := q; ; {
			page, err := tab.Query(t.Context(), q)
			items = append(items, page.Items...)
			if err != nil || page.Next.IsZero() {
				return items, err
			}
			q.After = page.Next
		}
	})
}
