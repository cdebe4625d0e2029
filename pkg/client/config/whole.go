package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// writeWhole replaces a file: whole or not at all, whenever the process or the machine is stopped.
func writeWhole(path string, content []byte, mode os.FileMode) error {
	if err := replace(path, content, mode, (*os.File).Sync); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// writeSoon is the same for what may be lost, or be empty, when the machine is stopped; it is twenty times as fast.
func writeSoon(path string, content []byte, mode os.FileMode) error {
	return replace(path, content, mode, func(*os.File) error { return nil })
}

func replace(path string, content []byte, mode os.FileMode, sync func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // renamed, or a leftover that nothing uses
	_, err = f.Write(content)
	if err := errors.Join(err, f.Chmod(mode), sync(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// syncFolder makes a new name itself last. Windows can't, and needs no such thing.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path) //nolint:gosec // the user's
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lock keeps other processes, and this one's other goroutines, from changing a file meanwhile. It makes the folder, and a
// file beside the one that is locked, which nobody else can open and so hold locked.
func lock(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	path += ".lock"
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the user's
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return lockedfile.MutexAt(path).Lock()
}
