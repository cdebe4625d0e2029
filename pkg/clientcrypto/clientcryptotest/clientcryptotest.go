// Package clientcryptotest makes client-encrypted values for tests of what receives them.
package clientcryptotest

import (
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"strongroom/pkg/clientcrypto"
)

// A Key is a project key: its id and its 32 bytes.
type Key struct {
	ID       uuid.UUID
	Material []byte
}

// NewKey answers a key with that id and bytes made from it, the same each time. It protects nothing.
func NewKey(id uuid.UUID) Key {
	return Key{ID: id, Material: append(append([]byte(nil), id[:]...), id[:]...)}
}

// Of is the key as one of that project.
func (k Key) Of(project uuid.UUID) clientcrypto.ProjectKey {
	return must(clientcrypto.NewProjectKey(k.ID, project, k.Material))
}

// Encrypt makes a value for the binding that opens with each of the keys, in the form that package clientcrypto
// describes: compact for one key, general JSON for several. It panics where go-jose refuses, which is a mistake of the
// test. The binding is written as it is, sorted or not, and keys need not be those of its projects: what the production
// Encrypt refuses to make is what tests of receivers need, so that this one stands on its own.
func Encrypt(b clientcrypto.Binding, keys []Key, plaintext string) string {
	header := map[string]any{"organization": b.Organization, "secret": b.Secret, "name": b.Name, "projects": b.Projects}
	options := (&jose.EncrypterOptions{}).WithHeader("strongroom", header)
	recipients := make([]jose.Recipient, len(keys))
	for i, k := range keys {
		recipients[i] = jose.Recipient{Algorithm: jose.A256GCMKW, Key: k.Material, KeyID: k.ID.String()}
	}
	if len(keys) == 1 {
		encrypter := must(jose.NewEncrypter(jose.A256GCM, recipients[0], options))
		return must(must(encrypter.Encrypt([]byte(plaintext))).CompactSerialize())
	}
	encrypter := must(jose.NewMultiEncrypter(jose.A256GCM, recipients, options))
	return general(must(encrypter.Encrypt([]byte(plaintext))).FullSerialize())
}

// general corrects what go-jose serializes: it writes the first recipient's encrypted_key once more at the top, which RFC
// 7516, section 7.2, does not allow beside recipients, and leaves out the ciphertext of an empty value.
func general(serialized string) string {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(serialized), &members); err != nil {
		panic(fmt.Sprintf("clientcryptotest: %v", err))
	}
	delete(members, "encrypted_key")
	if members["ciphertext"] == nil {
		members["ciphertext"] = json.RawMessage(`""`)
	}
	return string(must(json.Marshal(members)))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("clientcryptotest: %v", err))
	}
	return value
}
