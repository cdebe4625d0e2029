package envelope

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// A vector is a file of testdata/envelope, made by the second implementation beside them.
type vector struct {
	About string `json:"about"`
	Want  string `json:"want"`
	Key   struct {
		Generation uint32   `json:"generation"`
		Material   hexBytes `json:"material"`
	} `json:"key"`
	Place struct {
		Organization uuid.UUID `json:"organization"`
		Secret       uuid.UUID `json:"secret"`
		Purpose      Purpose   `json:"purpose"`
		Number       uint64    `json:"number"`
	} `json:"place"`
	Salt      hexBytes `json:"salt"`
	Plaintext hexBytes `json:"plaintext"`
	Sealed    hexBytes `json:"sealed"`
}

type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

const wantVectors = 30

func vectors(tb testing.TB) map[string]vector {
	tb.Helper()
	files, err := filepath.Glob("../../testdata/envelope/*.json")
	if err != nil || len(files) != wantVectors {
		tb.Fatalf("found %d vectors (%v), want %d", len(files), err, wantVectors)
	}
	all := map[string]vector{}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(content, &v); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".json")] = v
	}
	return all
}

func (v vector) key(tb testing.TB) Key {
	tb.Helper()
	k, err := NewKey(v.Key.Generation, v.Key.Material)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestVectors(t *testing.T) {
	wants := map[string]error{"open": nil, "ErrOpen": ErrOpen, "ErrFormat": ErrFormat}
	for name, v := range vectors(t) {
		t.Run(name, func(t *testing.T) {
			want, known := wants[v.Want]
			if !known {
				t.Fatalf("the vector wants %q", v.Want)
			}
			plaintext, err := v.key(t).Open(Place(v.Place), v.Sealed)
			if want != nil {
				if !errors.Is(err, want) || plaintext != nil {
					t.Fatalf("%s: got %d bytes and %v, want %v", v.About, len(plaintext), err, want)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", v.About, err)
			}
			if diff := cmp.Diff([]byte(v.Plaintext), plaintext, equateEmpty); diff != "" {
				t.Errorf("%s: plaintext (-want +got):\n%s", v.About, diff)
			}
			sealed, err := v.key(t).seal(Place(v.Place), [saltSize]byte(v.Salt), v.Plaintext)
			if diff := cmp.Diff([]byte(v.Sealed), sealed); err != nil || diff != "" {
				t.Errorf("%s: sealed again: %v (-want +got):\n%s", v.About, err, diff)
			}
		})
	}
}

var equateEmpty = cmp.Comparer(bytes.Equal)

func TestEveryBitMatters(t *testing.T) {
	v := vectors(t)["value"]
	k := v.key(t)
	for i := range len(v.Sealed) * 8 {
		altered := bytes.Clone(v.Sealed)
		altered[i/8] ^= 1 << (i % 8)
		if _, err := k.Open(Place(v.Place), altered); !errors.Is(err, ErrOpen) && !errors.Is(err, ErrFormat) {
			t.Fatalf("with bit %d altered: %v", i, err)
		}
	}
	for n := range v.Sealed {
		if _, err := k.Open(Place(v.Place), v.Sealed[:n]); err == nil {
			t.Fatalf("opens when cut to %d bytes", n)
		}
	}
}

var testPlace = Place{Organization: uuid.UUID{1}, Secret: uuid.UUID{2}, Purpose: PurposeValue, Number: 3}

func testKey(tb testing.TB, generation uint32) Key {
	tb.Helper()
	k, err := NewKey(generation, bytes.Repeat([]byte{byte(generation)}, keySize))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestSealTwiceDiffers(t *testing.T) {
	k := testKey(t, 1)
	a, errA := k.Seal(testPlace, []byte("the same"))
	b, errB := k.Seal(testPlace, []byte("the same"))
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if bytes.Equal(a[5:headerSize], b[5:headerSize]) || bytes.Equal(a[headerSize:], b[headerSize:]) {
		t.Error("two messages share their salt or ciphertext")
	}
	if want := Overhead + len("the same"); len(a) != want {
		t.Errorf("a message has %d bytes, want %d", len(a), want)
	}
}

func TestSizes(t *testing.T) {
	k := testKey(t, 1)
	most := make([]byte, MaxPlaintext)
	sealed, err := k.Seal(testPlace, most)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := k.Open(testPlace, sealed); err != nil || !bytes.Equal(opened, most) {
		t.Errorf("the longest message does not open: %v", err)
	}
	if _, err := k.Seal(testPlace, append(most, 0)); err == nil {
		t.Error("a longer message than MaxPlaintext was sealed")
	}
	if _, err := k.Open(testPlace, append(sealed, 0)); !errors.Is(err, ErrFormat) {
		t.Errorf("a longer message than any: %v, want ErrFormat", err)
	}
}

func TestMistakesOfTheCaller(t *testing.T) {
	sealed, err := testKey(t, 1).Seal(testPlace, nil)
	if err != nil {
		t.Fatal(err)
	}
	unknown := testPlace
	unknown.Purpose = "label"
	for name, k := range map[string]Key{"unknown purpose": testKey(t, 1), "zero key": {generation: 1}} {
		if _, err := k.Seal(unknown, nil); err == nil {
			t.Errorf("%s: sealed", name)
		}
		if _, err := k.Open(unknown, sealed); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	if _, err := (Key{}).Seal(testPlace, nil); err == nil {
		t.Error("the zero key sealed")
	}
}

func FuzzOpen(f *testing.F) {
	all := vectors(f)
	for _, v := range all {
		f.Add([]byte(v.Sealed))
	}
	k, place := all["value"].key(f), Place(all["value"].Place)
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plaintext, err := k.Open(place, sealed)
		if err == nil {
			// Only what was sealed with this key opens, and the fuzzer can't do that: it found a vector again.
			if again, err := k.seal(place, [saltSize]byte(sealed[5:headerSize]), plaintext); err != nil || !bytes.Equal(again, sealed) {
				t.Errorf("opened what Seal would not make: %x", sealed)
			}
		} else if !errors.Is(err, ErrOpen) && !errors.Is(err, ErrFormat) {
			t.Errorf("an error of neither kind: %v", err)
		}
	})
}

func FuzzSealThenOpen(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Plaintext), v.Place.Number, v.Place.Purpose == PurposeNote)
	}
	k := testKey(f, 9)
	f.Fuzz(func(t *testing.T, plaintext []byte, number uint64, note bool) {
		p := testPlace
		p.Number = number
		if note {
			p.Purpose = PurposeNote
		}
		sealed, err := k.Seal(p, plaintext)
		if err != nil {
			if len(plaintext) > MaxPlaintext {
				return
			}
			t.Fatal(err)
		}
		opened, err := k.Open(p, sealed)
		if err != nil || !bytes.Equal(opened, plaintext) {
			t.Errorf("opening what was sealed: %v", err)
		}
		p.Number++
		if _, err := k.Open(p, sealed); !errors.Is(err, ErrOpen) {
			t.Errorf("opens as the next number: %v", err)
		}
	})
}
