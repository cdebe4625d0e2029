package tabletest

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/table"
)

var limits = []check{
	{"an item that breaks a limit is invalid and not written", invalidItems},
	{"keys and items of the largest size are written", largest},
	{"a malformed transaction is invalid and not written", invalidTransactions},
	{"a malformed query is invalid", invalidQueries},
	{"a malformed key is invalid to every read", invalidKeys},
}

// longest is a text of n bytes.
func longest(n int) string { return strings.Repeat("k", n) }

// nested is a value n lists deep.
func nested(n int) any {
	var value any = "deep"
	for range n {
		value = []any{value}
	}
	return value
}

// sized is an item of exactly that many bytes.
func (f fixture) sized(sk string, size int) table.Item {
	item := table.Item{Key: f.key("p", sk), Revision: 1, Attributes: map[string]any{"v": ""}}
	item.Attributes["v"] = strings.Repeat("x", size-table.ItemSize(item))
	return item
}

func badKeys() map[string]table.Key {
	return map[string]table.Key{
		"no partition key":       {SK: "s"},
		"no sort key":            {PK: "p"},
		"no key":                 {},
		"long partition key":     {PK: longest(table.MaxPartitionKey + 1), SK: "s"},
		"long sort key":          {PK: "p", SK: longest(table.MaxSortKey + 1)},
		"partition key no UTF-8": {PK: "p\xff", SK: "s"},
		"sort key no UTF-8":      {PK: "p", SK: "s\xc0\x80"},
	}
}

func invalidItems(f fixture) {
	items := map[string]table.Item{
		"too large by a byte": f.sized("large", table.MaxItem+1),
	}
	for name, key := range badKeys() {
		items[name] = table.Item{Key: key}
		if !key.IsZero() {
			items["index 1: "+name] = table.Item{Key: f.key("p", "s"), Index1: key}
			items["index 2: "+name] = table.Item{Key: f.key("p", "s"), Index2: key}
		}
	}
	for name, attributes := range map[string]map[string]any{
		"a nil value": {"a": nil}, "an int": {"a": 1}, "a float": {"a": 1.5}, "strings": {"a": []string{"b"}},
		"a nil in a list": {"a": []any{nil}}, "an int in a map": {"a": map[string]any{"b": 1}},
		"no name": {"": "a"}, "no inner name": {"a": map[string]any{"": "b"}},
		"a name no UTF-8": {"a\xff": "b"}, "a text no UTF-8": {"a": "b\xff"}, "an inner text no UTF-8": {"a": []any{"\xff"}},
		"nested too deep": {"a": nested(40)}, "a long name": {longest(1 << 16): "a"},
	} {
		items[name] = table.Item{Key: f.key("p", "s"), Attributes: attributes}
	}
	for _, name := range []string{"PK", "SK", "rev", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK"} {
		items["named "+name] = table.Item{Key: f.key("p", "s"), Attributes: map[string]any{name: "a"}}
	}
	for name, item := range items {
		other := f.item("other", uuid.NewString(), 1)
		for _, err := range []error{
			f.try(table.Put(item, table.Unconditional())),
			f.try(table.Put(other, table.IfAbsent()), table.Put(item, table.Unconditional())),
		} {
			f.wantInvalid(name, err)
		}
		f.wantNone(other.Key)
	}
	f.wantNone(f.key("p", "s"))
	f.wantNone(f.key("p", "large"))
}

func largest(f fixture) {
	f.put(f.sized("largest", table.MaxItem))
	f.wantItem(f.sized("largest", table.MaxItem))

	key := f.key(longest(table.MaxPartitionKey-len(f.prefix)), longest(table.MaxSortKey))
	long := table.Item{Key: key, Index1: key, Index2: key, Attributes: map[string]any{longest(1000): "a"}}
	f.put(long)
	f.wantItem(long)
	for _, index := range []table.Index{table.Primary, table.Index1, table.Index2} {
		f.eventually(func() string {
			if got := f.sortKeys(table.Query{Index: index, PK: key.PK, Prefix: key.SK}); len(got) != 1 {
				return fmt.Sprintf("index %d holds %d items, want 1", index, len(got))
			}
			return ""
		})
	}
	deep := f.item("p", "deep", 1)
	deep.Attributes = map[string]any{"a": nested(31)}
	f.put(deep)
	f.wantItem(deep)

	var writes []table.Write
	for i := range 10 {
		writes = append(writes, table.Put(f.sized(fmt.Sprint(i), 400<<10), table.IfAbsent()))
	}
	f.write(writes...)
}

func invalidTransactions(f fixture) {
	var tooMany, tooLarge []table.Write
	for i := range table.MaxTransactionItems + 1 {
		tooMany = append(tooMany, table.Put(f.item("p", fmt.Sprint(i), 1), table.Unconditional()))
	}
	for i := range 11 {
		tooLarge = append(tooLarge, table.Put(f.sized(fmt.Sprint(i), 390<<10), table.Unconditional()))
	}
	first := table.Put(f.item("p", "0", 1), table.Unconditional())
	for name, t := range map[string]table.Transaction{
		"no writes":              {},
		"too many":               {Writes: tooMany},
		"too large":              {Writes: tooLarge},
		"an item twice":          {Writes: []table.Write{first, table.Delete(f.key("p", "0"), table.Unconditional())}},
		"written and checked":    {Writes: []table.Write{first, table.Check(f.key("p", "0"), table.IfAbsent())}},
		"a check of nothing":     {Writes: []table.Write{first, table.Check(f.key("p", "1"), table.Unconditional())}},
		"an operation unheard":   {Writes: []table.Write{first, {Op: 3, Item: f.item("p", "1", 1)}}},
		"a condition unheard":    {Writes: []table.Write{first, table.Put(f.item("p", "1", 1), table.Condition{Kind: 4})}},
		"a long token":           {Writes: []table.Write{first}, Token: longest(37)},
		"a delete of no key":     {Writes: []table.Write{first, table.Delete(table.Key{}, table.Unconditional())}},
		"a check of a long key":  {Writes: []table.Write{first, table.Check(f.key("p", longest(1025)), table.IfAbsent())}},
		"a delete of a long key": {Writes: []table.Write{table.Delete(f.key(longest(2048), "s"), table.IfAbsent())}},
	} {
		f.wantInvalid(name, f.table.Transact(f.Context(), t))
		if got := f.sortKeys(table.Query{PK: f.prefix + "p"}); len(got) != 0 {
			f.Fatalf("%s: %q was written", name, got)
		}
	}
}

func invalidQueries(f fixture) {
	pk := f.prefix + "p"
	for name, q := range map[string]table.Query{
		"no partition key":          {},
		"a long partition key":      {PK: longest(table.MaxPartitionKey + 1)},
		"a partition key no UTF-8":  {PK: "\xff"},
		"a long prefix":             {PK: pk, Prefix: longest(table.MaxSortKey + 1)},
		"a prefix no UTF-8":         {PK: pk, Prefix: "\xff"},
		"a negative limit":          {PK: pk, Limit: -1},
		"a limit beyond reason":     {PK: pk, Limit: 1 << 40},
		"an index unheard":          {PK: pk, Index: 3},
		"a negative index":          {PK: pk, Index: -1},
		"a long position":           {PK: pk, After: table.Position{SK: longest(table.MaxSortKey + 1)}},
		"a position of a key alone": {PK: pk, After: table.Position{Key: f.key("p", "s")}},
		"a position half a key":     {PK: pk, Index: 1, After: table.Position{SK: "a", Key: table.Key{PK: "p"}}},
	} {
		_, err := f.table.Query(f.Context(), q)
		f.wantInvalid(name, err)
	}
}

func invalidKeys(f fixture) {
	for name, key := range badKeys() {
		_, _, err := f.table.Get(f.Context(), key)
		f.wantInvalid(name, err)
		_, err = f.table.BatchGet(f.Context(), []table.Key{key})
		f.wantInvalid(name, err)
		_, err = f.table.TransactGet(f.Context(), []table.Key{key})
		f.wantInvalid(name, err)
	}
}
