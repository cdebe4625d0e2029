package envelope

import (
	"crypto/aes"
	"crypto/cipher"
	"testing"
)

// The bare cost is one AES-256-GCM message under a key that is ready: what Seal and Open add is the derivation of a key of
// each message's own, and the salt.

func BenchmarkSeal1KiB(b *testing.B) {
	k, plaintext := testKey(b, 1), make([]byte, 1<<10)
	b.ReportAllocs()
	b.SetBytes(1 << 10)
	for b.Loop() {
		if _, err := k.Seal(testPlace, plaintext); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen1KiB(b *testing.B) {
	k := testKey(b, 1)
	sealed, err := k.Seal(testPlace, make([]byte, 1<<10))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(1 << 10)
	for b.Loop() {
		if _, err := k.Open(testPlace, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBareSeal1KiB(b *testing.B) {
	aead, nonce, data := bareCipher(b), make([]byte, nonceSize), testPlace.associatedData()
	plaintext := make([]byte, 1<<10)
	b.ReportAllocs()
	b.SetBytes(1 << 10)
	for b.Loop() {
		aead.Seal(nil, nonce, plaintext, data)
	}
}

func BenchmarkBareOpen1KiB(b *testing.B) {
	aead, nonce, data := bareCipher(b), make([]byte, nonceSize), testPlace.associatedData()
	sealed := aead.Seal(nil, nonce, make([]byte, 1<<10), data)
	b.ReportAllocs()
	b.SetBytes(1 << 10)
	for b.Loop() {
		if _, err := aead.Open(nil, nonce, sealed, data); err != nil {
			b.Fatal(err)
		}
	}
}

func bareCipher(b *testing.B) cipher.AEAD {
	b.Helper()
	block, err := aes.NewCipher(make([]byte, keySize))
	if err != nil {
		b.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	return aead
}
