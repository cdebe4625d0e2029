package config_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/client/config"
)

// TestFilesAreTheOnesLookedAt, whether they are there or not.
func TestFilesAreTheOnesLookedAt(t *testing.T) {
	w := newWorld(t)
	check := func(want ...config.File) {
		t.Helper()
		c, err := config.Load(config.Source{Getenv: func(name string) string { return w.env[name] }, Dir: w.repository})
		if err != nil {
			t.Fatal(err)
		}
		files, err := c.Files()
		if diff := cmp.Diff(want, files, cmp.Transformer("empty", func(f []config.File) []config.File { return append([]config.File{}, f...) })); diff != "" || err != nil {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	}
	user, pins := filepath.Join(w.dir, "config.toml"), filepath.Join(w.dir, "pins.toml")
	check(config.File{Path: user}, config.File{Path: pins})
	write(t, "", user)
	repository := write(t, "", w.repository, config.RepositoryFile)
	check(config.File{Path: user, There: true}, config.File{Path: pins}, config.File{Path: repository, There: true})
	w.env["STRONGROOM_REPOSITORY"] = "none"
	check(config.File{Path: user, There: true}, config.File{Path: pins})
	w.env = map[string]string{}
	check(config.File{Path: repository, There: true})
}
