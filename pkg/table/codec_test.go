package table_test

import (
	"encoding"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/table"
)

// A level marshals itself, as the access package's grants do.
type level struct{ n byte }

func (l level) MarshalBinary() ([]byte, error) { return []byte{'L', l.n}, nil }

func (l *level) UnmarshalBinary(b []byte) error {
	if len(b) != 2 || b[0] != 'L' {
		return errors.New("no level")
	}
	l.n = b[1]
	return nil
}

var (
	_ encoding.BinaryMarshaler   = level{}
	_ encoding.BinaryUnmarshaler = (*level)(nil)
)

type (
	kind  string
	token []byte
)

type inner struct {
	Name string `table:"n"`
	Size int    `table:"s"`
}

type embedded struct {
	Schema int `table:"schema"`
}

type record struct {
	embedded
	Text     string         `table:"text"`
	Kind     kind           `table:"kind"`
	Int      int            `table:"int"`
	Small    int8           `table:"small"`
	Large    int64          `table:"large"`
	Number   uint32         `table:"number"`
	Yes      bool           `table:"yes"`
	Bytes    []byte         `table:"bytes"`
	Token    token          `table:"token"`
	When     time.Time      `table:"when"`
	Level    level          `table:"level"`
	Levels   []level        `table:"levels"`
	Names    []string       `table:"names"`
	Inner    inner          `table:"inner"`
	Inners   []inner        `table:"inners"`
	Untagged string         // takes no part
	Extra    map[string]any `table:",extra"`
}

func TestEncodeAndDecode(t *testing.T) {
	when := time.Date(2026, 11, 23, 22, 0, 0, int(123*time.Millisecond), time.UTC)
	for _, test := range []struct {
		name       string
		record     record
		attributes map[string]any
	}{
		{"zero values are left out", record{}, map[string]any{}},
		{"empty slices are left out", record{Bytes: nil, Names: nil}, map[string]any{}},
		{
			"every kind",
			record{
				embedded: embedded{Schema: 1}, Text: "a\x00", Kind: "k", Int: -1, Small: math.MinInt8, Large: math.MaxInt64, Number: math.MaxUint32, Yes: true,
				Bytes: []byte{0}, Token: token{1, 2}, When: when, Level: level{3}, Levels: []level{{0}, {1}},
				Names: []string{"", "b"}, Inner: inner{Name: "i"}, Inners: []inner{{Size: 2}, {}},
			},
			map[string]any{
				"schema": int64(1), "text": "a\x00", "kind": "k", "int": int64(-1), "small": int64(math.MinInt8), "large": int64(math.MaxInt64),
				"number": int64(math.MaxUint32), "yes": true, "bytes": []byte{0}, "token": []byte{1, 2}, "when": when.UnixMilli(),
				"level": []byte{'L', 3}, "levels": []any{[]byte{'L', 0}, []byte{'L', 1}}, "names": []any{"", "b"},
				"inner": map[string]any{"n": "i"}, "inners": []any{map[string]any{"s": int64(2)}, map[string]any{}},
			},
		},
		{
			"what the struct does not name survives",
			record{Text: "a", Extra: map[string]any{"new": []any{int64(1), map[string]any{"x": true}}}},
			map[string]any{"text": "a", "new": []any{int64(1), map[string]any{"x": true}}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.attributes, table.Encode(test.record)); diff != "" {
				t.Errorf("Encode (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.attributes, table.Encode(&test.record)); diff != "" {
				t.Errorf("Encode of a pointer (-want +got):\n%s", diff)
			}
			var got record
			if err := table.Decode(test.attributes, &got); err != nil {
				t.Fatalf("Decode: %v", err)
			}
			if diff := cmp.Diff(test.record, got, cmp.AllowUnexported(level{}, record{})); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeLeavesOutEmptySlices(t *testing.T) {
	got := table.Encode(record{Bytes: []byte{}, Names: []string{}, Extra: map[string]any{}})
	if diff := cmp.Diff(map[string]any{}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeNamesTheAttributeAndNotItsValue(t *testing.T) {
	const secret = "hunter2"
	for name, value := range map[string]any{
		"text": int64(1), "kind": true, "int": secret, "yes": secret, "bytes": secret, "token": secret, "when": secret,
		"level": secret, "levels": secret, "names": []any{int64(1)}, "inner": secret, "inners": []any{secret},
		"small": int64(128), "number": int64(-1),
	} {
		err := table.Decode(map[string]any{name: value}, &record{})
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %v, want one with the name and without the value", name, err)
		}
	}
	if err := table.Decode(map[string]any{"level": []byte("x")}, &record{}); err == nil {
		t.Error("a level of other bytes was decoded")
	}
}

func TestEncodePanicsAtWhatItDoesNotKnow(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a float was encoded")
		}
	}()
	table.Encode(struct {
		F float64 `table:"f"`
	}{1})
}

func TestItemSize(t *testing.T) {
	key := table.Key{PK: "pp", SK: "sss"} // 2+2 and 2+3
	for _, test := range []struct {
		name string
		item table.Item
		want int
	}{
		{"a key", table.Item{Key: key}, 9},
		{"a revision", table.Item{Key: key, Revision: 1_795_000_000_123}, 9 + 3 + 8},
		{"an index key", table.Item{Key: key, Index1: key}, 9 + 6 + 2 + 6 + 3},
		{"a text of three bytes a character", table.Item{Key: key, Attributes: map[string]any{"日": "日本"}}, 9 + 3 + 6},
		{"bytes", table.Item{Key: key, Attributes: map[string]any{"b": []byte{1, 2, 3}}}, 9 + 1 + 3},
		{"a truth value", table.Item{Key: key, Attributes: map[string]any{"b": false}}, 9 + 1 + 1},
		{"zero", table.Item{Key: key, Attributes: map[string]any{"n": int64(0)}}, 9 + 1 + 1},
		{"two digits", table.Item{Key: key, Attributes: map[string]any{"n": int64(99)}}, 9 + 1 + 2},
		{"three digits", table.Item{Key: key, Attributes: map[string]any{"n": int64(100_001)}}, 9 + 1 + 4},
		{"two zeros at the end", table.Item{Key: key, Attributes: map[string]any{"n": int64(1200)}}, 9 + 1 + 2},
		{"one zero at the end of three digits", table.Item{Key: key, Attributes: map[string]any{"n": int64(110)}}, 9 + 1 + 3},
		{"a minus sign", table.Item{Key: key, Attributes: map[string]any{"n": int64(-12)}}, 9 + 1 + 3},
		{"a list", table.Item{Key: key, Attributes: map[string]any{"l": []any{"ab", true}}}, 9 + 1 + 3 + 3 + 2},
		{"a map", table.Item{Key: key, Attributes: map[string]any{"m": map[string]any{"ab": "c"}}}, 9 + 1 + 3 + 1 + 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := table.ItemSize(test.item); got != test.want {
				t.Errorf("%d bytes, want %d", got, test.want)
			}
		})
	}
}

func TestNextRevisionOnlyGrows(t *testing.T) {
	now := time.UnixMilli(1000)
	for _, test := range []struct{ last, want int64 }{{0, 1000}, {999, 1000}, {1000, 1001}, {5000, 5001}} {
		if got := table.NextRevision(test.last, now); got != test.want {
			t.Errorf("after %d: %d, want %d", test.last, got, test.want)
		}
	}
}
