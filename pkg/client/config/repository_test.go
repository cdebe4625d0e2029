package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/api"
	"strongroom/pkg/client/config"
)

const markerLine = "# From here on `strongroom pin` writes; what you add below is lost when it does.\n"

func TestWriteRepository(t *testing.T) {
	const ours = markerLine + `
[pins."https://strongroom.example/prod"]
organization = "0190a1b2-0000-7000-8000-000000000001"

[pins."https://strongroom.example/prod".projects."demo"]
id = "0190a1b2-0000-7000-8000-000000000011"
encryption = "client"
`
	const theirs = "# ours, with é\n[profiles.default]\nproject='demo'   # as we like it"
	elsewhere := "\n[pins.\"" + there + "\"]\norganization = \"" + organization2.String() + "\"\n"
	tests := map[string]struct{ before, want string }{
		"no file":                         {"", ours},
		"a file of people's":              {theirs + "\n\n", theirs + "\n\n" + ours},
		"one without a line end":          {theirs, theirs + "\n\n" + ours},
		"one of lines as in Windows":      {strings.ReplaceAll(theirs, "\n", "\r\n") + "\r\n", strings.ReplaceAll(theirs, "\n", "\r\n") + "\r\n\n" + ours},
		"one with an empty table":         {"[pins]\n", "[pins]\n\n" + ours},
		"what it wrote before":            {theirs + "\n\n" + ours, theirs + "\n\n" + ours},
		"other pins that it wrote before": {theirs + "\n\n" + strings.ReplaceAll(ours, "demo", "gone"), theirs + "\n\n" + ours},
		"pins of another Strongroom":      {theirs + "\n\n" + markerLine + elsewhere, theirs + "\n\n" + markerLine + elsewhere + strings.TrimPrefix(ours, markerLine)},
		"people's of another Strongroom":  {"# x\n" + elsewhere + "\n", "# x\n" + elsewhere + "\n" + ours},
		"the marker with spaces before":   {"  " + markerLine + "\n", "  " + markerLine + "\n" + ours},
		"comments below the marker":       {ours + "# lost\n", ours},
	}
	pins := projects("demo", demo)
	pins.Organization = organization1
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			path := filepath.Join(w.repository, ".strongroom.toml")
			if test.before != "" {
				w.committed(t, test.before)
			}
			for range 2 { // the second time changes nothing
				if err := config.WriteRepository(path, here+"/", pins); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(test.want, read(t, path)); d != "" {
					t.Error(d)
				}
			}
			if d := cmp.Diff(pins, pinsOf(t, w.atURL(here).load(t))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWriteRepositoryKeepsTheMode(t *testing.T) {
	for before, want := range map[os.FileMode]os.FileMode{0: 0o644, 0o600: 0o600, 0o664: 0o664} {
		path := filepath.Join(t.TempDir(), ".strongroom.toml")
		if before != 0 {
			if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, before)); err != nil {
				t.Fatal(err)
			}
		}
		if err := config.WriteRepository(path, here, projects("demo", demo)); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%#o became %v, %v", before, info.Mode(), err)
		}
	}
}

func TestWriteRepositoryRefuses(t *testing.T) {
	server := projects("demo", config.ProjectPin{ID: demoID, Encryption: api.EncryptionServer})
	tests := map[string]struct {
		before, url string
		pins        config.Pins
		says        string
	}{
		"no URL":                             {"", "strongroom.example", server, "the URL must"},
		"pins that can't be":                 {"", here, config.Pins{ClientKey: "alias/x"}, "the client key must"},
		"a file that is not right":           {"\nx = 1\n", here, server, ":2: unknown key"},
		"a part of its own that isn't right": {"\n" + markerLine + "x = 1\n", here, server, ":3: unknown key"},
		"pins that people wrote otherwise":   {demoPin, here, server, `the encryption of the project "demo" is client (`},
		"pins that people wrote":             {"# x\n" + table, here, server, ":2: pins of " + here + " stand above"},
		"a profile below the marker":         {markerLine + "[profiles.default]\n", here, server, "profiles stand below"},
		"pins that are a line's table":       {"pins = {}\n", here, server, "the pins can't be added to what stands there"},
		"a marker within a text":             {"[profiles.default]\nproject = '''\n" + markerLine + "x'''\n", here, server, "project must"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := write(t, test.before, t.TempDir(), ".strongroom.toml")
			err := config.WriteRepository(path, test.url, test.pins)
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
			if read(t, path) != test.before {
				t.Error("the file was changed")
			}
		})
	}
	t.Run("a link", func(t *testing.T) {
		target, path := write(t, "", t.TempDir(), "target"), filepath.Join(t.TempDir(), ".strongroom.toml")
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		if err := config.WriteRepository(path, here, server); err == nil || read(t, target) != "" {
			t.Errorf("got %v", err)
		}
	})
}
