package tabletest

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/table"
)

var indexes = []check{
	{"an index holds the items that have its key, and no others", sparse},
	{"an index answers keys and what it projects", projection},
	{"an index follows every change of an item", following},
	{"an index's items are in the order of its own sort keys", indexOrder},
	{"a position in an index may be made up", indexPositions},
	{"a position in an index names an item too", indexPositionWithoutKey},
}

var bothIndexes = []table.Index{table.Index1, table.Index2}

// indexed is the item with the key in the index.
func indexed(item table.Item, index table.Index, key table.Key) table.Item {
	if index == table.Index1 {
		item.Index1 = key
	} else {
		item.Index2 = key
	}
	return item
}

// wantIndex waits until the partition of the index holds what the items project.
func (f fixture) wantIndex(index table.Index, pk string, items ...table.Item) {
	f.Helper()
	var want []table.Item
	for _, item := range items {
		want = append(want, table.Project(item, index))
	}
	f.eventually(func() string {
		got, _ := f.all(table.Query{Index: index, PK: f.prefix + pk})
		return cmp.Diff(want, got)
	})
}

func sparse(f fixture) {
	one, two, both, none := f.item("p", "1", 1), f.item("p", "2", 1), f.item("p", "3", 1), f.item("p", "4", 1)
	one.Index1, both.Index1 = f.key("x", "1"), f.key("x", "2")
	two.Index2, both.Index2 = f.key("x", "2"), f.key("x", "1")
	f.put(one, two, both, none)
	f.wantIndex(table.Index1, "x", one, both)
	f.wantIndex(table.Index2, "x", both, two)
	f.wantIndex(table.Index1, "p")
	for _, item := range []table.Item{one, two, both, none} {
		f.wantItem(item)
	}
}

func projection(f fixture) {
	item := table.Item{Key: f.key("p", "s"), Revision: 7, Attributes: everyKind(),
		Index1: f.key("x", "1"), Index2: f.key("y", "2")}
	bare := table.Item{Key: f.key("p", "t"), Index2: f.key("y", "3"), Attributes: map[string]any{"projects": []any{}}}
	f.put(item, bare)
	want := map[table.Index][]table.Item{
		table.Index1: {{Key: item.Key, Index1: item.Index1, Attributes: map[string]any{}}},
		table.Index2: {
			{Key: item.Key, Index2: item.Index2, Attributes: map[string]any{"name": "a", "projects": []any{"b"}}},
			{Key: bare.Key, Index2: bare.Index2, Attributes: map[string]any{"projects": []any{}}},
		},
	}
	for index, pk := range map[table.Index]string{table.Index1: "x", table.Index2: "y"} {
		f.eventually(func() string {
			got, _ := f.all(table.Query{Index: index, PK: f.prefix + pk})
			return cmp.Diff(want[index], got)
		})
	}
}

func following(f fixture) {
	for _, index := range bothIndexes {
		pk := index.Name()
		named := func(name string, at table.Key) table.Item {
			item := f.item("p", pk, 1)
			item.Attributes["name"] = name
			return indexed(item, index, at)
		}
		item := named("first", f.key(pk, "a"))
		f.put(item)
		f.wantIndex(index, pk, item)
		item = named("renamed", f.key(pk, "a"))
		f.put(item)
		f.wantIndex(index, pk, item)
		item = named("moved", f.key(pk, "b"))
		f.put(item)
		f.wantIndex(index, pk, item)
		item = named("elsewhere", f.key(pk+"2", "b"))
		f.put(item)
		f.wantIndex(index, pk)
		f.wantIndex(index, pk+"2", item)
		f.put(named("out", table.Key{}))
		f.wantIndex(index, pk+"2")
		f.put(item)
		f.wantIndex(index, pk+"2", item)
		f.write(table.Delete(item.Key, table.IfPresent()))
		f.wantIndex(index, pk+"2")
	}
}

// putIndexed puts an item for each sort key into the index's partition; their own keys are in the opposite order.
func (f fixture) putIndexed(index table.Index, pk string, sortKeys []string) (keys map[string]table.Key) {
	keys = map[string]table.Key{}
	var items []table.Item
	for i, sk := range sortKeys {
		item := indexed(f.item(fmt.Sprint(i%3), fmt.Sprintf("%s %s %03d", index.Name(), pk, 999-i), 1), index, f.key(pk, sk))
		keys[sk] = item.Key
		items = append(items, item)
	}
	f.put(items...)
	f.eventually(func() string {
		return cmp.Diff(sorted(sortKeys), f.sortKeys(table.Query{Index: index, PK: f.prefix + pk}))
	})
	return keys
}

func indexOrder(f fixture) {
	for _, index := range bothIndexes {
		f.putIndexed(index, "p", prefixed)
		f.putIndexed(index, "p\x00", []string{"neighbour"})
		for _, prefix := range []string{"", "a", "a\x00", "ab", "abc", "ÿ", "z"} {
			for _, limit := range []int{0, 1, 2, 5, 100} {
				for _, descending := range []bool{false, true} {
					q := table.Query{Index: index, PK: f.prefix + "p", Prefix: prefix, Limit: limit, Descending: descending}
					f.wantKeys(fmt.Sprintf("index %d, prefix %q, limit %d, descending %v", index, prefix, limit, descending),
						selected(prefixed, q), q)
				}
			}
		}
	}
}

func indexPositions(f fixture) {
	for _, index := range bothIndexes {
		keys := f.putIndexed(index, "p", prefixed)
		for _, position := range append([]string{"\x00", "aa", "abca", "zzz"}, prefixed...) {
			at := table.Position{SK: position, Key: f.key("no", "item")}
			if key, ok := keys[position]; ok {
				at.Key = key
			}
			for _, descending := range []bool{false, true} {
				q := table.Query{Index: index, PK: f.prefix + "p", Limit: 4, After: at, Descending: descending}
				if strings.HasPrefix(position, "ab") {
					q.Prefix = "ab"
				}
				f.wantKeys(fmt.Sprintf("index %d after %q, descending %v", index, position, descending), selected(prefixed, q), q)
			}
		}
	}
}

func indexPositionWithoutKey(f fixture) {
	for _, index := range bothIndexes {
		q := table.Query{Index: index, PK: f.prefix + "p", After: table.Position{SK: "a"}}
		_, err := f.table.Query(f.Context(), q)
		f.wantInvalid(index.Name(), err)
	}
}
