package kmstest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// signatures are of GetPublicKey, Sign and Verify with a key of the kind ECC_NIST_P256, whose one algorithm is
// ECDSA_SHA_256 (https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html,
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html,
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html).
var signatures = []check{
	{"GetPublicKey", documented, func(f fixture) string {
		out, err := f.Client.GetPublicKey(f.Context(), &kms.GetPublicKeyInput{KeyId: &f.SigningKey})
		if err != nil {
			return outcome(err)
		}
		parsed, err := x509.ParsePKIXPublicKey(out.PublicKey)
		key, ok := parsed.(*ecdsa.PublicKey)
		return unlike(
			field{"PublicKey", err == nil && ok && key.Curve == elliptic.P256(), true}, field{"KeyId", aws.ToString(out.KeyId), f.SigningKey},
			field{"KeySpec", out.KeySpec, types.KeySpecEccNistP256}, field{"KeyUsage", out.KeyUsage, types.KeyUsageTypeSignVerify},
			field{"SigningAlgorithms", out.SigningAlgorithms, []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecEcdsaSha256}},
		)
	}},
	{"GetPublicKey by each name of the key", theSigningKey, func(f fixture) string {
		return f.eachSigning(func(f fixture, name string) (*string, error) {
			out, err := f.Client.GetPublicKey(f.Context(), &kms.GetPublicKeyInput{KeyId: &name})
			if err != nil {
				return nil, err
			}
			return out.KeyId, nil
		})
	}},
	{"GetPublicKey of a key for encryption", "UnsupportedOperationException", ask(func(ctx context.Context, f fixture) error {
		_, err := f.Client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: &f.Key})
		return err
	})},
	{"GetPublicKey of a key that there is not", "NotFoundException", ask(func(ctx context.Context, f fixture) error {
		_, err := f.Client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(unknown)})
		return err
	})},
	{"Sign a digest", "verified", signing(kms.SignInput{Message: digest(plaintext), MessageType: types.MessageTypeDigest})},
	{"Sign a message", "verified", signing(kms.SignInput{Message: []byte(plaintext), MessageType: types.MessageTypeRaw})},
	{"Sign a message of no type", "verified", signing(kms.SignInput{Message: []byte(plaintext)})},
	{"Sign by each name of the key", theSigningKey, func(f fixture) string {
		return f.eachSigning(func(f fixture, name string) (*string, error) {
			out, err := f.Client.Sign(f.Context(), &kms.SignInput{
				KeyId: &name, Message: []byte(plaintext), SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
			})
			if err != nil {
				return nil, err
			}
			return out.KeyId, nil
		})
	}},
	{"Sign a digest of 31 bytes", "ValidationException", signing(kms.SignInput{
		Message: digest(plaintext)[1:], MessageType: types.MessageTypeDigest,
	})},
	{"Sign nothing", "ValidationException", signing(kms.SignInput{Message: []byte{}})},
	{"Sign 4,096 bytes", "verified", signing(kms.SignInput{Message: []byte(strings.Repeat("x", 4096))})},
	{"Sign 4,097 bytes", "ValidationException", signing(kms.SignInput{Message: []byte(strings.Repeat("x", 4097))})},
	{"Sign with an algorithm of other keys", "InvalidKeyUsageException", signing(kms.SignInput{
		Message: []byte(plaintext), SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha384,
	})},
	{"Sign with a key for encryption", "InvalidKeyUsageException", func(f fixture) string {
		return signing(kms.SignInput{KeyId: &f.Key, Message: []byte(plaintext)})(f)
	}},
	{"Sign with a key that there is not", "NotFoundException", signing(kms.SignInput{KeyId: aws.String(unknown), Message: []byte(plaintext)})},
	{"Sign as a dry run", dry, signing(kms.SignInput{Message: []byte(plaintext), DryRun: aws.Bool(true)})},
	{"Verify", done, verifying(kms.VerifyInput{})},
	{"Verify by the digest", done, verifying(kms.VerifyInput{Message: digest(plaintext), MessageType: types.MessageTypeDigest})},
	{"Verify another message", "KMSInvalidSignatureException", verifying(kms.VerifyInput{Message: []byte("another")})},
	{"Verify another signature", "KMSInvalidSignatureException", verifying(kms.VerifyInput{Signature: []byte("another")})},
	{"Verify with a key for encryption", "InvalidKeyUsageException", func(f fixture) string {
		return verifying(kms.VerifyInput{KeyId: &f.Key})(f)
	}},
	{"Encrypt with a key for signing", "InvalidKeyUsageException", ask(func(ctx context.Context, f fixture) error {
		_, err := f.Client.Encrypt(ctx, &kms.EncryptInput{KeyId: &f.SigningKey, Plaintext: []byte(plaintext)})
		return err
	})},
}

const theSigningKey = "the signing key's ARN"

// eachSigning asks by every name of the signing key that all subjects have.
func (f fixture) eachSigning(ask asker) string {
	key := f.Key
	f.Key = f.SigningKey
	answer := f.each(ask, id(f.SigningKey), f.SigningKey)
	if f.Key = key; answer == theKey {
		return theSigningKey
	}
	return answer
}

func digest(message string) []byte {
	sum := sha256.Sum256([]byte(message))
	return sum[:]
}

// signing says what came of a Sign, by the signing key and its algorithm unless others are said. What it signs must verify
// with the public key, by no means of KMS's.
func signing(in kms.SignInput) func(f fixture) string {
	return func(f fixture) string {
		in := in
		if in.KeyId == nil {
			in.KeyId = &f.SigningKey
		}
		if in.SigningAlgorithm == "" {
			in.SigningAlgorithm = types.SigningAlgorithmSpecEcdsaSha256
		}
		out, err := f.Client.Sign(f.Context(), &in)
		if err != nil {
			return outcome(err)
		}
		public, err := f.Client.GetPublicKey(f.Context(), &kms.GetPublicKeyInput{KeyId: &f.SigningKey})
		if err != nil {
			f.Fatalf("GetPublicKey: %v", err)
		}
		parsed, err := x509.ParsePKIXPublicKey(public.PublicKey)
		key, ok := parsed.(*ecdsa.PublicKey)
		if err != nil || !ok {
			return "no public key"
		}
		signed := in.Message
		if in.MessageType != types.MessageTypeDigest {
			signed = digest(string(in.Message))
		}
		if !ecdsa.VerifyASN1(key, signed, out.Signature) || out.SigningAlgorithm != types.SigningAlgorithmSpecEcdsaSha256 {
			return "a signature that does not verify"
		}
		return "verified"
	}
}

// verifying says what came of a Verify of the plaintext's signature, but for what is said otherwise.
func verifying(in kms.VerifyInput) func(f fixture) string {
	return func(f fixture) string {
		in := in
		signed, err := f.Client.Sign(f.Context(), &kms.SignInput{
			KeyId: &f.SigningKey, Message: []byte(plaintext), SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
		})
		if err != nil {
			f.Fatalf("Sign: %v", err)
		}
		if in.KeyId == nil {
			in.KeyId = &f.SigningKey
		}
		if in.Message == nil {
			in.Message = []byte(plaintext)
		}
		if in.Signature == nil {
			in.Signature = signed.Signature
		}
		in.SigningAlgorithm = types.SigningAlgorithmSpecEcdsaSha256
		out, err := f.Client.Verify(f.Context(), &in)
		if err == nil && !out.SignatureValid {
			return "answered that it is not valid"
		}
		return outcome(err)
	}
}
