package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// printBody writes an answer's body: as it is, or for a terminal indented and without characters that could move its
// cursor or reorder its text.
func (m *Main) printBody(body []byte) error {
	if isTerminal(m.Stdout) {
		var indented bytes.Buffer
		if json.Indent(&indented, body, "", "  ") == nil {
			body = []byte(escaped(strings.TrimRight(indented.String(), "\n")) + "\n")
		}
	}
	_, err := m.Stdout.Write(body)
	return err
}

// escaped is JSON with the control and format characters that JSON allows written as escapes.
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
