package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/api"
	"strongroom/pkg/client/config"
)

// A Memory is held to what a Config is held to.
func TestMemory(t *testing.T) {
	var m config.Memory
	first := projects("demo", demo)
	first.Organization = organization1
	if fresh, err := m.Pin(first); err != nil || cmp.Diff(first, fresh) != "" {
		t.Fatalf("got %v, %v", fresh, err)
	}
	second := first
	second.ClientKey = key1
	if fresh, err := m.Pin(second); err != nil || cmp.Diff(config.Pins{ClientKey: key1}, fresh) != "" {
		t.Errorf("got %v, %v", fresh, err)
	}
	if got, err := m.Pins(); err != nil || cmp.Diff(second, got) != "" {
		t.Errorf("got %v, %v", got, err)
	}
	renamed := projects("renamed", demo)
	_, pinned := m.Pin(renamed)
	for _, err := range []error{m.Check(renamed, "the server"), pinned} {
		checkContradiction(t, err, "the name of the project "+demoID.String(), nil)
	}
	if err := m.Check(projects("\x1b[2J", demo), "the server"); err == nil || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("got %v", err)
	}
	unknown := projects("new", config.ProjectPin{ID: otherID, Encryption: api.EncryptionServer})
	if err := m.Check(unknown, "the server"); err != nil {
		t.Error(err)
	}
	strict := config.Memory{Known: second, Strict: true}
	var unpinned *config.UnpinnedError
	if err := strict.Check(unknown, "the server"); !errors.As(err, &unpinned) {
		t.Errorf("got %v", err)
	}
}

func TestByEnvironment(t *testing.T) {
	w := newWorld(t).atURL(here)
	w.user(t, "[profiles.default]\nproject = 'demo'")
	c := w.load(t)
	for name, want := range map[string]bool{"url": true, "project": false, "output": false, "nothing": false} {
		if got := c.ByEnvironment(name); got != want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
