package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// printBody writes an answer's body: as it is, or for a terminal as readable writes it.
func (m *Main) printBody(body []byte) error {
	if isTerminal(m.Stdout) {
		body = readable(body)
	}
	_, err := m.Stdout.Write(body)
	return err
}

// readable is a body for a terminal: without characters that could move its cursor or reorder its text, in whole lines,
// and indented if it is JSON. What is none may come from something else than Strongroom.
func readable(body []byte) []byte {
	var indented bytes.Buffer
	if json.Indent(&indented, body, "", "  ") == nil {
		body = indented.Bytes()
	}
	if len(body) == 0 {
		return nil
	}
	return []byte(escaped(strings.TrimRight(string(body), "\n")) + "\n")
}

// escaped is a text with its control and format characters, but for newlines and tabs, written as JSON's escapes.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t' || !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// visible is one line without characters that can't be seen: what came from elsewhere can't pretend to be ours.
func visible(line string) string {
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return ' '
		}
		return r
	}, line)
}

func hidden(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
