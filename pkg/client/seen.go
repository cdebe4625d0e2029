package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
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

	secret uuid.UUID
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("%s went back: %s was seen here before, and the server now says %s; if a backup was restored, "+
		"remove what is remembered (the state folder of `strongroom config`)", e.What, e.Seen, e.Got)
}

// A witness is what had been seen of secrets before a request began; the answer may be no older. What others see while it
// is under way says nothing against it.
type witness map[uuid.UUID]config.SeenSecret

// A sighting is a version of a secret, as it was answered and proved. ciphertext is empty where the server alone encrypts:
// a hash of a plaintext value would help to guess it.
type sighting struct {
	organization, secret uuid.UUID
	name                 string
	version              int64
	ciphertext           string
	projects             []uuid.UUID
}

func (s sighting) seen() config.SeenSecret {
	seen := config.SeenSecret{Version: s.version}
	if s.ciphertext != "" {
		seen.Digest = sha256.Sum256([]byte(s.ciphertext))
	}
	var ids []string
	for _, id := range s.projects {
		ids = append(ids, id.String())
	}
	seen.Projects = strings.Join(ids, " ")
	return seen
}

// remember checks a version of a secret against what was seen, and remembers it.
func (c *Client) remember(w witness, s sighting) error {
	organization, secret := s.organization, s.secret
	got := s.seen()
	seen, err := c.config.Seen.Secret(organization, secret)
	if err != nil {
		return err
	}
	if before, ok := w[secret]; ok {
		seen = before
	}
	what := "secret " + secret.String()
	var none [sha256.Size]byte
	switch {
	case seen.Digest != none && got.Digest == none:
		return &PinError{What: "the encryption of " + what, Pinned: string(api.EncryptionClient), Got: string(api.EncryptionServer)}
	case got.Version < seen.Version:
		return &StaleError{What: what, Seen: fmt.Sprintf("version %d", seen.Version), Got: fmt.Sprintf("version %d", got.Version), secret: secret}
	case got.Version > seen.Version:
		c.sayJoined(s, seen.Projects)
		return c.config.Seen.PutSecret(organization, secret, got)
	case got.Digest != seen.Digest:
		return &StaleError{What: what, Seen: fmt.Sprintf("version %d", seen.Version), Got: "another value of that version"}
	}
	return nil
}

// sayJoined tells of projects that a secret is in since it was last seen here. Whoever holds a key of one of a secret's
// projects can put it into another one, and with the server's help say so for somebody else.
func (c *Client) sayJoined(s sighting, before string) {
	if before == "" {
		return
	}
	for _, id := range s.projects {
		if !strings.Contains(before, id.String()) {
			c.notice("secret %q (%s) is in project %s, too, since it was last seen here: what is written now can be read there", s.name, s.secret, id)
		}
	}
}

// fresh reads. Where the answer is older than what was seen, that may have been seen while the answer was under way: it
// reads once more, and the answer may be no older than what was seen before.
func fresh[T any](ctx context.Context, c *Client, read func(witness) (T, error)) (T, error) {
	w := witness{}
	for {
		answer, err := read(w)
		var stale *StaleError
		if !errors.As(err, &stale) || stale.secret == uuid.Nil {
			return answer, err
		}
		if _, again := w[stale.secret]; again {
			return answer, err
		}
		if err := c.bear(ctx, w, stale.secret); err != nil {
			return answer, err
		}
	}
}

// bear adds what was seen of a secret until now.
func (c *Client) bear(ctx context.Context, w witness, secret uuid.UUID) error {
	me, err := c.identity(ctx)
	if err != nil {
		return err
	}
	w[secret], err = c.config.Seen.Secret(me.organization, secret)
	return err
}

// memorySeen is forgotten with the program.
type memorySeen struct {
	mutex   sync.Mutex
	secrets map[uuid.UUID]config.SeenSecret
	keys    map[uuid.UUID][]uuid.UUID
	current map[uuid.UUID]uuid.UUID
}

// NewMemorySeen remembers for as long as the program runs; several clients of one organization may share it.
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
	if known := m.secrets[secret]; seen.Version > known.Version {
		m.secrets[secret] = seen
	} else if seen.Version == known.Version && seen.Digest != known.Digest {
		return &config.SeenError{Secret: secret, Version: seen.Version}
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
	old := slices.Clone(m.keys[project])
	for _, id := range ids {
		if !slices.Contains(m.keys[project], id) {
			m.keys[project] = append(m.keys[project], id)
		}
	}
	if !slices.Contains(old, current) { // a key that was replaced does not come back
		m.current[project] = current
	}
	return nil
}
