package secrets_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"strongroom/pkg/secrets/secretstest"
)

// TestValuesOfAnotherLibraryAreStored has Python's jwcrypto encrypt for one project and for two.
func TestValuesOfAnotherLibraryAreStored(t *testing.T) {
	w := newWorld(t)
	one, two := w.ClientProject("one"), w.ClientProject("two")
	for _, projects := range [][]secretstest.ClientProject{{one}, {one, two}} {
		slices.SortFunc(projects, func(a, b secretstest.ClientProject) int { return strings.Compare(a.ID.String(), b.ID.String()) })
		id := w.NewID()
		var ids []string
		var keys []map[string]string
		for _, p := range projects {
			ids = append(ids, p.ID.String())
			keys = append(keys, map[string]string{"id": p.Key.ID.String(), "material": hex.EncodeToString(p.Key.Material)})
		}
		name := "MADE IN PYTHON FOR " + strings.Join(ids, " AND ")
		value := inPython(t, map[string]any{
			"plaintext": "a value", "keys": keys, "binding": map[string]any{
				"organization": w.Organization.String(), "secret": id.String(), "name": name, "projects": ids,
			},
		})
		wantCode(t, createClient(w, &id, name, value, projects...), "")
		if got := get(t, w, w.Owner, id); got.Value != value {
			t.Errorf("in %d projects it is read back as %q", len(projects), got.Value)
		}
	}
}

// inPython has testdata/jwe/make.py make one value.
func inPython(t *testing.T, request any) string {
	t.Helper()
	input, err := json.Marshal([]any{request})
	if err != nil {
		t.Fatal(err)
	}
	python := cmp.Or(os.Getenv("STRONGROOM_PYTHON"), "../../.cache/venv/bin/python")
	var complaint bytes.Buffer
	command := exec.CommandContext(t.Context(), python, "../../testdata/jwe/make.py", "values")
	command.Stdin, command.Stderr = bytes.NewReader(input), &complaint
	output, err := command.Output()
	if err != nil {
		t.Fatalf("make.py (after `make tools` it should work): %v\n%s", err, complaint.String())
	}
	var values []string
	if err := json.Unmarshal(output, &values); err != nil || len(values) != 1 {
		t.Fatalf("make.py answers %q: %v", output, err)
	}
	return values[0]
}
