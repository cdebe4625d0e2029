package audit

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
)

// A Statement is a seal or a removal as it is stored and exported: the bytes that are signed, and the signature.
type Statement struct {
	Body []byte
	// Signature is ECDSA over the curve P-256 and the SHA-256 of Body, in DER, as KMS makes it (ECDSA_SHA_256).
	Signature []byte
}

// Hash is what is signed, and what the next statement of the chain names. It does not cover the signature, of which there
// may be several for one body.
func (s Statement) Hash() Hash { return sha256.Sum256(s.Body) }

// Seal reads a statement that is one. It does not look at the signature.
func (s Statement) Seal() (Seal, error) { return decodeSeal(s.Body) }

// Removal reads a statement that is one. It does not look at the signature.
func (s Statement) Removal() (Removal, error) { return decodeRemoval(s.Body) }

// Is says whether two statements say the same and are signed by the same bytes.
func (s Statement) Is(other Statement) bool {
	return bytes.Equal(s.Body, other.Body) && bytes.Equal(s.Signature, other.Signature)
}

// A PublicKey is that of a key which signs seals, in the form that KMS publishes: a SubjectPublicKeyInfo in DER, of the
// curve P-256.
type PublicKey []byte

// ErrKey is the answer to what is no public key of a seal.
var ErrKey = errors.New("audit: not a public key of the curve P-256 in DER")

func (k PublicKey) parse() (*ecdsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(k)
	key, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil, ErrKey
	}
	return key, nil
}

// Check is nil for what is such a key.
func (k PublicKey) Check() error {
	_, err := k.parse()
	return err
}

// Verify says whether that key signed the statement.
func (k PublicKey) Verify(s Statement) bool {
	key, err := k.parse()
	hash := s.Hash()
	return err == nil && ecdsa.VerifyASN1(key, hash[:], s.Signature)
}

// Fingerprint is what people compare keys by: SHA-256 of the DER, written as ssh does.
func (k PublicKey) Fingerprint() string {
	sum := sha256.Sum256(k)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// A Signer's name and key stand in what it signs.
type signedBy struct {
	KeyARN    string    `cbor:"20,keyasint"`
	PublicKey PublicKey `cbor:"21,keyasint"`
}

// decodeBody decodes a statement of that form. The error names what it is not.
func decodeBody(body []byte, into any) error {
	if err := decoding.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: %w", ErrStatement, err)
	}
	return nil
}

// ErrStatement is the answer to what is no statement of the kind asked for, or one of a later program.
var ErrStatement = errors.New("audit: not a statement of that kind")

// hashOf reads a hash that may be absent.
func hashOf(b []byte) (*Hash, error) {
	switch len(b) {
	case 0:
		return nil, nil //nolint:nilnil // there is none, which is right for the first of a chain
	case len(Hash{}):
		h := Hash(b)
		return &h, nil
	}
	return nil, fmt.Errorf("%w: a hash of %d bytes", ErrStatement, len(b))
}

func (h *Hash) bytes() []byte {
	if h == nil {
		return nil
	}
	return h[:]
}
