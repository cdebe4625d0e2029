package clientcrypto_test

import (
	"errors"
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
