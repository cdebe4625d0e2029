package rotators

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxSaid is how many characters of what somebody else said a reason has at most.
const MaxSaid = 200

// shortest is how long a text must be to be taken for a secret one: anything shorter is in every other sentence.
const shortest = 4

// Said is what somebody else said, made fit for a reason: one line, not too long, and with *** for every value, every text
// within one that is JSON, and the forms in which they are commonly written (in JSON, in URLs, base64, hexadecimal).
func Said(text string, values ...string) string {
	for _, secret := range forms(values) {
		text = strings.ReplaceAll(text, secret, "***")
	}
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if short := []rune(text); len(short) > MaxSaid {
		text = string(short[:MaxSaid]) + "…"
	}
	return text
}

// Said is the same for a task, all of whose values are secret.
func (t *Task) Said(text string) string {
	values := []string{t.Current}
	for _, more := range []*string{t.Pending, t.Old} {
		if more != nil {
			values = append(values, *more)
		}
	}
	for _, value := range t.Further {
		values = append(values, value)
	}
	return Said(text, values...)
}

// forms are the ways in which values and their parts are written, longest first: else a part would be blanked out of what it is
// a part of, and leave the rest.
func forms(values []string) []string {
	var all []string
	for _, value := range values {
		for _, part := range append(texts(value), value, strings.TrimSpace(value)) {
			all = append(all, part, url.QueryEscape(part), url.PathEscape(part), hex.EncodeToString([]byte(part)),
				strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(part)), "="), strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(part)), "="))
			if quoted, err := jsontext.AppendQuote(nil, part); err == nil {
				all = append(all, string(quoted[1:len(quoted)-1]))
			}
		}
	}
	all = slices.DeleteFunc(all, func(text string) bool { return len(text) < shortest })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(all)
}

// texts are all strings within a value that is JSON, but for names.
func texts(value string) (found []string) {
	var parsed any
	if json.Unmarshal([]byte(value), &parsed) != nil {
		return nil
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			found = append(found, v)
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(parsed)
	return found
}
