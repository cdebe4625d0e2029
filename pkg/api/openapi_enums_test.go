package api_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
)

func TestEnumsAreTheConstants(t *testing.T) {
	doc := document(t)
	here, there := declaredIn(t, "."), declaredIn(t, "../access")
	want := map[string][]string{
		"Encryption":      here.constants["Encryption"],
		"Stage":           here.constants["Stage"],
		"Code":            here.constants["Code"],
		"Kind":            there.constants["Kind"],
		"Role":            there.constants["Role"],
		"SealKind":        here.constants["SealKind"],
		"Reach":           here.constants["Reach"],
		"Resource":        there.constants["Resource"],
		"Cause":           there.constants["Cause"],
		"RotateOnLeave":   here.constants["RotateOnLeave"],
		"RotationState":   here.constants["RotationState"],
		"RotationStep":    here.constants["RotationStep"],
		"RotationCause":   here.constants["RotationCause"],
		"RotationOutcome": here.constants["RotationOutcome"],
		"Departure":       here.constants["Departure"],
	}
	for p := access.Read; p.Valid(); p++ {
		want["Permission"] = append(want["Permission"], p.String())
	}
	got := map[string][]string{}
	for name, schema := range doc.Components.Schemas {
		for _, value := range schema.Value.Enum {
			got[name] = append(got[name], value.(string))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the constants and the enums (-constants +enums):\n%s", diff)
	}
	if len(want["Code"]) != len(api.Statuses) {
		t.Errorf("%d codes, %d statuses", len(want["Code"]), len(api.Statuses))
	}
}

// declared is what a package declares: its exported structs, and its constants of string types, by type.
type declared struct {
	structs   []string
	constants map[string][]string
}

func declaredIn(t *testing.T, dir string) declared {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	d := declared{constants: map[string][]string{}}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, d.note)
	}
	return d
}

func (d *declared) note(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.TypeSpec:
		if _, ok := n.Type.(*ast.StructType); ok && n.Name.IsExported() {
			d.structs = append(d.structs, n.Name.Name)
		}
	case *ast.ValueSpec:
		name, typed := n.Type.(*ast.Ident)
		if !typed || len(n.Values) != 1 {
			break
		}
		if literal, ok := n.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text := constant.StringVal(constant.MakeFromLiteral(literal.Value, token.STRING, 0))
			d.constants[name.Name] = append(d.constants[name.Name], text)
		}
	}
	return true
}
