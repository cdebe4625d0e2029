//go:build unix

package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"strongroom/pkg/client/config"
)

// Who commits to a repository wants a user's requests, and pins of their own.
func TestRepositorysURLHasToBeAccepted(t *testing.T) {
	const wants = "[profiles.default]\nurl = 'https://elsewhere.EXAMPLE:443/'\n"
	accepting := map[string]struct {
		user, pins string
		env        map[string]string
		accepted   bool
	}{
		"by nobody":                        {"", "", nil, false},
		"by another URL's pins":            {"", table + organization, nil, false},
		"by a URL like it":                 {"", "[pins.'" + there + "/x']\n[pins.'" + there + ".example']\n[pins.'" + there + ":8443']", nil, false},
		"by a profile of the user's":       {"[profiles.other]\nurl = '" + there + "'", "", nil, true},
		"by pins in config.toml":           {"[pins.'" + there + "']", "", nil, true},
		"by pins in pins.toml":             {"", "[pins.'" + there + "']\n" + organization, nil, true},
		"by a project's pin alone":         {"", strings.ReplaceAll(demoPin, here, there), nil, true},
		"by the same in the environment":   {"", "", env("STRONGROOM_URL", there), true},
		"by pins of the environment alone": {"", "", env("STRONGROOM_ORGANIZATION", organization1.String()), false},
	}
	for name, test := range accepting {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).with(test.env)
			w.user(t, test.user)
			w.pins(t, test.pins)
			path := w.committed(t, wants+"[pins.'"+there+"']\n")
			c := w.load(t)
			url, err := c.URL()
			if test.accepted {
				if url != there || err != nil {
					t.Errorf("got %q, %v", url, err)
				}
				return
			}
			_, pins := c.Pins()
			_, pin := c.Pin(config.Pins{Organization: organization1})
			for _, err := range []error{err, pins, pin, c.Check(config.Pins{}, "x"), c.Unpin("demo")} {
				var refused *config.UnacceptedError
				if !errors.As(err, &refused) || refused.URL != there || refused.Origin != path+":2" || url != "" ||
					!strings.Contains(err.Error(), "`strongroom pin --accept "+there+"`") {
					t.Errorf("got %q, %v", url, err)
				}
			}
		})
	}
}

func TestAccept(t *testing.T) {
	w := newWorld(t)
	w.committed(t, "[profiles.default]\nurl = '"+there+"'\n")
	c := w.load(t)
	for _, url := range []string{"elsewhere.example", "https://me:marked@elsewhere.example"} {
		if err := c.Accept(url); err == nil || strings.Contains(err.Error(), "marked") {
			t.Errorf("got %v", err)
		}
	}
	for _, url := range []string{here, there + "/", "HTTPS://elsewhere.example:443"} {
		if err := c.Accept(url); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []*config.Config{c, w.load(t)} {
		if url, err := c.URL(); url != there || err != nil {
			t.Errorf("got %q, %v", url, err)
		}
	}
	if got := read(t, w.dir, "pins.toml"); strings.Count(got, "[pins.") != 2 {
		t.Errorf("got\n%s", got)
	}
}

// What a repository must not do, and how it is told that it can't.
func TestHostileRepositories(t *testing.T) {
	for name, test := range map[string]struct{ content, says string }{
		"chooses the profile":              {"profile = 'admin'\n", `:1: unknown key "profile"`},
		"writes escapes to the terminal":   {"\"\\u001b[2Jx\" = 1", `:1: unknown key "\x1b[2Jx"`},
		"has a project of an odd name":     {"[profiles.default]\nproject = \"\\u202edemo\"", "U+202E"},
		"has a URL for another parser":     {"[profiles.default]\nurl = 'https://" + "strongroom.example\\@elsewhere.example'", ":2: url must"},
		"has the user's URL with a user":   {"[profiles.default]\nurl = 'https://strongroom.example@elsewhere.example'", ":2: url must"},
		"is longer than any should be":     {strings.Repeat("#", 2<<20), "longer than"},
		"defines a table again, otherwise": {table + organization + table + organizationB, ":3: not TOML"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			path := w.committed(t, test.content)
			_, err := config.Load(w.source())
			if err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), test.says) || strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The file must be a file: a link could show one of the user's own in an error, a pipe could wait for ever.
func TestRepositorysFileIsAFile(t *testing.T) {
	makers := map[string]func(path string) error{
		"a link":         func(path string) error { return os.Symlink(filepath.Join(filepath.Dir(path), "target"), path) },
		"a broken link":  func(path string) error { return os.Symlink("/nowhere/to/be/found", path) },
		"a pipe":         func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a folder":       func(path string) error { return os.Mkdir(path, 0o700) },
		"a link to zero": func(path string) error { return os.Symlink("/dev/zero", path) },
	}
	for name, make := range makers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			write(t, "[profiles.default]\nproject = 'x'", w.repository, "target")
			path := filepath.Join(w.repository, ".strongroom.toml")
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			if _, err := config.Load(w.source()); err == nil || !strings.HasPrefix(err.Error(), path+" is ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A repository has names of folders, too.
func TestNamesOfFoldersAreShownSafely(t *testing.T) {
	w := newWorld(t)
	w.repository = filepath.Join(w.home, "src", "\x1b[2Jevil\n")
	if err := os.MkdirAll(filepath.Join(w.repository, "deep", "er"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.committed(t, "x = 1")
	if _, err := config.Load(w.source()); err == nil || strings.ContainsAny(err.Error(), "\x1b\n") {
		t.Errorf("got %q", err)
	}
}

func TestPermissions(t *testing.T) {
	type files struct{ user, pins, committed os.FileMode }
	tests := map[string]struct {
		files
		dir, repository os.FileMode
		refused         string // the beginning of the name of what is refused
	}{
		"as written":                         {files{0o644, 0o600, 0o644}, 0o700, 0o755, ""},
		"a group of one's own":               {files{0o664, 0o600, 0o664}, 0o775, 0o775, ""},
		"pins for all to read":               {files{0o644, 0o644, 0o644}, 0o755, 0o755, ""},
		"a file for all to write":            {files{0o646, 0o600, 0o644}, 0o700, 0o755, "config.toml"},
		"pins for a group to write":          {files{0o644, 0o660, 0o644}, 0o700, 0o755, "pins.toml"},
		"pins for all to write":              {files{0o644, 0o602, 0o644}, 0o700, 0o755, "pins.toml"},
		"a committed file for all to write":  {files{0o644, 0o600, 0o666}, 0o700, 0o755, ".strongroom.toml"},
		"the user's folder for all to write": {files{0o644, 0o600, 0o644}, 0o777, 0o755, "strongroom"},
		"a repository for all to write":      {files{0o644, 0o600, 0o644}, 0o700, 0o777, "app"},
		"a folder as /tmp":                   {files{0o644, 0o600, 0o644}, 0o700, 0o777 | os.ModeSticky, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).atURL(here)
			for path, mode := range map[string]os.FileMode{
				w.user(t, table): test.user, w.pins(t, table): test.pins, w.committed(t, table): test.committed,
				w.dir: test.dir, w.repository: test.repository,
			} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			_, err := config.Load(w.source())
			if test.refused == "" && err != nil || test.refused != "" && (err == nil || !strings.Contains(err.Error(), "/"+test.refused+" can be written by others")) {
				t.Errorf("got %v", err)
			}
			if (test.refused == "app" || test.refused == ".strongroom.toml") != (err != nil && strings.Contains(err.Error(), "STRONGROOM_REPOSITORY")) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A file of another user's is refused where it stands, and taken where the user names it.
func TestOwners(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away; TestStrangeOwner needs no root")
	}
	give := func(t *testing.T, name string) string {
		if err := os.Chown(name, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		return name
	}
	tests := map[string]func(*testing.T, *world) string{
		"a committed file": func(t *testing.T, w *world) string { return give(t, w.committed(t, "")) },
		"a repository":     func(t *testing.T, w *world) string { w.committed(t, ""); return give(t, w.repository) },
		"config.toml":      func(t *testing.T, w *world) string { return give(t, w.user(t, "")) },
		"pins.toml":        func(t *testing.T, w *world) string { return give(t, w.pins(t, "")) },
		"the folder":       func(t *testing.T, w *world) string { w.pins(t, ""); return give(t, w.dir) },
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			path := prepare(t, w)
			if _, err := config.Load(w.source()); err == nil || !strings.HasPrefix(err.Error(), path+" belongs to another user (uid 12345)") {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("a file that the user names", func(t *testing.T) {
		w := newWorld(t)
		path := give(t, w.committed(t, "[profiles.default]\nproject = 'found'"))
		if c := w.with(env("STRONGROOM_REPOSITORY", path)).load(t); c.Project != "found" || c.Repository != path {
			t.Errorf("got %q of %q", c.Project, c.Repository)
		}
	})
}
