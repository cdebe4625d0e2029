//go:build unix

package wholefile

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

func TestTheUmaskOpensNothing(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	for name, write := range writers {
		path := filepath.Join(t.TempDir(), name)
		if err := write(path, []byte("x")); err != nil {
			t.Fatal(err)
		}
		holds(t, path, "x")
	}
}

// TestWhatDoesNotFitLeavesNothing fails in the middle of writing.
func TestWhatDoesNotFitLeavesNothing(t *testing.T) {
	for name, write := range writers {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "file")
			if err := Replace(path, []byte("old")); err != nil {
				t.Fatal(err)
			}
			limited(t, 1<<10, func() {
				if err := write(path, make([]byte, 1<<20)); !errors.Is(err, syscall.EFBIG) {
					t.Errorf("%v, want that the file is too large", err)
				}
			})
			holds(t, path, "old")
			has(t, folder, "file")
		})
	}
}

// limited runs f while this process may not write files that are longer.
func limited(t *testing.T, size uint64, f func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}
