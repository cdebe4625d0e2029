package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/client/config"
)

func TestSettingsPrecedence(t *testing.T) {
	const user, repository = "USER", "REPOSITORY" // stand for the files' paths in what is wanted
	tests := map[string]struct {
		user, repository string
		env              map[string]string
		setting          string
		value, origin    string
	}{
		"nobody says the output":          {"", "", nil, "output", "table", "default"},
		"nobody says the project":         {"", "", nil, "project", "", "not set"},
		"the user's file says":            {"[profiles.default]\nproject = 'u'", "", nil, "project", "u", user + ":2"},
		"the repository's file says":      {"", "[profiles.default]\n\nproject = 'r'", nil, "project", "r", repository + ":3"},
		"both files say":                  {"[profiles.default]\nproject = 'u'", "profiles.default.project = 'r'", nil, "project", "r", repository + ":1"},
		"all say":                         {"[profiles.default]\nproject = 'u'", "[profiles.default]\nproject = 'r'", env("STRONGROOM_PROJECT", "e"), "project", "e", "environment STRONGROOM_PROJECT"},
		"an empty variable says nothing":  {"[profiles.default]\nproject = 'u'", "", env("STRONGROOM_PROJECT", ""), "project", "u", user + ":2"},
		"files say different things":      {"[profiles.default]\nproject = 'u'", "[profiles.default]\noutput = 'json'", nil, "project", "u", user + ":2"},
		"the URL in its normal form":      {"[profiles]\ndefault = {url = 'https://A.example:443/x/'}", "", nil, "url", "https://a.example/x", user + ":2"},
		"the environment's URL":           {"[profiles.default]\nurl = '" + there + "'", "[profiles.default]\nurl = '" + there + "'", env("STRONGROOM_URL", here+"/"), "url", here, "environment STRONGROOM_URL"},
		"the output":                      {"", "", env("STRONGROOM_OUTPUT", "json"), "output", "json", "environment STRONGROOM_OUTPUT"},
		"the region, both variables":      {"", "", env("AWS_REGION", "a-1", "AWS_DEFAULT_REGION", "b-1"), "region", "a-1", "environment AWS_REGION"},
		"the region, the older variable":  {"[profiles.default]\nregion = 'c-1'", "", env("AWS_DEFAULT_REGION", "b-1"), "region", "b-1", "environment AWS_DEFAULT_REGION"},
		"the region, in a file":           {"[profiles.default]\nregion = 'c-1'", "", nil, "region", "c-1", user + ":2"},
		"the AWS profile":                 {"[profiles.default]\naws_profile = 'u'", "[profiles.default]\naws_profile = 'r'", env("AWS_PROFILE", "e"), "aws_profile", "e", "environment AWS_PROFILE"},
		"the AWS profile, in files":       {"[profiles.default]\naws_profile = 'u'", "[profiles.default]\naws_profile = 'r'", nil, "aws_profile", "r", repository + ":2"},
		"credentials in the environment":  {"[profiles.default]\naws_profile = 'u'", "", env("AWS_ACCESS_KEY_ID", "AKIA"), "aws_profile", "", "environment AWS_ACCESS_KEY_ID"},
		"a profile beside credentials":    {"", "", env("AWS_ACCESS_KEY_ID", "AKIA", "AWS_PROFILE", "e"), "aws_profile", "e", "environment AWS_PROFILE"},
		"a profile chosen by nobody":      {"", "", nil, "profile", "default", "default"},
		"a profile chosen by the user":    {"profile = 'work'\n[profiles.work]", "", nil, "profile", "work", user + ":1"},
		"a profile chosen otherwise":      {"profile = 'work'\n[profiles.work]\n[profiles.home]", "", env("STRONGROOM_PROFILE", "home"), "profile", "home", "environment STRONGROOM_PROFILE"},
		"a chosen profile's setting":      {"profile = 'work'\n[profiles.work]\nproject = 'w'\n[profiles.default]\nproject = 'd'", "", nil, "project", "w", user + ":3"},
		"a profile in the repository":     {"profile = 'work'", "[profiles.work]\nproject = 'r'", nil, "project", "r", repository + ":2"},
		"another profile's setting":       {"profile = 'work'\n[profiles.work]", "[profiles.default]\nproject = 'r'", nil, "project", "", "not set"},
		"strict, by nobody":               {"", "", nil, "strict", "false", "default"},
		"strict, off by the environment":  {"", "", env("STRONGROOM_STRICT", "0"), "strict", "false", "environment STRONGROOM_STRICT"},
		"strict, on by the environment":   {"[profiles.default]\nstrict = false", "[profiles.default]\nstrict = false", env("STRONGROOM_STRICT", "true"), "strict", "true", "environment STRONGROOM_STRICT"},
		"strict, on by the user alone":    {"[profiles.default]\nstrict = true", "[profiles.default]\nstrict = false", env("STRONGROOM_STRICT", "0"), "strict", "true", user + ":2"},
		"strict, on by a repository only": {"[profiles.default]\nstrict = false", "[profiles.default]\nstrict = true", env("STRONGROOM_STRICT", "false"), "strict", "true", repository + ":2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).with(test.env)
			paths := strings.NewReplacer(user, w.user(t, test.user), repository, w.committed(t, test.repository))
			want := config.Setting{Name: test.setting, Value: test.value, Origin: paths.Replace(test.origin)}
			all := w.load(t).Settings()
			i := slices.IndexFunc(all, func(s config.Setting) bool { return s.Name == test.setting })
			if i < 0 || all[i] != want {
				t.Errorf("got %v, want %v", all, want)
			}
		})
	}
}

func env(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func TestFieldsAreTheSettings(t *testing.T) {
	w := newWorld(t)
	w.user(t, `profile = "work"
[profiles.work]
url = "`+here+`"
region = "eu-central-1"
aws_profile = "me"
project = "demo"
output = "json"
strict = true`)
	c := w.load(t)
	url, err := c.URL()
	got := []any{url, err, c.Profile, c.Region, c.AWSProfile, c.Project, c.Output, c.Strict, c.Dir, c.StateDir, c.Repository}
	want := []any{here, error(nil), "work", "eu-central-1", "me", "demo", config.OutputJSON, true,
		w.dir, filepath.Join(w.home, ".local/state/strongroom"), ""}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var names []string
	for _, s := range c.Settings() {
		names = append(names, s.Name)
	}
	if d := cmp.Diff([]string{"profile", "url", "region", "aws_profile", "project", "output", "strict"}, names); d != "" {
		t.Error(d)
	}
}

func TestNoURL(t *testing.T) {
	c, err := config.Load(config.Source{})
	if err != nil {
		t.Fatal(err)
	}
	_, noURL := c.URL()
	_, noPins := c.Pins()
	for _, err := range []error{noURL, noPins, c.Check(config.Pins{}, "x"), c.Repin("a", "b"), c.Unpin("a")} {
		if !errors.Is(err, config.ErrNoURL) {
			t.Errorf("got %v", err)
		}
	}
}

func TestFolders(t *testing.T) {
	tests := map[string]struct {
		env        map[string]string
		dir, state string
	}{
		"ours":                {env("STRONGROOM_CONFIG_DIR", "/c", "XDG_CONFIG_HOME", "/x", "XDG_STATE_HOME", "/s", "HOME", "/h"), "/c", "/c/state"},
		"the user's":          {env("XDG_CONFIG_HOME", "/x", "XDG_STATE_HOME", "/s", "HOME", "/h"), "/x/strongroom", "/s/strongroom"},
		"the home's":          {env("HOME", "/h"), "/h/.config/strongroom", "/h/.local/state/strongroom"},
		"a relative XDG path": {env("XDG_CONFIG_HOME", "x", "XDG_STATE_HOME", "s", "HOME", "/h"), "/h/.config/strongroom", "/h/.local/state/strongroom"},
		"a relative home":     {env("HOME", "h"), "", ""},
		"none":                {nil, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(config.Source{Getenv: func(name string) string { return test.env[name] }})
			if err != nil || c.Dir != test.dir || c.StateDir != test.state {
				t.Errorf("got %q, %q, %v", c.Dir, c.StateDir, err)
			}
		})
	}
}

func TestEnvironmentRefused(t *testing.T) {
	for variable, values := range map[string][]string{
		"STRONGROOM_URL":          {"http://strongroom.example", "strongroom.example"},
		"STRONGROOM_PROFILE":      {"unknown", "a\nb"},
		"STRONGROOM_PROJECT":      {"a\x1bb", strings.Repeat("x", 129)},
		"STRONGROOM_OUTPUT":       {"xml", "Table"},
		"STRONGROOM_STRICT":       {"yes", "2"},
		"STRONGROOM_ORGANIZATION": {"demo", "0190A1B2-0000-7000-8000-000000000001", "00000000-0000-0000-0000-000000000000"},
		"STRONGROOM_CLIENT_KEY":   {"alias/x", "arn:aws:kms:eu-central-1:111122223333:alias/x", key1 + "\n"},
		"STRONGROOM_CONFIG_DIR":   {"relative"},
		"STRONGROOM_REPOSITORY":   {"/nowhere/to/be/found", "/"},
		"AWS_REGION":              {"eu central"},
		"AWS_PROFILE":             {"a\x1b[31m"},
	} {
		for _, value := range values {
			w := newWorld(t).with(env(variable, value))
			if _, err := config.Load(w.source()); err == nil || !strings.Contains(err.Error(), variable) {
				t.Errorf("%s=%q: got %v", variable, value, err)
			}
		}
	}
}

func TestWhereTheRepositorysFileIs(t *testing.T) {
	const none = "none"
	const content = "[profiles.default]\nproject = 'found'\n"
	tests := map[string]struct {
		at   string // where the file is, beneath the home
		git  string // where .git is
		from string
		env  map[string]string
		want string
	}{
		"in the folder":                {"a/b", none, "a/b", nil, "a/b"},
		"above":                        {"a", none, "a/b/c", nil, "a"},
		"in the folder with .git":      {"a", "a", "a/b", nil, "a"},
		"above the folder with .git":   {"a", "a/b", "a/b", nil, ""},
		"in the home folder":           {"", none, "", nil, ""},
		"in the home folder, above":    {"", none, "a/b", nil, ""},
		"in a home folder with .git":   {"", "", "a", nil, ""},
		"beneath the folder":           {"a/b", none, "a", nil, ""},
		"not looked for":               {"a", none, "a", env("STRONGROOM_REPOSITORY", "none"), ""},
		"above what is no home folder": {"", none, "a/b", env("HOME", "/nowhere"), "."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			home := newWorld(t).home
			folders := []string{test.at, test.from}
			if test.git != none {
				folders = append(folders, filepath.Join(test.git, ".git"))
			}
			for _, folder := range folders {
				if err := os.MkdirAll(filepath.Join(home, folder), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			write(t, content, home, test.at, ".strongroom.toml")
			w := (&world{env: map[string]string{"HOME": home}}).with(test.env)
			c, err := config.Load(config.Source{Getenv: func(n string) string { return w.env[n] }, Dir: filepath.Join(home, test.from)})
			if err != nil {
				t.Fatal(err)
			}
			want, project := "", ""
			if test.want != "" {
				want, project = filepath.Join(home, test.want, ".strongroom.toml"), "found"
			}
			if c.Repository != want || c.Project != project {
				t.Errorf("got %q and the project %q", c.Repository, c.Project)
			}
		})
	}
}
