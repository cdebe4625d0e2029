package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writeFile makes or replaces a file that is the owner's alone, whole or not at all, whenever the process or the machine
// is stopped.
func writeFile(path string, content []byte) error { return placeFile(path, content, os.Rename) }

// createFile is writeFile that leaves a file as it is which is there already.
func createFile(path string, content []byte) error {
	err := placeFile(path, content, os.Link)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func placeFile(path string, content []byte, place func(from, to string) error) error {
	folder := filepath.Dir(path)
	temporary, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*") // mode 0600, O_EXCL
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // renamed, or a leftover
	_, err = temporary.Write(content)
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := place(temporary.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(folder) //nolint:gosec // the operator's
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
