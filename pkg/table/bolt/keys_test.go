package bolt

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"strongroom/pkg/table"
)

// texts draws texts full of what an encoding could stumble over.
func texts(t *rapid.T) string {
	return strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"\x00", "\x01", "ÿ", "\U0010ffff", "a", "b"})).Draw(t, "text"), "")
}

func keys(t *rapid.T) table.Key {
	return table.Key{PK: rapid.Custom(texts).Draw(t, "pk"), SK: rapid.Custom(texts).Draw(t, "sk")}
}

func TestBucketKeysCompareAsTheirPartsDo(t *testing.T) {
	parts := func(index, key table.Key) []string { return []string{index.PK, index.SK, key.PK, key.SK} }
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Custom(keys).Draw(t, "a"), rapid.Custom(keys).Draw(t, "b")
		want := slices.Compare([]string{a.PK, a.SK}, []string{b.PK, b.SK})
		if got := bytes.Compare(itemKey(a), itemKey(b)); got != want {
			t.Errorf("items %q and %q compare as %d, want %d", a, b, got, want)
		}
		x, y := rapid.Custom(keys).Draw(t, "x"), rapid.Custom(keys).Draw(t, "y")
		want = slices.Compare(parts(x, a), parts(y, b))
		if got := bytes.Compare(entryKey(x, a), entryKey(y, b)); got != want {
			t.Errorf("entries %q %q and %q %q compare as %d, want %d", x, a, y, b, got, want)
		}
	})
}

func TestBucketKeysAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Custom(keys).Draw(t, "key")
		got, err := cutKey(itemKey(want))
		if err != nil || got != want {
			t.Errorf("%q came back as %q, %v", want, got, err)
		}
	})
	for _, malformed := range []string{"", "a", "a\x00", "\x00"} {
		if _, err := cutKey([]byte(malformed)); err == nil {
			t.Errorf("%q was read", malformed)
		}
	}
}

func TestSuccessorEndsAPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := append(appendEnded(nil, "p"), rapid.SliceOf(rapid.Byte()).Draw(t, "prefix")...)
		key := append(bytes.Clone(prefix), rapid.SliceOf(rapid.Byte()).Draw(t, "rest")...)
		after := successor(prefix)
		if bytes.Compare(key, after) >= 0 || bytes.HasPrefix(after, prefix) {
			t.Errorf("%q follows all of %q, but not %q", after, prefix, key)
		}
	})
}

// FuzzDecode holds that no bytes of the file make a read panic.
func FuzzDecode(f *testing.F) {
	f.Add(encodeItem(table.Item{Revision: math.MinInt64, Attributes: map[string]any{
		"a": []any{"b", true, []byte{}, map[string]any{"c": int64(1)}},
	}}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		item, err := decodeItem(table.Key{}, b)
		if err != nil {
			return
		}
		again, err := decodeItem(table.Key{}, encodeItem(item))
		if diff := cmp.Diff(item, again); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestTokensAreForgottenWithTime(t *testing.T) {
	now := time.Unix(0, 0)
	known := tokens{now: func() time.Time { return now }}
	known.add("a", 1)
	now = now.Add(tokenAge - time.Second)
	if hash, ok := known.find("a"); !ok || hash != 1 {
		t.Error("a token was forgotten before its time")
	}
	for range 3 {
		now = now.Add(tokenAge)
		known.add("b", 2)
	}
	if _, ok := known.find("a"); ok {
		t.Error("a token is kept for good")
	}
	for i := range 5 * maxTokens {
		known.add(strings.Repeat("t", 5)+string(rune(i)), 3)
	}
	if n := len(known.younger) + len(known.older); n > 2*maxTokens {
		t.Errorf("%d tokens are kept", n)
	}
}
