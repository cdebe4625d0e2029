package kmstest

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// dataKeys are of GenerateDataKey: one of KeySpec and NumberOfBytes, which is 1 to 1,024
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html). What breaks a constraint that is
// documented of a member is a ValidationException
// (https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html).
var dataKeys = slices.Concat([]check{
	{"GenerateDataKey AES_256", "32 bytes, opened again", dataKey(kms.GenerateDataKeyInput{KeySpec: types.DataKeySpecAes256})},
	{"GenerateDataKey AES_128", "16 bytes, opened again", dataKey(kms.GenerateDataKeyInput{KeySpec: types.DataKeySpecAes128})},
	{"GenerateDataKey of 1 byte", "1 bytes, opened again", dataKey(kms.GenerateDataKeyInput{NumberOfBytes: aws.Int32(1)})},
	{"GenerateDataKey of 64 bytes", "64 bytes, opened again", dataKey(kms.GenerateDataKeyInput{NumberOfBytes: aws.Int32(64)})},
	{"GenerateDataKey of 1,024 bytes", "1024 bytes, opened again", dataKey(kms.GenerateDataKeyInput{NumberOfBytes: aws.Int32(1024)})},
	{"GenerateDataKey with a context", "32 bytes, opened again", dataKey(kms.GenerateDataKeyInput{
		KeySpec: types.DataKeySpecAes256, EncryptionContext: demo,
	})},
	{"GenerateDataKey of 0 bytes", "ValidationException", dataKey(kms.GenerateDataKeyInput{NumberOfBytes: aws.Int32(0)})},
	{"GenerateDataKey of 1,025 bytes", "ValidationException", dataKey(kms.GenerateDataKeyInput{NumberOfBytes: aws.Int32(1025)})},
	{"GenerateDataKey of no size", "ValidationException", dataKey(kms.GenerateDataKeyInput{})},
	{"GenerateDataKey of two sizes", "ValidationException", dataKey(kms.GenerateDataKeyInput{
		KeySpec: types.DataKeySpecAes256, NumberOfBytes: aws.Int32(32),
	})},
	{"GenerateDataKey of a KeySpec that there is not", "ValidationException", dataKey(kms.GenerateDataKeyInput{KeySpec: "AES_512"})},
	{"GenerateDataKey with a token of no grant", "InvalidGrantTokenException", dataKey(kms.GenerateDataKeyInput{
		KeySpec: types.DataKeySpecAes256, GrantTokens: tokens(1),
	})},
	{"GenerateDataKey with 11 tokens", "ValidationException", dataKey(kms.GenerateDataKeyInput{
		KeySpec: types.DataKeySpecAes256, GrantTokens: tokens(11),
	})},
	{"GenerateDataKey as a dry run", dry, dataKey(kms.GenerateDataKeyInput{KeySpec: types.DataKeySpecAes256, DryRun: aws.Bool(true)})},
	{"GenerateDataKey again", "another key", func(f fixture) string {
		a, b := f.dataKey(nil), f.dataKey(nil)
		if bytes.Equal(a.Plaintext, b.Plaintext) || bytes.Equal(a.CiphertextBlob, b.CiphertextBlob) {
			return "the same key"
		}
		return "another key"
	}},
	{"GenerateDataKey with a context, opened with another", "InvalidCiphertextException", ask(func(ctx context.Context, f fixture) error {
		_, err := f.Client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: f.dataKey(demo).CiphertextBlob, EncryptionContext: of("a", "b")})
		return err
	})},
}, namings("GenerateDataKey", func(f fixture, name string) (*string, error) {
	out, err := f.Client.GenerateDataKey(f.Context(), &kms.GenerateDataKeyInput{KeyId: &name, KeySpec: types.DataKeySpecAes256})
	if err != nil {
		return nil, err
	}
	return out.KeyId, nil
}))

// dataKey says how long a data key is, if its wrapped form decrypts to it.
func dataKey(in kms.GenerateDataKeyInput) func(f fixture) string {
	return func(f fixture) string {
		in := in
		in.KeyId = &f.Key
		made, err := f.Client.GenerateDataKey(f.Context(), &in)
		if err != nil {
			return outcome(err)
		}
		opened, err := f.Client.Decrypt(f.Context(), &kms.DecryptInput{
			CiphertextBlob: made.CiphertextBlob, EncryptionContext: in.EncryptionContext,
		})
		if err != nil || !bytes.Equal(opened.Plaintext, made.Plaintext) {
			return fmt.Sprintf("a key of %d bytes that does not open: %s", len(made.Plaintext), outcome(err))
		}
		return fmt.Sprintf("%d bytes, opened again", len(made.Plaintext))
	}
}

// dataKey makes a data key, which must succeed.
func (f fixture) dataKey(context map[string]string) *kms.GenerateDataKeyOutput {
	f.Helper()
	out, err := f.Client.GenerateDataKey(f.Context(), &kms.GenerateDataKeyInput{
		KeyId: &f.Key, KeySpec: types.DataKeySpecAes256, EncryptionContext: context,
	})
	if err != nil {
		f.Fatalf("GenerateDataKey: %v", err)
	}
	return out
}
