package rotation

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEverySettingIsDescribed, and nothing that is none.
func TestEverySettingIsDescribed(t *testing.T) {
	used, rest := map[string]bool{}, maps.Clone(said)
	for _, kind := range Kinds() {
		m := kind.Manual()
		if m.Value == "" || len(m.Example) == 0 || m.Summary == "" {
			t.Errorf("%s: its value, example or summary is missing", kind)
		}
		for _, s := range m.Settings {
			name := s.Name[strings.LastIndexByte(s.Name, '.')+1:]
			if s.Meaning == "" {
				t.Errorf("%s: the setting %s is not described", kind, s.Name)
			}
			if s.Type == "boolean" && s.Default != "false" {
				t.Errorf("%s: %s is %q where nothing is said", kind, s.Name, s.Default)
			}
			used[name] = true
			delete(rest, name)
		}
	}
	if len(used) < 20 || len(rest) > 0 {
		t.Errorf("%d settings were described, and %v which are none", len(used), slices.Sorted(maps.Keys(rest)))
	}
	if m := Kind("oracle").Manual(); m.Settings != nil {
		t.Errorf("no kind has settings: %+v", m)
	}
}

func TestManualsSayWhatHoldsWithoutASetting(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		want Setting
	}{
		{PostgreSQL, Setting{Name: "host", Type: "text", Needed: true}},
		{PostgreSQL, Setting{Name: "users", Type: "list", Needed: true}},
		{PostgreSQL, Setting{Name: "port", Type: "number", Default: "5432"}},
		{MySQL, Setting{Name: "port", Type: "number", Default: "3306"}},
		{MySQL, Setting{Name: "tls", Type: "text", Default: "verify-full"}},
		{MySQL, Setting{Name: "accountHost", Type: "text", Default: "%"}},
		{MySQL, Setting{Name: "password.length", Type: "number", Default: "32"}},
		{IAMAccessKey, Setting{Name: "old", Type: "text", Default: "delete"}},
		{Random, Setting{Name: "classes", Type: "list", Default: "lower, upper, digits"}},
		{HTTP, Setting{Name: "signingSecretId", Type: "secret", Needed: true}},
		{HTTP, Setting{Name: "timeout", Type: "number", Default: "10"}},
		{Lambda, Setting{Name: "functionArn", Type: "text", Needed: true}},
	} {
		all := c.kind.Manual().Settings
		i := slices.IndexFunc(all, func(s Setting) bool { return s.Name == c.want.Name })
		if i < 0 {
			t.Errorf("%s has no setting %s", c.kind, c.want.Name)
			continue
		}
		got := all[i]
		got.Limits, got.Meaning = "", ""
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.kind, got, c.want)
		}
	}
	for _, s := range PostgreSQL.Manual().Settings {
		if s.Name == "accountHost" {
			t.Error("postgresql has the setting accountHost")
		}
	}
}

// TestManualsNeedWhatIsNeeded, which is the least that each kind can do with.
func TestManualsNeedWhatIsNeeded(t *testing.T) {
	for _, kind := range Kinds() {
		var want map[string]any
		if err := json.Unmarshal([]byte(least[kind]), &want); err != nil {
			t.Fatal(err)
		}
		var needed []string
		for _, s := range kind.Manual().Settings {
			if s.Needed {
				needed = append(needed, s.Name)
			}
		}
		slices.Sort(needed)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), needed); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// TestTheReadmeSaysWhichSettingsAreNeeded, in bold, as manuals do.
func TestTheReadmeSaysWhichSettingsAreNeeded(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range Kinds() {
		_, row, found := strings.Cut(string(readme), "\n| `"+string(kind)+"` | ")
		row, _, _ = strings.Cut(row, "\n")
		if !found {
			t.Errorf("the README has no row for %s", kind)
			continue
		}
		if strings.Contains(row, "the same as postgresql") {
			continue
		}
		for _, s := range kind.Manual().Settings {
			if bold := strings.Contains(row, "**"+s.Name+"**"); bold != s.Needed {
				t.Errorf("%s: the README says that %s is needed: %t, and its manual %t", kind, s.Name, bold, s.Needed)
			}
		}
	}
}
