package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheTemplatesAreProven has "strongroom prove" look at the templates, which knows nothing of this module and shows what
// they come to from their texts alone: that nobody in the server gets at the client key, first of all.
func TestTheTemplatesAreProven(t *testing.T) {
	program := filepath.Join(t.TempDir(), "strongroom")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./pkg/cmd/strongroom")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	both(t, func(t *testing.T, a *assembly) {
		templates, err := filepath.Glob(filepath.Join(scratch, a.settings.Stage, a.settings.name("*.template.json")))
		if err != nil || len(templates) != 2 { // which name those nested in them
			t.Fatalf("%d templates, want those of 2 stacks: %v", len(templates), err)
		}
		out, err := exec.CommandContext(t.Context(), program, append([]string{"prove"}, templates...)...).CombinedOutput()
		const wanted = 7
		if got := strings.Count(string(out), "\nproven: "); err != nil || got != wanted {
			t.Errorf("%v, %d proven, want %d\n%s", err, got, wanted, out)
		}
	})
}
