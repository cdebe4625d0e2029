package clientcrypto

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// A FormError says why a value is not a JWE of the form that Strongroom takes. Its text is meant for the client, and
// holds no part of the value.
type FormError struct{ reason string }

func (e *FormError) Error() string {
	return "this project's values are encrypted by the client: send a JWE with alg A256GCMKW and enc A256GCM, made with the project's key; " + e.reason
}

func malformed(reason string) error { return &FormError{reason: reason} }

// Sizes that the two algorithms prescribe, in bytes (RFC 7518, sections 4.7 and 5.3).
const (
	ivSize           = 12
	tagSize          = 16
	encryptedKeySize = 32
)

// The algorithms, the only ones.
const (
	keyAlgorithm     = "A256GCMKW"
	contentAlgorithm = "A256GCM"
)

// message is a JWE in general JSON form; a compact one is brought into the same shape.
type message struct {
	Protected  string      `json:"protected"`
	Recipients []recipient `json:"recipients"`
	IV         string      `json:"iv"`
	// Ciphertext is a pointer to tell an empty one, of an empty value, from none.
	Ciphertext *string `json:"ciphertext"`
	Tag        string  `json:"tag"`
}

type recipient struct {
	Header       keyHeader `json:"header"`
	EncryptedKey string    `json:"encrypted_key"`
}

// keyHeader is what a recipient's own header holds in general JSON form, and the protected header besides in compact.
type keyHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	IV        string `json:"iv"`
	Tag       string `json:"tag"`
}

// sharedHeader is the protected header in general JSON form, and a part of it in compact.
type sharedHeader struct {
	Encryption string  `json:"enc"`
	Strongroom binding `json:"strongroom"`
}

type compactHeader struct {
	keyHeader    `json:",embed"`
	sharedHeader `json:",embed"`
}

// binding is a Binding as it is written; the ids are texts, since uuid's own decoding takes more than one spelling.
type binding struct {
	Organization string   `json:"organization"`
	Secret       string   `json:"secret"`
	Name         string   `json:"name"`
	Projects     []string `json:"projects"`
}

// Inspect checks that a value is a JWE of the form that the package describes, in either serialization, and answers what
// its protected header says. It needs no key and decrypts nothing. Its error is a FormError.
func Inspect(value string) (Envelope, error) {
	_, e, err := inspect(value)
	return e, err
}

func inspect(value string) (message, Envelope, error) {
	m, shared, err := parse(value)
	if err != nil {
		return m, Envelope{}, err
	}
	if err := checkContent(m, shared); err != nil {
		return m, Envelope{}, err
	}
	recipients, err := checkRecipients(m.Recipients)
	if err != nil {
		return m, Envelope{}, err
	}
	b, err := shared.Strongroom.parse()
	return m, Envelope{Binding: b, Recipients: recipients}, err
}

func parse(value string) (message, sharedHeader, error) {
	switch {
	case len(value) > MaxLength:
		return message{}, sharedHeader{}, malformed("this is longer than any such JWE of a value of at most 65,536 bytes")
	case strings.HasPrefix(value, "{"):
		return parseGeneral(value)
	case strings.Count(value, ".") == 4:
		return parseCompact(value)
	}
	return message{}, sharedHeader{}, malformed("this is neither its compact form (five parts with dots between them) nor its general JSON form")
}

func parseCompact(value string) (message, sharedHeader, error) {
	parts := strings.Split(value, ".")
	var h compactHeader
	err := decodeHeader(parts[0], &h)
	m := message{
		Protected:  parts[0],
		Recipients: []recipient{{Header: h.keyHeader, EncryptedKey: parts[1]}},
		IV:         parts[2], Ciphertext: &parts[3], Tag: parts[4],
	}
	return m, h.sharedHeader, err
}

// compact is a message of one recipient in compact form.
func (m message) compact() string {
	return strings.Join([]string{m.Protected, m.Recipients[0].EncryptedKey, m.IV, *m.Ciphertext, m.Tag}, ".")
}

func parseGeneral(value string) (message, sharedHeader, error) {
	var (
		m message
		h sharedHeader
	)
	if err := decode(value, &m, "the JSON"); err != nil {
		return m, h, err
	}
	switch n := len(m.Recipients); {
	case n == 0:
		return m, h, malformed("it has no recipients")
	case n == 1:
		return m, h, malformed("a value for one project must be in compact form")
	case n > MaxRecipients:
		return m, h, malformed("it has more than 10 recipients")
	}
	return m, h, decodeHeader(m.Protected, &h)
}

// decodeHeader reads a protected header. Its size is checked first: a decoder is the last thing to hand an unbounded
// input from a stranger to.
func decodeHeader(encoded string, header any) error {
	if len(encoded) > base64.RawURLEncoding.EncodedLen(MaxHeader) {
		return malformed("its protected header is longer than 6,144 bytes")
	}
	if encoded == "" {
		return malformed("it has no protected header")
	}
	text, ok := decodeBase64(encoded)
	if !ok {
		return malformed("its protected header is not base64url without padding")
	}
	return decode(string(text), header, "its protected header")
}

// decode reads JSON strictly: what is unknown, twice, of another type, or not UTF-8 is refused. The decoder's own errors
// quote their input, so that none of their text is passed on.
func decode(text string, into any, what string) error {
	err := json.Unmarshal([]byte(text), into, json.RejectUnknownMembers(true))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, json.ErrUnknownName):
		return malformed(what + " has a member that is not allowed there")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return malformed(what + " has a member twice")
	}
	return malformed(what + " is not a JSON object with the members expected")
}

func checkContent(m message, h sharedHeader) error {
	switch {
	case h.Encryption != contentAlgorithm:
		return malformed("its protected header must say enc A256GCM")
	case !hasSize(m.IV, ivSize):
		return malformed("its iv must be 12 bytes in base64url without padding")
	case !hasSize(m.Tag, tagSize):
		return malformed("its tag must be 16 bytes in base64url without padding")
	case m.Ciphertext == nil:
		return malformed("it has no ciphertext")
	}
	ciphertext, ok := decodeBase64(*m.Ciphertext)
	if !ok {
		return malformed("its ciphertext is not base64url without padding")
	}
	if len(ciphertext) > MaxPlaintext {
		return malformed("its value is longer than 65,536 bytes")
	}
	return nil
}

func checkRecipients(list []recipient) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, 0, len(list))
	for _, r := range list {
		switch {
		case r.Header.Algorithm != keyAlgorithm:
			return nil, malformed("it must say alg A256GCMKW, in compact form in the protected header, else in each recipient's own")
		case !hasSize(r.Header.IV, ivSize):
			return nil, malformed("the iv of an encrypted key must be 12 bytes in base64url without padding")
		case !hasSize(r.Header.Tag, tagSize):
			return nil, malformed("the tag of an encrypted key must be 16 bytes in base64url without padding")
		case !hasSize(r.EncryptedKey, encryptedKeySize):
			return nil, malformed("an encrypted key must be 32 bytes in base64url without padding")
		}
		id, ok := parseID(r.Header.KeyID)
		if !ok {
			return nil, malformed("a kid must be the id of a project key, a lower-case UUID")
		}
		if slices.Contains(ids, id) {
			return nil, malformed("two recipients have the same kid")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (b binding) parse() (Binding, error) {
	organization, ok1 := parseID(b.Organization)
	secret, ok2 := parseID(b.Secret)
	if !ok1 || !ok2 {
		return Binding{}, malformed("strongroom in its protected header must name organization and secret, lower-case UUIDs")
	}
	if b.Name == "" {
		return Binding{}, malformed("strongroom in its protected header must hold the secret's name")
	}
	if len(b.Projects) == 0 || len(b.Projects) > MaxRecipients {
		return Binding{}, malformed("strongroom in its protected header must list 1 to 10 projects")
	}
	projects := make([]uuid.UUID, len(b.Projects))
	for i, text := range b.Projects {
		id, ok := parseID(text)
		if !ok {
			return Binding{}, malformed("the projects of strongroom in its protected header must be lower-case UUIDs")
		}
		if i > 0 && compare(projects[i-1], id) >= 0 {
			return Binding{}, malformed("the projects of strongroom in its protected header must be sorted, each once")
		}
		projects[i] = id
	}
	return Binding{Organization: organization, Secret: secret, Name: b.Name, Projects: projects}, nil
}

// parseID reads a UUID in its one spelling: lower case, with hyphens.
func parseID(text string) (uuid.UUID, bool) {
	id, err := uuid.Parse(text)
	return id, err == nil && id.String() == text
}

// hasSize says whether text is base64url of size bytes; what is far too long is not decoded.
func hasSize(text string, size int) bool {
	if len(text) != base64.RawURLEncoding.EncodedLen(size) {
		return false
	}
	_, ok := decodeBase64(text)
	return ok
}

// decodeBase64 takes one spelling of each byte string: no padding, no stray bits, and none of the line breaks that the
// standard library's decoder skips.
func decodeBase64(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return b, err == nil
}
