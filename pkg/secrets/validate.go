package secrets

import (
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"strongroom/pkg/api"
)

// Limits, each refused with a message that has the number in it. The budgets of the table follow from them.
const (
	maxValue          = 64 << 10
	maxClientValue    = 100 << 10 // a JWE of maxValue for ten projects
	maxNote           = 16 << 10
	maxSecretName     = 512
	maxName           = 128
	maxEmail          = 254
	maxProjects       = 10
	maxWrapped        = 1024
	maxProjectKeys    = api.MaxProjectKeys
	maxGrants         = 1000
	maxGrantChanges   = 90
	maxMemberChanges  = 30
	maxMembers        = 1000
	maxGroups         = 50
	maxIdentities     = 10
	maxVersions       = 100
	idTolerance       = time.Hour
	maxReadsAtOnce    = 64
	maxChangesAtOnce  = 8
	maxBulkAnswerSize = api.MaxAnswer - 256<<10 // what surrounds the entries fits into the rest
)

// problems collects what is wrong with a request, field by field.
type problems []api.Detail

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, api.Detail{Field: field, Message: fmt.Sprintf(format, args...)})
}

// err is nil where there are none.
func (p problems) err() error {
	switch len(p) {
	case 0:
		return nil
	case 1:
		return api.FieldError(api.CodeInvalid, p[0].Field, "%s", p[0].Message)
	}
	return &api.Error{
		Code:    api.CodeInvalid,
		Message: fmt.Sprintf("%d fields are not right; the first is %s: %s", len(p), p[0].Field, p[0].Message),
		Details: p,
	}
}

// name checks a name: 1 to most bytes of UTF-8 in NFC, without characters that can't be seen.
func (p *problems) name(field, name string, most int) {
	switch {
	case name == "":
		p.add(field, "is empty; it must be 1 to %d bytes long", most)
	case len(name) > most:
		p.add(field, "is %d bytes long; at most %d are allowed", len(name), most)
	case !utf8.ValidString(name):
		p.add(field, "is not valid UTF-8")
	case !norm.NFC.IsNormalString(name):
		p.add(field, "is not in Unicode normalization form C (NFC); send %+q", norm.NFC.String(name))
	default:
		for _, r := range name {
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				p.add(field, "has the character %U, which can't be seen; leave it out", r)
				return
			}
		}
	}
}

// text checks free text.
func (p *problems) text(field, text string, most int) {
	switch {
	case len(text) > most:
		p.add(field, "is %d bytes long; at most %d are allowed", len(text), most)
	case !utf8.ValidString(text):
		p.add(field, "is not valid UTF-8; encode binary values, for example in base64")
	}
}

// ids checks a list of ids: at least least, at most most, each once.
func (p *problems) ids(field string, ids []uuid.UUID, least, most int) {
	if len(ids) < least {
		p.add(field, "must have at least %d id", least)
	}
	if len(ids) > most {
		p.add(field, "has %d ids; at most %d are allowed", len(ids), most)
		return
	}
	seen := make(map[uuid.UUID]bool, len(ids))
	for i, id := range ids {
		if seen[id] {
			p.add(indexed(field, i), "is there twice; name each id once")
		}
		seen[id] = true
	}
}

// missingID is said of an id that a body must have: left out, it reads as the nil UUID does.
const missingID = "is missing, or the nil UUID, which nothing has"

// newID checks an id that a client made for a new thing: a UUIDv7 (RFC 9562) whose time is about now.
func (p *problems) newID(field string, id *uuid.UUID, now time.Time) {
	if id == nil {
		return
	}
	if id.Version() != 7 || id.Variant() != uuid.RFC4122 {
		p.add(field, "must be a UUID of version 7")
		return
	}
	seconds, nanoseconds := id.Time().UnixTime()
	if d := now.Sub(time.Unix(seconds, nanoseconds)); d.Abs() > idTolerance {
		p.add(field, "was made at %s; a new id's time must be within an hour of now, so make another",
			now.Add(-d).UTC().Format(time.RFC3339))
	}
}

// orNew is the client's id, or a new one.
func orNew(id *uuid.UUID) uuid.UUID {
	if id != nil {
		return *id
	}
	return uuid.Must(uuid.NewV7())
}

// size is how many bytes v takes in an answer as API Gateway receives it: JSON within a JSON string.
func size(v any) int {
	encoded := encode(v)
	n := len(encoded)
	for _, b := range encoded {
		if b == '"' || b == '\\' {
			n++
		}
	}
	return n
}

// indexed names an element of a list in a request.
func indexed(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

// sizeOfText is the most that a text takes there, without encoding it.
func sizeOfText(s string) int {
	n := len(s)
	for i := range len(s) {
		switch b := s[i]; {
		case b == '"' || b == '\\':
			n += 3 // a backslash before it, and one before each of both
		case b < ' ' || b == 0x7f:
			n += 6 // \\u0000 at most
		case b == 0xe2:
			n += 4 // may begin U+2028, which is three bytes and becomes \\u2028
		}
	}
	return n
}
