package clientcrypto

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
)

// ErrTampered says that a value of the right form and place is not what the holder of a key made: it does not open, or
// its recipients are not those of its projects. Which part was altered can't be said.
var ErrTampered = errors.New("the value was altered, or the key that it names is another: it does not open")

// A MalformedError says why what the server answered is no client-encrypted value at all. It quotes nothing of it.
type MalformedError struct{ Reason string }

func (e *MalformedError) Error() string {
	return "the server answered something else than a client-encrypted value: " + e.Reason
}

// A NoKeyError says that none of the keys at hand is one that the value is encrypted for and of the project that it is
// read through.
type NoKeyError struct {
	Project uuid.UUID
	// Needed are the ids of the keys that the value is encrypted for, of all its projects.
	Needed []uuid.UUID
}

func (e *NoKeyError) Error() string {
	return fmt.Sprintf("no key at hand of project %s opens the value; it is encrypted for %s", e.Project, list(e.Needed))
}

// A PlaceError says that a value was made for another place than the one asked for: the server mixed them up, or wants
// it to be taken for something else.
type PlaceError struct {
	Want Expectation
	Got  Binding
	// Fields are what differs: organization, secret, name, project.
	Fields []string
}

func (e *PlaceError) Error() string {
	text := "the value was made for another place:"
	for i, field := range e.Fields {
		if i > 0 {
			text += ";"
		}
		text += " " + e.both(field)
	}
	return text
}

// both names both sides of what differs.
func (e *PlaceError) both(field string) string {
	const form = "%s %s was asked for, this is of %s"
	switch field {
	case "organization":
		return fmt.Sprintf(form, field, e.Want.Organization, e.Got.Organization)
	case "secret":
		return fmt.Sprintf(form, field, e.Want.Secret, e.Got.Secret)
	case "name":
		return fmt.Sprintf("name %q was asked for, this is of %q", e.Want.Name, e.Got.Name)
	}
	return fmt.Sprintf(form, field, e.Want.Project, list(e.Got.Projects))
}

// An Expectation is the place that a value must have been made for. Nothing in it may come from the answer that holds
// the value: the organization and the project are pinned ones, secret and name what was asked for. Who asks by name learns the
// secret's id from the server and can't hold it against the value: the name, bound into the value, is what counts then.
type Expectation struct {
	Organization, Secret uuid.UUID
	// Name is empty for an older version, which may have been written under another name: the binding in Opened says
	// which.
	Name string
	// Project is the one that the secret is read through. It must be among the value's projects, and a key of it must
	// open the value: what only another project's key opens was not necessarily made by anybody of this project.
	Project uuid.UUID
}

// check compares a binding with what is expected. Other projects are not looked at: some of them may have been deleted
// since, or be hidden from the reader.
func (want Expectation) check(b Binding) error {
	var fields []string
	if b.Organization != want.Organization {
		fields = append(fields, "organization")
	}
	if b.Secret != want.Secret {
		fields = append(fields, "secret")
	}
	if want.Name != "" && b.Name != want.Name {
		fields = append(fields, "name")
	}
	if !slices.Contains(b.Projects, want.Project) {
		fields = append(fields, "project")
	}
	if fields == nil {
		return nil
	}
	return &PlaceError{Want: want, Got: b, Fields: fields}
}

// Opened is a value that was opened, and what is proved of it. It does not print or marshal itself.
type Opened struct {
	Plaintext []byte
	// Binding is the place that it was made for, from the protected header, which the ciphertext's tag covers.
	Binding Binding
	// Key is the id of the project key that opened it: not the project's current one if it is due for re-encryption.
	Key uuid.UUID
}

// Format writes [redacted], whatever the verb; %p alone, which go vet refuses here, package fmt keeps to itself.
func (Opened) Format(s fmt.State, _ rune) { hide(s) }

// LogValue is [redacted].
func (Opened) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText is [redacted]; encoding/json uses it too.
func (Opened) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Open decrypts a value that must have been made for the place that want says. keys are any number of keys, current and
// old ones, of any projects; only those of want.Project are tried. Form, place and recipients are checked before anything
// is decrypted.
//
// Errors: MalformedError, PlaceError, NoKeyError and ErrTampered.
func Open(value string, keys []ProjectKey, want Expectation) (Opened, error) {
	m, e, err := inspect(value)
	if err != nil {
		var form *FormError
		if errors.As(err, &form) {
			return Opened{}, &MalformedError{Reason: form.reason}
		}
		return Opened{}, err
	}
	if err := want.check(e.Binding); err != nil {
		return Opened{}, err
	}
	key, err := e.choose(keys, want.Project)
	if err != nil {
		return Opened{}, err
	}
	plaintext, err := open(m, slices.Index(e.Recipients, key.id), key)
	if err != nil {
		// Which step failed is not passed on: it helps nobody but whoever alters values to see what happens.
		return Opened{}, ErrTampered
	}
	return Opened{Plaintext: plaintext, Binding: e.Binding, Key: key.id}, nil
}

// choose answers the key of the project that is to open the value. Recipients are not authenticated in general JSON
// form, so what can be known of them is checked: there is one for each project of the binding, and no two are keys of
// this project. Keys of other projects are not looked at, not even for contradictions: whoever manages another project
// chooses their ids.
func (e Envelope) choose(keys []ProjectKey, project uuid.UUID) (ProjectKey, error) {
	if len(e.Recipients) != len(e.Binding.Projects) {
		return ProjectKey{}, fmt.Errorf("%w: it has %d recipients for %d projects", ErrTampered, len(e.Recipients), len(e.Binding.Projects))
	}
	var chosen ProjectKey
	for _, k := range keys {
		if k.material == nil || k.project != project || !slices.Contains(e.Recipients, k.id) {
			continue
		}
		if chosen.material != nil && chosen.id != k.id {
			return ProjectKey{}, fmt.Errorf("%w: recipients %s and %s are both keys of project %s", ErrTampered, chosen.id, k.id, project)
		}
		chosen = k
	}
	if chosen.material == nil {
		return chosen, &NoKeyError{Project: project, Needed: e.Recipients}
	}
	return chosen, nil
}

// open gives go-jose exactly what was checked, and no more: the one recipient whose kid the key has, in a message
// written anew. So no two readers of the same text can disagree, and no other recipient is tried.
func open(m message, recipient int, key ProjectKey) ([]byte, error) {
	var (
		algorithms = []jose.KeyAlgorithm{jose.A256GCMKW}
		encryption = []jose.ContentEncryption{jose.A256GCM}
		parsed     *jose.JSONWebEncryption
		err        error
	)
	if len(m.Recipients) == 1 {
		parsed, err = jose.ParseEncryptedCompact(m.compact(), algorithms, encryption)
	} else {
		m.Recipients = m.Recipients[recipient : recipient+1]
		var text string
		if text, err = m.general(); err != nil {
			return nil, err
		}
		parsed, err = jose.ParseEncryptedJSON(text, algorithms, encryption)
	}
	if err != nil {
		return nil, err
	}
	_, _, plaintext, err := parsed.DecryptMulti(key.material())
	return plaintext, err
}
