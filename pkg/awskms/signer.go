package awskms

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"strongroom/pkg/envelope"
)

// A SigningClient is the part of kms.Client that a Signer uses.
type SigningClient interface {
	Sign(context.Context, *kms.SignInput, ...func(*kms.Options)) (*kms.SignOutput, error)
	GetPublicKey(context.Context, *kms.GetPublicKeyInput, ...func(*kms.Options)) (*kms.GetPublicKeyOutput, error)
}

// A Signer is one KMS key that signs. Its methods may be called at the same time.
type Signer struct {
	client SigningClient
	keyARN string
}

var _ envelope.Signer = (*Signer)(nil)

// NewSigner makes a Signer of the key with that ARN, which must be of the kind ECC_NIST_P256.
func NewSigner(client SigningClient, keyARN string) *Signer {
	return &Signer{client: client, keyARN: keyARN}
}

// OpenSigner connects to the key of that ARN: what functions pass to app.WithSigner. endpoint is empty for AWS's own.
func OpenSigner(region, endpoint string, credentials aws.CredentialsProvider, keyARN string) envelope.Signer {
	return NewSigner(NewClient(Options{Region: region, Endpoint: endpoint, Credentials: credentials}), keyARN)
}

// ARN is the key's.
func (s *Signer) ARN() string { return s.keyARN }

// Sign asks KMS for a signature. Only the digest is sent.
func (s *Signer) Sign(ctx context.Context, digest [32]byte) ([]byte, error) {
	out, err := s.client.Sign(ctx, &kms.SignInput{
		KeyId: aws.String(s.keyARN), Message: digest[:], MessageType: types.MessageTypeDigest,
		SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
	})
	if err != nil {
		return nil, fmt.Errorf("awskms: signing: %w", classified(ctx, err))
	}
	return out.Signature, nil
}

// PublicKey asks KMS for the public half.
func (s *Signer) PublicKey(ctx context.Context) ([]byte, error) {
	out, err := s.client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(s.keyARN)})
	if err != nil {
		return nil, fmt.Errorf("awskms: reading the public key: %w", classified(ctx, err))
	}
	return out.PublicKey, nil
}
