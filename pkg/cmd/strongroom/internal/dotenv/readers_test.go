package dotenv_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

// many are the entries that all readers are tried with: those of the tables, of forty.env, and random ones.
func many(t *testing.T) []dotenv.Entry {
	t.Helper()
	entries := forty(t)
	add := func(value string) {
		entries = append(entries, dotenv.Entry{Name: fmt.Sprintf("V%d", len(entries)), Value: value})
	}
	for _, c := range parsed {
		add(c.value)
	}
	for _, c := range written {
		add(c.value)
	}
	for r := rune(1); r < 0x180; r++ {
		add("a" + string(r) + "'" + string(r) + "b")
		add(string(r))
	}
	values := valueGenerator()
	for seed := range 1500 {
		add(values.Example(seed))
	}
	add(strings.Repeat("é", 32<<10))
	return entries
}

// run answers what a program prints. Where the program is missing the test fails, so that it is never silently left out.
func run(t *testing.T, input []byte, program string, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	var complaint bytes.Buffer
	command.Env = []string{"LC_ALL=C.UTF-8"}
	command.Stdin, command.Stderr = bytes.NewReader(input), &complaint
	output, err := command.Output()
	if err != nil || complaint.Len() > 0 {
		t.Fatalf("%s: %v (are Node 20 and, after `make tools`, Python's packages there?)\n%s", program, err, complaint.String())
	}
	return output
}

// python is the interpreter of .cache/venv, or STRONGROOM_PYTHON.
func python() string {
	if set := os.Getenv("STRONGROOM_PYTHON"); set != "" {
		return set
	}
	return filepath.FromSlash("../../../../../.cache/venv/bin/python")
}

// answer is run for a program of testdata, which takes texts and answers JSON.
func answer(t *testing.T, texts []string, into any, program string, args ...string) {
	t.Helper()
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(run(t, input, program, args...), into); err != nil {
		t.Fatal(err)
	}
}

// file writes entries to a file and answers where it is.
func file(t *testing.T, entries []dotenv.Entry) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.env")
	if err := os.WriteFile(path, []byte(write(t, entries...)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestShellsReadIt holds for POSIX shells without an exception.
func TestShellsReadIt(t *testing.T) {
	entries := many(t)
	path := file(t, entries)
	for _, shell := range []string{"sh", "dash", "bash"} {
		t.Run(shell, func(t *testing.T) {
			if shell == "dash" {
				if _, err := exec.LookPath(shell); err != nil {
					t.Skip("where there is no dash, sh is another shell to try it with")
				}
			}
			output := run(t, nil, shell, "-c", `set -a; . "$1"; exec /usr/bin/env -0`, shell, path)
			got := map[string]string{}
			for variable := range strings.SplitSeq(strings.TrimSuffix(string(output), "\x00"), "\x00") {
				name, value, _ := strings.Cut(variable, "=")
				got[name] = value
			}
			for _, own := range []string{"LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"} {
				delete(got, own)
			}
			if diff := cmp.Diff(values(entries), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// compare looks at what a reader got from files of one entry each, and holds that it misread exactly those values of which
// Misreaders says so.
func compare(t *testing.T, reader string, also []string, entries []dotenv.Entry, got []map[string]*string) {
	t.Helper()
	if len(got) != len(entries) {
		t.Fatalf("%d answers to %d files", len(got), len(entries))
	}
	misread := 0
	for i, e := range entries {
		value := got[i][e.Name]
		alike := value != nil && *value == e.Value && len(got[i]) == 1
		expected := slices.ContainsFunc(dotenv.Misreaders(e.Value), func(r string) bool { return r == reader || slices.Contains(also, r) })
		if alike == expected {
			t.Errorf("%s reads %q as %v: alike %v", reader, write(t, e), got[i], alike)
		}
		if !alike {
			misread++
		}
	}
	if misread == 0 || misread > len(entries)/2 {
		t.Errorf("%d of %d are misread", misread, len(entries))
	}
}

func texts(t *testing.T, entries []dotenv.Entry) []string {
	t.Helper()
	var all []string
	for _, e := range entries {
		all = append(all, write(t, e))
	}
	return all
}

// A pythonAnswer is what testdata/read.py prints.
type pythonAnswer struct{ Plain, Interpolated []map[string]*string }

func TestPythonReadsIt(t *testing.T) {
	entries := many(t)
	var got pythonAnswer
	answer(t, append(texts(t, entries), write(t, entries...)), &got, python(), filepath.FromSlash("testdata/read.py"))
	last := len(entries)
	compare(t, dotenv.Python, nil, entries, got.Plain[:last])
	compare(t, dotenv.PythonInterpolates, []string{dotenv.Python}, entries, got.Interpolated[:last])
	// In one file, too: a value that is misread leaves the others alone.
	for _, e := range entries {
		value := got.Plain[last][e.Name]
		if len(dotenv.Misreaders(e.Value)) == 0 && (value == nil || *value != e.Value) {
			t.Errorf("%s is misread among others", e.Name)
		}
	}
	if len(got.Plain[last]) != len(entries) {
		t.Errorf("%d entries of %d in one file", len(got.Plain[last]), len(entries))
	}
}

func TestNodeReadsIt(t *testing.T) {
	entries := many(t)
	var got []map[string]*string
	answer(t, texts(t, entries), &got, "node", filepath.FromSlash("testdata/read.mjs"))
	compare(t, dotenv.Node, nil, entries, got)
}

func TestNodeStartsWithIt(t *testing.T) {
	entries := slices.DeleteFunc(many(t), func(e dotenv.Entry) bool { return slices.Contains(dotenv.Misreaders(e.Value), dotenv.Node) })
	var got []map[string]string
	answer(t, nil, &got, "node", "--env-file="+file(t, entries), filepath.FromSlash("testdata/read.mjs"), "environment")
	delete(got[0], "LC_ALL")
	if diff := cmp.Diff(values(entries), got[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
