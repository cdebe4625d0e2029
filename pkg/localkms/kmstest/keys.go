package kmstest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// keys are of CreateKey, DescribeKey and ListAliases
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html,
// https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html,
// https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html,
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html).
var keys = slices.Concat([]check{
	{"CreateKey", documented, func(f fixture) string {
		out, err := f.Client.CreateKey(f.Context(), &kms.CreateKeyInput{Description: aws.String("for a check")})
		if err != nil {
			return outcome(err)
		}
		return asCreated(out.KeyMetadata, "for a check")
	}},
	{"DescribeKey of a key just made", documented, func(f fixture) string {
		made, err := f.Client.CreateKey(f.Context(), &kms.CreateKeyInput{Description: aws.String("for a check")})
		if err != nil {
			return outcome(err)
		}
		out, err := f.Client.DescribeKey(f.Context(), &kms.DescribeKeyInput{KeyId: made.KeyMetadata.KeyId})
		if err != nil {
			return outcome(err)
		}
		return asCreated(out.KeyMetadata, "for a check")
	}},
	{"CreateKey with a description of 8,193 characters", "ValidationException", ask(func(ctx context.Context, f fixture) error {
		_, err := f.Client.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String(strings.Repeat("x", 8193))})
		return err
	})},
	{"ListAliases", "the alias, once", aliases(kms.ListAliasesInput{})},
	{"ListAliases of the key", "the alias, once", func(f fixture) string { return aliases(kms.ListAliasesInput{KeyId: &f.Key})(f) }},
	{"ListAliases of another key", "0 aliases", func(f fixture) string {
		key := f.otherKey()
		return aliases(kms.ListAliasesInput{KeyId: &key})(f)
	}},
	{"ListAliases of a key that there is not", "NotFoundException", aliases(kms.ListAliasesInput{KeyId: aws.String(unknown)})},
	{"ListAliases, 0 a page", "ValidationException", aliases(kms.ListAliasesInput{Limit: aws.Int32(0)})},
	{"ListAliases, 101 a page", "ValidationException", aliases(kms.ListAliasesInput{Limit: aws.Int32(101)})},
	{"ListAliases from a marker of no list", "InvalidMarkerException", aliases(kms.ListAliasesInput{Marker: aws.String("none")})},
}, namings("DescribeKey", func(f fixture, name string) (*string, error) {
	out, err := f.Client.DescribeKey(f.Context(), &kms.DescribeKeyInput{KeyId: &name})
	if err != nil {
		return nil, err
	}
	return out.KeyMetadata.Arn, nil
}))

// asCreated looks at every member that a symmetric key has which was made with nothing but a description.
func asCreated(m *types.KeyMetadata, description string) string {
	algorithms := []types.EncryptionAlgorithmSpec{types.EncryptionAlgorithmSpecSymmetricDefault}
	return unlike(
		field{"Arn", strings.HasSuffix(aws.ToString(m.Arn), ":"+aws.ToString(m.AWSAccountId)+":key/"+aws.ToString(m.KeyId)), true},
		field{"AWSAccountId", len(aws.ToString(m.AWSAccountId)), 12}, field{"Description", aws.ToString(m.Description), description},
		field{"CreationDate", recent(m.CreationDate), true}, field{"Enabled", m.Enabled, true},
		field{"KeyState", m.KeyState, types.KeyStateEnabled}, field{"KeyManager", m.KeyManager, types.KeyManagerTypeCustomer},
		field{"KeySpec", m.KeySpec, types.KeySpecSymmetricDefault}, field{"KeyUsage", m.KeyUsage, types.KeyUsageTypeEncryptDecrypt},
		field{"Origin", m.Origin, types.OriginTypeAwsKms}, field{"MultiRegion", aws.ToBool(m.MultiRegion), false},
		field{"EncryptionAlgorithms", m.EncryptionAlgorithms, algorithms},
	)
}

// aliases says whether the alias is in a list, in which AWS's own aliases may be too.
func aliases(in kms.ListAliasesInput) func(f fixture) string {
	return func(f fixture) string {
		out, err := f.Client.ListAliases(f.Context(), &in)
		if err != nil {
			return outcome(err)
		}
		found, ours := 0, 0
		for _, a := range out.Aliases {
			if !strings.HasPrefix(aws.ToString(a.AliasName), "alias/aws/") {
				ours++
			}
			if aws.ToString(a.AliasName) == f.Alias && aws.ToString(a.AliasArn) == f.aliasARN() && aws.ToString(a.TargetKeyId) == id(f.Key) {
				found++
			}
		}
		if found == 1 && ours == 1 {
			return "the alias, once"
		}
		return fmt.Sprintf("%d aliases", ours)
	}
}

// disabledKeys are of a key's state: what fails is in the table of
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html.
var disabledKeys = []check{
	{"GenerateDataKey with a disabled key", "DisabledException", disabled(func(ctx context.Context, f fixture, d disabledKey) error {
		_, err := f.Client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &d.key, KeySpec: types.DataKeySpecAes256})
		return err
	})},
	{"Encrypt with a disabled key", "DisabledException", disabled(func(ctx context.Context, f fixture, d disabledKey) error {
		_, err := f.Client.Encrypt(ctx, &kms.EncryptInput{KeyId: &d.key, Plaintext: []byte(plaintext)})
		return err
	})},
	{"Decrypt with a disabled key", "DisabledException", disabled(func(_ context.Context, f fixture, d disabledKey) error {
		return f.decrypt(kms.DecryptInput{CiphertextBlob: d.sealed, EncryptionContext: demo})
	})},
	{"ReEncrypt from a disabled key", "DisabledException", disabled(func(_ context.Context, f fixture, d disabledKey) error {
		_, err := f.reEncrypt(kms.ReEncryptInput{CiphertextBlob: d.sealed})
		return err
	})},
	{"ReEncrypt to a disabled key", "DisabledException", disabled(func(_ context.Context, f fixture, d disabledKey) error {
		_, err := f.reEncrypt(kms.ReEncryptInput{CiphertextBlob: f.seal(f.Key, demo), DestinationKeyId: &d.key})
		return err
	})},
	{"CreateGrant on a disabled key", "DisabledException", disabled(func(ctx context.Context, f fixture, d disabledKey) error {
		_, err := f.Client.CreateGrant(ctx, reading(d.key))
		return err
	})},
	{"ListGrants of a disabled key", done, disabled(func(ctx context.Context, f fixture, d disabledKey) error {
		_, err := f.Client.ListGrants(ctx, &kms.ListGrantsInput{KeyId: &d.key})
		return err
	})},
	{"RevokeGrant on a disabled key", done, disabled(func(ctx context.Context, f fixture, d disabledKey) error {
		_, err := f.Client.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &d.key, GrantId: d.first.GrantId})
		return err
	})},
	{"RetireGrant on a disabled key", done, disabled(func(ctx context.Context, f fixture, d disabledKey) error {
		_, err := f.Client.RetireGrant(ctx, &kms.RetireGrantInput{GrantToken: d.second.GrantToken})
		return err
	})},
	{"DescribeKey of a disabled key", documented, func(f fixture) string {
		d := f.disabledKey()
		out, err := f.Client.DescribeKey(f.Context(), &kms.DescribeKeyInput{KeyId: &d.key})
		if err != nil {
			return outcome(err)
		}
		return unlike(field{"KeyState", out.KeyMetadata.KeyState, types.KeyStateDisabled}, field{"Enabled", out.KeyMetadata.Enabled, false})
	}},
	{"EnableKey", done, func(f fixture) string {
		d := f.newDisabledKey()
		if _, err := f.Client.EnableKey(f.Context(), &kms.EnableKeyInput{KeyId: aws.String(id(d.key))}); err != nil {
			return outcome(err)
		}
		return f.open(d.sealed, demo)
	}},
	{"DisableKey by its ARN", done, ask(func(ctx context.Context, f fixture) error {
		key := f.newKey()
		_, err := f.Client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key})
		return err
	})},
	{"EnableKey by its ARN", done, ask(func(ctx context.Context, f fixture) error {
		_, err := f.Client.EnableKey(ctx, &kms.EnableKeyInput{KeyId: aws.String(f.newDisabledKey().key)})
		return err
	})},
	{"DisableKey of a key that there is not", "NotFoundException", ask(func(ctx context.Context, f fixture) error {
		_, err := f.Client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: aws.String(unknown)})
		return err
	})},
	{"EnableKey of a key that there is not", "NotFoundException", ask(func(ctx context.Context, f fixture) error {
		_, err := f.Client.EnableKey(ctx, &kms.EnableKeyInput{KeyId: aws.String(unknown)})
		return err
	})},
}

// A disabledKey is one that was used before: it has two grants and a ciphertext, with the context demo.
type disabledKey struct {
	key           string
	sealed        []byte
	first, second *kms.CreateGrantOutput
}

// newDisabledKey makes a key and disables it.
func (f fixture) newDisabledKey() disabledKey {
	f.Helper()
	d := disabledKey{key: f.newKey()}
	in := reading(d.key)
	d.sealed, d.first = f.seal(d.key, demo), f.grant(in)
	in.Name = aws.String("b")
	d.second = f.grant(in)
	if _, err := f.Client.DisableKey(f.Context(), &kms.DisableKeyInput{KeyId: aws.String(id(d.key))}); err != nil {
		f.Fatalf("DisableKey: %v", err)
	}
	return d
}

// disabledKey is a disabled key for several checks, no two of which end the same grant of it.
func (f fixture) disabledKey() disabledKey {
	f.Helper()
	if f.made.disabled == nil {
		d := f.newDisabledKey()
		f.made.disabled = &d
	}
	return *f.made.disabled
}

// disabled makes a check's ask of a request that has to do with a disabled key.
func disabled(request func(ctx context.Context, f fixture, d disabledKey) error) func(f fixture) string {
	return func(f fixture) string { return outcome(request(f.Context(), f, f.disabledKey())) }
}
