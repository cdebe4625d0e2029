package clientcrypto

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"

	"github.com/google/uuid"
)

// KeySize is how many bytes a project key has: what A256GCMKW takes, and what KMS's GenerateDataKey answers for AES_256.
const KeySize = 32

// redacted stands wherever a key or a value would be printed.
const redacted = "[redacted]"

// KeyContext is the encryption context (AWS KMS's term) under which the client key wraps a project's keys. Both ids must
// be pinned ones: a context that the server could choose would unwrap another project's key.
func KeyContext(organization, project uuid.UUID) map[string]string {
	return map[string]string{
		"strongroom:organization": organization.String(),
		"strongroom:project":      project.String(),
	}
}

// A ProjectKey is an unwrapped project key. It does not print or marshal itself: package fmt, slog and json show
// [redacted]. The zero ProjectKey is no key.
type ProjectKey struct {
	id, project uuid.UUID
	// material is behind a function, of which package fmt shows the address even where it can't call Format (within an
	// unexported field of another struct); bytes behind a pointer it would show there for some verbs.
	material func() []byte
}

// NewProjectKey makes a key of what KMS unwrapped under the KeyContext of that very project; this is what ties the key to
// it. id is the key's id as the server says it: a wrong one opens nothing. The error says which length was wrong.
func NewProjectKey(id, project uuid.UUID, material []byte) (ProjectKey, error) {
	switch {
	case len(material) != KeySize:
		return ProjectKey{}, fmt.Errorf("a project key has %d bytes, not %d", KeySize, len(material))
	case id == uuid.Nil || project == uuid.Nil:
		return ProjectKey{}, fmt.Errorf("a project key needs an id and a project (id %s, project %s)", id, project)
	}
	own := bytes.Clone(material)
	return ProjectKey{id: id, project: project, material: func() []byte { return own }}, nil
}

// ID is the key's id, the kid of what is encrypted under it.
func (k ProjectKey) ID() uuid.UUID { return k.id }

// Project is the id of the project that the key belongs to.
func (k ProjectKey) Project() uuid.UUID { return k.project }

// Format writes [redacted], whatever the verb; %p alone, which package fmt keeps to itself, shows the ids.
func (ProjectKey) Format(s fmt.State, _ rune) { hide(s) }

// LogValue is [redacted].
func (ProjectKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText is [redacted]; encoding/json uses it too.
func (ProjectKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func hide(s fmt.State) { _, _ = io.WriteString(s, redacted) }
