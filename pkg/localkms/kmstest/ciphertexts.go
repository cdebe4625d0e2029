package kmstest

import (
	"bytes"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// encryptions are of Encrypt: 1 to 4,096 bytes (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html).
var encryptions = slices.Concat([]check{
	{"Encrypt 1 byte", "SYMMETRIC_DEFAULT, opened again", encrypt(kms.EncryptInput{Plaintext: make([]byte, 1)})},
	{"Encrypt 4,096 bytes", "SYMMETRIC_DEFAULT, opened again", encrypt(kms.EncryptInput{Plaintext: make([]byte, 4096)})},
	{"Encrypt nothing", "ValidationException", encrypt(kms.EncryptInput{Plaintext: []byte{}})},
	{"Encrypt 4,097 bytes", "ValidationException", encrypt(kms.EncryptInput{Plaintext: make([]byte, 4097)})},
	{"Encrypt with the algorithm named", "SYMMETRIC_DEFAULT, opened again", encrypt(kms.EncryptInput{
		Plaintext: []byte("x"), EncryptionAlgorithm: types.EncryptionAlgorithmSpecSymmetricDefault,
	})},
	{"Encrypt with an algorithm of other keys", "InvalidKeyUsageException", encrypt(kms.EncryptInput{
		Plaintext: []byte("x"), EncryptionAlgorithm: types.EncryptionAlgorithmSpecRsaesOaepSha256,
	})},
	{"Encrypt with a token of no grant", "InvalidGrantTokenException", encrypt(kms.EncryptInput{Plaintext: []byte("x"), GrantTokens: tokens(1)})},
	{"Encrypt as a dry run", dry, encrypt(kms.EncryptInput{Plaintext: []byte("x"), DryRun: aws.Bool(true)})},
	{"Encrypt again", "another ciphertext", func(f fixture) string {
		if bytes.Equal(f.seal(f.Key, demo), f.seal(f.Key, demo)) {
			return "the same ciphertext"
		}
		return "another ciphertext"
	}},
}, namings("Encrypt", func(f fixture, name string) (*string, error) {
	out, err := f.Client.Encrypt(f.Context(), &kms.EncryptInput{KeyId: &name, Plaintext: []byte(plaintext)})
	if err != nil {
		return nil, err
	}
	return out.KeyId, nil
}))

// encrypt says with which algorithm something was encrypted, if that decrypts to it.
func encrypt(in kms.EncryptInput) func(f fixture) string {
	return func(f fixture) string {
		in := in
		in.KeyId = &f.Key
		sealed, err := f.Client.Encrypt(f.Context(), &in)
		if err != nil {
			return outcome(err)
		}
		opened, err := f.Client.Decrypt(f.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
		if err != nil || !bytes.Equal(opened.Plaintext, in.Plaintext) || opened.EncryptionAlgorithm != sealed.EncryptionAlgorithm {
			return "does not open: " + outcome(err)
		}
		return string(sealed.EncryptionAlgorithm) + ", opened again"
	}
}

// decryptions are of Decrypt. The context must be the same, case included and but for the order of its pairs; a key that
// is named must be the ciphertext's own; a ciphertext has 1 to 6,144 bytes
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html,
// https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html).
var decryptions = slices.Concat([]check{
	{"Decrypt without a KeyId", theKey, func(f fixture) string {
		out, err := f.Client.Decrypt(f.Context(), &kms.DecryptInput{CiphertextBlob: f.seal(f.Key, demo), EncryptionContext: demo})
		if err != nil {
			return outcome(err)
		}
		return f.each(func(fixture, string) (*string, error) { return out.KeyId, nil }, "")
	}},
	{"Decrypt with another KeyId", "IncorrectKeyException", func(f fixture) string {
		other := f.otherKey()
		return outcome(f.decrypt(kms.DecryptInput{CiphertextBlob: f.seal(f.Key, demo), EncryptionContext: demo, KeyId: &other}))
	}},
	{"Decrypt with an algorithm of other keys", "InvalidKeyUsageException", func(f fixture) string {
		return outcome(f.decrypt(kms.DecryptInput{
			CiphertextBlob: f.seal(f.Key, nil), KeyId: &f.Key, EncryptionAlgorithm: types.EncryptionAlgorithmSpecRsaesOaepSha256,
		}))
	}},
	{"Decrypt with a token of no grant", "InvalidGrantTokenException", func(f fixture) string {
		return outcome(f.decrypt(kms.DecryptInput{CiphertextBlob: f.seal(f.Key, nil), GrantTokens: tokens(1)}))
	}},
	{"Decrypt as a dry run", dry, func(f fixture) string {
		return outcome(f.decrypt(kms.DecryptInput{CiphertextBlob: f.seal(f.Key, nil), KeyId: &f.Key, DryRun: aws.Bool(true)}))
	}},

	{"Decrypt with the context", done, opening(demo, demo)},
	{"Decrypt with no context, as it was encrypted", done, opening(nil, nil)},
	{"Decrypt with an empty context where there was none", done, opening(nil, of())},
	{"Decrypt without the context", "InvalidCiphertextException", opening(demo, nil)},
	{"Decrypt with a context where there was none", "InvalidCiphertextException", opening(nil, demo)},
	{"Decrypt with a pair more in the context", "InvalidCiphertextException", opening(of("a", "b"), of("a", "b", "c", "d"))},
	{"Decrypt with a pair less in the context", "InvalidCiphertextException", opening(of("a", "b", "c", "d"), of("a", "b"))},
	{"Decrypt with another value in the context", "InvalidCiphertextException", opening(of("a", "b"), of("a", "c"))},
	{"Decrypt with another name in the context", "InvalidCiphertextException", opening(of("a", "b"), of("c", "b"))},
	{"Decrypt with another case in a name of the context", "InvalidCiphertextException", opening(of("a", "b"), of("A", "b"))},
	{"Decrypt with another case in a value of the context", "InvalidCiphertextException", opening(of("a", "b"), of("a", "B"))},
	{"Decrypt with values exchanged in the context", "InvalidCiphertextException", opening(of("a", "b", "c", "d"), of("a", "d", "c", "b"))},
	{"Decrypt with the border between name and value moved", "InvalidCiphertextException", opening(of("a", "bc"), of("ab", "c"))},
	{"Decrypt with two pairs of the context made one", "InvalidCiphertextException", opening(of("a", "b", "c", "d"), of("a", "bcd"))},

	{"Decrypt with the last byte altered", "InvalidCiphertextException", altering(func(c []byte) []byte {
		c[len(c)-1] ^= 1
		return c
	})},
	{"Decrypt without the last byte", "InvalidCiphertextException", altering(func(c []byte) []byte { return c[:len(c)-1] })},
	{"Decrypt with a byte more", "InvalidCiphertextException", altering(func(c []byte) []byte { return append(c, 0) })},
	{"Decrypt a few bytes", "InvalidCiphertextException", altering(func([]byte) []byte { return []byte("garbage") })},
	{"Decrypt 200 bytes of something else", "InvalidCiphertextException", altering(func([]byte) []byte {
		return []byte(strings.Repeat("garbage!", 25))
	})},
	{"Decrypt nothing", "ValidationException", altering(func([]byte) []byte { return []byte{} })},
	{"Decrypt 6,145 bytes", "ValidationException", altering(func([]byte) []byte { return make([]byte, 6145) })},
	{"Decrypt with a bit altered in any byte", "never opened", func(f fixture) string {
		for i, sealed := 0, f.seal(f.Key, demo); i < len(sealed); i++ {
			altered := bytes.Clone(sealed)
			altered[i] ^= 1 << (i % 8)
			if f.decrypt(kms.DecryptInput{CiphertextBlob: altered, EncryptionContext: demo}) == nil {
				return "opened"
			}
		}
		return "never opened"
	}},
}, namings("Decrypt", func(f fixture, name string) (*string, error) {
	out, err := f.Client.Decrypt(f.Context(), &kms.DecryptInput{CiphertextBlob: f.seal(f.Key, nil), KeyId: &name})
	if err != nil {
		return nil, err
	}
	return out.KeyId, nil
}))

// decrypt is the error of a Decrypt.
func (f fixture) decrypt(in kms.DecryptInput) error {
	_, err := f.Client.Decrypt(f.Context(), &in)
	return err
}

// opening opens with one context what was sealed with another.
func opening(sealed, opened map[string]string) func(f fixture) string {
	return func(f fixture) string { return f.open(f.seal(f.Key, sealed), opened) }
}

// altering opens a ciphertext that is not what it was.
func altering(alter func(ciphertext []byte) []byte) func(f fixture) string {
	return func(f fixture) string { return f.open(alter(f.seal(f.Key, demo)), demo) }
}
