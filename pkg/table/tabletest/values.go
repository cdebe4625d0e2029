package tabletest

import (
	"math"
	"strings"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/table"
)

var values = []check{
	{"an item comes back whole from every kind of read", wholeItems},
	{"keys may hold any text and never run into one another", strangeKeys},
	{"nil slices and maps come back empty", nilValues},
	{"an attribute that nobody knows survives a rewrite", unknownAttributes},
	{"what is answered and what is written are copies", copies},
}

// strange are texts that a careless encoding would lose or confuse.
var strange = []string{
	"a", "a\x00", "a\x00b", "\x00", "\x00\x00", "\x00\x01", "\x00ÿ", "\x01", "ÿ", "\u007f", "\u0080", "é", "e\u0301",
	"a#b", "a/b", `a"b\`, "\n", " ", "\U0010ffff", "\ufffd", "日本語", "🔐", strings.Repeat("x", 1000),
}

func everyKind() map[string]any {
	return map[string]any{
		"text": "plain", "empty": "", "strange": strings.Join(strange, ""),
		"largest": int64(math.MaxInt64), "least": int64(math.MinInt64), "zero": int64(0), "round": int64(1_000_000_000_000),
		"negative": int64(-1), "milliseconds": int64(1_795_000_000_123),
		"true": true, "false": false,
		"bytes": []byte{0, 1, 0xff, 0}, "noBytes": []byte{},
		"list": []any{"a", int64(1), true, []byte{2}, []any{}, map[string]any{}}, "noList": []any{},
		"map":   map[string]any{"a\x00": []any{map[string]any{"deep": []any{int64(-7)}}}, "PK": "inner names are free"},
		"noMap": map[string]any{}, "日本語": "a name of three characters",
		"name": "a", "projects": []any{"b"},
	}
}

func wholeItems(f fixture) {
	for _, item := range []table.Item{
		{Key: f.key("every", "kind"), Revision: 1_795_000_000_123, Attributes: everyKind(),
			Index1: f.key("one", "1"), Index2: f.key("two", "2")},
		{Key: f.key("one", "index"), Revision: math.MaxInt64, Index2: f.key("two", "3"), Attributes: map[string]any{}},
		{Key: f.key("no", "revision"), Attributes: map[string]any{"a": "b"}},
		{Key: f.key("negative", "revision"), Revision: -5, Attributes: map[string]any{"a": "b"}},
		{Key: f.key("nothing", "at all"), Attributes: map[string]any{}},
	} {
		f.put(item)
		f.wantItem(item)
		want := map[table.Key]table.Item{item.Key: item}
		got, err := f.table.BatchGet(f.Context(), []table.Key{item.Key})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			f.Errorf("BatchGet: %v (-want +got):\n%s", err, diff)
		}
		got, err = f.table.TransactGet(f.Context(), []table.Key{item.Key})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			f.Errorf("TransactGet: %v (-want +got):\n%s", err, diff)
		}
		page := f.page(table.Query{PK: item.Key.PK})
		if diff := cmp.Diff([]table.Item{item}, page.Items); diff != "" {
			f.Errorf("Query (-want +got):\n%s", diff)
		}
	}
}

func strangeKeys(f fixture) {
	var writes []table.Write
	for _, pk := range strange[:5] {
		for _, sk := range strange {
			writes = append(writes, table.Put(f.item(pk, sk, 1), table.IfAbsent()))
		}
	}
	for len(writes) > 0 {
		n := min(len(writes), table.MaxTransactionItems)
		f.write(writes[:n]...)
		writes = writes[n:]
	}
	for _, pk := range strange[:5] {
		for _, sk := range strange {
			f.wantItem(f.item(pk, sk, 1))
		}
		if got := len(f.sortKeys(table.Query{PK: f.prefix + pk})); got != len(strange) {
			f.Errorf("partition %q holds %d items, want %d", pk, got, len(strange))
		}
	}
}

func nilValues(f fixture) {
	item := f.item("nil", "values", 1)
	item.Attributes = map[string]any{
		"bytes": []byte(nil), "list": []any(nil), "map": map[string]any(nil), "inner": []any{[]byte(nil), []any(nil)},
	}
	f.put(item)
	item.Attributes = map[string]any{
		"bytes": []byte{}, "list": []any{}, "map": map[string]any{}, "inner": []any{[]byte{}, []any{}},
	}
	f.wantItem(item)
	bare := table.Item{Key: f.key("nil", "attributes"), Revision: 2}
	f.put(bare)
	bare.Attributes = map[string]any{}
	f.wantItem(bare)
}

func unknownAttributes(f fixture) {
	type record struct {
		Name  string         `table:"name"`
		Extra map[string]any `table:",extra"`
	}
	item := f.item("unknown", "attributes", 1)
	item.Attributes = everyKind()
	f.put(item)
	var r record
	if err := table.Decode(f.get(item.Key).Attributes, &r); err != nil {
		f.Fatal(err)
	}
	r.Name = "changed"
	again := item
	again.Attributes = table.Encode(r)
	f.put(again)
	item.Attributes["name"] = "changed"
	f.wantItem(item)
}

func copies(f fixture) {
	item := f.item("copies", "a", 1)
	item.Attributes = map[string]any{"bytes": []byte("mine"), "list": []any{"mine"}}
	f.put(item)
	item.Attributes["bytes"].([]byte)[0] = 'X'
	item.Attributes["list"].([]any)[0] = "X"
	item.Attributes["more"] = "X"
	want := table.Item{Key: item.Key, Revision: 1,
		Attributes: map[string]any{"bytes": []byte("mine"), "list": []any{"mine"}}}
	f.wantItem(want)
	got := f.get(item.Key)
	got.Attributes["bytes"].([]byte)[0] = 'Y'
	got.Attributes["more"] = "Y"
	f.wantItem(want)
}
