package clientcrypto

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// ErrTooLong says that a value is longer than MaxPlaintext, or its name too long for MaxHeader.
var ErrTooLong = errors.New("too long to be encrypted: a value has at most 65,536 bytes, a name 512")

// A MissingKeysError says which projects a value was to be encrypted for without a key of theirs at hand. Nothing was
// encrypted, since whoever reads the secret there could not open it.
type MissingKeysError struct{ Projects []uuid.UUID }

func (e *MissingKeysError) Error() string {
	return fmt.Sprintf("no key is at hand of %d of the projects that the value is for: %s", len(e.Projects), list(e.Projects))
}

// Encrypt makes a value for that place, which opens with each of the keys: exactly one of each of the binding's
// projects, which should be the project's current one (the server takes no other). The projects may stand in any order.
// A key of any other project is refused, since it would let in somebody whom the binding does not name.
//
// plaintext has at most MaxPlaintext bytes (ErrTooLong) and may be empty; a project without a key is a
// MissingKeysError. Every call uses a fresh content key and fresh nonces, from crypto/rand. The nonces of wrapped keys
// are random too, so that one project key is good for 2^32 values (NIST SP 800-38D, section 8.3).
func Encrypt(b Binding, keys []ProjectKey, plaintext []byte) (string, error) {
	b.Projects = sorted(b.Projects)
	if err := checkBinding(b); err != nil {
		return "", err
	}
	keys, err := oneEach(b.Projects, keys)
	if err != nil {
		return "", err
	}
	if len(plaintext) > MaxPlaintext {
		return "", ErrTooLong
	}
	value, err := encrypt(b, keys, plaintext)
	if err != nil {
		return "", fmt.Errorf("encrypting failed: %w", err)
	}
	return value, verify(value, b, keys)
}

func checkBinding(b Binding) error {
	switch {
	case b.Organization == uuid.Nil || b.Secret == uuid.Nil || slices.Contains(b.Projects, uuid.Nil):
		return errors.New("a value is bound to an organization, a secret and projects, each by its id")
	case b.Name == "" || !utf8.ValidString(b.Name):
		return errors.New("a value is bound to the secret's name, in UTF-8")
	case len(b.Name) > maxName:
		return ErrTooLong
	case len(b.Projects) == 0 || len(b.Projects) > MaxRecipients:
		return fmt.Errorf("a value is for 1 to %d projects, not %d", MaxRecipients, len(b.Projects))
	case len(slices.Compact(slices.Clone(b.Projects))) != len(b.Projects):
		return errors.New("a value is bound to each project once")
	}
	return nil
}

// oneEach answers the keys in the order of the projects, one for each.
func oneEach(projects []uuid.UUID, keys []ProjectKey) ([]ProjectKey, error) {
	var (
		ordered = make([]ProjectKey, len(projects))
		ids     = map[uuid.UUID]bool{}
	)
	for _, k := range keys {
		i := slices.Index(projects, k.project)
		switch {
		case k.material == nil:
			return nil, errors.New("a project key is empty")
		case i < 0:
			return nil, fmt.Errorf("key %s is of project %s, which the value is not for", k.id, k.project)
		case ordered[i].material != nil || ids[k.id]:
			return nil, fmt.Errorf("key %s of project %s is one too many: a value is for one key of each project", k.id, k.project)
		}
		ordered[i], ids[k.id] = k, true
	}
	var missing []uuid.UUID
	for i, k := range ordered {
		if k.material == nil {
			missing = append(missing, projects[i])
		}
	}
	if missing != nil {
		return nil, &MissingKeysError{Projects: missing}
	}
	return ordered, nil
}

func encrypt(b Binding, keys []ProjectKey, plaintext []byte) (string, error) {
	header := map[string]any{"organization": b.Organization, "secret": b.Secret, "name": b.Name, "projects": b.Projects}
	options := (&jose.EncrypterOptions{}).WithHeader("strongroom", header)
	recipients := make([]jose.Recipient, len(keys))
	for i, k := range keys {
		recipients[i] = jose.Recipient{Algorithm: jose.A256GCMKW, Key: k.material(), KeyID: k.id.String()}
	}
	if len(keys) == 1 {
		return sealCompact(recipients[0], options, plaintext)
	}
	return sealGeneral(recipients, options, plaintext)
}

func sealCompact(recipient jose.Recipient, options *jose.EncrypterOptions, plaintext []byte) (string, error) {
	encrypter, err := jose.NewEncrypter(jose.A256GCM, recipient, options)
	if err != nil {
		return "", err
	}
	sealed, err := encrypter.Encrypt(plaintext)
	if err != nil {
		return "", err
	}
	return sealed.CompactSerialize()
}

// sealGeneral writes the message itself: go-jose adds the first recipient's encrypted_key at the top, which RFC 7516,
// section 7.2, does not allow beside recipients, and leaves out the ciphertext of an empty value.
func sealGeneral(recipients []jose.Recipient, options *jose.EncrypterOptions, plaintext []byte) (string, error) {
	encrypter, err := jose.NewMultiEncrypter(jose.A256GCM, recipients, options)
	if err != nil {
		return "", err
	}
	sealed, err := encrypter.Encrypt(plaintext)
	if err != nil {
		return "", err
	}
	var m message
	if err := json.Unmarshal([]byte(sealed.FullSerialize()), &m); err != nil {
		return "", err
	}
	return m.general()
}

// general is the message in general JSON form.
func (m message) general() (string, error) {
	if m.Ciphertext == nil {
		m.Ciphertext = new(string)
	}
	text, err := json.Marshal(m)
	return string(text), err
}

// verify checks what was made as the server will: a change of go-jose must not send what nobody can read again.
func verify(value string, b Binding, keys []ProjectKey) error {
	e, err := Inspect(value)
	if err != nil {
		return fmt.Errorf("encrypting failed: %w", err)
	}
	current := make(map[uuid.UUID]uuid.UUID, len(keys))
	for _, k := range keys {
		current[k.project] = k.id
	}
	return e.Check(b, current)
}
