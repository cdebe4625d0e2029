package wholefile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// has fails the test unless the folder has just these files.
func has(t *testing.T, folder string, wanted ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if fmt.Sprint(names) != fmt.Sprint(wanted) {
		t.Errorf("the folder has %q, want %q", names, wanted)
	}
}

// holds fails the test unless the file has that content and is its owner's alone.
func holds(t *testing.T, path, wanted string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil || string(content) != wanted {
		t.Errorf("%q (%v), want %q", content, err, wanted)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v (%v), want mode 0600", info, err)
	}
}

// writers are all functions that write a file, of its owner's alone.
var writers = map[string]func(string, []byte) error{"Replace": Replace, "ReplaceSoon": ReplaceSoon, "Create": Create}

func TestReplace(t *testing.T) {
	for name, replace := range map[string]func(string, []byte) error{"Replace": Replace, "ReplaceSoon": ReplaceSoon} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "file")
			for _, content := range []string{"first", "", "a longer third"} {
				if err := replace(path, []byte(content)); err != nil {
					t.Fatal(err)
				}
				holds(t, path, content)
			}
			if err := os.Chmod(path, 0o644); err != nil { //nolint:gosec // what is to be mended
				t.Fatal(err)
			}
			if err := replace(path, []byte("after it was opened to others")); err != nil {
				t.Fatal(err)
			}
			holds(t, path, "after it was opened to others")
			has(t, folder, "file")
		})
	}
}

func TestReplaceMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, mode := range []os.FileMode{0o644, 0o664, 0o400, 0o600} {
		if err := ReplaceMode(path, []byte("x"), mode); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%v (%v), want mode %v", info, err, mode)
		}
	}
}

func TestCreate(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	if err := Create(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "first")
	if err := Create(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("again: %v, want fs.ErrExist", err)
	}
	holds(t, path, "first")
	has(t, folder, "file")
}

func TestOneOfManyCreates(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	won := make(chan string, 16)
	var all sync.WaitGroup
	for i := range cap(won) {
		all.Go(func() {
			content := fmt.Sprint(i)
			switch err := Create(path, []byte(content)); {
			case err == nil:
				won <- content
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d made it, want 1", len(won))
	}
	holds(t, path, <-won)
	has(t, folder, "file")
}

// TestAFailureLeavesNothing: what was there stays, and no other file is left beside it.
func TestAFailureLeavesNothing(t *testing.T) {
	for name, write := range writers {
		t.Run(name+" of a folder", func(t *testing.T) {
			folder := t.TempDir()
			if err := os.MkdirAll(filepath.Join(folder, "file", "within"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := write(filepath.Join(folder, "file"), []byte("x")); err == nil {
				t.Error("no error")
			}
			has(t, folder, "file")
			has(t, filepath.Join(folder, "file"), "within")
		})
		t.Run(name+" in a folder that there is not", func(t *testing.T) {
			folder := t.TempDir()
			if err := write(filepath.Join(folder, "none", "file"), []byte("x")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v, want fs.ErrNotExist", err)
			}
			has(t, folder)
		})
	}
}

func TestALinkIsReplacedAndNotFollowed(t *testing.T) {
	folder, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(elsewhere, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "file")
	if err := os.Symlink(elsewhere, path); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("ours")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create: %v, want fs.ErrExist", err)
	}
	if err := Replace(path, []byte("ours")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "ours")
	holds(t, elsewhere, "theirs")
}

func TestReadersFindTheOldOrTheNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	contents := [][]byte{bytes.Repeat([]byte("a"), 1<<20), bytes.Repeat([]byte("b"), 1<<19)}
	if err := Replace(path, contents[0]); err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i := range 20 {
			if err := Replace(path, contents[i%2]); err != nil {
				t.Error(err)
			}
		}
	}()
	for reading := true; reading; {
		select {
		case <-written:
			reading = false
		default:
		}
		content, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(content, contents[0]) && !bytes.Equal(content, contents[1]) {
			t.Fatalf("read %d bytes that nobody wrote, %v", len(content), err)
		}
	}
}
