package export_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

var root = filepath.FromSlash("../../../../../")

// python runs testdata/read.py. Where there is no Python the test fails, so that it is never silently left out.
func python(t *testing.T, texts []string, into any, args ...string) {
	t.Helper()
	program := os.Getenv("STRONGROOM_PYTHON")
	if program == "" {
		program = filepath.Join(root, ".cache", "venv", "bin", "python")
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, append([]string{filepath.FromSlash("testdata/read.py")}, args...)...)
	var complaint bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(input), &complaint
	output, err := command.Output()
	if err != nil {
		t.Fatalf("read.py %s: %v (after `make tools` it should work)\n%s", args[0], err, complaint.String())
	}
	if err := json.Unmarshal(output, into); err != nil {
		t.Fatal(err)
	}
}

// A pair is a name and its value, as another library found them.
type pair [2]string

// asPairs are entries as they are to be found, each value passed through encode.
func asPairs(entries []dotenv.Entry, encode func(string) string) []pair {
	pairs := []pair{}
	for _, e := range entries {
		pairs = append(pairs, pair{e.Name, encode(e.Value)})
	}
	return pairs
}

func same(s string) string { return s }

// looksLike are strings that YAML's readers take for something else, or stumble over, where they are not quoted well.
var looksLike = []string{
	"null", "Null", "~", "y", "Y", "n", "yes", "No", "on", "OFF", "true", "FALSE", "1", "-1", "+1", "010", "0o7", "0x1F", "0b1", "1_000",
	"1.0", "1e3", "1.", ".5", ".inf", "-.Inf", ".nan", "NaN", "1:30", "190:20:30", "inf", "nan", "e1", "e1.5", "a-b", "a-", "a.b", "a.", "_", "_1", "TRUE.", "2020-01-01", "2020-01-01T00:00:00Z", "<<", "=", "-",
	"?", ":", "- a", "? a", ": a", "a: b", "a:", "#", "a #b", "&a", "*a", "!a", "!!int 1", "%YAML 1.2", "@a", "`a`", "{a}", "[a]", "{", "]",
	",", "|", ">", "'", `"`, `\`, `\n`, "---", "...", "--- a", "", " ", "  a", "a ", "\t", "a\tb", "\n", "\n\n", "a\n", "a\n\n", "\na", " \na", "a\nb",
	"a\n b", " a\nb", "a \nb", "a\nb ", "a\n\tb", "a\t\nb", "\ta\nb", "a\n\nb\n", "a\n---\nb\n", "a\n#b\n", "a\r\nb", "a\rb", "\r", "a\n\r", "é\nb\n",
	"-----BEGIN KEY-----\nabc\n-----END KEY-----\n", "\x00", "\x01", "\x1b", "\x7f", "\u0080", "\u0085", "a\u0085b", "\u009f", "\u00a0", "\u00ad", "\u2028",
	"a\u2029b", "\u200d", "\u202e", "\ufeff", "\ufeffa", "\ue000", "\ufffd", "\ufffe", "\uffff", "🔐", "\U0001fffe", "\U0010ffff", "e\u0301", "<&>'", "\u007f\n",
}

// stringGenerator makes what may be a value.
func stringGenerator() *rapid.Generator[string] {
	joined := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(looksLike), 0, 5).Draw(t, "pieces"), "")
	})
	return rapid.OneOf(joined, rapid.String())
}

// aName says whether a string may be a secret's name: in NFC and without control and format characters.
func aName(s string) bool {
	return s != "" && len(s) <= 512 && norm.NFC.IsNormalString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r >= 0x7f && r <= 0x9f || strings.ContainsRune("\u00ad\u200d\u202e\u2028\u2029\ufeff", r)
	})
}

// many are sets of entries: all that look like something else as names and as values, random ones, those of forty.env
// and those that the end-to-end tests use.
func many(t *testing.T) [][]dotenv.Entry {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "testdata", "dotenv", "forty.env"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := dotenv.Parse(text)
	if err != nil || len(file.Entries) != 40 {
		t.Fatalf("forty.env: %d entries, %v", len(file.Entries), err)
	}
	sets := [][]dotenv.Entry{nil, file.Entries, endToEnd(t), {{Name: strings.Repeat("é", 256), Value: strings.Repeat("é", 32<<10)}}, {{Name: strings.Repeat("\uffff", 170)}}}
	var named, valued []dotenv.Entry
	for i, s := range looksLike {
		valued = append(valued, dotenv.Entry{Name: fmt.Sprint("V", i), Value: s})
		if aName(s) {
			named = append(named, dotenv.Entry{Name: s, Value: "x"})
		}
	}
	sets = append(sets, named, valued)
	set := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) dotenv.Entry {
		return dotenv.Entry{Name: stringGenerator().Filter(aName).Draw(t, "name"), Value: stringGenerator().Draw(t, "value")}
	}), 1, 6, func(e dotenv.Entry) string { return e.Name })
	for seed := range 400 {
		sets = append(sets, set.Example(seed))
	}
	return sets
}

// endToEnd are the entries of testdata/e2e/dotenv.py.
func endToEnd(t *testing.T) []dotenv.Entry {
	t.Helper()
	var pairs []pair
	python(t, nil, &pairs, "entries", filepath.Join(root, "testdata", "e2e", "dotenv.py"))
	var entries []dotenv.Entry
	for _, p := range pairs {
		entries = append(entries, dotenv.Entry{Name: p[0], Value: p[1]})
	}
	if len(entries) != 40 {
		t.Fatalf("dotenv.py has %d entries", len(entries))
	}
	return entries
}

// TestPythonReadsIt compares names, values and their order with what Python's json and PyYAML find. Both are asked for
// JSON: it is YAML, too.
func TestPythonReadsIt(t *testing.T) {
	sets := many(t)
	for format, kind := range map[string]string{"JSON": "json", "YAML": "yaml"} {
		t.Run(format, func(t *testing.T) {
			var texts []string
			for _, entries := range sets {
				texts = append(texts, exported(t, format, entries...))
			}
			var got [][]pair
			python(t, texts, &got, kind)
			if len(got) != len(sets) {
				t.Fatalf("%d answers to %d texts", len(got), len(sets))
			}
			for i, entries := range sets {
				if diff := cmp.Diff(asPairs(entries, same), got[i]); diff != "" {
					t.Errorf("%q (-want +got):\n%s", texts[i], diff)
				}
			}
		})
	}
}

// TestGoReadsIt compares with what encoding/json and the YAML library itself find.
func TestGoReadsIt(t *testing.T) {
	load := map[string]func([]byte, any) error{
		"JSON": json.Unmarshal,
		"YAML": func(b []byte, into any) error { return yaml.Load(b, into) },
	}
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]string{}
		var entries []dotenv.Entry
		for _, value := range rapid.SliceOfN(stringGenerator(), 1, 5).Draw(t, "values") {
			name := stringGenerator().Filter(func(s string) bool { _, taken := want[s]; return aName(s) && !taken }).Draw(t, "name")
			want[name] = value
			entries = append(entries, dotenv.Entry{Name: name, Value: value})
		}
		for format, load := range load {
			var b bytes.Buffer
			if err := formats[format](&b, entries); err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := load(b.Bytes(), &got); err != nil {
				t.Fatalf("%s: %q: %v", format, b.String(), err)
			}
			wanted := map[string]any{}
			for name, value := range want {
				wanted[name] = value
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Fatalf("%s: %q (-want +got):\n%s", format, b.String(), diff)
			}
		}
	})
}

// A manifest is what kubectl takes of ours. Its decoder is strict: a field that is not here is an error.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name string `yaml:"name"`
	} `yaml:"metadata"`
	Type string            `yaml:"type"`
	Data map[string]string `yaml:"data"`
}

// TestKubernetesManifests reads them as kubectl does, and with PyYAML, in which no key and no base64 may be a number.
func TestKubernetesManifests(t *testing.T) {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	var texts []string
	var want [][]pair
	for i, entries := range many(t) {
		for j := range entries { // most of these names are no keys
			entries[j].Name = fmt.Sprint(j, ".", i)
		}
		texts = append(texts, exported(t, "Kubernetes", entries...))
		want = append(want, asPairs(entries, encode))
		var got manifest
		if err := yaml.Load([]byte(texts[i]), &got, yaml.WithKnownFields()); err != nil {
			t.Fatal(err)
		}
		if got.APIVersion != "v1" || got.Kind != "Secret" || got.Metadata.Name != "my-app" || got.Type != "Opaque" || len(got.Data) != len(entries) {
			t.Fatalf("reads %+v", got)
		}
		for _, e := range entries {
			if value, err := base64.StdEncoding.DecodeString(got.Data[e.Name]); err != nil || string(value) != e.Value {
				t.Errorf("%s is %q, %v, want %q", e.Name, value, err, e.Value)
			}
		}
	}
	var got [][][2]any
	python(t, texts, &got, "yaml")
	for i, found := range got {
		var data []pair
		for _, p := range found {
			if p[0] == "data" {
				data = []pair{}
				for _, entry := range p[1].([]any) {
					entry := entry.([]any)
					data = append(data, pair{entry[0].(string), entry[1].(string)})
				}
			}
		}
		if diff := cmp.Diff(want[i], data); diff != "" {
			t.Errorf("%s (-want +got):\n%s", texts[i], diff)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d answers to %d manifests", len(got), len(want))
	}
}
