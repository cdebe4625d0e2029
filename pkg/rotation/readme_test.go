package rotation

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestTheReadmeListsTheRotators: each kind once, with every setting that it has.
func TestTheReadmeListsTheRotators(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(readme), "| rotator | rotates | settings")
	if !found {
		t.Fatal("the README has no table of rotators")
	}
	rows, _, _ := strings.Cut(after, "\n\n")
	said := map[Kind]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|.*$").FindAllStringSubmatch(rows, -1) {
		said[Kind(row[1])] = row[0]
	}
	if len(said) != len(Rotators) {
		t.Errorf("the README has %d rotators, not %d", len(said), len(Rotators))
	}
	for _, kind := range Kinds() {
		row := said[kind]
		if strings.Contains(row, "the same as postgresql") {
			row += said[PostgreSQL]
		}
		settings := reflect.TypeOf(of(kind)).Elem()
		for _, f := range reflect.VisibleFields(settings) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			inTemplate := len(f.Index) > 1 && strings.Contains(row, "the template")
			ofMySQL := name == "accountHost" && kind == PostgreSQL
			if name == "" || inTemplate || ofMySQL {
				continue
			}
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(row) {
				t.Errorf("the README's row of %s does not name the setting %s", kind, name)
			}
		}
	}
}
