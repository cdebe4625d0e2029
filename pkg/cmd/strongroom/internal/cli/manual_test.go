package cli

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commands are all that the program has, with what cobra adds.
func commands(t *testing.T) (root *cobra.Command, all []*cobra.Command) {
	t.Helper()
	root = (&Main{Getenv: func(string) string { return "" }}).root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		all = append(all, c)
		for _, under := range c.Commands() {
			walk(under)
		}
	}
	walk(root)
	if len(all) < 80 {
		t.Fatalf("only %d commands were found", len(all))
	}
	return root, all
}

func TestEveryCommandIsExplained(t *testing.T) {
	_, all := commands(t)
	for _, c := range all {
		if c.Short == "" {
			t.Errorf("%s has no Short", c.CommandPath())
		}
		if c.Long == "" && c.Example == "" {
			t.Errorf("%s has neither Long nor Example", c.CommandPath())
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s has no description", c.CommandPath(), f.Name)
			}
		})
	}
}

func TestEveryCommandHasAManualPage(t *testing.T) {
	root, all := commands(t)
	var want []string
	for _, c := range all {
		if c.IsAvailableCommand() || c == root {
			want = append(want, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
		}
	}
	slices.Sort(want)
	dir := t.TempDir()
	if err := writeMan(root, dir); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manual pages (-want +got):\n%s", diff)
	}
}

// Options are no arguments that a shell could complete from files, and neither are most arguments.
func TestEveryCommandSaysHowItsArgumentsAreCompleted(t *testing.T) {
	_, all := commands(t)
	for _, c := range all {
		ours := c.Name() != "help" && !strings.Contains(c.CommandPath(), " completion")
		if ours && !c.HasSubCommands() && c.ValidArgsFunction == nil {
			t.Errorf("%s has no ValidArgsFunction; completes() offers nothing", c.CommandPath())
		}
	}
}

// maxHelp is how many columns lines of help have at most.
const maxHelp = 120

func TestLinesOfHelpFitATerminal(t *testing.T) {
	_, all := commands(t)
	for _, c := range all {
		for line := range strings.Lines(c.Long) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > maxHelp && !strings.HasPrefix(line, indented) {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), n, line)
			}
		}
	}
}

func TestHelpAndManualSayTheSame(t *testing.T) {
	root, _ := commands(t)
	for _, table := range []string{statusTable(), variableTable()} {
		if !strings.Contains(root.Long+"\n", table) {
			t.Errorf("the help lacks\n%s", table)
		}
	}
	comment := packageComment(t)
	width := 0
	for _, c := range root.Commands() {
		width = max(width, len(c.Name()))
	}
	var names strings.Builder
	for _, c := range root.Commands() {
		if c.Name() != "help" && c.Name() != "completion" {
			fmt.Fprintf(&names, "\tstrongroom %-*s  %s\n", width, c.Name(), c.Short)
		}
	}
	for what, want := range map[string]string{
		"commands": names.String(), "statuses": tabbed(statusTable()), "variables": tabbed(variableTable()),
	} {
		if !strings.Contains(comment, "\n\n"+want) {
			t.Errorf("the package comment must say of %s:\n%s", what, regexp.MustCompile(`(?m)^`).ReplaceAllString(strings.TrimSuffix(want, "\n"), "//"))
		}
	}
}

// tabbed is a table of the help as a comment has it.
func tabbed(table string) string {
	return regexp.MustCompile(`(?m)^`+indented).ReplaceAllString(table, "\t")
}

func packageComment(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "cli.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file.Doc.Text() + "\n"
}

// everybodys are variables that no program explains.
var everybodys = []string{"HOME", "USERPROFILE", "TERM", "PATH", "GOGC"}

// What is read of the environment is found where functions called Getenv or getenv are called with a text, and in texts
// that are names of this program's variables.
func TestEveryVariableIsExplained(t *testing.T) {
	read := map[string]bool{}
	for _, dir := range []string{".", "../local", "../../../../client/config"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if !strings.HasSuffix(name, "_test.go") && filepath.Base(name) != "manual.go" {
				maps.Copy(read, variablesIn(t, name))
			}
		}
	}
	var explained []string
	for _, v := range variables {
		explained = append(explained, v.name)
		if !read[v.name] {
			t.Errorf("%s is explained, but nothing reads it", v.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(read)) {
		if !slices.Contains(explained, name) && !slices.Contains(everybodys, name) && !strings.HasPrefix(name, "AWS_") {
			t.Errorf("%s is read, but not explained", name)
		}
	}
}

var ourVariable = regexp.MustCompile(`^STRONGROOM_[A-Z_]+$`)

func variablesIn(t *testing.T, name string) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && (ourVariable.MatchString(text) || strings.HasPrefix(text, "AWS_")) {
				found[text] = true
			}
		case *ast.CallExpr:
			if len(n.Args) == 1 && strings.EqualFold(called(n.Fun), "getenv") {
				if literal, ok := n.Args[0].(*ast.BasicLit); ok {
					text, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatal(err)
					}
					found[text] = true
				}
			}
		}
		return true
	})
	return found
}

// called is the name of a function that is called, without what it belongs to.
func called(f ast.Expr) string {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
