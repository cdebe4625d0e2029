package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client/config"
)

func TestPinWritesOnFirstUse(t *testing.T) {
	w := newWorld(t).atURL(here)
	if err := os.RemoveAll(w.dir); err != nil {
		t.Fatal(err)
	}
	c := w.load(t)
	first := projects("demo", demo, `q"u\o.t é`, config.ProjectPin{ID: otherID, Encryption: api.EncryptionServer})
	first.Organization = organization1
	written, err := c.Pin(first)
	if d := cmp.Diff(first, written); d != "" || err != nil {
		t.Fatal(d, err)
	}
	second := first
	second.ClientKey = key1
	written, err = c.Pin(second)
	if d := cmp.Diff(config.Pins{ClientKey: key1}, written); d != "" || err != nil {
		t.Errorf("only what is new is answered: %s, %v", d, err)
	}
	for _, c := range []*config.Config{c, w.load(t)} {
		if d := cmp.Diff(second, pinsOf(t, c)); d != "" {
			t.Error(d)
		}
	}
	const want = `
[pins."https://strongroom.example/prod"]
organization = "0190a1b2-0000-7000-8000-000000000001"
client_key = "arn:aws:kms:eu-central-1:111122223333:key/0190a1b2-0000-4000-8000-000000000001"

[pins."https://strongroom.example/prod".projects."demo"]
id = "0190a1b2-0000-7000-8000-000000000011"
encryption = "client"

[pins."https://strongroom.example/prod".projects."q\"u\\o.t é"]
id = "0190a1b2-0000-7000-8000-000000000012"
encryption = "server"
`
	got := read(t, w.dir, "pins.toml")
	if !strings.HasPrefix(got, "# What this user's Strongroom clients take") || !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s", got)
	}
	for path, mode := range map[string]fs.FileMode{w.dir: 0o700, filepath.Join(w.dir, "pins.toml"): 0o600, filepath.Join(w.dir, "pins.toml.lock"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(w.dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPinChangesNothing(t *testing.T) {
	whole := config.Pins{Organization: organization1, ClientKey: key1, Projects: projects("demo", demo).Projects}
	tests := map[string]struct {
		before string
		env    map[string]string
		user   string
		add    config.Pins
		fails  bool
	}{
		"what is there already":             {table + organization + "client_key = '" + key1 + "'\n" + demoPin, nil, "", whole, false},
		"what config.toml says":             {"# mine\n", nil, table + organization + "client_key = '" + key1 + "'\n" + demoPin, whole, false},
		"what the environment says":         {demoPin, env("STRONGROOM_ORGANIZATION", organization1.String(), "STRONGROOM_CLIENT_KEY", key1), "", whole, false},
		"nothing":                           {"# mine\n", nil, "", config.Pins{}, false},
		"another organization":              {table + organizationB, nil, "", whole, true},
		"another one than config.toml's":    {"", nil, table + organizationB, whole, true},
		"another one than the environment":  {"", env("STRONGROOM_ORGANIZATION", organization2.String()), "", whole, true},
		"a second name":                     {demoPin, nil, "", projects("renamed", demo), true},
		"two names at once":                 {"", nil, "", projects("a", demo, "b", demo), true},
		"something new and something wrong": {table + organizationB, nil, "", whole, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).atURL(here).with(test.env)
			w.pins(t, test.before)
			w.user(t, test.user)
			written, err := w.load(t).Pin(test.add)
			var differs *config.ContradictionError
			if errors.As(err, &differs) != test.fails || (err != nil) != test.fails {
				t.Errorf("got %v", err)
			}
			if d := cmp.Diff(config.Pins{}, written); d != "" || read(t, w.dir, "pins.toml") != test.before {
				t.Errorf("written: %s\n%s", d, read(t, w.dir, "pins.toml"))
			}
		})
	}
}

// Another process may have pinned something since the configuration was read.
func TestPinReadsAgain(t *testing.T) {
	w := newWorld(t).atURL(here)
	mine, theirs := w.load(t), w.load(t)
	if _, err := theirs.Pin(config.Pins{Organization: organization1}); err != nil {
		t.Fatal(err)
	}
	before := read(t, w.dir, "pins.toml")
	_, err := mine.Pin(config.Pins{Organization: organization2, ClientKey: key1})
	checkContradiction(t, err, "the organization's id", map[string]string{
		organization1.String(): filepath.Join(w.dir, "pins.toml:5"), organization2.String(): "to be pinned now",
	})
	if read(t, w.dir, "pins.toml") != before {
		t.Error("the file was changed")
	}
	if _, err := mine.Pin(projects("demo", demo)); err != nil {
		t.Error(err)
	}
	want := config.Pins{Organization: organization1, Projects: projects("demo", demo).Projects}
	if d := cmp.Diff(want, pinsOf(t, mine)); d != "" {
		t.Error(d)
	}
}

// Processes are stood for by configurations that were read apart: all that they share is the files.
func TestPinAtTheSameTime(t *testing.T) {
	const processes, goroutines, each = 4, 4, 5
	w := newWorld(t).atURL(here)
	var wait sync.WaitGroup
	for p := range processes {
		c := w.load(t)
		for g := range goroutines {
			wait.Go(func() {
				for i := range each {
					add := projects(fmt.Sprint("project-", p, "-", g, "-", i), config.ProjectPin{ID: uuid.New(), Encryption: api.EncryptionClient}, "demo", demo)
					add.Organization = organization1
					if _, err := c.Pin(add); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wait.Wait()
	if got := pinsOf(t, w.load(t)); len(got.Projects) != processes*goroutines*each+1 || got.Organization != organization1 {
		t.Errorf("got %d projects", len(got.Projects))
	}
}

// Of two first answers that differ, one is pinned and the other is found out.
func TestPinDifferentlyAtTheSameTime(t *testing.T) {
	w := newWorld(t).atURL(here)
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		c := w.load(t)
		wait.Go(func() { _, errs[i] = c.Pin(config.Pins{Organization: uuid.New()}) })
	}
	wait.Wait()
	won := 0
	for _, err := range errs {
		var differs *config.ContradictionError
		switch {
		case err == nil:
			won++
		case !errors.As(err, &differs):
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d were pinned", won)
	}
}

func TestPinWithoutFolder(t *testing.T) {
	getenv := func(name string) string {
		return env("STRONGROOM_URL", here, "STRONGROOM_ORGANIZATION", organization1.String())[name]
	}
	c, err := config.Load(config.Source{Getenv: getenv})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pin(config.Pins{Organization: organization1}); err != nil {
		t.Errorf("what the environment says needs no folder: %v", err)
	}
	for _, err := range []error{c.Accept(there), func() error { _, err := c.Pin(projects("demo", demo)); return err }()} {
		if !errors.Is(err, config.ErrNoFolder) {
			t.Errorf("got %v", err)
		}
	}
}

// What the repository says is believed once, and held to from then on.
func TestPinCopiesTheRepositorys(t *testing.T) {
	w := newWorld(t).atURL(here)
	w.committed(t, demoPin)
	if written, err := w.load(t).Pin(projects("demo", demo)); err != nil || len(written.Projects) != 1 {
		t.Fatal(written, err)
	}
	w.committed(t, strings.ReplaceAll(demoPin, "client", "server"))
	_, err := w.load(t).Pins()
	checkContradiction(t, err, `the encryption of the project "demo"`, nil)
}

// Where it can't be copied, the repository's word is enough; what nothing says isn't passed over.
func TestPinCantCopyTheRepositorys(t *testing.T) {
	w := newWorld(t).atURL(here).with(env("HOME", ""))
	w.committed(t, demoPin)
	c := w.load(t)
	if written, err := c.Pin(projects("demo", demo)); err != nil || len(written.Projects) != 0 {
		t.Errorf("got %v, %v", written, err)
	}
	if _, err := c.Pin(projects("new", config.ProjectPin{ID: otherID, Encryption: api.EncryptionClient})); !errors.Is(err, config.ErrNoFolder) {
		t.Errorf("got %v", err)
	}
}

func TestRepinAndUnpin(t *testing.T) {
	w := newWorld(t).atURL(here)
	c := w.load(t)
	if _, err := c.Pin(projects("demo", demo, "other", config.ProjectPin{ID: otherID, Encryption: api.EncryptionServer})); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{c.Repin("demo", "other"), c.Repin("unknown", "x"), c.Unpin("unknown"), c.Repin("demo", ""), c.Repin("demo", "a\nb")} {
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v", err)
		}
	}
	if err := errors.Join(c.Repin("demo", "renamed"), c.Unpin("other")); err != nil {
		t.Error(err)
	}
	for _, c := range []*config.Config{c, w.load(t)} {
		if d := cmp.Diff(projects("renamed", demo), pinsOf(t, c)); d != "" {
			t.Error(d)
		}
	}
}

// A contradiction is mended by the user's own commands, and what another file still says is pointed at.
func TestRepinAndUnpinBesideARepository(t *testing.T) {
	w := newWorld(t).atURL(here)
	w.pins(t, demoPin)
	path := w.committed(t, strings.ReplaceAll(demoPin, "demo", "renamed"))
	c := w.load(t)
	if _, err := c.Pins(); err == nil {
		t.Fatal("no contradiction")
	}
	if err := c.Repin("demo", "renamed"); err != nil {
		t.Error(err)
	}
	checkContradiction(t, c.Repin("renamed", "again"), "the name of the project "+demoID.String(), nil)
	if err := c.Unpin("again"); err != nil {
		t.Error(err)
	}
	w.pins(t, strings.ReplaceAll(demoPin, "demo", "renamed"))
	if err := w.load(t).Unpin("renamed"); err == nil || !strings.Contains(err.Error(), path+":1") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(read(t, w.dir, "pins.toml"), "renamed") {
		t.Error("still pinned")
	}
}

func TestALinkStaysOne(t *testing.T) {
	w := newWorld(t).atURL(here)
	target := write(t, "", w.home, "elsewhere.toml")
	if err := os.Symlink(target, filepath.Join(w.dir, "pins.toml")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.load(t).Pin(projects("demo", demo)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(filepath.Join(w.dir, "pins.toml"))
	if err != nil || info.Mode()&fs.ModeSymlink == 0 || !strings.Contains(read(t, target), "demo") {
		t.Errorf("got %v, %v", info, err)
	}
}
