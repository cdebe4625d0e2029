package cli

import "testing"

func TestATerminalGetsNoCharactersThatMoveItsCursor(t *testing.T) {
	for text, want := range map[string]string{
		"{\n\t\"a\": \"Grüß 你好 🔐\"\n}": "{\n\t\"a\": \"Grüß 你好 🔐\"\n}",
		"\x7f\u0085\u009b2J":           `\u007f\u0085\u009b2J`,
		"a\u202eb\u2028c\u200d":        `a\u202eb\u2028c\u200d`,
		"\U000e0001":                   `\udb40\udc01`,
		"\x1b[2J":                      `\u001b[2J`,
	} {
		if got := escaped(text); got != want {
			t.Errorf("escaped(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestAnErrorIsOneLine(t *testing.T) {
	if got, want := visible("a\nb\r\x1b[2Jc\u2029d\u202ee ü"), "a b  [2Jc d e ü"; got != want {
		t.Errorf("visible: %q, want %q", got, want)
	}
}

// What is no JSON may come from something else than Strongroom.
func TestABodyOnATerminalIsHarmlessWhateverItIs(t *testing.T) {
	for body, want := range map[string]string{
		"":                              "",
		"{\"a\":\"\u202e\"}\n":          "{\n  \"a\": \"\\u202e\"\n}\n",
		"<p>\x1b]0;owned\x07 nothing\n": "<p>\\u001b]0;owned\\u0007 nothing\n",
		"no line's end":                 "no line's end\n",
	} {
		if got := string(readable([]byte(body))); got != want {
			t.Errorf("readable(%q) = %q, want %q", body, got, want)
		}
	}
}

// Names are whatever people call things, and a shell must read them as they are.
func TestACommandToPasteNamesThings(t *testing.T) {
	got, want := pasted("secret", "copy", "demo/A", "we ird/it's $HOME", ""), `strongroom secret copy demo/A 'we ird/it'\''s $HOME' ''`
	if got != want {
		t.Errorf("pasted: %s, want %s", got, want)
	}
}
