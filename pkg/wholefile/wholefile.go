// Package wholefile writes small files of which a reader, or who starts again after a crash, finds the old content or the
// new, and never a part.
//
// The content is written and synced under another name in the same folder (a dot, the file's name, a random number) and
// then gets its own name, after which the folder is synced: when a function here returns without an error the file is
// there after a loss of power too, but for [ReplaceSoon]. A process that is stopped in between leaves that other file
// behind, which nothing reads.
//
// Files are their owner's alone, mode 0600, whatever the umask and whatever was there before, but for [ReplaceMode]. The
// folder must exist. A symbolic link of that name is replaced, and what it points to stays as it is. Nobody is kept out
// meanwhile: of two who replace a file the last one wins, so who changes what they have read needs a lock.
package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Replace makes the file, or replaces the one that is there.
func Replace(path string, content []byte) error { return ReplaceMode(path, content, 0o600) }

// ReplaceMode is Replace for a file that others may read: of just that mode, whatever the umask.
func ReplaceMode(path string, content []byte, mode fs.FileMode) error {
	return place(path, content, manner{mode, (*os.File).Sync, os.Rename, syncFolder})
}

// ReplaceSoon is Replace for what may be the old again, or empty, after a loss of power. It is many times as fast.
func ReplaceSoon(path string, content []byte) error {
	return place(path, content, manner{0o600, func(*os.File) error { return nil }, os.Rename, func(string) error { return nil }})
}

// Create makes the file. One that is there, or that somebody else makes meanwhile, stays as it is, and the error is
// fs.ErrExist.
func Create(path string, content []byte) error {
	return place(path, content, manner{0o600, (*os.File).Sync, os.Link, syncFolder})
}

// A manner is how a file is written: what makes its content last, gives it its name, and makes that last.
type manner struct {
	mode   fs.FileMode
	sync   func(f *os.File) error
	name   func(from, to string) error
	settle func(folder string) error
}

func place(path string, content []byte, m manner) error {
	folder := filepath.Dir(path)
	temporary, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*") // mode 0600, and of a name that was free
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // gone already where it was renamed; else a leftover that nothing reads
	_, err = temporary.Write(content)
	if err := errors.Join(err, temporary.Chmod(m.mode), m.sync(temporary), temporary.Close()); err != nil {
		return err
	}
	if err := m.name(temporary.Name(), path); err != nil {
		return err
	}
	return m.settle(folder)
}

// syncFolder makes the names in a folder last. Windows can't, and needs no such thing.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path) //nolint:gosec // the caller's
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
