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
	proves := func(t *testing.T, dir string, s settings) {
		t.Helper()
		templates, err := filepath.Glob(filepath.Join(dir, s.name("*.template.json")))
		if err != nil || len(templates) != 3 { // which name those nested in them
			t.Fatalf("%d templates, want those of 3 stacks: %v", len(templates), err)
		}
		out, err := exec.CommandContext(t.Context(), program, append([]string{"prove"}, templates...)...).CombinedOutput()
		const wanted = 10
		if got := strings.Count(string(out), "\nproven: "); err != nil || got != wanted {
			t.Errorf("%v, %d proven, want %d\n%s", err, got, wanted, out)
		}
	}
	both(t, func(t *testing.T, a *assembly) { proves(t, filepath.Join(scratch, a.settings.Stage), a.settings) })
	t.Run("with workers in a network, and traces", func(t *testing.T) {
		s, dir := settingsOf(t, "dev"), t.TempDir()
		s.Traces, s.Workers.Subnets, s.Workers.SecurityGroups = true, []string{"subnet-0123456789abcdef0"}, []string{"sg-0123456789abcdef0"}
		synthInto(t, s, dir)
		proves(t, dir, s)
	})
}
