package clientcrypto_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"testing"

	"strongroom/pkg/clientcrypto"
)

const benchSize = 1 << 10

// BenchmarkEncrypt makes a value of 1 KiB for one project, BenchmarkBareEncrypt the same ciphertext with AES-256-GCM alone.
func BenchmarkEncrypt(b *testing.B) { benchmarkEncrypt(b, 1) }

// BenchmarkEncryptForTen is for as many projects as there may be.
func BenchmarkEncryptForTen(b *testing.B) { benchmarkEncrypt(b, clientcrypto.MaxRecipients) }

func benchmarkEncrypt(b *testing.B, projects int) {
	binding, keys := projectKeys(projects)
	plaintext := make([]byte, benchSize)
	b.SetBytes(benchSize)
	for b.Loop() {
		if _, err := clientcrypto.Encrypt(binding, keys, plaintext); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBareEncrypt(b *testing.B) {
	aead, plaintext := bareGCM(b), make([]byte, benchSize)
	nonce, out := make([]byte, aead.NonceSize()), make([]byte, 0, benchSize+aead.Overhead())
	b.SetBytes(benchSize)
	for b.Loop() {
		_, _ = rand.Read(nonce)
		out = aead.Seal(out[:0], nonce, plaintext, nil)
	}
}

// BenchmarkOpen is the way back.
func BenchmarkOpen(b *testing.B) { benchmarkOpen(b, 1) }

func BenchmarkOpenForTen(b *testing.B) { benchmarkOpen(b, clientcrypto.MaxRecipients) }

func benchmarkOpen(b *testing.B, projects int) {
	binding, keys := projectKeys(projects)
	value := encrypt(b, binding, keys, string(make([]byte, benchSize)))
	b.SetBytes(benchSize)
	for b.Loop() {
		if _, err := clientcrypto.Open(value, keys, expect(binding)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBareOpen(b *testing.B) {
	aead := bareGCM(b)
	nonce, out := make([]byte, aead.NonceSize()), make([]byte, 0, benchSize)
	sealed := aead.Seal(nil, nonce, make([]byte, benchSize), nil)
	b.SetBytes(benchSize)
	for b.Loop() {
		if _, err := aead.Open(out[:0], nonce, sealed, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func bareGCM(b *testing.B) cipher.AEAD {
	b.Helper()
	block, err := aes.NewCipher(make([]byte, clientcrypto.KeySize))
	if err != nil {
		b.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	return aead
}
