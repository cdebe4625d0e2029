package localkms

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
)

const (
	ecdsaSHA256 = "ECDSA_SHA_256"
	eccP256     = "ECC_NIST_P256"
	// maxMessage is how many bytes KMS signs that are not hashed yet
	// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html).
	maxMessage = 4096
	// maxSignature bounds a signature to verify, in bytes, as KMS does.
	maxSignature = 6144
)

// A toSign is what Sign and Verify say of the message.
type toSign struct {
	KeyID            string   `json:"KeyId"`
	Message          []byte   `json:"Message"`
	MessageType      string   `json:"MessageType"`
	SigningAlgorithm string   `json:"SigningAlgorithm"`
	GrantTokens      []string `json:"GrantTokens"`
	DryRun           bool     `json:"DryRun"`
}

// digest is what is signed of the message.
func (in toSign) digest() ([]byte, error) {
	switch {
	case in.SigningAlgorithm == noneSaid:
		return nil, invalid("SigningAlgorithm is needed: %s", ecdsaSHA256)
	case in.SigningAlgorithm != ecdsaSHA256:
		return nil, failuref(invalidUsage, "the local KMS signs with %s only", ecdsaSHA256)
	case len(in.Message) < 1 || len(in.Message) > maxMessage:
		return nil, invalid("Message must have 1 to %d bytes", maxMessage)
	case in.MessageType == "DIGEST" && len(in.Message) == sha256.Size:
		return in.Message, nil
	case in.MessageType == "DIGEST":
		return nil, invalid("the digest of %s has %d bytes", ecdsaSHA256, sha256.Size)
	case in.MessageType == "RAW" || in.MessageType == noneSaid:
		sum := sha256.Sum256(in.Message)
		return sum[:], nil
	}
	return nil, invalid("MessageType must be RAW or DIGEST")
}

// signs is the signing key, if that is what is named.
func (e *Endpoint) signs(name string) (*Signer, bool) {
	s := e.Signing
	return s, s != nil && (name == s.ARN() || name == s.id.String())
}

// signer finds the signing key; other keys are the failure wrongKind.
func (e *Endpoint) signer(name, wrongKind string, tokens []string) (*Signer, error) {
	state := e.current.Load()
	if err := state.checkTokens(tokens); err != nil {
		return nil, err
	}
	if s, ok := e.signs(name); ok {
		return s, nil
	}
	key, err := state.key(name)
	if err != nil {
		return nil, err
	}
	return nil, failuref(wrongKind, "%s is a key for encryption, not for signing", key.arn())
}

const invalidUsage = "InvalidKeyUsageException"

type signOutput struct {
	KeyID            string `json:"KeyId"`
	Signature        []byte `json:"Signature"`
	SigningAlgorithm string `json:"SigningAlgorithm"`
}

// sign is the administrator's alone: what the key signs are the seals of events, and the server does that itself.
func (e *Endpoint) sign(who Caller, in toSign) (signOutput, error) {
	s, err := e.signer(in.KeyID, invalidUsage, in.GrantTokens)
	if err != nil {
		return signOutput{}, err
	}
	if err := e.administer(who, "Sign", s.ARN()); err != nil {
		return signOutput{}, err
	}
	digest, err := in.digest()
	if err != nil {
		return signOutput{}, err
	}
	if err := dry(in.DryRun); err != nil {
		return signOutput{}, err
	}
	signature, err := ecdsa.SignASN1(rand.Reader, s.key, digest)
	return signOutput{s.ARN(), signature, ecdsaSHA256}, err
}

type verifyInput struct {
	toSign
	Signature []byte `json:"Signature"`
}

type verifyOutput struct {
	KeyID            string `json:"KeyId"`
	SignatureValid   bool   `json:"SignatureValid"`
	SigningAlgorithm string `json:"SigningAlgorithm"`
}

// verify is for everybody who may sign requests, as is the public key.
func (e *Endpoint) verify(_ Caller, in verifyInput) (verifyOutput, error) {
	s, err := e.signer(in.KeyID, invalidUsage, in.GrantTokens)
	if err != nil {
		return verifyOutput{}, err
	}
	digest, err := in.digest()
	if err != nil {
		return verifyOutput{}, err
	}
	if len(in.Signature) < 1 || len(in.Signature) > maxSignature {
		return verifyOutput{}, invalid("Signature must have 1 to %d bytes", maxSignature)
	}
	if !ecdsa.VerifyASN1(&s.key.PublicKey, digest, in.Signature) {
		return verifyOutput{}, failuref("KMSInvalidSignatureException", "the signature is not the key's of that message")
	}
	return verifyOutput{s.ARN(), true, ecdsaSHA256}, dry(in.DryRun)
}

type getPublicKeyInput struct {
	KeyID       string   `json:"KeyId"`
	GrantTokens []string `json:"GrantTokens"`
}

type getPublicKeyOutput struct {
	KeyID                 string   `json:"KeyId"`
	PublicKey             []byte   `json:"PublicKey"`
	CustomerMasterKeySpec string   `json:"CustomerMasterKeySpec"`
	KeySpec               string   `json:"KeySpec"`
	KeyUsage              string   `json:"KeyUsage"`
	SigningAlgorithms     []string `json:"SigningAlgorithms"`
}

func (e *Endpoint) getPublicKey(_ Caller, in getPublicKeyInput) (getPublicKeyOutput, error) {
	s, err := e.signer(in.KeyID, "UnsupportedOperationException", in.GrantTokens)
	if err != nil {
		return getPublicKeyOutput{}, err
	}
	return getPublicKeyOutput{s.ARN(), s.public, eccP256, eccP256, "SIGN_VERIFY", []string{ecdsaSHA256}}, nil
}
