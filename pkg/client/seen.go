package client

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client/config"
)

// Seen remembers what a client has seen, so that a server that goes back to something older is found out.
// config.Config has one over files.
type Seen interface {
	// Secret answers the newest version of a secret that was seen; the zero one where none was.
	Secret(organization, secret uuid.UUID) (config.SeenSecret, error)
	// PutSecret remembers it, unless a newer one is remembered.
	PutSecret(organization, secret uuid.UUID, seen config.SeenSecret) error
	// ProjectKeys answers the ids of a project's keys that were seen, and which was the current one.
	ProjectKeys(organization, project uuid.UUID) (ids []uuid.UUID, current uuid.UUID, err error)
	// PutProjectKeys adds to them.
	PutProjectKeys(organization, project uuid.UUID, ids []uuid.UUID, current uuid.UUID) error
}

// A StaleError says that the server answered something older than what this client has seen: a backup was restored, or
// somebody wants an old value to be used.
type StaleError struct {
	// What went back: "secret …", "the current key of project …".
	What      string
	Seen, Got string
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("%s went back: %s was seen here before, and the server now says %s; if a backup was restored, "+
		"remove what is remembered (the state folder of `strongroom config`)", e.What, e.Seen, e.Got)
}

// remember checks a version of a secret against what was seen, and remembers it. ciphertext is empty where the server
// alone encrypts: a hash of a plaintext value would help to guess it.
func (c *Client) remember(organization, secret uuid.UUID, version int64, ciphertext string) error {
	got := config.SeenSecret{Version: version}
	if ciphertext != "" {
		got.Digest = sha256.Sum256([]byte(ciphertext))
	}
	seen, err := c.config.Seen.Secret(organization, secret)
	if err != nil {
		return err
	}
	what := "secret " + secret.String()
	var none [sha256.Size]byte
	switch {
	case seen.Digest != none && got.Digest == none:
		return &PinError{What: "the encryption of " + what, Pinned: string(api.EncryptionClient), Got: string(api.EncryptionServer)}
	case got.Version < seen.Version:
		return &StaleError{What: what, Seen: fmt.Sprintf("version %d", seen.Version), Got: fmt.Sprintf("version %d", got.Version)}
	case got.Version > seen.Version:
		return c.config.Seen.PutSecret(organization, secret, got)
	case got.Digest != seen.Digest:
		return &StaleError{What: what, Seen: fmt.Sprintf("version %d", seen.Version), Got: "another value of that version"}
	}
	return nil
}

// memorySeen is forgotten with the program.
type memorySeen struct {
	mutex   sync.Mutex
	secrets map[uuid.UUID]config.SeenSecret
	keys    map[uuid.UUID][]uuid.UUID
	current map[uuid.UUID]uuid.UUID
}

// NewMemorySeen remembers for as long as the program runs; several clients may share it.
func NewMemorySeen() Seen {
	return &memorySeen{
		secrets: map[uuid.UUID]config.SeenSecret{}, keys: map[uuid.UUID][]uuid.UUID{}, current: map[uuid.UUID]uuid.UUID{},
	}
}

func (m *memorySeen) Secret(_, secret uuid.UUID) (config.SeenSecret, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.secrets[secret], nil
}

func (m *memorySeen) PutSecret(_, secret uuid.UUID, seen config.SeenSecret) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if seen.Version > m.secrets[secret].Version {
		m.secrets[secret] = seen
	}
	return nil
}

func (m *memorySeen) ProjectKeys(_, project uuid.UUID) ([]uuid.UUID, uuid.UUID, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.Clone(m.keys[project]), m.current[project], nil
}

func (m *memorySeen) PutProjectKeys(_, project uuid.UUID, ids []uuid.UUID, current uuid.UUID) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, id := range ids {
		if !slices.Contains(m.keys[project], id) {
			m.keys[project] = append(m.keys[project], id)
		}
	}
	m.current[project] = current
	return nil
}
