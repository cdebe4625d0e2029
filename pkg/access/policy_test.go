package access_test

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	policyFiles = 15
	policyCases = 452
)

// TestPolicies asks the questions of testdata/access/*.txt, one subtest for each section.
func TestPolicies(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "access", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			preamble, sections := readPolicy(t, path)
			for _, s := range sections {
				t.Run(s.title, func(t *testing.T) { cases += s.run(t, preamble) })
			}
		})
	}
	if len(paths) != policyFiles || cases != policyCases {
		t.Errorf("ran %d cases of %d files, want %d of %d: change the numbers if that is meant",
			cases, len(paths), policyCases, policyFiles)
	}
}

// A section is a part of a policy file under one title.
type section struct {
	title string
	lines []numbered
}

// A numbered line is one of a policy file's, without comment.
type numbered struct {
	number int
	text   string
}

// readPolicy answers a file's lines before the first title, which all sections share, and its sections.
func readPolicy(t *testing.T, path string) (preamble []numbered, sections []section) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(bytes.NewReader(data))
	for number := 1; scanner.Scan(); number++ {
		text, _, _ := strings.Cut(scanner.Text(), "#")
		text = strings.TrimSpace(text)
		line := numbered{number, text}
		switch title, isTitle := strings.CutPrefix(text, "== "); {
		case text == "":
		case isTitle:
			sections = append(sections, section{title: title})
		case len(sections) == 0:
			preamble = append(preamble, line)
		default:
			last := &sections[len(sections)-1]
			last.lines = append(last.lines, line)
		}
	}
	return preamble, sections
}

// run takes in the preamble and the section, asks what there is to ask, and answers how many questions there were.
func (s section) run(t *testing.T, preamble []numbered) (cases int) {
	w := newWorld()
	for _, line := range append(preamble[:len(preamble):len(preamble)], s.lines...) {
		question, want, isQuestion := strings.Cut(line.text, " -> ")
		if !isQuestion {
			if err := w.state(line.text); err != nil {
				t.Fatalf("line %d: %v", line.number, err)
			}
			continue
		}
		cases++
		got := w.ask(question)
		if !strings.Contains(want, " | ") { // what is recorded of a refusal is compared where the file names it
			got, _, _ = strings.Cut(got, " | ")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("line %d: %s (-want +got):\n%s", line.number, question, diff)
		}
	}
	return cases
}
