package config_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client/config"
)

const (
	here  = "https://strongroom.example/prod"
	there = "https://elsewhere.example"
	key1  = "arn:aws:kms:eu-central-1:111122223333:key/0190a1b2-0000-4000-8000-000000000001"
	key2  = "arn:aws:kms:eu-central-1:111122223333:key/0190a1b2-0000-4000-8000-000000000002"
)

var (
	organization1 = uuid.MustParse("0190a1b2-0000-7000-8000-000000000001")
	organization2 = uuid.MustParse("0190a1b2-0000-7000-8000-000000000002")
	demoID        = uuid.MustParse("0190a1b2-0000-7000-8000-000000000011")
	otherID       = uuid.MustParse("0190a1b2-0000-7000-8000-000000000012")
	demo          = config.ProjectPin{ID: demoID, Encryption: api.EncryptionClient}
)

// A world is a user's folder, a repository, and an environment.
type world struct {
	home, dir, repository string
	env                   map[string]string
}

// newWorld has a home, the user's folder where nothing says otherwise, and a repository beneath the home.
func newWorld(t *testing.T) *world {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		home:       home,
		dir:        filepath.Join(home, ".config", "strongroom"),
		repository: filepath.Join(home, "src", "app"),
		env:        map[string]string{"HOME": home},
	}
	for _, folder := range []string{w.dir, filepath.Join(w.repository, ".git"), filepath.Join(w.repository, "deep", "er")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func write(t *testing.T, content string, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// user, pins and committed write the three files.
func (w *world) user(t *testing.T, content string) string {
	t.Helper()
	return write(t, content, w.dir, "config.toml")
}

func (w *world) pins(t *testing.T, content string) string {
	t.Helper()
	return write(t, content, w.dir, "pins.toml")
}

func (w *world) committed(t *testing.T, content string) string {
	t.Helper()
	return write(t, content, w.repository, ".strongroom.toml")
}

func (w *world) with(env map[string]string) *world {
	changed := *w
	changed.env = maps.Clone(w.env)
	maps.Copy(changed.env, env)
	return &changed
}

func (w *world) source() config.Source {
	return config.Source{Getenv: func(name string) string { return w.env[name] }, Dir: filepath.Join(w.repository, "deep", "er")}
}

func (w *world) load(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Load(w.source())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// atURL is the configuration of somebody who uses a Strongroom.
func (w *world) atURL(url string) *world { return w.with(map[string]string{"STRONGROOM_URL": url}) }

func pinsOf(t *testing.T, c *config.Config) config.Pins {
	t.Helper()
	p, err := c.Pins()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func projects(pairs ...any) config.Pins {
	p := config.Pins{Projects: map[string]config.ProjectPin{}}
	for i := 0; i < len(pairs); i += 2 {
		p.Projects[pairs[i].(string)] = pairs[i+1].(config.ProjectPin)
	}
	return p
}
