package localkms

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/wholefile"
)

// maxFile bounds what is read, in bytes; a key file has about 400.
const maxFile = 64 << 10

type file struct {
	Version int     `json:"version"`
	Keys    []entry `json:"keys"`
}

type entry struct {
	Name     string `json:"name"`
	ARN      string `json:"arn"`
	Material []byte `json:"material"`
}

// Open reads a key file, or makes it with new keys where there is none; its folder must exist. A file that others can
// read, or that is not a whole key file, is an error and is left as it is: it may be all that can open what was stored.
func Open(path string) (*KMS, error) {
	content, err := readFile(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("localkms: making %s: %w", path, err)
		}
		content, err = readFile(path, maxFile)
	}
	if err != nil {
		return nil, fmt.Errorf("localkms: %w", err)
	}
	services, err := parse(content)
	if err != nil {
		return nil, fmt.Errorf("localkms: %s %w; restore it from a backup, or remove it together with the data that needs it", path, err)
	}
	return &KMS{services: services}, nil
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s holds keys and can be read by others (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// parse checks everything, so that a damaged file is told from one with other keys. Its errors hold none of the content.
func parse(content []byte) (map[string]*Service, error) {
	if len(content) > maxFile {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", errNotWhole, maxFile)
	}
	var f file
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&f)
	if _, end := decoder.Token(); err != nil || !errors.Is(end, io.EOF) {
		return nil, fmt.Errorf("%w: it is not the JSON expected", errNotWhole)
	}
	if f.Version != version {
		return nil, fmt.Errorf("is a key file of version %d, and this program knows version %d", f.Version, version)
	}
	services := map[string]*Service{}
	for _, e := range f.Keys {
		s, err := e.service()
		if err != nil {
			return nil, err
		}
		services[e.Name] = s
	}
	if len(f.Keys) != 2 || services[Storage] == nil || services[Client] == nil {
		return nil, fmt.Errorf("%w: it must hold the keys %q and %q", errNotWhole, Storage, Client)
	}
	return services, nil
}

func (e entry) service() (*Service, error) {
	text, ok := strings.CutPrefix(e.ARN, arnPrefix)
	id, err := uuid.Parse(text)
	if !ok || err != nil || id.String() != text {
		return nil, fmt.Errorf("%w: a key's ARN is not one", errNotWhole)
	}
	if len(e.Material) != keySize {
		return nil, fmt.Errorf("%w: a key has %d bytes, not %d", errNotWhole, len(e.Material), keySize)
	}
	return newService(id, e.Material)
}

// create makes the file, and never replaces one that another process made meanwhile.
func create(path string) error {
	content, err := newFile()
	if err != nil {
		return err
	}
	if err := wholefile.Create(path, content); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func newFile() ([]byte, error) {
	f := file{Version: version}
	for _, name := range []string{Storage, Client} {
		id, err := uuid.NewRandom()
		if err != nil {
			return nil, err
		}
		material := make([]byte, keySize)
		rand.Read(material) // never fails: the program ends instead (crypto/rand)
		f.Keys = append(f.Keys, entry{Name: name, ARN: arnPrefix + id.String(), Material: material})
	}
	content, err := json.MarshalIndent(f, "", "  ")
	return append(content, '\n'), err
}
