package dotenv_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

// What warnings say, to be found in them.
const (
	expands    = "kept as text"
	hash       = "a # with no space"
	glued      = "a # right after"
	backslash  = "backslashes were kept"
	inner      = "quotes within the value"
	escapeRead = "was read as a line feed"
	escapeKept = "a backslash was kept"
	joined     = "pieces in quotes"
)

// parsed are texts, the value of the entry A that they hold, and what is warned of.
var parsed = []struct {
	name, text, value string
	warnings          []string
}{
	{name: "nothing after the equals sign", text: "A=\nB=1"},
	{name: "nothing and white space", text: "A= \t\n"},
	{name: "no line end", text: "A=value", value: "value"},
	{name: "spaces around the equals sign", text: "A = value", value: "value"},
	{name: "a tab before the name", text: "\tA=value", value: "value"},
	{name: "export", text: "export A=value", value: "value"},
	{name: "export and a tab", text: "export\tA=value", value: "value"},
	{name: "white space after a value", text: "A=value \t\n", value: "value"},
	{name: "several words", text: "A=two  words", value: "two  words"},
	{name: "an equals sign in the value", text: "A==b=", value: "=b="},
	{name: "a comment after a value", text: "A=value # note", value: "value"},
	{name: "a comment after a tab", text: "A=value\t# note", value: "value"},
	{name: "a comment in place of a value", text: "A= # note"},
	{name: "a comment with quotes in it", text: "A=value # it's \"\nB='x'", value: "value"},
	{name: "a comment after a quoted value", text: `A="value" # note`, value: "value"},
	{name: "a byte order mark", text: "\ufeffA=value", value: "value"},
	{name: "letters of all scripts", text: "A=Grüß 你好 🔐", value: "Grüß 你好 🔐"},
	{name: "a space that is no blank", text: "A=a\u00a0\n", value: "a\u00a0"},

	{name: "single quotes", text: `A='a  #"\n $A ${A} \\ '`, value: `a  #"\n $A ${A} \\ `},
	{name: "single quotes around nothing", text: "A=''"},
	{name: "single quotes over lines", text: "A='one\n\n# two\nB=3\n'\n", value: "one\n\n# two\nB=3\n"},
	{name: "single quotes after spaces", text: "A =  ' a '  \n", value: " a "},
	{name: "a backslash before the closing quote", text: `A='a\'`, value: `a\`},
	{name: "control characters in quotes", text: "A='\x01\x1b\x7f\u0085\u2028'", value: "\x01\x1b\x7f\u0085\u2028"},
	{name: "double quotes", text: `A=" it's # "`, value: " it's # "},
	{name: "double quotes around nothing", text: `A=""`},
	{name: "double quotes over lines", text: "A=\"one\ntwo\"", value: "one\ntwo"},
	{name: "escapes that mean the character itself", text: "A=\"\\\\ \\\" \\$ \\`\"", value: "\\ \" $ `"},
	{name: "an escaped backslash before an n", text: `A="\\n"`, value: `\n`},
	{name: "an escaped backslash before the closing quote", text: `A="a\\"`, value: `a\`},
	{name: "a dollar sign that nothing follows", text: `A="5 $ or 5$"`, value: "5 $ or 5$"},

	{name: "escapes of line ends", text: `A="a\nb\r"`, value: "a\nb\r", warnings: []string{escapeRead}},
	{name: "other escapes", text: `A="\t\d\'\é"`, value: `\t\d\'\é`, warnings: []string{escapeKept}},
	{name: "a backslash at the end of a line", text: "A=\"a\\\nb\"", value: "a\\\nb", warnings: []string{escapeKept}},
	{name: "a variable in double quotes", text: `A="$B"`, value: "$B", warnings: []string{expands}},
	{name: "a command in double quotes", text: "A=\"`b`\"", value: "`b`", warnings: []string{expands}},
	{name: "an unquoted variable", text: "A=a$B", value: "a$B", warnings: []string{expands}},
	{name: "an unquoted variable in braces", text: "A=${B:-c}", value: "${B:-c}", warnings: []string{expands}},
	{name: "an unquoted process id", text: "A=pa$$word", value: "pa$$word", warnings: []string{expands}},
	{name: "an unquoted command", text: "A=$(b)", value: "$(b)", warnings: []string{expands}},
	{name: "an unquoted command in backquotes", text: "A=a`b`", value: "a`b`", warnings: []string{expands}},
	{name: "a home folder", text: "A=~/b", value: "~/b", warnings: []string{expands}},
	{name: "quotes of Bash", text: `A=$'a'`, value: `$'a'`, warnings: []string{inner}},
	{name: "a # in a word", text: "A=a#b", value: "a#b", warnings: []string{hash}},
	{name: "a # at the beginning", text: "A=#b # c", value: "#b", warnings: []string{hash}},
	{name: "a # after a quote", text: "A='a'#b", value: "a", warnings: []string{glued}},
	{name: "unquoted backslashes", text: `A=C:\dir\`, value: `C:\dir\`, warnings: []string{backslash}},
	{name: "quotes in an unquoted value", text: `A={"a": 'b'}`, value: `{"a": 'b'}`, warnings: []string{inner}},
	{name: "an apostrophe in an unquoted value", text: "A=it's\nB=1", value: "it's", warnings: []string{inner}},
	{name: "everything at once", text: `A=#\"$B`, value: `#\"$B`, warnings: []string{expands, hash, backslash, inner}},
	{name: "pieces, as shells write them", text: `A='it'\''s'`, value: "it's", warnings: []string{joined}},
	{name: "pieces, as Python writes them", text: `A='it'"'"'s'`, value: "it's", warnings: []string{joined}},
	{name: "an escaped quote at the end", text: `A='it'\"`, value: `it"`, warnings: []string{joined}},
	{name: "three quotes", text: "A=\"\"\"a\nb\"\"\"", value: "a\nb", warnings: []string{joined}},

	{name: "CR LF", text: "# c\r\nA=value\r\n\r\n", value: "value"},
	{name: "CR LF in quotes, as everywhere", text: "A='one\r\ntwo'\r\n", value: "one\ntwo"},
	{name: "CR LF in quotes alone", text: "A='one\r\ntwo\r'\n", value: "one\r\ntwo\r"},
	{name: "CR LF in quotes and here and there", text: "B=1\r\nA='one\r\ntwo'\n", value: "one\r\ntwo", warnings: []string{"CR LF"}},
}

func TestParse(t *testing.T) {
	for _, c := range parsed {
		t.Run(c.name, func(t *testing.T) {
			file, err := dotenv.Parse([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := values(file.Entries)["A"]; !ok || got != c.value {
				t.Errorf("A is %q (%v), want %q", got, ok, c.value)
			}
			if len(file.Warnings) != len(c.warnings) {
				t.Fatalf("warnings %v, want %q", file.Warnings, c.warnings)
			}
			for i, w := range file.Warnings {
				if w.Name != "A" || !strings.Contains(w.Text, c.warnings[i]) {
					t.Errorf("warns %v, want %q of A", w, c.warnings[i])
				}
			}
		})
	}
}

// values are entries by name.
func values(entries []dotenv.Entry) map[string]string {
	m := map[string]string{}
	for _, e := range entries {
		m[e.Name] = e.Value
	}
	return m
}

func TestParseKeepsOrderAndLines(t *testing.T) {
	text := "# first\n\nexport B='one\n two'\nA.b-c=x\n   # indented\n\n\t\nexport\n"
	_, err := dotenv.Parse([]byte(text))
	if err == nil || !strings.HasPrefix(err.Error(), "line 9: ") {
		t.Errorf("the word export alone: %v", err)
	}
	got, err := dotenv.Parse([]byte(strings.TrimSuffix(text, "export\n") + "export=1\nexport export=2\n0_A=\"\n\n\"\nZ=1"))
	if err != nil {
		t.Fatal(err)
	}
	want := dotenv.File{Entries: []dotenv.Entry{
		{Name: "B", Value: "one\n two", Line: 3}, {Name: "A.b-c", Value: "x", Line: 5},
		{Name: "export", Value: "2", Line: 10}, {Name: "0_A", Value: "\n\n", Line: 11}, {Name: "Z", Value: "1", Line: 14},
	}, Warnings: []dotenv.Warning{{Line: 10, Name: "export", Text: "line 9 sets it too; the last one counts"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseNothing(t *testing.T) {
	for _, text := range []string{"", "\n", "\ufeff", "# A=1", "  \n\t\r\n# c\r\n"} {
		if got, err := dotenv.Parse([]byte(text)); err != nil || len(got.Entries) != 0 || len(got.Warnings) != 0 {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestRepeatedNameCountsWhereItStandsLast(t *testing.T) {
	got, err := dotenv.Parse([]byte("A=a#b\nB=1\nA=2\nA=3\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]dotenv.Entry{{Name: "B", Value: "1", Line: 2}, {Name: "A", Value: "3", Line: 4}}, got.Entries); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []string{
		"line 1: A: a # with no space before it was kept as a part of the value, which other readers end there",
		"line 3: A: line 1 sets it too; the last one counts",
		"line 4: A: line 3 sets it too; the last one counts",
	}
	if diff := cmp.Diff(want, lines(got.Warnings)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func lines(warnings []dotenv.Warning) []string {
	var all []string
	for _, w := range warnings {
		all = append(all, w.String())
	}
	return all
}

func TestExportWithoutValue(t *testing.T) {
	got, err := dotenv.Parse([]byte("export A B # these\nB=1\nexport C=~\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"B": "1", "C": "~"}, values(got.Entries)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []string{
		"line 1: A: exported, but no line gives it a value; it was left out",
		"line 3: C: a $, `…` or ~ was kept as text, where other readers put the value of another variable, a command or a folder",
	}
	if diff := cmp.Diff(want, lines(got.Warnings)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// refused are texts with "hunter2" for a value, and the beginning of what is said of them.
var refused = []struct{ name, text, want string }{
	{"a name alone", "A=1\nhunter2\n", "line 2: neither NAME=VALUE nor a comment"},
	{"a name and a colon", "A: hunter2", "line 1: neither"},
	{"a line of a value without quotes", "A=-----BEGIN KEY-----\nhunter2+/\n-----END KEY-----", "line 2: neither"},
	{"no name", "=hunter2", "line 1: neither"},
	{"two words for a name", "A B=hunter2", "line 1: neither"},
	{"a name in quotes", "'A'=hunter2", "line 1: neither"},
	{"a name with other letters", "É=hunter2", "line 1: neither"},
	{"a name that begins with a hyphen", "-A=hunter2", "line 1: neither"},
	{"a command", "declare -x A=\"hunter2\"", "line 1: neither"},
	{"an assignment and export's option", "export -p hunter2", "line 1: neither"},
	{"a no-break space before a name", "\u00a0A=hunter2", "line 1: neither"},
	{"backquotes", "\nA=`hunter2`", "line 2: a value in `backquotes`"},
	{"an open single quote", "A='\nB='hunter2\n", "line 2: something follows the closing quote of the value that begins in line 1"},
	{"a single quote never closed", "\nA='hunter2\n\n\n", "line 2: the quote that opens here is never closed"},
	{"a double quote never closed", "A=\"hunter2\\\"\n", "line 1: the quote that opens here is never closed"},
	{"a backslash at the end of it all", "A=\"hunter2\\", "line 1: the quote that opens here is never closed"},
	{"a second piece never closed", "A='a\n'\"hunter2", "line 2: the quote that opens here is never closed"},
	{"a word after the closing quote", "A='hunter2' hunter2", "line 1: something follows the closing quote; in single quotes"},
	{"a word at the closing quote", `A="hunter2"hunter2`, "line 1: something follows the closing quote;"},
	{"a semicolon", `export A="hunter2";`, "line 1: something follows the closing quote;"},
	{"an escaped quote in single quotes", `A='hunter2\'s'`, "line 1: something follows the closing quote;"},
	{"an escaped quote that would swallow lines", "A='hunter2\\''\nB='x'\nC=''\n", "line 1: something follows the closing quote;"},
	{"an escape after single quotes that end with one", "A='hunter2\\'\\'", "line 1: something follows the closing quote;"},
	{"a carriage return in a value", "\nA=a\rhunter2\n", "line 2: a carriage return within the line"},
	{"a carriage return at the end of it all", "A=hunter2\r", "line 1: a carriage return within the line"},
	{"old line ends", "# a\rA=hunter2\r", "line 1: a carriage return within the line"},
	{"a carriage return after a quoted value", "A='hunter2' \r# c", "line 1: a carriage return within the line"},
	{"a NUL", "A=1\nB='hunter2\x00'", "line 2: a NUL character"},
	{"UTF-16", "A\x00=\x00h\x00", "line 1: a NUL character"},
	{"Latin-1", "A=1\nB=hunter2\n\nC=\xe9", "line 4: not UTF-8"},
	{"half a character", "A=hunter2\xc3", "line 1: not UTF-8"},
}

func TestParseRefuses(t *testing.T) {
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			got, err := dotenv.Parse([]byte(c.text))
			if err == nil {
				t.Fatalf("reads %v", got)
			}
			if len(got.Entries)+len(got.Warnings) != 0 {
				t.Errorf("answers %v beside an error", got)
			}
			if text := err.Error(); !strings.HasPrefix(text, c.want) || strings.Contains(text, "hunter2") || strings.Contains(text, "\n") {
				t.Errorf("says %q, want %q and no value", text, c.want)
			}
		})
	}
}

// TestWarningsHoldNoValue looks for the value in all that is warned of.
func TestWarningsHoldNoValue(t *testing.T) {
	seen := 0
	for _, c := range parsed {
		file, err := dotenv.Parse([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		marked := strings.NewReplacer("a", "hunter2", "B", "HUNTER2").Replace(strings.TrimPrefix(c.text, "A"))
		again, err := dotenv.Parse([]byte("A" + marked))
		if err != nil {
			continue // the name was marked
		}
		seen += len(again.Warnings)
		if text := fmt.Sprint(again.Warnings); len(file.Warnings) > 0 && strings.Contains(strings.ToLower(text), "hunter2") {
			t.Errorf("%s: %s", c.name, text)
		}
	}
	if seen < 20 {
		t.Errorf("only %d warnings were seen", seen)
	}
}
