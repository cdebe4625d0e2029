package rotators

import (
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"strongroom/pkg/rotation"
)

// Member is the text of a member of a value that is a JSON object; false where the value is none, or has no such member that is a
// string.
func Member(value, name string) (string, bool) {
	at, ok := members(value)
	if !ok {
		return "", false
	}
	span, ok := at[name]
	if !ok {
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, value[span.start:span.end])
	return string(text), err == nil
}

// IsObject says whether a value is a JSON object, without a name that stands twice.
func IsObject(value string) bool {
	_, ok := members(value)
	return ok
}

// SetMember is the value, a JSON object, with that member set to a text. All else stays as it is written: other members, their
// order, blanks and numbers. A member that was not there comes last. False where the value is no JSON object, or the text is not
// valid UTF-8.
func SetMember(value, name, text string) (string, bool) {
	at, ok := members(value)
	if !ok {
		return "", false
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return "", false
	}
	if span, ok := at[name]; ok {
		return value[:span.start] + string(quoted) + value[span.end:], true
	}
	key, err := jsontext.AppendQuote(nil, name)
	if err != nil {
		return "", false
	}
	end := strings.LastIndexByte(value, '}')
	head, comma := strings.TrimRight(value[:end], " \t\r\n"), ","
	if len(at) == 0 {
		comma = ""
	}
	return head + comma + string(key) + ":" + string(quoted) + value[len(head):], true
}

// A span is where a member's value stands in a text.
type span struct{ start, end int }

// members says where the values of an object's members stand.
func members(value string) (map[string]span, bool) {
	d := jsontext.NewDecoder(strings.NewReader(value))
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return nil, false
	}
	at := map[string]span{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		key := name.String()
		raw, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		end := int(d.InputOffset())
		at[key] = span{end - len(raw), end}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	_, err := d.ReadToken()
	return at, err == io.EOF //nolint:errorlint // which the decoder returns as it is
}

// Fill is what a template makes, or, where a field is named, the current value, a JSON object, with that member set to it.
func Fill(current, field string, template rotation.Template) (string, error) {
	if field == "" {
		return template.Random(), nil
	}
	value, ok := SetMember(current, field, template.Random())
	if !ok {
		return "", Wrong(nil, "the value must be a JSON object, since the settings name its field %q", field)
	}
	return value, nil
}
