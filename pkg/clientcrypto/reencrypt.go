package clientcrypto

import "errors"

// A Reencryption is one value on its way from the place and keys that it was made for to others of the same secret: it was
// renamed, joins or leaves projects, or a project has a new key.
type Reencryption struct {
	// From is what the old value must prove to be, and Old are keys that open it.
	From Expectation
	Old  []ProjectKey
	// To is the new place, and New one key for each of its projects. Of the projects, take those of the old value's own
	// binding and those that a person named, never what a server says: a project added there is one more reader.
	To  Binding
	New []ProjectKey
}

// Reencrypt opens a value and encrypts the same plaintext anew, under a fresh content key: who had only a key of a
// project that it left can't open the new one. The organization and the secret stay the same; a copy to another secret
// is an Open and an Encrypt. Doing it again is harmless, so an interrupted run starts over.
//
// The errors are those of Open and of Encrypt, and one of its own if To is another organization or secret.
func Reencrypt(value string, r Reencryption) (string, error) {
	if r.To.Organization != r.From.Organization || r.To.Secret != r.From.Secret {
		return "", errors.New("re-encryption keeps the organization and the secret: a copy is made by opening and encrypting")
	}
	opened, err := Open(value, r.Old, r.From)
	if err != nil {
		return "", err
	}
	return Encrypt(r.To, r.New, opened.Plaintext)
}
