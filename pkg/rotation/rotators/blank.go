package rotators

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"strongroom/pkg/rotation"
)

// MaxSaid is how many bytes of what somebody else said a reason has at most: other words of it have place beside them.
const MaxSaid = 200

const (
	blanked = "[value]"
	// shortValue is below how many bytes a value is not blanked out of a text: what is left around it would say what it is.
	shortValue = 6
	// longReason is how long a reason is looked through for values at most, in bytes: there may be thousands of lines to look for.
	longReason = 16 << 10
	// shortLine is below how many bytes a line of a value of many lines is none to look for.
	shortLine = 16
	// shortMember is below how many bytes a member of a value is none to look for, but under one of secretNames: a port's digits, or
	// a letter, stand in any text.
	shortMember = 4
	tooLong     = "the reason is too long to be looked through for values"
	unsaid      = "no reason was given that can be shown"
)

// names are the members of values that are JSON objects which say who and where, and open nothing.
var names = []string{"username", "user", "host", "hostname", "port", "engine", "dbname", "database", "accessKeyId"}

// secretNames are members that open something, however short they are.
var secretNames = []string{"password", "secret", "secretAccessKey", "token", "key"}

// Values are those that no text which is stored or shown may hold, with the texts in them. The zero value is none.
type Values struct {
	texts []string
	// instead is what Instead has been told.
	instead string
}

// Add remembers a value; of a JSON object, its members too, but those that are names; of many lines, the longer ones too.
func (v *Values) Add(value string) {
	v.keep(value)
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.UseNumber() // as they are written
	var parsed any
	if json.Valid([]byte(value)) && decoder.Decode(&parsed) == nil {
		v.members("", parsed)
	}
}

func (v *Values) members(under string, parsed any) {
	switch parsed := parsed.(type) {
	case map[string]any:
		for name, member := range parsed {
			switch member.(type) {
			case string, json.Number:
				if slices.Contains(names, name) {
					continue
				}
			}
			v.members(name, member)
		}
	case []any:
		for _, member := range parsed {
			v.members(under, member)
		}
	case json.Number:
		v.member(under, parsed.String())
	case string:
		v.member(under, parsed)
	}
}

func (v *Values) member(name, text string) {
	if len(text) >= shortMember || slices.Contains(secretNames, name) {
		v.keep(text)
	}
}

// keep remembers a text, with its marks one with their letters and apart from them, and the same without the line's end that many a
// value has.
func (v *Values) keep(text string) {
	for _, form := range []string{text, norm.NFC.String(text), norm.NFD.String(text)} {
		if form != "" && !slices.Contains(v.texts, form) {
			v.texts = append(v.texts, form)
		}
	}
	if trimmed := strings.TrimSpace(text); trimmed != text {
		v.keep(trimmed)
		return
	}
	if !strings.ContainsAny(text, "\r\n") {
		return
	}
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if line = strings.TrimSpace(line); len(line) >= shortLine {
			v.keep(line)
		}
	}
}

// Blank is a reason as it may be stored and shown: one line of at most that many bytes, without any of the values. Whatever goes in,
// it is one that Strongroom takes (rotation.Line).
func (v *Values) Blank(reason string, most int) string {
	if len(reason) > longReason {
		return tooLong
	}
	reason, short := v.blank(reason)
	// What was no value may have become one: its marks stood apart, or its words in two lines.
	reason, again := v.blank(rotation.Line(reason, math.MaxInt))
	if short || again {
		return v.withheld()
	}
	if reason = rotation.Line(reason, most); reason == "" {
		return unsaid
	}
	return reason
}

// blank is a text without any of the values, and says whether there is one in it that is too short to be blanked out.
func (v *Values) blank(text string) (without string, short bool) {
	var found []string
	for _, value := range v.texts {
		for _, form := range forms(value) {
			if !strings.Contains(text, form) {
				continue
			}
			if len(value) < shortValue {
				return text, true
			}
			found = append(found, form)
		}
	}
	// The longest first: a part of one form may be another one.
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) })
	for _, form := range found {
		text = strings.ReplaceAll(text, form, blanked)
	}
	return text, false
}

// Said is what somebody else said, made fit for a reason about the task.
func (t *Task) Said(text string) string {
	var values Values
	values.Add(t.Current)
	for _, more := range []*string{t.Pending, t.Old} {
		if more != nil {
			values.Add(*more)
		}
	}
	for _, value := range t.Further {
		values.Add(value)
	}
	return values.Blank(text, MaxSaid)
}

// In says whether a text holds one of the values. Short ones don't count: they stand in any text.
func (v *Values) In(text string) bool {
	return slices.ContainsFunc(v.texts, func(value string) bool {
		return len(value) >= shortValue && slices.ContainsFunc(forms(value), func(form string) bool { return strings.Contains(text, form) })
	})
}

// forms are how programs write a text: as it is, in JSON and Go's quotes, in URLs, in base64 alone or within something longer, in
// hexadecimal digits.
func forms(text string) []string {
	all := []string{text, quoted(strconv.Quote(text)), quoted(strconv.QuoteToASCII(text)), hex.EncodeToString([]byte(text)), strings.ToUpper(hex.EncodeToString([]byte(text)))}
	for _, html := range []bool{true, false} {
		var b strings.Builder
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(html)
		if encoder.Encode(text) == nil {
			written := quoted(strings.TrimSpace(b.String()))
			all = append(all, written, upperEscapes(written), ascii(written), upperEscapes(ascii(written)))
		}
	}
	for _, escape := range []func(string) string{url.QueryEscape, url.PathEscape} {
		all = append(all, escape(text), lowerEscapes(escape(text)))
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		all = append(all, encoding.EncodeToString([]byte(text)), encoding.WithPadding(base64.NoPadding).EncodeToString([]byte(text)))
		for before := range 3 {
			all = append(all, within(encoding, text, before))
		}
	}
	return all
}

// quoted is what stands between quotes.
func quoted(text string) string { return text[1 : len(text)-1] }

// ascii is what stands between JSON's quotes as writers put it that keep to ASCII.
func ascii(written string) string {
	var b strings.Builder
	for _, r := range written {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// upperEscapes is what stands between JSON's quotes with the digits of its \u escapes in upper case.
func upperEscapes(written string) string {
	const digits = len(`\u0000`)
	b := []byte(written)
	for i := 0; i+1 < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		if b[i+1] == 'u' && i+digits <= len(b) {
			copy(b[i+2:i+digits], strings.ToUpper(written[i+2:i+digits]))
		}
		i++ // a second backslash begins nothing
	}
	return string(b)
}

// lowerEscapes is a text with the digits of its percent escapes in lower case.
func lowerEscapes(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(text[i+1:i+3]))
			i += 2
		}
	}
	return string(b)
}

// within is what of the base64 of something longer is the text's alone, when so many bytes stand before it (modulo three).
func within(encoding *base64.Encoding, text string, before int) string {
	encoded := encoding.WithPadding(base64.NoPadding).EncodeToString(append(make([]byte, before), text...))
	first := (before*8 + 5) / 6          // digits that bits of what stands before have part in
	last := (before + len(text)) * 8 / 6 // digits that are whole with the text
	if first >= last || len(text) < shortValue {
		return encoded
	}
	return encoded[first:last]
}
