package secretstest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"strongroom/pkg/secrets"
)

// TestArchive is what every archive must do. Names in it begin with what the caller gives, so that it may hold more than this
// test's.
func TestArchive(t *testing.T, a secrets.Archive, prefix string) {
	t.Helper()
	name := func(i int) string { return fmt.Sprintf("%sseal-2026-11-26T%02d.json", prefix, i) }
	holds := func(t *testing.T, name string, want []byte) {
		t.Helper()
		got, found, err := a.Get(t.Context(), name)
		if !bytes.Equal(got, want) || found != (want != nil) || err != nil {
			t.Errorf("%s holds %q (%t, %v), want %q", name, got, found, err, want)
		}
	}
	put := func(t *testing.T, name string, content []byte) {
		t.Helper()
		if err := a.Put(t.Context(), name, content); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("there is nothing before it was put", func(t *testing.T) { holds(t, name(0), nil) })
	t.Run("what is put is got, whatever it is", func(t *testing.T) {
		for i, content := range [][]byte{[]byte(`{"seal":{}}` + "\n"), {0, 0xff, '\r', '\n'}, bytes.Repeat([]byte("seal"), 50_000)} {
			put(t, name(1+i), content)
			holds(t, name(1+i), content)
		}
		holds(t, name(0), nil)
	})
	t.Run("the same may be put again", func(t *testing.T) {
		for range 3 {
			put(t, name(5), []byte("first"))
		}
		holds(t, name(5), []byte("first"))
	})
	t.Run("what is there stays, and something else is an error that says so", func(t *testing.T) {
		put(t, name(6), []byte("first"))
		for _, other := range []string{"other", "first ", ""} {
			if err := a.Put(t.Context(), name(6), []byte(other)); !errors.Is(err, secrets.ErrArchived) {
				t.Errorf("%q: %v", other, err)
			}
		}
		holds(t, name(6), []byte("first"))
	})
	t.Run("of several at once one is kept", func(t *testing.T) { testRace(t, a, name(7)) })
}

// testRace puts several contents under one name at once, each twice.
func testRace(t *testing.T, a secrets.Archive, name string) {
	const contents = 4
	errs := make([]error, 2*contents)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = a.Put(t.Context(), name, []byte{'a' + byte(i%contents)}) })
	}
	all.Wait()
	kept, found, err := a.Get(t.Context(), name)
	if err != nil || !found || len(kept) != 1 {
		t.Fatalf("%q is kept, %t, %v", kept, found, err)
	}
	for i, err := range errs {
		if won := kept[0] == 'a'+byte(i%contents); won != (err == nil) || !won && !errors.Is(err, secrets.ErrArchived) {
			t.Errorf("%q is kept, and putting %q answered %v", kept, 'a'+byte(i%contents), err)
		}
	}
}
