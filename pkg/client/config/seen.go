package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"strongroom/pkg/wholefile"
)

// Seen is what this user's clients remember of what servers answered, so that an older version of a secret, or an older
// project key, is noticed when it is answered as the current one. It holds ids, numbers and digests, no value and no
// name: one small file each, in the state folder. It never goes back, whatever order several processes write in. Its
// methods may be called at the same time.
//
// It is a memory and no proof: removing the folder forgets, and costs nothing else. A file that a power failure emptied
// counts as one that is not there.
type Seen struct{ folder string }

// SeenSecret is the newest version of a secret that was seen; of none, the zero value.
type SeenSecret struct {
	Version int64 `json:"version"`
	// Digest is the SHA-256 of that version as it was answered: of its ciphertext, where a client encrypted it.
	Digest [sha256.Size]byte `json:"digest"`
	// Projects are the ids of the projects that a client encrypted it for, sorted, with spaces between them.
	Projects string `json:"projects,omitempty"`
}

// A SeenError is a version that was seen with another content: versions never change.
type SeenError struct {
	Secret  uuid.UUID
	Version int64
}

func (e *SeenError) Error() string {
	return fmt.Sprintf("version %d of the secret %s is not what it was when it was read before", e.Version, e.Secret)
}

// Seen answers this user's. Where no state folder is known it remembers nothing, and nothing fails.
func (c *Config) Seen() *Seen {
	if c.StateDir == "" {
		return &Seen{}
	}
	return &Seen{folder: filepath.Join(c.StateDir, "seen")}
}

// Secret answers the newest version that was seen.
func (s *Seen) Secret(organization, secret uuid.UUID) (SeenSecret, error) {
	var known SeenSecret
	err := s.read(s.secretPath(organization, secret), &known)
	return known, err
}

// PutSecret remembers that a version was seen. An older one than is known changes nothing, and is no error: two processes
// may have read one after the other. Another content of the one that is known is a *SeenError.
func (s *Seen) PutSecret(organization, secret uuid.UUID, seen SeenSecret) error {
	known := SeenSecret{}
	return s.update(organization, s.secretPath(organization, secret), &known, func() (any, error) {
		switch {
		case known.Version > seen.Version || known.Version == seen.Version && known.Digest == seen.Digest:
			return nil, nil
		case known.Version == seen.Version && known.Version > 0:
			return nil, &SeenError{secret, seen.Version}
		}
		return seen, nil
	})
}

// secretPath spreads secrets over 256 folders, by the end of their ids, which is random; the beginning is a time.
func (s *Seen) secretPath(organization, secret uuid.UUID) string {
	id := secret.String()
	return filepath.Join(s.folder, organization.String(), "secrets", id[len(id)-2:], id+".json")
}

type seenKeys struct {
	// IDs are the keys' in the order in which they were seen first.
	IDs     []uuid.UUID `json:"ids"`
	Current uuid.UUID   `json:"current"`
}

// ProjectKeys answers the ids of the project keys that were seen, and which of them was current when it was looked last.
func (s *Seen) ProjectKeys(organization, project uuid.UUID) (ids []uuid.UUID, current uuid.UUID, err error) {
	var known seenKeys
	err = s.read(s.projectPath(organization, project), &known)
	return known.IDs, known.Current, err
}

// PutProjectKeys remembers a project's keys and the current one among them. A key that was seen before and is not the one
// that is known as current is an older one: then nothing changes, and it is no error, as with PutSecret.
func (s *Seen) PutProjectKeys(organization, project uuid.UUID, ids []uuid.UUID, current uuid.UUID) error {
	known := seenKeys{}
	return s.update(organization, s.projectPath(organization, project), &known, func() (any, error) {
		if current != known.Current && slices.Contains(known.IDs, current) {
			return nil, nil
		}
		next := seenKeys{slices.Clone(known.IDs), current}
		for _, id := range append(slices.Clone(ids), current) {
			if !slices.Contains(next.IDs, id) {
				next.IDs = append(next.IDs, id)
			}
		}
		if len(next.IDs) == len(known.IDs) && current == known.Current {
			return nil, nil
		}
		return next, nil
	})
}

func (s *Seen) projectPath(organization, project uuid.UUID) string {
	return filepath.Join(s.folder, organization.String(), "projects", project.String()+".json")
}

// read fills known with what a file says; without one it stays as it is.
func (s *Seen) read(path string, known any) error {
	if s.folder == "" {
		return nil
	}
	content, err := os.ReadFile(path) //nolint:gosec // made of ids
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(content) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, known, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("%s is damaged; remove it to have it forgotten what was seen: %w", path, err)
	}
	return nil
}

// update writes what next makes of what is known, or nothing where that is nil. It looks twice, so that what is known
// already, which is nearly always so, takes no lock.
func (s *Seen) update(organization uuid.UUID, path string, known any, next func() (any, error)) error {
	if s.folder == "" {
		return nil
	}
	if err := s.read(path, known); err != nil {
		return err
	}
	if new, err := next(); new == nil || err != nil {
		return err
	}
	unlock, err := lock(filepath.Join(s.folder, organization.String(), "seen"))
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.read(path, known); err != nil {
		return err
	}
	new, err := next()
	if new == nil || err != nil {
		return err
	}
	content, err := json.Marshal(new)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return wholefile.ReplaceSoon(path, append(content, '\n'))
}
