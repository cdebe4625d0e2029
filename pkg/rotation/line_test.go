package rotation

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestWhatSomebodySaidIsOneLineThatCanBeSeen(t *testing.T) {
	for said, want := range map[string]string{
		"":                              "",
		" \r\n\u200b":                   "",
		"one\r\n\x1b[31mtwo\xff":        "one [31mtwo\uFFFD",
		"donne\u0301es":                 "donn\u00e9es",
		"left\u202eright\u2066, \u2028": "left right ,",
		"e\u200b\u0301":                 "e \u0301",
		strings.Repeat("x", 50):         strings.Repeat("x", 40-len("…")) + "…",
		strings.Repeat("e\u0301", 20):   strings.Repeat("\u00e9", 20),
		strings.Repeat("e\u0301", 21):   strings.Repeat("\u00e9", 18) + "…",
	} {
		if got := Line(said, 40); got != want {
			t.Errorf("%+q is shown as %+q; want %+q", said, got, want)
		}
	}
}

func TestLinesAreWellFormedWhateverIsSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		said, most := rapid.String().Draw(t, "said"), rapid.IntRange(3, 60).Draw(t, "most")
		got := Line(said, most)
		if len(got) > most || !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) || got != Line(got, most) {
			t.Errorf("%+q is shown as %+q", said, got)
		}
	})
}
