package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"strongroom/pkg/secrets"
	"strongroom/pkg/wholefile"
)

// An archive is the folder of the seals of events. Here nothing but habit keeps it as it is: a copy elsewhere, made now and
// then, is what S3's Object Lock is to a deployment.
type archive struct{ folder string }

// Get reads a file.
func (a archive) Get(_ context.Context, name string) ([]byte, bool, error) {
	content, err := os.ReadFile(filepath.Join(a.folder, name)) //nolint:gosec // the server's own name, in its own folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return content, err == nil, err
}

// Put makes a file, and the folder where there is none.
func (a archive) Put(ctx context.Context, name string, content []byte) error {
	path := filepath.Join(a.folder, name)
	err := wholefile.Create(path, content)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.Mkdir(a.folder, 0o700); err == nil || errors.Is(err, fs.ErrExist) {
			err = wholefile.Create(path, content)
		}
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	kept, _, err := a.Get(ctx, name)
	if err == nil && !bytes.Equal(kept, content) {
		return fmt.Errorf("%s: %w", path, secrets.ErrArchived)
	}
	return err
}
