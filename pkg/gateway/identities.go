package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"

	"github.com/rogpeppe/go-internal/lockedfile"

	"strongroom/pkg/wholefile"
)

// Identities are the identities in a file: JSON, from access key ids to the rest. The file holds secrets and must be
// closed to others (mode 0600). It is read again when it has changed, so that an identity added by another process is
// known at the next request. While it can't be read nobody is known, and the log says why. Its methods may be called
// at the same time.
type Identities struct {
	path string

	mutex sync.RWMutex
	known map[string]Identity
	// read is the file as it was when it was read last, whether or not that succeeded; nil before.
	read fs.FileInfo
}

// OpenIdentities answers the identities in the file of that name. It need not be there yet.
func OpenIdentities(path string) (*Identities, error) {
	ids := &Identities{path: path}
	info, err := os.Stat(path)
	if err == nil {
		ids.known, err = readIdentities(path)
		ids.read = info
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("gateway: reading identities: %w", err)
	}
	return ids, nil
}

// Lookup answers whose access key that is: a Config's Credentials.
func (ids *Identities) Lookup(accessKeyID string) (Identity, bool) {
	info, err := os.Stat(ids.path)
	if err != nil {
		return Identity{}, false
	}
	ids.mutex.RLock()
	i, fresh := ids.known[accessKeyID], same(ids.read, info)
	ids.mutex.RUnlock()
	if !fresh {
		ids.reload()
		ids.mutex.RLock()
		i = ids.known[accessKeyID]
		ids.mutex.RUnlock()
	}
	return i, i.AccessKeyID != ""
}

// same says whether two looks at a file saw the same contents: it is never written in place, only replaced.
func same(a, b fs.FileInfo) bool {
	return a != nil && os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() &&
		a.Mode() == b.Mode()
}

func (ids *Identities) reload() {
	ids.mutex.Lock()
	defer ids.mutex.Unlock()
	info, err := os.Stat(ids.path)
	if err == nil && same(ids.read, info) {
		return // another request was first
	}
	if err == nil {
		ids.known, err = readIdentities(ids.path)
	}
	ids.read = info
	if err != nil {
		ids.known = nil
		slog.Error("no identities are known", "error", err)
	}
}

// Add puts an identity into the file: whole or not at all, whatever happens to the process, and one after another where
// several processes add. The same again changes nothing; another one with the access key or the profile of one that is
// there is an error.
func (ids *Identities) Add(i Identity) error {
	if err := i.check(); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	unlock, err := lockedfile.MutexAt(ids.path + ".lock").Lock()
	if err != nil {
		return fmt.Errorf("gateway: adding an identity: %w", err)
	}
	defer unlock()
	known, err := readIdentities(ids.path)
	if errors.Is(err, fs.ErrNotExist) {
		known, err = map[string]Identity{}, nil
	}
	if err == nil && known[i.AccessKeyID] != i {
		err = add(known, i, ids.path)
	}
	if err != nil {
		return fmt.Errorf("gateway: adding an identity: %w", err)
	}
	return nil
}

func add(known map[string]Identity, i Identity, path string) error {
	if err := conflict(known, i); err != nil {
		return err
	}
	known[i.AccessKeyID] = i
	return writeIdentities(path, known)
}

// conflict says what of an identity is another's already.
func conflict(known map[string]Identity, i Identity) error {
	if _, taken := known[i.AccessKeyID]; taken {
		return errors.New("its access key belongs to another identity")
	}
	for _, k := range known {
		if i.Profile != "" && k.Profile == i.Profile {
			return fmt.Errorf("the profile %q belongs to another identity: %s", i.Profile, k.ARN)
		}
	}
	return nil
}

// All answers the identities by their access keys.
func (ids *Identities) All() (map[string]Identity, error) {
	known, err := readIdentities(ids.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return known, err
}

// check refuses an identity that lacks something: one without a secret could be signed for by everybody.
func (i Identity) check() error {
	if i.AccessKeyID == "" || i.SecretAccessKey == "" || i.ARN == "" || i.UniqueID == "" {
		return errors.New("an identity has an access key, its secret, an ARN and a unique id")
	}
	return nil
}

func readIdentities(path string) (map[string]Identity, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if open := info.Mode().Perm() & 0o077; open != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s has mode %#o, but it holds secrets: chmod 600 it", path, info.Mode().Perm())
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator's
	if err != nil {
		return nil, err
	}
	var known map[string]Identity
	if err := json.Unmarshal(data, &known); err != nil || known == nil {
		return nil, fmt.Errorf("%s is no JSON object of identities", path)
	}
	for id, i := range known {
		i.AccessKeyID = id
		if err := i.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		known[id] = i
	}
	return known, nil
}

func writeIdentities(path string, known map[string]Identity) error {
	data, err := json.MarshalIndent(known, "", "  ") //nolint:gosec // the file is for secrets
	if err != nil {
		return err
	}
	return wholefile.Replace(path, append(data, '\n'))
}
