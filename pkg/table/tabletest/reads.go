package tabletest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/table"
)

var reads = []check{
	{"what is not there is not found", missing},
	{"a batch answers any number of keys, and leaves out what is not there", batches},
	{"a transactional get answers up to 100 keys and 4 MB", transactGets},
	{"keys of a read are given once", repeatedKeys},
	{"nothing asked, nothing answered", noKeys},
	{"a read sees every write before it", readYourWrites},
	{"an ended context ends a call, and nothing is written", endedContext},
}

func missing(f fixture) {
	f.put(f.item("a", "b", 1))
	for _, key := range []table.Key{f.key("a", "c"), f.key("b", "b"), f.key("a", "bb"), f.key("a", "B")} {
		f.wantNone(key)
	}
	item, found, err := f.table.Get(f.Context(), f.key("x", "y"))
	if diff := cmp.Diff(table.Item{}, item); found || err != nil || diff != "" {
		f.Errorf("Get = %v, %v, %v; want the zero item", item, found, err)
	}
}

func batches(f fixture) {
	want := map[table.Key]table.Item{}
	var keys []table.Key
	var writes []table.Write
	for i := range 250 {
		item := f.item(fmt.Sprint(i%7), fmt.Sprint(i), int64(i+1))
		keys = append(keys, item.Key)
		if i%3 == 0 {
			want[item.Key] = item
			writes = append(writes, table.Put(item, table.IfAbsent()))
		}
	}
	f.write(writes...)
	got, err := f.table.BatchGet(f.Context(), keys)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		f.Errorf("BatchGet: %v (-want +got):\n%s", err, diff)
	}
}

func transactGets(f fixture) {
	want := map[table.Key]table.Item{}
	var keys []table.Key
	for i := range 101 {
		keys = append(keys, f.key("p", fmt.Sprint(i)))
	}
	item := f.item("p", "7", 1)
	want[item.Key] = item
	f.put(item)
	got, err := f.table.TransactGet(f.Context(), keys[:100])
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		f.Errorf("100 keys: %v (-want +got):\n%s", err, diff)
	}
	_, err = f.table.TransactGet(f.Context(), keys)
	f.wantInvalid("101 keys", err)

	for i := range 11 {
		large := f.item("p", fmt.Sprint(i), 1)
		large.Attributes = map[string]any{"v": strings.Repeat("x", 390<<10)}
		f.put(large)
	}
	if got, err = f.table.TransactGet(f.Context(), keys[:10]); err != nil || len(got) != 10 {
		f.Errorf("3.9 MB: %d items, %v", len(got), err)
	}
	_, err = f.table.TransactGet(f.Context(), keys[:11])
	f.wantInvalid("4.3 MB", err)
}

func repeatedKeys(f fixture) {
	keys := []table.Key{f.key("a", "b"), f.key("a", "c"), f.key("a", "b")}
	_, err := f.table.BatchGet(f.Context(), keys)
	f.wantInvalid("BatchGet", err)
	_, err = f.table.TransactGet(f.Context(), keys)
	f.wantInvalid("TransactGet", err)
}

func noKeys(f fixture) {
	for name, get := range map[string]func(context.Context, []table.Key) (map[table.Key]table.Item, error){
		"BatchGet": f.table.BatchGet, "TransactGet": f.table.TransactGet,
	} {
		got, err := get(f.Context(), nil)
		if err != nil || got == nil || len(got) != 0 {
			f.Errorf("%s of nothing = %v, %v; want an empty map", name, got, err)
		}
	}
}

func readYourWrites(f fixture) {
	for i := range int64(20) {
		item := f.item("p", "s", i+1)
		f.write(table.Put(item, table.IfRevision(i)))
		f.wantItem(item)
		if diff := cmp.Diff([]table.Item{item}, f.page(table.Query{PK: item.Key.PK}).Items); diff != "" {
			f.Errorf("Query (-want +got):\n%s", diff)
		}
	}
}

func endedContext(f fixture) {
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	item := f.item("p", "s", 1)
	keys := []table.Key{item.Key}
	calls := map[string]func() error{
		"Get":         func() error { _, _, err := f.table.Get(ctx, item.Key); return err },
		"BatchGet":    func() error { _, err := f.table.BatchGet(ctx, keys); return err },
		"TransactGet": func() error { _, err := f.table.TransactGet(ctx, keys); return err },
		"Query":       func() error { _, err := f.table.Query(ctx, table.Query{PK: item.Key.PK}); return err },
		"Transact": func() error {
			return f.table.Transact(ctx, table.Transaction{Writes: []table.Write{table.Put(item, table.IfAbsent())}})
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) {
			f.Errorf("%s = %v, want the context's error", name, err)
		}
	}
	f.wantNone(item.Key)
}
