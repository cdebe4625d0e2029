package clientcrypto_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/clientcrypto"
)

// marked is what a key or a value is made of, so that any trace of it is recognised, as text, number or hexadecimal.
const marked = "MARKMARKMARKMARKMARKMARKMARKMARK"

var traces = []string{"MARK", "4d41524b", "4D41524B", "77 65 82 75", "77,65,82,75", "0x4d, 0x41", "TUFSS"}

// prints are the ways in which something leaves a program by mistake.
func prints(t *testing.T, v any) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%T %v"} {
		arguments := []any{v}
		if strings.HasPrefix(verb, "%T") {
			arguments = []any{v, v}
		}
		all[verb] = fmt.Sprintf(verb, arguments...)
	}
	var text, structured bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("key", "it", v)
	slog.New(slog.NewJSONHandler(&structured, nil)).Info("key", "it", v)
	all["slog text"], all["slog JSON"] = text.String(), structured.String()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	all["JSON"] = string(encoded)
	return all
}

func TestNothingSecretPrintsItself(t *testing.T) {
	key, err := clientcrypto.NewProjectKey(id(0x80), id(0x10), []byte(marked))
	if err != nil {
		t.Fatal(err)
	}
	opened := clientcrypto.Opened{Plaintext: []byte(marked), Key: id(0x80)}
	type within struct{ Key clientcrypto.ProjectKey }
	type hidden struct{ key clientcrypto.ProjectKey }
	for name, v := range map[string]any{
		"key": key, "pointer to a key": &key, "keys": []clientcrypto.ProjectKey{key}, "in a struct": within{key},
		"in an unexported field":       hidden{key},
		"behind a pointer to a struct": &hidden{key},
		"in a map":                     map[uuid.UUID]clientcrypto.ProjectKey{key.ID(): key},
		"opened":                       opened, "pointer to opened": &opened, "several opened": []clientcrypto.Opened{opened},
	} {
		for way, text := range prints(t, v) {
			for _, trace := range traces {
				if strings.Contains(text, trace) {
					t.Errorf("%s, %s: printed %s", name, way, text)
				}
			}
			if direct := name == "key" || name == "opened"; direct && !strings.Contains(text, "[redacted]") {
				t.Errorf("%s, %s: %s does not say that it is redacted", name, way, text)
			}
		}
	}
}

func TestNewProjectKey(t *testing.T) {
	material := []byte(marked)
	key, err := clientcrypto.NewProjectKey(id(0x80), id(0x10), material)
	if err != nil || key.ID() != id(0x80) || key.Project() != id(0x10) {
		t.Fatalf("got key %s of %s, %v", key.ID(), key.Project(), err)
	}
	// The key is a copy: whoever wipes what KMS answered does not wipe the key.
	b := clientcrypto.Binding{Organization: id(1), Secret: id(2), Name: "N", Projects: []uuid.UUID{id(0x10)}}
	value := encrypt(t, b, []clientcrypto.ProjectKey{key}, "x")
	clear(material)
	if _, err := clientcrypto.Open(value, []clientcrypto.ProjectKey{key}, expect(b)); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		name        string
		id, project uuid.UUID
		size        int
	}{
		{"short", id(1), id(2), 31}, {"long", id(1), id(2), 33}, {"empty", id(1), id(2), 0},
		{"without id", uuid.Nil, id(2), 32}, {"without project", id(1), uuid.Nil, 32},
	} {
		if _, err := clientcrypto.NewProjectKey(test.id, test.project, make([]byte, test.size)); err == nil {
			t.Errorf("a key that is %s was made", test.name)
		}
	}
}

func TestKeyContext(t *testing.T) {
	want := map[string]string{
		"strongroom:organization": "01936a1e-0000-7000-8000-000000000001",
		"strongroom:project":      "01936a1e-0000-7000-8000-000000000010",
	}
	if diff := cmp.Diff(want, clientcrypto.KeyContext(id(1), id(0x10))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
