package clientcrypto_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/clientcrypto"
)

var update = flag.Bool("update", false, "make testdata/jwe/open/ours-*.json anew")

// An answer is a file of testdata/jwe/open: what a server, honest or not, answers to a client that asks for a value, and
// what must come of it. The script beside them made them with jwcrypto; those called ours-* are made by this package.
type answer struct {
	About string `json:"about"`
	// Want is opened, malformed, place, no key or tampered; Says is a part of the message then.
	Want   string `json:"want"`
	Says   string `json:"says"`
	Expect struct {
		Organization uuid.UUID `json:"organization"`
		Secret       uuid.UUID `json:"secret"`
		Name         string    `json:"name"`
		Project      uuid.UUID `json:"project"`
	} `json:"expect"`
	Keys      []answerKey `json:"keys"`
	Value     string      `json:"value"`
	Plaintext string      `json:"plaintext"`
}

type answerKey struct {
	ID       uuid.UUID `json:"id"`
	Material string    `json:"material"`
	Project  uuid.UUID `json:"project"`
}

const (
	wantAnswers = 59
	wantOurs    = 3
	answers     = "../../testdata/jwe/open/"
)

func readAnswers(tb testing.TB, pattern string, want int) map[string]answer {
	tb.Helper()
	files, err := filepath.Glob(answers + pattern)
	if err != nil || len(files) != want {
		tb.Fatalf("found %d answers (%v), want %d", len(files), err, want)
	}
	all := map[string]answer{}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		var a answer
		if err := json.Unmarshal(content, &a); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".json")] = a
	}
	return all
}

func (a answer) keys(tb testing.TB) []clientcrypto.ProjectKey {
	tb.Helper()
	var keys []clientcrypto.ProjectKey
	for _, k := range a.Keys {
		material, err := hex.DecodeString(k.Material)
		if err != nil {
			tb.Fatal(err)
		}
		key, err := clientcrypto.NewProjectKey(k.ID, k.Project, material)
		if err != nil {
			tb.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

// kind is the name of an error in the files.
func kind(err error) string {
	switch {
	case err == nil:
		return "opened"
	case errors.Is(err, clientcrypto.ErrTampered):
		return "tampered"
	case errors.As(err, new(*clientcrypto.MalformedError)):
		return "malformed"
	case errors.As(err, new(*clientcrypto.PlaceError)):
		return "place"
	case errors.As(err, new(*clientcrypto.NoKeyError)):
		return "no key"
	}
	return "an error of no kind"
}

func TestWhatAServerAnswers(t *testing.T) {
	for name, a := range readAnswers(t, "*.json", wantAnswers) {
		t.Run(name, func(t *testing.T) {
			opened, err := clientcrypto.Open(a.Value, a.keys(t), clientcrypto.Expectation(a.Expect))
			if got := kind(err); got != a.Want {
				t.Fatalf("%s: %s (%v), want %s", a.About, got, err, a.Want)
			}
			if string(opened.Plaintext) != a.Plaintext {
				t.Errorf("%s: opened %q, want %q", a.About, opened.Plaintext, a.Plaintext)
			}
			if err == nil {
				return
			}
			if !strings.Contains(err.Error(), a.Says) {
				t.Errorf("%s: %v, want it to say %q", a.About, err, a.Says)
			}
			if strings.Contains(err.Error(), "send a JWE") {
				t.Errorf("a reader is told what to send: %v", err)
			}
		})
	}
}

// TestOursAreOpenedElsewhere is the other way round: jwcrypto opens what this package made, now and when the files were.
func TestOursAreOpenedElsewhere(t *testing.T) {
	if *update {
		makeOurs(t)
	}
	var requests []map[string]string
	var want []string
	for _, a := range readAnswers(t, "ours-*.json", wantOurs) {
		for _, k := range a.Keys {
			requests = append(requests, map[string]string{"value": a.Value, "key": k.Material})
			want = append(want, a.Plaintext)
		}
	}
	for _, n := range []int{1, 2, clientcrypto.MaxRecipients} {
		b, keys := projectKeys(n)
		_, raw, _ := place(n)
		value := encrypt(t, b, keys, "made just now: € \x00")
		for _, k := range raw {
			requests = append(requests, map[string]string{"value": value, "key": hex.EncodeToString(k.Material)})
			want = append(want, "made just now: € \x00")
		}
	}
	if diff := cmp.Diff(want, runPython(t, "open", requests)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func makeOurs(t *testing.T) {
	t.Helper()
	for name, n := range map[string]int{"one": 1, "two": 2, "ten": clientcrypto.MaxRecipients} {
		b, keys := projectKeys(n)
		_, raw, _ := place(n)
		a := answer{About: "made by this package", Want: "opened", Plaintext: "ours <&> €", Value: encrypt(t, b, keys, "ours <&> €")}
		a.Expect.Organization, a.Expect.Secret, a.Expect.Name, a.Expect.Project = b.Organization, b.Secret, b.Name, b.Projects[n-1]
		for i, k := range raw {
			a.Keys = append(a.Keys, answerKey{ID: k.ID, Material: hex.EncodeToString(k.Material), Project: b.Projects[i]})
		}
		content, err := json.MarshalIndent(a, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(answers+"ours-"+name+".json", append(content, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoAlteredByteOpens alters each byte of a value, in several ways. What still opens must say the same in another
// spelling of the JSON, or differ in a recipient of another project alone.
func TestNoAlteredByteOpens(t *testing.T) {
	for n := 1; n <= 2; n++ {
		b, keys := projectKeys(n)
		value := encrypt(t, b, keys, "the value")
		for i := range value {
			for _, c := range []byte{value[i] ^ 1, value[i] ^ 0x20, 'A', '"', ' ', 0} {
				altered := value[:i] + string(rune(c)) + value[i+1:]
				if altered == value {
					continue
				}
				opened, err := clientcrypto.Open(altered, keys, expect(b))
				if err == nil && n == 1 {
					t.Errorf("byte %d as %q opens", i, c)
				}
				if err == nil && (string(opened.Plaintext) != "the value" || !cmp.Equal(b, opened.Binding)) {
					t.Errorf("byte %d as %q opens as %q of %v", i, c, opened.Plaintext, opened.Binding)
				}
				if kind(err) == "an error of no kind" {
					t.Errorf("byte %d as %q: %v", i, c, err)
				}
			}
		}
	}
}

// TestAnOlderValueIsNotDetected holds the documented limit: it is genuine, only a client that saw a newer one can tell.
func TestAnOlderValueIsNotDetected(t *testing.T) {
	b, keys := projectKeys(1)
	older := encrypt(t, b, keys, "older")
	_ = encrypt(t, b, keys, "newer")
	if opened, err := clientcrypto.Open(older, keys, expect(b)); err != nil || string(opened.Plaintext) != "older" {
		t.Errorf("got %v; if this is detected now, the package's comment is out of date", err)
	}
}

// TestAnotherProjectCantChooseTheKey: who manages another project chooses the ids of its keys; a clash does not lock the
// readers of this one out.
func TestAnotherProjectCantChooseTheKey(t *testing.T) {
	b, keys := projectKeys(1)
	clash, err := clientcrypto.NewProjectKey(keys[0].ID(), id(0x77), []byte(marked))
	if err != nil {
		t.Fatal(err)
	}
	for _, held := range [][]clientcrypto.ProjectKey{{keys[0], clash}, {clash, keys[0]}} {
		if _, err := clientcrypto.Open(encrypt(t, b, keys, "x"), held, expect(b)); err != nil {
			t.Error(err)
		}
	}
}
