// Package awskms implements envelope.KeyService and envelope.Signer over AWS KMS.
//
// The role that uses a [Service] needs kms:GenerateDataKey and kms:Decrypt on the one key, that of a [Signer] kms:Sign and
// kms:GetPublicKey on its own, and nothing else.
//
// # Errors
//
// What KMS answers becomes one of envelope's errors, which keep the SDK's text; it names the error, the request and the
// key, never a key's bytes:
//
//	ErrUnavailable  ThrottlingException, LimitExceededException, DependencyTimeoutException, KMSInternalException,
//	                KeyUnavailableException, ServiceUnavailableException, any other answer of status 5xx, no answer
//	ErrKeyUnusable  DisabledException, KMSInvalidStateException, NotFoundException, InvalidKeyUsageException,
//	                AccessDeniedException, and the refusals of the caller's own credentials
//	ErrWrapped      InvalidCiphertextException (altered, or another context), IncorrectKeyException (another key)
//
// The end of the caller's context stays what it is; anything else is passed on as it came. Documented at
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html, API_GenerateDataKey.html, API_Sign.html
// and API_GetPublicKey.html.
package awskms

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"strongroom/pkg/envelope"
)

// A Client is the part of kms.Client that is used.
type Client interface {
	GenerateDataKey(context.Context, *kms.GenerateDataKeyInput, ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error)
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

// A Service is one KMS key. Its methods may be called at the same time.
type Service struct {
	client Client
	keyID  string
}

var _ envelope.KeyService = (*Service)(nil)

// New makes a Service of the key with that ARN or id. An ARN is better: Decrypt then names the key whatever account the
// caller is in.
func New(client Client, keyID string) *Service { return &Service{client: client, keyID: keyID} }

// GenerateDataKey asks KMS for 256 bits and their wrapped form.
func (s *Service) GenerateDataKey(ctx context.Context, keyContext map[string]string) (envelope.DataKeyMaterial, error) {
	out, err := s.client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId:             aws.String(s.keyID),
		KeySpec:           types.DataKeySpecAes256,
		EncryptionContext: keyContext,
	})
	if err != nil {
		return envelope.DataKeyMaterial{}, fmt.Errorf("awskms: generating a data key: %w", classified(ctx, err))
	}
	return envelope.DataKeyMaterial{Plaintext: out.Plaintext, Wrapped: out.CiphertextBlob}, nil
}

// Decrypt asks KMS to unwrap a data key. The key is named: KMS would otherwise use whichever key the wrapped form says,
// and who can write the table could have one of theirs used.
func (s *Service) Decrypt(ctx context.Context, wrapped []byte, keyContext map[string]string) ([]byte, error) {
	out, err := s.client.Decrypt(ctx, &kms.DecryptInput{
		KeyId:             aws.String(s.keyID),
		CiphertextBlob:    wrapped,
		EncryptionContext: keyContext,
	})
	if err != nil {
		return nil, fmt.Errorf("awskms: unwrapping a data key: %w", classified(ctx, err))
	}
	return out.Plaintext, nil
}

// kinds sorts KMS's error codes. A code is compared as text, since throttling and refused access have no Go type.
var kinds = map[string]error{
	"ThrottlingException":         envelope.ErrUnavailable,
	"LimitExceededException":      envelope.ErrUnavailable,
	"DependencyTimeoutException":  envelope.ErrUnavailable,
	"KMSInternalException":        envelope.ErrUnavailable,
	"KeyUnavailableException":     envelope.ErrUnavailable,
	"ServiceUnavailableException": envelope.ErrUnavailable,

	"DisabledException":           envelope.ErrKeyUnusable,
	"KMSInvalidStateException":    envelope.ErrKeyUnusable,
	"NotFoundException":           envelope.ErrKeyUnusable,
	"InvalidKeyUsageException":    envelope.ErrKeyUnusable,
	"AccessDeniedException":       envelope.ErrKeyUnusable,
	"ExpiredTokenException":       envelope.ErrKeyUnusable,
	"UnrecognizedClientException": envelope.ErrKeyUnusable,
	"InvalidSignatureException":   envelope.ErrKeyUnusable,

	"InvalidCiphertextException": envelope.ErrWrapped,
	"IncorrectKeyException":      envelope.ErrWrapped,
}

// classified adds to err which of envelope's errors it is.
func classified(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	kind := envelope.ErrUnavailable // no answer at all
	var answer smithy.APIError
	if errors.As(err, &answer) {
		kind = kinds[answer.ErrorCode()]
		if kind == nil && status(err) >= 500 {
			kind = envelope.ErrUnavailable
		}
	}
	if kind == nil {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}

func status(err error) int {
	var answer interface{ HTTPStatusCode() int }
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}
