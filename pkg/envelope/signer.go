package envelope

import "context"

// A Signer is KMS's verbs for a key that signs, of the kind ECC_NIST_P256. Its methods may be called at the same time.
// Their errors are those of a KeyService, but for ErrWrapped.
type Signer interface {
	// ARN is the name of the key.
	ARN() string
	// Sign signs a SHA-256 digest: ECDSA_SHA_256, whose form is DER.
	Sign(ctx context.Context, digest [32]byte) (signature []byte, err error)
	// PublicKey answers the public half, as a SubjectPublicKeyInfo in DER. It never changes.
	PublicKey(ctx context.Context) ([]byte, error)
}
