package localkms

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"strongroom/pkg/wholefile"
)

// ClientAlias is the alias of the client key.
const ClientAlias = "alias/strongroom-client"

// maxState bounds the file of an endpoint, in bytes: 50,000 grants, which is KMS's own limit a key, have about 35 MB.
const maxState = 256 << 20

// A state is what an endpoint keeps. Once it is in use it is not changed, but replaced by another.
type state struct {
	Version int         `json:"version"`
	Keys    []storedKey `json:"keys"`
	Aliases []alias     `json:"aliases"`
	// Grants are sorted by id.
	Grants []grant `json:"grants"`

	// services are what the keys are used by, by their ids. Copies of a state share the map until one has a key more.
	services map[string]*Service
}

// A storedKey is a key that callers can reach. The client key, which comes first, has its material in the key file.
type storedKey struct {
	ID          uuid.UUID `json:"id"`
	Material    []byte    `json:"material,omitempty"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created"`
	Disabled    bool      `json:"disabled,omitempty"`
}

func (k storedKey) arn() string { return arnPrefix + k.ID.String() }

type alias struct {
	Name    string    `json:"name"`
	Key     uuid.UUID `json:"key"`
	Created time.Time `json:"created"`
}

// arn is the alias's name as KMS would write it.
func (a alias) arn() string { return strings.TrimSuffix(arnPrefix, "key/") + a.Name }

// openState reads a state, or begins one where there is none.
func openState(path string, client *Service, now time.Time) (*state, error) {
	content, err := readFile(path, maxState)
	if errors.Is(err, fs.ErrNotExist) {
		s := &state{
			Version: version, Keys: []storedKey{{ID: client.id, Description: "Strongroom's client key", Created: now}},
			Aliases: []alias{{Name: ClientAlias, Key: client.id, Created: now}},
		}
		return s, errors.Join(s.write(path), s.index(client))
	}
	if err != nil {
		return nil, fmt.Errorf("localkms: %w", err)
	}
	s := &state{}
	err = json.Unmarshal(content, s, json.RejectUnknownMembers(true))
	if err != nil || s.Version != version {
		return nil, fmt.Errorf("localkms: %s is not a file of grants of version %d; restore it from a backup, or remove it "+
			"and give the grants anew", path, version)
	}
	if err := s.index(client); err != nil {
		return nil, fmt.Errorf("localkms: %s: %w", path, err)
	}
	return s, nil
}

// index makes ready what is looked up, and checks what it is made of.
func (s *state) index(client *Service) error {
	s.services = map[string]*Service{}
	for i, k := range s.Keys {
		switch {
		case i == 0 && k.ID != client.id:
			return errors.New("it belongs to another key file")
		case i == 0:
			s.services[k.ID.String()] = client
			continue
		case len(k.Material) != keySize:
			return fmt.Errorf("a key has %d bytes, not %d", len(k.Material), keySize)
		}
		service, err := newService(k.ID, k.Material)
		if err != nil {
			return err
		}
		s.services[k.ID.String()] = service
	}
	if len(s.Keys) == 0 {
		return errors.New("it has no keys")
	}
	return nil
}

// write replaces the file, whole or not at all.
func (s *state) write(path string) error {
	content, err := json.Marshal(s, jsontext.Multiline(true))
	if err != nil {
		return err
	}
	return wholefile.Replace(path, append(content, '\n'))
}

// clone is a copy to change.
func (s *state) clone() *state {
	return &state{
		Version: s.Version, Keys: slices.Clone(s.Keys), Aliases: slices.Clone(s.Aliases), Grants: slices.Clone(s.Grants),
		services: s.services,
	}
}

// addKey makes a key.
func (s *state) addKey(description string, now time.Time) (storedKey, error) {
	k := storedKey{ID: uuid.New(), Material: make([]byte, keySize), Description: description, Created: now}
	rand.Read(k.Material) // never fails: the program ends instead (crypto/rand)
	service, err := newService(k.ID, k.Material)
	if err != nil {
		return storedKey{}, err
	}
	s.Keys = append(s.Keys, k)
	s.services = maps.Clone(s.services)
	s.services[k.ID.String()] = service
	return k, nil
}

// key finds a key by its id, its ARN, or an alias's name or ARN. The storage key is not among them.
func (s *state) key(name string) (storedKey, error) {
	if name == "" || len(name) > 2048 {
		return storedKey{}, invalid("KeyId must be the id, the ARN or an alias of a key")
	}
	for _, a := range s.Aliases {
		if name == a.Name || name == a.arn() {
			name = a.Key.String()
		}
	}
	for _, k := range s.Keys {
		if name == k.ID.String() || name == k.arn() {
			return k, nil
		}
	}
	return storedKey{}, failuref("NotFoundException", "Key %q does not exist", name)
}

// keyItself is key for the operations that take the id or the ARN alone.
func (s *state) keyItself(name string) (storedKey, error) {
	if strings.HasPrefix(name, "alias/") || strings.Contains(name, ":alias/") {
		return storedKey{}, failuref("InvalidArnException", "this operation takes no alias: name the key by its id or its ARN")
	}
	return s.key(name)
}

// findGrant is where a grant is, or would be, among the sorted ones.
func (s *state) findGrant(id string) (int, bool) {
	return slices.BinarySearchFunc(s.Grants, id, func(g grant, id string) int { return strings.Compare(g.ID, id) })
}

// grantOf is the grant of a token.
func (s *state) grantOf(token string) (grant, bool) {
	i := slices.IndexFunc(s.Grants, func(g grant) bool { return g.Token == token })
	if i < 0 {
		return grant{}, false
	}
	return s.Grants[i], true
}
