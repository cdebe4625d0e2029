package dotenv_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

// written are values, how they are written, and who reads them otherwise.
var written = []struct {
	name, value, want string
	misread           []string
}{
	{name: "nothing"},
	{name: "a word", value: "info", want: "info"},
	{name: "what needs no quotes", value: "aZ09_@%+=:,./-", want: "aZ09_@%+=:,./-"},
	{name: "a space", value: " ", want: "' '"},
	{name: "a comment", value: "#", want: "'#'"},
	{name: "a home folder", value: "~", want: "'~'"},
	{name: "another script", value: "é", want: "'é'"},
	{name: "lines", value: "one\ntwo\n", want: "'one\ntwo\n'"},
	{name: "double quotes", value: `"`, want: `'"'`},
	{name: "a variable", value: "$A", want: "'$A'"},
	{name: "an escape", value: `a\nb`, want: `'a\nb'`},
	{name: "a single quote", value: "it's", want: `"it's"`},
	{name: "a single quote and lines", value: "it's\n#1\n", want: "\"it's\n#1\n\""},

	{name: "a variable in braces", value: "${A}", want: "'${A}'", misread: []string{dotenv.PythonInterpolates}},
	{name: "a pair of backslashes", value: `a\\b`, want: `'a\\b'`, misread: []string{dotenv.Python}},
	{name: "a carriage return", value: "a\r\n", want: "'a\r\n'", misread: []string{dotenv.Python, dotenv.Node}},
	{name: "a backslash at the end", value: `a\`, want: `"a\\"`, misread: []string{dotenv.Node}},
	{name: "both quotes", value: `it's "a"`, want: `"it's \"a\""`, misread: []string{dotenv.Node}},
	{name: "a single quote and a backslash", value: `'\n`, want: `"'\\n"`, misread: []string{dotenv.Node}},
	{name: "a single quote and a dollar sign", value: "'$", want: `"'\$"`, misread: []string{dotenv.Python, dotenv.Node}},
	{name: "a single quote and a backquote", value: "'`", want: "\"'\\`\"", misread: []string{dotenv.Python, dotenv.Node}},
}

func TestWrite(t *testing.T) {
	for _, c := range written {
		t.Run(c.name, func(t *testing.T) {
			if got := write(t, dotenv.Entry{Name: "A", Value: c.value}); got != "A="+c.want+"\n" {
				t.Errorf("writes %q, want %q", got, c.want)
			}
			if diff := cmp.Diff(c.misread, dotenv.Misreaders(c.value)); diff != "" {
				t.Errorf("misreaders (-want +got):\n%s", diff)
			}
		})
	}
}

// write is the text that entries become.
func write(t testing.TB, entries ...dotenv.Entry) string {
	t.Helper()
	var b bytes.Buffer
	if err := dotenv.Write(&b, entries); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteKeepsOrder(t *testing.T) {
	if got := write(t, dotenv.Entry{Name: "B", Line: 7}, dotenv.Entry{Name: "_a1"}, dotenv.Entry{Name: "A"}); got != "B=\n_a1=\nA=\n" {
		t.Errorf("writes %q", got)
	}
	if got := write(t); got != "" {
		t.Errorf("nothing is written as %q", got)
	}
}

func TestWriteRefuses(t *testing.T) {
	name := "a variable's name has only the letters A to Z, digits and _, and no digit first"
	entries := []dotenv.Entry{
		{Name: "GOOD", Value: "hunter2"}, {Name: "NUL", Value: "hunter2\x00"}, {Name: "with space"}, {Name: "with-hyphen"}, {Name: "É"},
		{Name: "1A"}, {Name: ""}, {Name: "A=B"}, {Name: "A\n"}, {Name: "GOOD"}, {Name: "BYTES", Value: "\xff"}, {Name: "\xff"},
	}
	want := &dotenv.UnfitError{Format: "a .env file", Instead: "json or yaml", Entries: []dotenv.Unfit{
		{Name: "NUL", Why: "a variable can't hold the NUL that is in its value"},
		{Name: "with space", Why: name}, {Name: "with-hyphen", Why: name}, {Name: "É", Why: name}, {Name: "1A", Why: name},
		{Name: "", Why: name}, {Name: "A=B", Why: name}, {Name: "A\n", Why: name},
		{Name: "GOOD", Why: "two entries have this name"},
		{Name: "BYTES", Why: "the value is not UTF-8"}, {Name: "\xff", Why: "the name is not UTF-8"},
	}}
	var b bytes.Buffer
	err := dotenv.Write(&b, entries)
	var unfit *dotenv.UnfitError
	if !errors.As(err, &unfit) {
		t.Fatalf("answers %v", err)
	}
	if diff := cmp.Diff(want, unfit); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if b.Len() > 0 {
		t.Errorf("writes %q all the same", b.String())
	}
	text := err.Error()
	for _, part := range []string{
		`a .env file can't hold "NUL" (a variable can't hold the NUL that is in its value), "with space" (`, `"1A" (`, " and 6 more; ",
		"rename or leave out what can't be held, or take the format json or yaml",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("says %q, without %q", text, part)
		}
	}
	if strings.Contains(text, "hunter2") || strings.Contains(text, "\n") {
		t.Errorf("says %q", text)
	}
}

type failing struct{}

var errFull = errors.New("the disk is full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestWriteAnswersTheWritersError(t *testing.T) {
	if err := dotenv.Write(failing{}, []dotenv.Entry{{Name: "A"}}); !errors.Is(err, errFull) {
		t.Errorf("answers %v", err)
	}
}
