package export_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
	"strongroom/pkg/cmd/strongroom/internal/export"
)

// formats write entries in each of the forms.
var formats = map[string]func(io.Writer, []dotenv.Entry) error{
	"JSON":       export.JSON,
	"YAML":       export.YAML,
	"Kubernetes": func(w io.Writer, entries []dotenv.Entry) error { return export.Kubernetes(w, "my-app", entries) },
}

// exported is the text that entries become.
func exported(t testing.TB, format string, entries ...dotenv.Entry) string {
	t.Helper()
	var b bytes.Buffer
	if err := formats[format](&b, entries); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// some are entries in an order of their own.
var some = []dotenv.Entry{
	{Name: "PORT", Value: "8080"},
	{Name: "B", Value: "it's \"b\" <&>\n"},
	{Name: "A.key", Value: "-----BEGIN KEY-----\nabc=\n-----END KEY-----\n"},
	{Name: "NO", Value: "no"},
	{Name: "C_0", Value: "\x00\u2028é🔐\r"},
	{Name: "LETTERS", Value: "abc"},
	{Name: "EMPTY", Line: 7},
}

func TestFormats(t *testing.T) {
	for format, want := range map[string]string{
		"JSON": `{
  "PORT": "8080",
  "B": "it's \"b\" <&>\n",
  "A.key": "-----BEGIN KEY-----\nabc=\n-----END KEY-----\n",
  "NO": "no",
  "C_0": "\u0000` + "\u2028" + `é🔐\r",
  "LETTERS": "abc",
  "EMPTY": ""
}
`,
		"YAML": `PORT: "8080"
B: |
  it's "b" <&>
A.key: |
  -----BEGIN KEY-----
  abc=
  -----END KEY-----
"NO": "no"
C_0: "\0\Lé\U0001F510\r"
LETTERS: "abc"
EMPTY: ""
`,
		"Kubernetes": `apiVersion: v1
kind: Secret
metadata:
  name: my-app
type: Opaque
data:
  PORT: "ODA4MA=="
  B: "aXQncyAiYiIgPCY+Cg=="
  A.key: "LS0tLS1CRUdJTiBLRVktLS0tLQphYmM9Ci0tLS0tRU5EIEtFWS0tLS0tCg=="
  "NO": "bm8="
  C_0: "AOKAqMOp8J+UkA0="
  LETTERS: "YWJj"
  EMPTY: ""
`,
	} {
		if diff := cmp.Diff(want, exported(t, format, some...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
}

func TestYAMLQuotesNames(t *testing.T) {
	for _, name := range strings.Fields("y Y n N yes No on OFF true False null NULL ~ << = 1 1e3 0x1 1:30 .inf a:b É") {
		if got, want := exported(t, "YAML", dotenv.Entry{Name: name}), `"`+name+`": ""`+"\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, name := range strings.Fields("DATABASE_URL _ a.b-c Yy nil") {
		if got, want := exported(t, "YAML", dotenv.Entry{Name: name}), name+`: ""`+"\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestYAMLBlocks holds which values are literal blocks: none in which an editor may change something that can't be seen.
func TestYAMLBlocks(t *testing.T) {
	for value, want := range map[string]bool{
		"a\n": true, "a\nb": true, "a\n  b\n\n\nc\n\n": true, "# a\n---\n": true,
		"a": false, " a\n": false, "\na\n": false, "a \nb": false, "a\nb ": false, "a\tb\n": false, "a\r\n": false, "é\n": false, "a\n\x7f": false,
		"a\n\ufeff": false,
	} {
		if got := strings.HasPrefix(exported(t, "YAML", dotenv.Entry{Name: "A", Value: value}), "A: |"); got != want {
			t.Errorf("%q is a block: %v", value, got)
		}
	}
}

func TestNothing(t *testing.T) {
	for format, want := range map[string]string{
		"JSON": "{}\n", "YAML": "{}\n",
		"Kubernetes": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: my-app\ntype: Opaque\ndata: {}\n",
	} {
		if got := exported(t, format); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}

func TestFormatsRefuse(t *testing.T) {
	common := []dotenv.Entry{{Name: "A"}, {Name: "BYTES", Value: "hunter2\xff"}, {Name: "A", Value: "hunter2"}, {Name: "\xff"}}
	commonly := []dotenv.Unfit{
		{Name: "BYTES", Why: "the value is not UTF-8"}, {Name: "A", Why: "two entries have this name"}, {Name: "\xff", Why: "the name is not UTF-8"},
	}
	const letters, long, dots = "a key has only the letters A to Z, digits and - _ .", "a key has at most 253 characters",
		"a key is not . and does not begin with .."
	fits := strings.Repeat("x", 253)
	for _, c := range []struct {
		name, format string
		entries      []dotenv.Entry
		want         dotenv.UnfitError
	}{
		{"JSON", "JSON", common, dotenv.UnfitError{Format: "JSON", Entries: commonly}},
		{"YAML", "YAML", common, dotenv.UnfitError{Format: "YAML", Entries: commonly}},
		{"Kubernetes", "Kubernetes", common, dotenv.UnfitError{Format: "a Kubernetes secret", Instead: "json or yaml", Entries: commonly}},
		{"keys", "Kubernetes", []dotenv.Entry{
			{Name: "-._aZ09"}, {Name: fits}, {Name: fits + "x"}, {Name: "a b"}, {Name: "É"}, {Name: ""}, {Name: "a/b"}, {Name: "a\n"},
			{Name: "."}, {Name: ".."}, {Name: "..a"}, {Name: ".a"}, {Name: "..."},
		}, dotenv.UnfitError{Format: "a Kubernetes secret", Instead: "json or yaml", Entries: []dotenv.Unfit{
			{Name: fits + "x", Why: long}, {Name: "a b", Why: letters}, {Name: "É", Why: letters}, {Name: "", Why: letters},
			{Name: "a/b", Why: letters}, {Name: "a\n", Why: letters},
			{Name: ".", Why: dots}, {Name: "..", Why: dots}, {Name: "..a", Why: dots}, {Name: "...", Why: dots},
		}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			err := formats[c.format](&b, c.entries)
			var unfit *dotenv.UnfitError
			if !errors.As(err, &unfit) {
				t.Fatalf("answers %v", err)
			}
			if diff := cmp.Diff(c.want, *unfit); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if b.Len() > 0 || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("writes %q, says %v", b.String(), err)
			}
		})
	}
}

func TestKubernetesNames(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "0": true, "my-app.v1": true, strings.Repeat("a", 253): true, "true": true, "1e3": true,
		"": false, "My-app": false, "my_app": false, "-a": false, "a-": false, "a..b": false, "a.-b": false, ".a": false, "a\n": false,
		"é": false, strings.Repeat("a", 254): false,
	} {
		var b bytes.Buffer
		err := export.Kubernetes(&b, name, some)
		if good != (err == nil) || good != (b.Len() > 0) {
			t.Errorf("%q: %v, and writes %d bytes", name, err, b.Len())
		}
		if err != nil && !strings.Contains(err.Error(), "choose another, such as my-app") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestKubernetesHoldsOneMebibyte(t *testing.T) {
	var entries []dotenv.Entry
	for _, name := range strings.Split("ABCDEFGHIJKLMNOP", "") {
		entries = append(entries, dotenv.Entry{Name: name, Value: strings.Repeat("é", 32<<10)})
	}
	exported(t, "Kubernetes", append(entries, dotenv.Entry{Name: "EMPTY"})...)
	err := export.Kubernetes(io.Discard, "a", append(entries, dotenv.Entry{Name: "Q", Value: "x"}))
	if err == nil || !strings.Contains(err.Error(), "at most 1048576 bytes of values, and these are 1048577; export fewer") {
		t.Errorf("answers %v", err)
	}
}

type failing struct{}

var errFull = errors.New("the disk is full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestFormatsAnswerTheWritersError(t *testing.T) {
	for format, write := range formats {
		if err := write(failing{}, some); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", format, err)
		}
	}
}
