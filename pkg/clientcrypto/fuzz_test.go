package clientcrypto_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/clientcrypto/clientcryptotest"
)

// FuzzInspect looks for a panic, for an error of another kind, and for a value that passes here and that go-jose reads
// otherwise: what the server checked must be what a client reads.
func FuzzInspect(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Value)
	}
	for n := 1; n <= 3; n++ {
		b, keys, _ := place(n)
		f.Add(clientcryptotest.Encrypt(b, keys, "seed"))
	}
	f.Fuzz(func(t *testing.T, value string) {
		e, err := clientcrypto.Inspect(value)
		if err != nil {
			var form *clientcrypto.FormError
			if !errors.As(err, &form) || len(e.Recipients) > clientcrypto.MaxRecipients {
				t.Errorf("got %v", err)
			}
			return
		}
		parsed, err := jose.ParseEncrypted(value, []jose.KeyAlgorithm{jose.A256GCMKW}, []jose.ContentEncryption{jose.A256GCM}) //nolint:staticcheck // takes both forms, as readers do
		if err != nil {
			t.Fatalf("go-jose refuses what passed: %v", err)
		}
		binding, ok := parsed.Header.ExtraHeaders["strongroom"].(map[string]any)
		if !ok || binding["name"] != e.Binding.Name || binding["secret"] != e.Binding.Secret.String() {
			t.Errorf("go-jose reads the binding %v, Inspect %v", binding, e.Binding)
		}
		keys := map[uuid.UUID]uuid.UUID{}
		for i, project := range e.Binding.Projects {
			keys[project] = e.Recipients[i%len(e.Recipients)]
		}
		if err := e.Check(e.Binding, keys); (err == nil) != (len(e.Recipients) == len(e.Binding.Projects)) {
			t.Errorf("checked against itself: %v", err)
		}
	})
}

// FuzzOpen looks for a panic, for an error of no kind, and for a value that opens though it is none of those that were
// made: whatever opens must have the plaintext and the binding of one of them.
func FuzzOpen(f *testing.F) {
	type made struct{ name, plaintext string }
	wanted := map[made]bool{}
	for n := 1; n <= 3; n++ {
		b, keys := projectKeys(n)
		b.Name = fmt.Sprint("NAME_", n)
		f.Add(encrypt(f, b, keys, fmt.Sprint("plaintext ", n)))
		wanted[made{b.Name, fmt.Sprint("plaintext ", n)}] = true
	}
	for _, a := range readAnswers(f, "*.json", wantAnswers) {
		f.Add(a.Value)
	}
	b, keys := projectKeys(3)
	_, later := projectKeys(10)
	// Golden values under the same keys are genuine too.
	wanted[made{"DATABASE_URL", "ours <&> €"}] = true
	f.Fuzz(func(t *testing.T, value string) {
		want := expect(b)
		want.Name = ""
		opened, err := clientcrypto.Open(value, append(keys, later[3:]...), want)
		switch got := kind(err); {
		case got == "an error of no kind":
			t.Errorf("got %v", err)
		case err == nil && !wanted[made{opened.Binding.Name, string(opened.Plaintext)}]:
			t.Errorf("opened what nobody made: %q of %v", opened.Plaintext, opened.Binding)
		case err != nil && opened.Plaintext != nil:
			t.Errorf("plaintext beside an error: %v", err)
		}
	})
}
