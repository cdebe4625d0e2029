package gateway

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"strongroom/pkg/operation"
)

func TestWhatIsNoTextIsRefused(t *testing.T) {
	handler := New(Config{Functions: map[operation.Name]Function{operation.GetSecret: nil}, Credentials: func(string) (Identity, bool) { return Identity{}, false }})
	for name, change := range map[string]func(*http.Request){
		"a byte in the path":  func(r *http.Request) { r.URL.Path = "/secrets/\xff" },
		"a byte in the query": func(r *http.Request) { r.URL.RawQuery = "project=\xff" },
		"a byte in a header":  func(r *http.Request) { r.Header.Set("If-Match", "\xff") },
	} {
		r := httptest.NewRequest(http.MethodGet, "/secrets/x", nil)
		change(r)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: answered %d %s", name, w.Code, w.Body)
		}
	}
}

func TestAnIdentityWithoutASecretIsNoIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identities.json")
	write := func(mode os.FileMode, content string) {
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(0o600, `{"AKIAEXAMPLE": {"secretAccesKey": "misspelt", "arn": "arn:aws:iam::111122223333:user/a", "uniqueId": "AIDAEXAMPLE"}}`)
	if _, err := OpenIdentities(path); err == nil {
		t.Error("the file is taken")
	}
}

func TestIdentitiesAreKnownAgainOnceTheirFileIsMended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identities.json")
	content := `{"AKIAEXAMPLE": {"secretAccessKey": "s", "arn": "arn:aws:iam::111122223333:user/a", "uniqueId": "AIDAEXAMPLE"}}`
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	ids, err := OpenIdentities(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		mode  os.FileMode
		known bool
	}{{0o600, true}, {0o644, false}, {0o600, true}} {
		if err := os.Chmod(path, step.mode); err != nil {
			t.Fatal(err)
		}
		if _, known := ids.Lookup("AKIAEXAMPLE"); known != step.known {
			t.Errorf("with mode %#o it is known: %v", step.mode, known)
		}
	}
}
