package dotenv_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

// pieces are what readers of .env files stumble over.
var pieces = []string{
	"'", `"`, "`", `\`, `\\`, "$", "${", "}", "${A}", "$A", "$(A)", `\n`, `\r`, `\t`, "\n", "\r", "\r\n", "\t", " ", "#", " #", "=", ":", ":-",
	";", "&", "|", "<", ">", "(", ")", "*", "?", "!", "~", "%", "a", "A", "0", "-", "é", "你", "🔐", "\ufeff", "\u0085", "\u2028", "\u2029",
	"\u00a0", "\u200d", "\ufffd", "\ufffe", "\U0010ffff", "\x01", "\x1b", "\x7f", "\u0080", "\u009f", "\nA=1\n", "export A", `"\n`, `\"`, `'\''`,
}

// valueGenerator makes values: what is hard, and any text. None has a NUL.
func valueGenerator() *rapid.Generator[string] {
	hard := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 8).Draw(t, "pieces"), "")
	})
	text := rapid.Map(rapid.String(), func(s string) string { return strings.ReplaceAll(s, "\x00", "") })
	return rapid.OneOf(hard, text)
}

// TestRandomValuesComeBack: what Write made is read as it was, without a warning, and written again the same.
func TestRandomValuesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var entries []dotenv.Entry
		for i, value := range rapid.SliceOfN(valueGenerator(), 0, 6).Draw(t, "values") {
			entries = append(entries, dotenv.Entry{Name: fmt.Sprintf("V%d", i), Value: value})
		}
		checkRoundTrip(t, entries)
	})
}

// A failer is what checkRoundTrip needs of a test of either kind.
type failer interface {
	Fatalf(format string, args ...any)
}

func checkRoundTrip(t failer, entries []dotenv.Entry) {
	var first, second strings.Builder
	if err := dotenv.Write(&first, entries); err != nil {
		t.Fatalf("write: %v", err)
	}
	file, err := dotenv.Parse([]byte(first.String()))
	if err != nil || len(file.Warnings) > 0 {
		t.Fatalf("%q: %v, %v", first.String(), err, file.Warnings)
	}
	if diff := cmp.Diff(values(entries), values(file.Entries)); diff != "" || len(entries) != len(file.Entries) {
		t.Fatalf("%q (-want +got):\n%s", first.String(), diff)
	}
	for i, e := range file.Entries {
		if e.Name != entries[i].Name {
			t.Fatalf("entry %d is %s, want %s", i, e.Name, entries[i].Name)
		}
	}
	if err := dotenv.Write(&second, file.Entries); err != nil || first.String() != second.String() {
		t.Fatalf("written again: %q, %v, want %q", second.String(), err, first.String())
	}
}

// TestEveryCharacterComesBack goes through all of Unicode but NUL.
func TestEveryCharacterComesBack(t *testing.T) {
	var entries []dotenv.Entry
	for block := rune(0); block <= 0x10ffff; block += 0x1000 {
		var value strings.Builder
		for r := block; r < block+0x1000; r++ {
			if r != 0 && (r < 0xd800 || r > 0xdfff) {
				value.WriteRune(r)
			}
		}
		entries = append(entries, dotenv.Entry{Name: fmt.Sprintf("U%X", block), Value: value.String()})
	}
	checkRoundTrip(t, entries)
}

// FuzzParse holds that nothing makes Parse panic, that errors and warnings have a line of the file, and that what was
// read comes back once it was written, if it can be.
func FuzzParse(f *testing.F) {
	for _, c := range parsed {
		f.Add(c.text)
	}
	for _, c := range refused {
		f.Add(c.text)
	}
	for _, c := range written {
		f.Add("A=" + c.want + "\n")
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := dotenv.Parse([]byte(text))
		last := 1 + strings.Count(text, "\n")
		if err != nil {
			var line int
			if n, _ := fmt.Sscanf(err.Error(), "line %d:", &line); n != 1 || line < 1 || line > last || len(file.Entries) > 0 {
				t.Fatalf("%q of %d lines: %v", text, last, err)
			}
			return
		}
		before := 0
		for _, e := range file.Entries {
			if e.Line <= before || e.Line > last {
				t.Fatalf("%s is in line %d, after %d, of %d", e.Name, e.Line, before, last)
			}
			before = e.Line
		}
		for _, w := range file.Warnings {
			if w.Line < 1 || w.Line > last || w.Name == "" || w.Text == "" {
				t.Fatalf("warns %v", w)
			}
		}
		if dotenv.Write(&strings.Builder{}, file.Entries) == nil {
			checkRoundTrip(t, file.Entries)
		}
	})
}

// FuzzWrite holds that a value which can be written comes back.
func FuzzWrite(f *testing.F) {
	for _, c := range written {
		f.Add("A", c.value)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		entries := []dotenv.Entry{{Name: name, Value: value}, {Name: "LAST", Value: value}}
		if dotenv.Write(&strings.Builder{}, entries) == nil {
			checkRoundTrip(t, entries)
		}
	})
}
