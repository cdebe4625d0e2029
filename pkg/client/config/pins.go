package config

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"strongroom/pkg/api"
)

// Pins are what a client takes from nobody but its user: to which organization and client key a Strongroom belongs, and
// which projects it has. What is not pinned is the zero value, or not in the map.
type Pins struct {
	Organization uuid.UUID
	// ClientKey is the ARN of the KMS key that wraps project keys: a key's own, never an alias, which can be moved.
	ClientKey string
	// Projects are by name.
	Projects map[string]ProjectPin
}

// A ProjectPin says which project a name means, and who encrypts its values. Neither ever changes.
type ProjectPin struct {
	ID         uuid.UUID
	Encryption api.Encryption
}

// A ContradictionError is two places that say different things of one.
type ContradictionError struct {
	// Subject is what they speak of: `the id of the project "demo"`.
	Subject string
	// Values are what they say, and Origins who says so.
	Values, Origins [2]string
}

func (e *ContradictionError) Error() string {
	return fmt.Sprintf("%s is %s (%s), but %s (%s); nothing is sent before both say the same: find out who is right, and mend the other",
		e.Subject, e.Values[0], e.Origins[0], e.Values[1], e.Origins[1])
}

// An UnpinnedError is something that strict clients don't take on anybody's word, because nothing pins it.
type UnpinnedError struct {
	// Subject is what is not pinned, Value what Origin says that it is.
	Subject, Value, Origin string
}

func (e *UnpinnedError) Error() string {
	return fmt.Sprintf("%s is not pinned, and strict is set; %s says that it is %s: if that is right, pin it with `strongroom pin`",
		e.Subject, e.Origin, e.Value)
}

// put adds what q says to p.
func (p *Pins) put(q Pins) {
	if q.Organization != uuid.Nil {
		p.Organization = q.Organization
	}
	if q.ClientKey != "" {
		p.ClientKey = q.ClientKey
	}
	if p.Projects == nil {
		p.Projects = map[string]ProjectPin{}
	}
	maps.Copy(p.Projects, q.Projects)
}

func (p Pins) clone() Pins {
	p.Projects = maps.Clone(p.Projects)
	return p
}

func (p Pins) empty() bool {
	return p.Organization == uuid.Nil && p.ClientKey == "" && len(p.Projects) == 0
}

// check refuses what could not be read back.
func (p Pins) check() error {
	if p.ClientKey != "" {
		if _, err := normalClientKey(p.ClientKey); err != nil {
			return fmt.Errorf("the client key %w", err)
		}
	}
	for name, project := range p.Projects {
		if _, err := normalName(name); err != nil {
			return fmt.Errorf("the project's name %w", err)
		}
		if _, err := normalEncryption(string(project.Encryption)); err != nil || project.ID == uuid.Nil {
			return fmt.Errorf("the pin of the project %q must have an id, and the encryption client or server", name)
		}
	}
	return nil
}

// clientKeyForm is a KMS key's ARN, of one region or several
// (https://docs.aws.amazon.com/kms/latest/developerguide/concepts-key-id.html).
var clientKeyForm = regexp.MustCompile(
	`^arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$`)

func normalClientKey(text string) (string, error) {
	if !clientKeyForm.MatchString(text) {
		return "", errors.New("must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not of an alias")
	}
	return text, nil
}

func normalEncryption(text string) (string, error) {
	switch e := api.Encryption(text); e {
	case api.EncryptionClient, api.EncryptionServer:
		return text, nil
	default:
		return "", fmt.Errorf("must be client or server, not %.64q", text)
	}
}

// normalID takes a UUID as it is written everywhere here, in lower case; the one of zeros is nobody's.
func normalID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text || id == uuid.Nil {
		return uuid.Nil, errors.New("must be a UUID in lower case, as in 0190a1b2-0000-7000-8000-000000000001")
	}
	return id, nil
}

// maxName is how many bytes a project's name has at most, as the server takes it.
const maxName = 128

// normalName takes a project's name as the server does: a pin under a name that can't be would protect nothing.
func normalName(text string) (string, error) {
	if text == "" || len(text) > maxName || !utf8.ValidString(text) || !norm.NFC.IsNormalString(text) {
		return "", fmt.Errorf("must be 1 to %d bytes of UTF-8 in normalization form C", maxName)
	}
	for _, r := range text {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return "", fmt.Errorf("must not have the character %U, which can't be seen", r)
		}
	}
	return text, nil
}
