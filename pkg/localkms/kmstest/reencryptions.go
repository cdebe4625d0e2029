package kmstest

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// other is another context than demo.
var other = of("strongroom:organization", "o", "strongroom:project", "other")

// reEncryptions are of ReEncrypt, whose source is as Decrypt's ciphertext and whose destination is as Encrypt's
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html).
var reEncryptions = slices.Concat([]check{
	{"ReEncrypt to another context", documented, func(f fixture) string {
		sealed := f.seal(f.Key, demo)
		moved, err := f.reEncrypt(kms.ReEncryptInput{CiphertextBlob: sealed, DestinationEncryptionContext: other})
		if err != nil {
			return outcome(err)
		}
		return unlike(
			field{"SourceKeyId", aws.ToString(moved.SourceKeyId), f.Key}, field{"KeyId", aws.ToString(moved.KeyId), f.Key},
			field{"SourceEncryptionAlgorithm", moved.SourceEncryptionAlgorithm, types.EncryptionAlgorithmSpecSymmetricDefault},
			field{"DestinationEncryptionAlgorithm", moved.DestinationEncryptionAlgorithm, types.EncryptionAlgorithmSpecSymmetricDefault},
			field{"opened with the new context", f.open(moved.CiphertextBlob, other), done},
			field{"opened with the old context", f.open(moved.CiphertextBlob, demo), "InvalidCiphertextException"},
			field{"the source opened as before", f.open(sealed, demo), done},
		)
	}},
	{"ReEncrypt to another key", documented, func(f fixture) string {
		to := f.otherKey()
		moved, err := f.reEncrypt(kms.ReEncryptInput{
			CiphertextBlob: f.seal(f.Key, demo), SourceKeyId: &f.Key, DestinationKeyId: &to, DestinationEncryptionContext: demo,
		})
		if err != nil {
			return outcome(err)
		}
		return unlike(
			field{"SourceKeyId", aws.ToString(moved.SourceKeyId), f.Key}, field{"KeyId", aws.ToString(moved.KeyId), to},
			field{"opened", f.open(moved.CiphertextBlob, demo), done},
			field{"opened with the source's key", outcome(f.decrypt(kms.DecryptInput{
				CiphertextBlob: moved.CiphertextBlob, EncryptionContext: demo, KeyId: &f.Key,
			})), "IncorrectKeyException"},
		)
	}},
	{"ReEncrypt to no context", done, func(f fixture) string {
		moved, err := f.reEncrypt(kms.ReEncryptInput{CiphertextBlob: f.seal(f.Key, demo)})
		if err != nil {
			return outcome(err)
		}
		return f.open(moved.CiphertextBlob, nil)
	}},
	{"ReEncrypt from another context", "InvalidCiphertextException", reEncrypting(kms.ReEncryptInput{SourceEncryptionContext: other})},
	{"ReEncrypt something else", "InvalidCiphertextException", reEncrypting(kms.ReEncryptInput{CiphertextBlob: []byte("garbage")})},
	{"ReEncrypt from a key that there is not", "NotFoundException", reEncrypting(kms.ReEncryptInput{SourceKeyId: aws.String(unknown)})},
	{"ReEncrypt from another key", "IncorrectKeyException", func(f fixture) string {
		from := f.otherKey()
		return reEncrypting(kms.ReEncryptInput{SourceKeyId: &from})(f)
	}},
	{"ReEncrypt with an algorithm of other keys", "InvalidKeyUsageException", reEncrypting(kms.ReEncryptInput{
		DestinationEncryptionAlgorithm: types.EncryptionAlgorithmSpecRsaesOaepSha256,
	})},
	{"ReEncrypt with a token of no grant", "InvalidGrantTokenException", reEncrypting(kms.ReEncryptInput{GrantTokens: tokens(1)})},
	{"ReEncrypt as a dry run", dry, reEncrypting(kms.ReEncryptInput{DryRun: aws.Bool(true)})},
}, namings("ReEncrypt", func(f fixture, name string) (*string, error) {
	out, err := f.reEncrypt(kms.ReEncryptInput{CiphertextBlob: f.seal(f.Key, demo), DestinationKeyId: &name})
	if err != nil {
		return nil, err
	}
	return out.KeyId, nil
}))

// reEncrypt re-encrypts from the context demo, and to the key, unless another is said.
func (f fixture) reEncrypt(in kms.ReEncryptInput) (*kms.ReEncryptOutput, error) {
	if in.SourceEncryptionContext == nil {
		in.SourceEncryptionContext = demo
	}
	if in.DestinationKeyId == nil {
		in.DestinationKeyId = &f.Key
	}
	return f.Client.ReEncrypt(f.Context(), &in)
}

// reEncrypting says what came of a ReEncrypt, of a ciphertext of the key unless another is said.
func reEncrypting(in kms.ReEncryptInput) func(f fixture) string {
	return func(f fixture) string {
		in := in
		if in.CiphertextBlob == nil {
			in.CiphertextBlob = f.seal(f.Key, demo)
		}
		_, err := f.reEncrypt(in)
		return outcome(err)
	}
}
