package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/api"
	"strongroom/pkg/client/config"
)

// Texts of pins as files have them.
const (
	table         = "[pins.'" + here + "']\n"
	demoTable     = "[pins.'" + here + "'.projects.demo]\n"
	demoPin       = demoTable + "id = '0190a1b2-0000-7000-8000-000000000011'\nencryption = 'client'\n"
	organization  = "organization = '0190a1b2-0000-7000-8000-000000000001'\n"
	organizationB = "organization = '0190a1b2-0000-7000-8000-000000000002'\n"
)

func TestPlacesAgree(t *testing.T) {
	w := newWorld(t).atURL(here).with(env("STRONGROOM_ORGANIZATION", organization1.String(), "STRONGROOM_CLIENT_KEY", key1))
	w.user(t, table+organization+demoPin)
	w.pins(t, table+organization+"client_key = '"+key1+"'\n"+"[pins.'"+there+"']\n"+organizationB)
	w.committed(t, demoPin+strings.ReplaceAll(strings.ReplaceAll(demoPin, "demo", "'de mo'"), "000011", "000012"))
	want := config.Pins{Organization: organization1, ClientKey: key1, Projects: map[string]config.ProjectPin{
		"demo": demo, "de mo": {ID: otherID, Encryption: api.EncryptionClient},
	}}
	c := w.load(t)
	if d := cmp.Diff(want, pinsOf(t, c)); d != "" {
		t.Error(d)
	}
	got, err := c.Pinned()
	wantPinned := []config.Setting{
		{Name: "organization", Value: organization1.String(), Origin: "environment STRONGROOM_ORGANIZATION"},
		{Name: "client_key", Value: key1, Origin: "environment STRONGROOM_CLIENT_KEY"},
		{Name: "projects.de mo", Value: otherID.String() + " client", Origin: filepath.Join(w.repository, ".strongroom.toml:4")},
		{Name: "projects.demo", Value: demoID.String() + " client", Origin: filepath.Join(w.dir, "config.toml:3")},
	}
	if d := cmp.Diff(wantPinned, got); d != "" || err != nil {
		t.Error(d, err)
	}
}

// Whatever two places speak of, they must agree; each case is tried in every pair of places.
func TestContradictions(t *testing.T) {
	other := strings.ReplaceAll(demoPin, "000011", "000012")
	tests := map[string]struct{ one, two, subject, oneValue, twoValue string }{
		"two organizations": {table + organization, table + organizationB, "the organization's id", organization1.String(), organization2.String()},
		"two client keys": {table + "client_key = '" + key1 + "'", table + "client_key = '" + key2 + "'",
			"the client key", key1, key2},
		"two projects of a name":   {demoPin, other, `the id of the project "demo"`, demoID.String(), otherID.String()},
		"two names of a project":   {demoPin, strings.ReplaceAll(demoPin, "demo", "renamed"), "the name of the project " + demoID.String(), `"demo"`, `"renamed"`},
		"two kinds of encryption":  {demoPin, strings.ReplaceAll(demoPin, "client", "server"), `the encryption of the project "demo"`, "client", "server"},
		"the URL in another form":  {table + organization, "[pins.'HTTPS://STRONGROOM.example:443/prod/']\n" + organizationB, "the organization's id", organization1.String(), organization2.String()},
		"one of many is different": {table + organization + demoPin, table + organization + other, `the id of the project "demo"`, demoID.String(), otherID.String()},
	}
	places := []func(*world, *testing.T, string) string{(*world).user, (*world).pins, (*world).committed}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for i, first := range places {
				for j, second := range places {
					if i == j {
						continue
					}
					w := newWorld(t).atURL(here)
					path1, path2 := first(w, t, test.one), second(w, t, test.two)
					c := w.load(t)
					_, err := c.Pins()
					checkContradiction(t, err, test.subject, map[string]string{test.oneValue: path1 + ":", test.twoValue: path2 + ":"})
					_, err = c.Pinned()
					checkContradiction(t, err, test.subject, nil)
					checkContradiction(t, c.Check(config.Pins{}, "x"), test.subject, nil)
					_, err = c.Pin(config.Pins{})
					checkContradiction(t, err, test.subject, nil)
				}
			}
		})
	}
}

// checkContradiction wants an error that names both values and where each stands.
func checkContradiction(t *testing.T, err error, subject string, origins map[string]string) {
	t.Helper()
	var differs *config.ContradictionError
	if !errors.As(err, &differs) || differs.Subject != subject {
		t.Errorf("got %v, not that %s differs", err, subject)
		return
	}
	for i, value := range differs.Values {
		if origin, ok := origins[value]; origins != nil && (!ok || !strings.HasPrefix(differs.Origins[i], origin)) {
			t.Errorf("got %v", err)
		}
		if !strings.Contains(err.Error(), value) || !strings.Contains(err.Error(), differs.Origins[i]) || strings.Contains(err.Error(), "\n") {
			t.Errorf("the message is %q", err)
		}
	}
}

func TestEnvironmentContradicts(t *testing.T) {
	for variable, value := range map[string]string{"STRONGROOM_ORGANIZATION": organization2.String(), "STRONGROOM_CLIENT_KEY": key2} {
		w := newWorld(t).atURL(here).with(env(variable, value))
		path := w.pins(t, table+organization+"client_key = '"+key1+"'\n")
		_, err := w.load(t).Pins()
		var differs *config.ContradictionError
		if !errors.As(err, &differs) || differs.Origins[0] != "environment "+variable || !strings.HasPrefix(differs.Origins[1], path) {
			t.Errorf("%s: got %v", variable, err)
		}
	}
}

func TestAFileContradictsItself(t *testing.T) {
	w := newWorld(t).atURL(here)
	path := w.committed(t, demoPin+strings.ReplaceAll(demoPin, "demo", "same"))
	_, err := w.load(t).Pins()
	checkContradiction(t, err, "the name of the project "+demoID.String(), map[string]string{`"demo"`: path + ":1", `"same"`: path + ":4"})
}

func TestOtherStrongroomsDontMatter(t *testing.T) {
	w := newWorld(t).atURL(there)
	w.user(t, table+organization)
	w.pins(t, table+organizationB+"[pins.'"+there+"/']\n"+organization)
	if d := cmp.Diff(config.Pins{Organization: organization1, Projects: map[string]config.ProjectPin{}}, pinsOf(t, w.load(t))); d != "" {
		t.Error(d)
	}
}

// A server's answers are what is checked.
func TestCheck(t *testing.T) {
	said := func(change func(*config.Pins)) config.Pins {
		p := projects("demo", demo)
		p.Organization, p.ClientKey = organization1, key1
		change(&p)
		return p
	}
	renamed := projects("renamed", demo).Projects
	tests := map[string]struct {
		said          config.Pins
		differs, lack string
	}{
		"the same":                 {said(func(*config.Pins) {}), "", ""},
		"less":                     {config.Pins{}, "", ""},
		"another organization":     {said(func(p *config.Pins) { p.Organization = organization2 }), "the organization's id", ""},
		"another client key":       {said(func(p *config.Pins) { p.ClientKey = key2 }), "the client key", ""},
		"another id":               {projects("demo", config.ProjectPin{ID: otherID, Encryption: api.EncryptionClient}), `the id of the project "demo"`, ""},
		"no encryption by clients": {projects("demo", config.ProjectPin{ID: demoID, Encryption: api.EncryptionServer}), `the encryption of the project "demo"`, ""},
		"another name":             {said(func(p *config.Pins) { p.Projects = renamed }), "the name of the project " + demoID.String(), ""},
		"a new project":            {projects("new", config.ProjectPin{ID: otherID, Encryption: api.EncryptionServer}), "", `the id of the project "new"`},
	}
	for name, test := range tests {
		for _, strict := range []string{"0", "1"} {
			t.Run(name+", strict "+strict, func(t *testing.T) {
				w := newWorld(t).atURL(here).with(env("STRONGROOM_STRICT", strict))
				w.pins(t, table+organization+"client_key = '"+key1+"'\n"+demoPin)
				err := w.load(t).Check(test.said, "the server there")
				var unpinned *config.UnpinnedError
				switch {
				case test.differs != "":
					checkContradiction(t, err, test.differs, nil)
					if !strings.Contains(err.Error(), "the server there") {
						t.Errorf("got %v", err)
					}
				case test.lack != "" && strict == "1":
					if !errors.As(err, &unpinned) || unpinned.Subject != test.lack || !strings.Contains(err.Error(), "the server there says that it is "+otherID.String()) {
						t.Errorf("got %v", err)
					}
				case err != nil:
					t.Error(err)
				}
				if got := read(t, w.dir, "pins.toml"); !strings.HasPrefix(got, table) {
					t.Errorf("Check wrote\n%s", got)
				}
			})
		}
	}
}

// What can't be written down is refused before it is compared, and isn't repeated to the terminal.
func TestCheckRefusesNonsense(t *testing.T) {
	c := newWorld(t).atURL(here).load(t)
	for name, said := range map[string]config.Pins{
		"a client key":  {ClientKey: "\x1b]0;marked\a"},
		"an alias":      {ClientKey: "arn:aws:kms:eu-central-1:111122223333:alias/marked"},
		"a name":        projects("marked\x1b[2J", demo),
		"no name":       projects("", demo),
		"an encryption": projects("demo", config.ProjectPin{ID: demoID, Encryption: "\x1bmarked"}),
		"no id":         projects("demo", config.ProjectPin{Encryption: api.EncryptionClient}),
	} {
		_, pinned := c.Pin(said)
		for _, err := range []error{c.Check(said, "the server"), pinned} {
			if err == nil || strings.ContainsAny(err.Error(), "\x1b\a") || strings.Contains(err.Error(), "marked") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "pins.toml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v: something was written", err)
	}
}
