package rotation

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Line is what somebody said as it may be stored and shown: one line of at most that many bytes, in Unicode normalization form C,
// of nothing but what can be seen, and blanks. So it is what Strongroom takes as the reason of a failure, unless nothing is left.
// What is longer ends with an ellipsis; most is three or more.
func Line(text string, most int) string {
	const cut = "…"
	text = norm.NFC.String(strings.Join(strings.Fields(strings.Map(visible, text)), " "))
	if len(text) <= most {
		return text
	}
	end := most - len(cut)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + cut
}

// visible is a rune, or a blank for one that is none to see.
func visible(r rune) rune {
	if !strconv.IsPrint(r) {
		return ' '
	}
	return r
}
