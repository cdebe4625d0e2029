package clientcrypto_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/clientcrypto"
)

// projectKeys is place with keys as a client holds them.
func projectKeys(projects int) (clientcrypto.Binding, []clientcrypto.ProjectKey) {
	b, list, _ := place(projects)
	keys := make([]clientcrypto.ProjectKey, len(list))
	for i, k := range list {
		keys[i] = k.Of(b.Projects[i])
	}
	return b, keys
}

// expect is what a reader through the first project expects.
func expect(b clientcrypto.Binding) clientcrypto.Expectation {
	return clientcrypto.Expectation{Organization: b.Organization, Secret: b.Secret, Name: b.Name, Project: b.Projects[0]}
}

func encrypt(tb testing.TB, b clientcrypto.Binding, keys []clientcrypto.ProjectKey, plaintext string) string {
	tb.Helper()
	value, err := clientcrypto.Encrypt(b, keys, []byte(plaintext))
	if err != nil {
		tb.Fatal(err)
	}
	return value
}

func TestEncryptedIsWhatTheServerTakesAndReadersOpen(t *testing.T) {
	for projects := 1; projects <= clientcrypto.MaxRecipients; projects++ {
		for _, plaintext := range []string{"", "a value: € \x00\xff\n", strings.Repeat("x", clientcrypto.MaxPlaintext)} {
			b, keys := projectKeys(projects)
			_, raw, current := place(projects)
			value := encrypt(t, b, keys, plaintext)
			if compact := !strings.HasPrefix(value, "{"); compact != (projects == 1) {
				t.Errorf("%d projects: compact is %v", projects, compact)
			}
			e, err := clientcrypto.Inspect(value)
			if err != nil {
				t.Fatalf("%d projects, %d bytes: %v", projects, len(plaintext), err)
			}
			if err := e.Check(b, current); err != nil {
				t.Error(err)
			}
			for i, key := range keys {
				want := expect(b)
				want.Project = key.Project()
				opened, err := clientcrypto.Open(value, keys, want)
				if err != nil || string(opened.Plaintext) != plaintext || opened.Key != key.ID() {
					t.Errorf("%d projects, through the %d.: %d bytes with key %s, %v", projects, i+1, len(opened.Plaintext), opened.Key, err)
				}
				if diff := cmp.Diff(b, opened.Binding); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if got := goJoseOpen(t, value, raw[i]); got != plaintext {
					t.Errorf("%d projects: go-jose opens %d bytes, want %d", projects, len(got), len(plaintext))
				}
			}
		}
	}
}

func TestEncryptTakesProjectsAndKeysInAnyOrder(t *testing.T) {
	b, keys := projectKeys(3)
	shuffled := b
	shuffled.Projects = []uuid.UUID{b.Projects[2], b.Projects[0], b.Projects[1]}
	before := slices.Clone(shuffled.Projects)
	value := encrypt(t, shuffled, []clientcrypto.ProjectKey{keys[1], keys[2], keys[0]}, "x")
	opened, err := clientcrypto.Open(value, keys, expect(b))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, opened.Binding); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !slices.Equal(before, shuffled.Projects) {
		t.Error("Encrypt sorted its caller's slice")
	}
}

func TestNothingIsEncryptedTwiceAlike(t *testing.T) {
	b, keys := projectKeys(2)
	seen := map[string]bool{}
	for range 50 {
		for _, n := range []int{1, 2} {
			one := b
			one.Projects = b.Projects[:n]
			value := encrypt(t, one, keys[:n], "the same")
			if n == 1 {
				parts := strings.Split(value, ".")
				for _, part := range parts {
					if seen[part] {
						t.Fatalf("a part came twice: %s", part)
					}
					seen[part] = true
				}
			}
			if seen[value] {
				t.Fatal("a value came twice")
			}
			seen[value] = true
		}
	}
}

func TestEncryptRefuses(t *testing.T) {
	type input struct {
		b         clientcrypto.Binding
		keys      []clientcrypto.ProjectKey
		plaintext []byte
	}
	_, many := projectKeys(11)
	for _, test := range []struct {
		name string
		edit func(*input)
		says string
	}{
		{"no organization", func(in *input) { in.b.Organization = uuid.Nil }, "by its id"},
		{"no secret", func(in *input) { in.b.Secret = uuid.Nil }, "by its id"},
		{"a project without id", func(in *input) { in.b.Projects[0] = uuid.Nil }, "by its id"},
		{"no name", func(in *input) { in.b.Name = "" }, "name"},
		{"a name that is not UTF-8", func(in *input) { in.b.Name = "a\xff" }, "UTF-8"},
		{"a long name", func(in *input) { in.b.Name = strings.Repeat("n", 513) }, "too long"},
		{"a long value", func(in *input) { in.plaintext = make([]byte, clientcrypto.MaxPlaintext+1) }, "too long"},
		{"no projects", func(in *input) { in.b.Projects = nil }, "1 to 10 projects"},
		{"eleven projects", func(in *input) { in.b, in.keys = projectKeys(11) }, "1 to 10 projects"},
		{"a project twice", func(in *input) { in.b.Projects[1] = in.b.Projects[0] }, "each project once"},
		{"a key of another project", func(in *input) { in.keys = append(in.keys, many[2]) }, "which the value is not for"},
		{"two keys of a project", func(in *input) {
			second, _ := clientcrypto.NewProjectKey(id(0x99), in.b.Projects[0], []byte(marked))
			in.keys = append(in.keys, second)
		}, "one too many"},
		{"two keys of one id", func(in *input) {
			second, _ := clientcrypto.NewProjectKey(in.keys[0].ID(), in.b.Projects[1], []byte(marked))
			in.keys[1] = second
		}, "one too many"},
		{"an empty key", func(in *input) { in.keys[1] = clientcrypto.ProjectKey{} }, "empty"},
		{"a key missing", func(in *input) { in.keys = in.keys[:1] }, "1 of the projects that the value is for: " + id(0x11).String()},
		{"no keys", func(in *input) { in.keys = nil }, "2 of the projects"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, keys := projectKeys(2)
			in := input{b, keys, []byte(marked)}
			test.edit(&in)
			value, err := clientcrypto.Encrypt(in.b, in.keys, in.plaintext)
			if err == nil || value != "" || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %d bytes, %v; want an error that says %q", len(value), err, test.says)
			}
			if err != nil && strings.Contains(err.Error(), "MARK") {
				t.Errorf("the error quotes the value: %v", err)
			}
			var missing *clientcrypto.MissingKeysError
			if errors.As(err, &missing) != strings.Contains(test.says, "of the projects") {
				t.Errorf("got %T", err)
			}
			if errors.Is(err, clientcrypto.ErrTooLong) != (test.says == "too long") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheLongestNameEncrypts(t *testing.T) {
	b, keys := projectKeys(clientcrypto.MaxRecipients)
	for _, name := range []string{strings.Repeat("<", 512), strings.Repeat("€", 170) + "é", strings.Repeat("\u2028", 170)} {
		b.Name = name
		opened, err := clientcrypto.Open(encrypt(t, b, keys, "x"), keys, expect(b))
		if err != nil || opened.Binding.Name != name {
			t.Errorf("%q: %v", name[:6], err)
		}
	}
}
