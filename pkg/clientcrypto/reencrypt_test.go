package clientcrypto_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/clientcrypto/clientcryptotest"
)

func TestReencrypt(t *testing.T) {
	b, keys := projectKeys(3)
	replaced := clientcryptotest.NewKey(id(0x90)).Of(b.Projects[0])
	at := func(name string, projects ...uuid.UUID) clientcrypto.Binding {
		return clientcrypto.Binding{Organization: b.Organization, Secret: b.Secret, Name: name, Projects: projects}
	}
	type list = []clientcrypto.ProjectKey
	for _, test := range []struct {
		name     string
		from, to clientcrypto.Binding
		old, new list
	}{
		{"renamed", at("OLD", id(0x10)), at("NEW", id(0x10)), keys[:1], keys[:1]},
		{"joins a project", at("N", id(0x10)), at("N", id(0x10), id(0x11)), keys[:1], keys[:2]},
		{"leaves a project", at("N", id(0x10), id(0x11)), at("N", id(0x10)), keys[:2], keys[:1]},
		{"moves", at("N", id(0x10)), at("N", id(0x11), id(0x12)), keys[:1], keys[1:]},
		{"a project has a new key", at("N", id(0x10), id(0x11)), at("N", id(0x10), id(0x11)), keys[:2], list{replaced, keys[1]}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := encrypt(t, test.from, test.old, marked)
			move := clientcrypto.Reencryption{From: expect(test.from), Old: append(list{replaced}, test.old...), To: test.to, New: test.new}
			after, err := clientcrypto.Reencrypt(before, move)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range test.new {
				want := expect(test.to)
				want.Project = key.Project()
				opened, err := clientcrypto.Open(after, list{key}, want)
				if err != nil || string(opened.Plaintext) != marked {
					t.Errorf("through %s: %v", key.Project(), err)
				}
				if diff := cmp.Diff(test.to, opened.Binding); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			for _, key := range test.old {
				if !holds(test.new, key) {
					goJoseRefuses(t, after, key.ID())
				}
			}
		})
	}
}

func holds(list []clientcrypto.ProjectKey, key clientcrypto.ProjectKey) bool {
	for _, k := range list {
		if k.ID() == key.ID() {
			return true
		}
	}
	return false
}

// goJoseRefuses checks that the key of that id opens nothing of the value, whatever its header says.
func goJoseRefuses(t *testing.T, value string, key uuid.UUID) {
	t.Helper()
	if plaintext, err := goJoseTry(value, clientcryptotest.NewKey(key)); err == nil {
		t.Errorf("key %s still opens it: %q", key, plaintext)
	}
}

func TestReencryptRefuses(t *testing.T) {
	b, keys := projectKeys(2)
	value := encrypt(t, b, keys, marked)
	good := clientcrypto.Reencryption{From: expect(b), Old: keys, To: b, New: keys}
	other := func(edit func(*clientcrypto.Reencryption)) clientcrypto.Reencryption {
		r := good
		edit(&r)
		return r
	}
	for name, r := range map[string]clientcrypto.Reencryption{
		"another secret":          other(func(r *clientcrypto.Reencryption) { r.To.Secret = id(9) }),
		"another organization":    other(func(r *clientcrypto.Reencryption) { r.To.Organization = id(9) }),
		"a value of another name": other(func(r *clientcrypto.Reencryption) { r.From.Name = "OTHER" }),
		"no old key":              other(func(r *clientcrypto.Reencryption) { r.Old = nil }),
		"a new key missing":       other(func(r *clientcrypto.Reencryption) { r.New = keys[:1] }),
	} {
		if again, err := clientcrypto.Reencrypt(value, r); err == nil || again != "" {
			t.Errorf("%s: got %d bytes, %v", name, len(again), err)
		}
	}
	if _, err := clientcrypto.Reencrypt(value[:len(value)-1], good); !errors.As(err, new(*clientcrypto.MalformedError)) {
		t.Errorf("a value that was cut: %v", err)
	}
	if _, err := clientcrypto.Reencrypt(value, good); err != nil {
		t.Error(err)
	}
}
