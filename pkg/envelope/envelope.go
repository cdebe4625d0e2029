// Package envelope seals what Strongroom stores, so that whoever reads the table, a backup or the stream sees no value
// and no note.
//
// # Keys
//
// A KMS key, the storage key, wraps data keys; a data key seals messages. KMS is reached through [KeyService], wrapped
// data keys are kept in a [Store], and a [Keyring] holds unwrapped ones for at most [Lifetime], so that warm reads make
// no KMS call. Data keys have generations, numbered from 1; a message says under which it was sealed. New messages are
// sealed under the newest; who replaces a data key opens what is under older ones and seals it anew (package secrets).
//
// # Format
//
// A sealed message is
//
//	version (1 byte, 0x01) ‖ generation (4 bytes, big endian) ‖ salt (32 random bytes) ‖ ciphertext ‖ tag (16 bytes)
//
// HKDF-SHA256 (RFC 5869) over the data key, with that salt and the info "strongroom/v1/" + purpose, yields 44 bytes: an
// AES-256-GCM key and its 12-byte nonce. So each message has a key of its own, and no counter has to be kept: 2^32
// messages under one data key repeat a salt with a probability below 2^-190.
//
// The associated data is made of the version byte, the organization's 16 bytes, the secret's 16 bytes, the purpose and
// the number (8 bytes, big endian), each part preceded by its length (4 bytes, big endian). What is moved, swapped,
// truncated or renumbered does not open. The generation is not among them: it chooses the data key, so that a message
// with another generation is opened with another key, and that fails.
//
// AES-GCM does not commit to its key: someone who holds two data keys could craft a message that opens under both.
// Whoever holds a data key can seal anything anyway, so nothing is built on it.
//
// testdata/envelope holds messages that must open, and ones that must not.
package envelope

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Errors that callers match.
var (
	// ErrOpen says that a message is not what was sealed for this place under this key. It is one error for everything
	// that fails authentication, and tells nobody which part did.
	ErrOpen = errors.New("envelope: the message does not open")
	// ErrFormat says that something is no sealed message of a version that this program knows.
	ErrFormat = errors.New("envelope: not a sealed message")
)

// Sizes, in bytes.
const (
	version        = 1
	generationSize = 4
	saltSize       = 32
	headerSize     = 1 + generationSize + saltSize
	keySize        = 32
	nonceSize      = 12
	tagSize        = 16

	// Overhead is how much longer a sealed message is than its plaintext.
	Overhead = headerSize + tagSize
	// MaxPlaintext is the most that one message holds: a client-encrypted value of 64 KiB with its headers, and room.
	MaxPlaintext = 128 << 10
)

// A Purpose is what a message is. Messages of different purposes never share a key.
type Purpose string

// The purposes.
const (
	PurposeValue Purpose = "value"
	PurposeNote  Purpose = "note"
)

// A Place is where a message belongs; it opens nowhere else.
type Place struct {
	Organization, Secret uuid.UUID
	Purpose              Purpose
	// Number is the version's, or the note's own.
	Number uint64
}

// Seal encrypts plaintext for a place. The result is Overhead bytes longer. The error says that plaintext is longer
// than MaxPlaintext or that the purpose is not known; both are mistakes of the caller.
func (k Key) Seal(p Place, plaintext []byte) ([]byte, error) {
	var salt [saltSize]byte
	rand.Read(salt[:]) // never fails: the program ends instead (crypto/rand)
	return k.seal(p, salt, plaintext)
}

// seal is Seal with the salt given: vectors need one that is known, and nothing else may choose it.
func (k Key) seal(p Place, salt [saltSize]byte, plaintext []byte) ([]byte, error) {
	if len(plaintext) > MaxPlaintext {
		return nil, fmt.Errorf("envelope: a message of %d bytes is too long, the most is %d", len(plaintext), MaxPlaintext)
	}
	aead, nonce, err := k.derive(p.Purpose, salt[:])
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, 0, Overhead+len(plaintext))
	sealed = append(sealed, version)
	sealed = binary.BigEndian.AppendUint32(sealed, k.generation)
	sealed = append(sealed, salt[:]...)
	return aead.Seal(sealed, nonce, plaintext, p.associatedData()), nil
}

// Open decrypts what Seal made for the same place under the same key. It answers ErrFormat for what can't be a message,
// ErrOpen for one that fails authentication or names another generation than the key's.
func (k Key) Open(p Place, sealed []byte) ([]byte, error) {
	generation, err := Generation(sealed)
	if err != nil {
		return nil, err
	}
	if generation != k.generation {
		return nil, ErrOpen
	}
	aead, nonce, err := k.derive(p.Purpose, sealed[1+generationSize:headerSize])
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, nonce, sealed[headerSize:], p.associatedData())
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// Generation says under which data key a message was sealed. It answers ErrFormat for what can't be a message.
//
// Sizes are checked here, before anything is decrypted. GCM authenticates only at the end: who can write the table could
// otherwise leave a huge item there, and have each reader decrypt all of it, into memory of its size, before it is
// refused. A message shorter than its header and tag must not reach the slicing that assumes them either.
func Generation(sealed []byte) (uint32, error) {
	switch {
	case len(sealed) < Overhead:
		return 0, fmt.Errorf("%w: %d bytes are too few", ErrFormat, len(sealed))
	case len(sealed) > Overhead+MaxPlaintext:
		return 0, fmt.Errorf("%w: %d bytes are too many", ErrFormat, len(sealed))
	case sealed[0] != version:
		return 0, fmt.Errorf("%w: version %d is not known", ErrFormat, sealed[0])
	}
	generation := binary.BigEndian.Uint32(sealed[1:])
	if generation == 0 {
		return 0, fmt.Errorf("%w: generations begin at 1", ErrFormat)
	}
	return generation, nil
}

// derive makes the message's own key and nonce.
func (k Key) derive(p Purpose, salt []byte) (cipher.AEAD, []byte, error) {
	if p != PurposeValue && p != PurposeNote {
		return nil, nil, fmt.Errorf("envelope: no purpose %q", p)
	}
	if k.material == nil {
		return nil, nil, errors.New("envelope: the zero Key holds no key")
	}
	derived, err := hkdf.Key(sha256.New, (*k.material)[:], salt, "strongroom/v1/"+string(p), keySize+nonceSize)
	if err != nil {
		return nil, nil, fmt.Errorf("envelope: deriving a key: %w", err)
	}
	block, err := aes.NewCipher(derived[:keySize])
	clear(derived[:keySize])
	if err != nil {
		return nil, nil, fmt.Errorf("envelope: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, fmt.Errorf("envelope: %w", err)
	}
	return aead, derived[keySize:], nil
}

// associatedData binds a message to its place. Each part carries its length, so that no two places share an encoding.
func (p Place) associatedData() []byte {
	data := make([]byte, 0, 80)
	data = appendPart(data, []byte{version})
	data = appendPart(data, p.Organization[:])
	data = appendPart(data, p.Secret[:])
	data = appendPart(data, []byte(p.Purpose))
	return appendPart(data, binary.BigEndian.AppendUint64(nil, p.Number))
}

func appendPart(data, part []byte) []byte {
	data = binary.BigEndian.AppendUint32(data, uint32(len(part))) //nolint:gosec // a few bytes
	return append(data, part...)
}
