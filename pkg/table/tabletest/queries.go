package tabletest

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/table"
)

var queries = []check{
	{"a query answers in the order of the sort keys' bytes, either way", ordered},
	{"a prefix selects by bytes", prefixes},
	{"pages of every size make up the whole", paging},
	{"a position may be made up", madeUpPositions},
	{"a position outside the prefix is invalid", positionOutside},
	{"a page ends near one megabyte", bigPages},
	{"an empty partition is an empty page", emptyPartition},
}

// putAll puts an item for each sort key into the partition.
func (f fixture) putAll(pk string, sortKeys []string) {
	f.Helper()
	var writes []table.Write
	for _, sk := range sortKeys {
		writes = append(writes, table.Put(f.item(pk, sk, 1), table.IfAbsent()))
	}
	f.write(writes...)
}

// wantKeys reports sort keys of q's pages that are not as wanted.
func (f fixture) wantKeys(what string, want []string, q table.Query) {
	f.Helper()
	if diff := cmp.Diff(want, f.sortKeys(q)); diff != "" {
		f.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func sorted(keys []string) []string {
	keys = slices.Clone(keys)
	sort.Strings(keys)
	return keys
}

func reversed(keys []string) []string {
	keys = slices.Clone(keys)
	slices.Reverse(keys)
	return keys
}

// selected are the sorted keys with the prefix that lie after a position, both optional, in the order asked for.
func selected(keys []string, q table.Query) []string {
	want := []string{}
	for _, sk := range sorted(keys) {
		after := q.After.IsZero() || (sk > q.After.SK && !q.Descending) || (sk < q.After.SK && q.Descending)
		if strings.HasPrefix(sk, q.Prefix) && after {
			want = append(want, sk)
		}
	}
	if q.Descending {
		return reversed(want)
	}
	return want
}

func ordered(f fixture) {
	f.putAll("p", strange)
	f.putAll("p\x00", []string{"neighbour"})
	f.putAll("p0", []string{"neighbour"})
	q := table.Query{PK: f.prefix + "p"}
	f.wantKeys("ascending", sorted(strange), q)
	q.Descending = true
	f.wantKeys("descending", reversed(sorted(strange)), q)
}

var prefixed = []string{
	"a", "a\x00", "a\x00\x01", "a\x01", "ab", "abc", "abd", "ac", "a\u007f", "a\u0080", "a\U0010ffff", "a\U0010ffffb", "b", "ÿ", "ÿÿ",
}

func prefixes(f fixture) {
	f.putAll("p", prefixed)
	for _, prefix := range append([]string{"", "z", "abcd", "a\x00\x02"}, prefixed...) {
		for _, descending := range []bool{false, true} {
			q := table.Query{PK: f.prefix + "p", Prefix: prefix, Descending: descending}
			f.wantKeys(fmt.Sprintf("prefix %q, descending %v", prefix, descending), selected(prefixed, q), q)
		}
	}
}

func paging(f fixture) {
	f.putAll("p", strange)
	f.putAll("q", strange)
	for _, limit := range []int{0, 1, 2, 3, 7, len(strange) - 1, len(strange), len(strange) + 1, 1000} {
		for _, descending := range []bool{false, true} {
			q := table.Query{PK: f.prefix + "p", Limit: limit, Descending: descending}
			f.wantKeys(fmt.Sprintf("limit %d, descending %v", limit, descending), selected(strange, q), q)
		}
	}
	page := f.page(table.Query{PK: f.prefix + "p", Limit: 3})
	if len(page.Items) != 3 || page.Next.IsZero() {
		f.Errorf("a first page of %d items, next %v; want 3 and more to come", len(page.Items), page.Next)
	}
}

func madeUpPositions(f fixture) {
	f.putAll("p", prefixed)
	positions := append([]string{"\x00", "a\x00\x00", "aa", "abca", "abcd", "b\x00", "zzz", "\U0010ffff"}, prefixed...)
	for _, position := range positions {
		for _, prefix := range []string{"", "a", "ab"} {
			if !strings.HasPrefix(position, prefix) {
				continue
			}
			for _, descending := range []bool{false, true} {
				q := table.Query{PK: f.prefix + "p", Prefix: prefix, Descending: descending, Limit: 4,
					After: table.Position{SK: position}}
				f.wantKeys(fmt.Sprintf("after %q, prefix %q, descending %v", position, prefix, descending), selected(prefixed, q), q)
			}
		}
	}
}

func positionOutside(f fixture) {
	f.putAll("p", prefixed)
	for _, position := range []string{"a", "b", "\x00", "zzz"} {
		q := table.Query{PK: f.prefix + "p", Prefix: "ab", After: table.Position{SK: position}}
		_, err := f.table.Query(f.Context(), q)
		f.wantInvalid(position, err)
	}
}

func bigPages(f fixture) {
	var want []string
	for i := range 24 {
		item := f.item("p", fmt.Sprintf("%03d", i), 1)
		item.Attributes = map[string]any{"v": strings.Repeat("x", 100<<10)}
		f.put(item)
		want = append(want, item.Key.SK)
	}
	for _, q := range []table.Query{{}, {Descending: true}, {Limit: 20}} {
		q.PK = f.prefix + "p"
		items, pages := f.all(q)
		if pages < 3 || pages > 4 {
			f.Errorf("2.4 MB came in %d pages, want 3 or 4", pages)
		}
		got := make([]string, len(items))
		for i, item := range items {
			got[i] = item.Key.SK
		}
		if diff := cmp.Diff(selected(want, q), got); diff != "" {
			f.Errorf("%+v (-want +got):\n%s", q, diff)
		}
	}
}

func emptyPartition(f fixture) {
	for _, index := range []table.Index{table.Primary, table.Index1, table.Index2} {
		page := f.page(table.Query{PK: f.prefix + "nothing", Index: index})
		if len(page.Items) != 0 || !page.Next.IsZero() {
			f.Errorf("index %d: %v, want nothing", index, page)
		}
	}
}
