package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A mark is a value that is looked for.
type mark struct {
	name, value string
	// forms are what is found where the value is written somewhere, by what it is called.
	forms map[string][]byte
}

// newMark makes a value that is nowhere else: text, in which random characters take the place of an asterisk.
func newMark(name, text string) mark {
	return markOf(name, strings.ReplaceAll(text, "*", rand.Text()+rand.Text()))
}

func markOf(name, value string) mark {
	m := mark{name: name, value: value, forms: map[string][]byte{}}
	quoted, _ := json.Marshal(m.value) // a string never fails
	for form, text := range map[string]string{
		"as it is":     m.value,
		"as JSON":      strings.Trim(string(quoted), `"`),
		"quoted":       strings.Trim(strconv.Quote(m.value), `"`),
		"in a query":   url.QueryEscape(m.value),
		"in a path":    url.PathEscape(m.value),
		"in hex":       hex.EncodeToString([]byte(m.value)),
		"in upper hex": strings.ToUpper(hex.EncodeToString([]byte(m.value))),
		"in UTF-16":    strings.Join(strings.Split(m.value, ""), "\x00"), // of ASCII
		"a part":       m.part(),
	} {
		m.forms[form] = []byte(text)
	}
	for shift := range 3 {
		for form, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			m.forms[form+" "+strconv.Itoa(shift)] = middle(encoding, []byte(m.part()), shift)
		}
	}
	return m
}

// part is the longest part of the value that every form leaves as it is.
func (m mark) part() string {
	longest := ""
	for _, part := range strings.FieldsFunc(m.value, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	}) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	return longest
}

// middle are the characters of an encoding that stand for a text alone, wherever that begins in groups of three bytes.
func middle(encoding *base64.Encoding, text []byte, shift int) []byte {
	encoded := encoding.EncodeToString(append(make([]byte, shift), text...))
	first := []int{0, 2, 3}[shift]
	return []byte(encoded[first : (shift+len(text))*8/6])
}

// found are the forms of the mark in a text.
func (m mark) found(text []byte) []string {
	var forms []string
	for form, encoded := range m.forms {
		if bytes.Contains(text, encoded) {
			forms = append(forms, form)
		}
	}
	slices.Sort(forms)
	return forms
}

// holds says whether a text has a value in it, in whatever form.
func holds(text []byte, value string) bool { return len(markOf("", value).found(text)) > 0 }

// TestMarksAreFound holds the search against values that stand in the middle of something, in every form.
func TestMarksAreFound(t *testing.T) {
	m := newMark("mark", "*/&?=\"\n ü")
	for around := range 4 {
		before, after := strings.Repeat("\xff", around), strings.Repeat("\x00\xff", 3-around)
		inside := []byte(before + m.value + after)
		for form, encoded := range map[string]string{
			"as it is": string(inside), "base64 " + strconv.Itoa(around%3): base64.StdEncoding.EncodeToString(inside),
			"base64url " + strconv.Itoa(around%3): base64.URLEncoding.EncodeToString(inside),
			"in hex":                              hex.EncodeToString(inside), "in upper hex": strings.ToUpper(hex.EncodeToString(inside)),
			"in a query": url.Values{"q": {string(inside)}}.Encode(), "quoted": strconv.Quote(before + m.value),
		} {
			if got := m.found([]byte(encoded)); !strings.Contains(strings.Join(got, ","), form) {
				t.Errorf("in %q only %q is found, not %q", encoded, got, form)
			}
		}
	}
	if got := m.found([]byte(newMark("another", "*").value)); len(got) > 0 {
		t.Errorf("another mark is found: %q", got)
	}
}
