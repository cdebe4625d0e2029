package clientcrypto_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/clientcrypto/clientcryptotest"
)

// runPython runs testdata/jwe/make.py with a verb, and a list that answers a list of texts. The interpreter is the one of
// .cache/venv, or STRONGROOM_PYTHON; where there is none the test fails, so that it is never silently left out.
func runPython(t *testing.T, verb string, requests any) []string {
	t.Helper()
	python := os.Getenv("STRONGROOM_PYTHON")
	if python == "" {
		python = filepath.FromSlash("../../.cache/venv/bin/python")
	}
	if _, err := exec.LookPath(python); err != nil {
		t.Fatalf("no Python with jwcrypto: %v; run `make tools`, or set STRONGROOM_PYTHON", err)
	}
	input, err := json.Marshal(requests)
	if err != nil {
		t.Fatal(err)
	}
	var output, complaint bytes.Buffer
	command := exec.CommandContext(t.Context(), python, filepath.FromSlash("../../testdata/jwe/make.py"), verb)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &output, &complaint
	if err := command.Run(); err != nil {
		t.Fatalf("make.py %s: %v (after `make tools` it should work)\n%s", verb, err, complaint.String())
	}
	var answers []string
	if err := json.Unmarshal(output.Bytes(), &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

type pythonKey struct {
	ID       string `json:"id"`
	Material string `json:"material"`
}

type pythonBinding struct {
	Organization string   `json:"organization"`
	Secret       string   `json:"secret"`
	Name         string   `json:"name"`
	Projects     []string `json:"projects"`
}

func TestValuesOfAnotherLibrary(t *testing.T) {
	const plaintext = "a value that another library encrypted: € \x00"
	sizes := []int{1, 2, 3, clientcrypto.MaxRecipients}
	var requests []any
	for _, n := range sizes {
		b, keys, _ := place(n)
		request := map[string]any{"plaintext": plaintext, "binding": pythonBinding{
			Organization: b.Organization.String(), Secret: b.Secret.String(), Name: b.Name, Projects: texts(b.Projects)}}
		var list []pythonKey
		for _, k := range keys {
			list = append(list, pythonKey{ID: k.ID.String(), Material: hex.EncodeToString(k.Material)})
		}
		request["keys"] = list
		requests = append(requests, request)
	}
	values := runPython(t, "values", requests)
	if len(values) != len(sizes) {
		t.Fatalf("got %d values, want %d", len(values), len(sizes))
	}
	for i, n := range sizes {
		b, keys, current := place(n)
		e, err := clientcrypto.Inspect(values[i])
		if err != nil {
			t.Errorf("%d projects: %v", n, err)
			continue
		}
		if err := e.Check(b, current); err != nil {
			t.Errorf("%d projects: %v", n, err)
		}
		for _, k := range keys {
			if got := goJoseOpen(t, values[i], k); got != plaintext {
				t.Errorf("%d projects: go-jose opens %q", n, got)
			}
		}
		_, held := projectKeys(n)
		if opened, err := clientcrypto.Open(values[i], held, expect(b)); err != nil || string(opened.Plaintext) != plaintext {
			t.Errorf("%d projects: opened %q, %v", n, opened.Plaintext, err)
		}
	}
}

func TestAnotherLibraryOpensOurs(t *testing.T) {
	var requests []map[string]string
	var want []string
	for _, n := range []int{1, 2, clientcrypto.MaxRecipients} {
		b, keys, _ := place(n)
		value := clientcryptotest.Encrypt(b, keys, "opened elsewhere")
		for _, k := range keys {
			requests = append(requests, map[string]string{"value": value, "key": hex.EncodeToString(k.Material)})
			want = append(want, "opened elsewhere")
		}
	}
	if diff := cmp.Diff(want, runPython(t, "open", requests)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
