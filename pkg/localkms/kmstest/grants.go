package kmstest

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

const (
	reader  = "arn:aws:iam::111122223333:role/team/reader"
	retirer = "arn:aws:iam::111122223333:user/retirer"
	// noGrant has the form of a grant's id.
	noGrant = "0000000000000000000000000000000000000000000000000000000000000000"
)

// reading asks for a grant of a name: to decrypt with the context demo.
func reading(key string) *kms.CreateGrantInput {
	return &kms.CreateGrantInput{
		KeyId: &key, Name: aws.String("strongroom:demo/reader_1-a"), GranteePrincipal: aws.String(reader), RetiringPrincipal: aws.String(retirer),
		Operations:  []types.GrantOperation{types.GrantOperationDecrypt, types.GrantOperationGenerateDataKey},
		Constraints: &types.GrantConstraints{EncryptionContextEquals: demo},
	}
}

// grants are of CreateGrant (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html): under a name, the
// same parameters are the same grant and another token, as good as the first.
var grants = []check{
	{"CreateGrant again with its name", "the same grant", repeating(func(*kms.CreateGrantInput) {})},
	{"CreateGrant again without a name", "another grant", func(f fixture) string {
		in := reading(f.keyWithoutGrants())
		in.Name = nil
		if first, second := f.grant(in), f.grant(in); *first.GrantId == *second.GrantId || f.count(*in.KeyId) != 2 {
			return "the same grant"
		}
		return "another grant"
	}},
	{"CreateGrant again with other constraints", "another grant", repeating(func(in *kms.CreateGrantInput) {
		in.Constraints = &types.GrantConstraints{EncryptionContextEquals: other}
	})},
	{"CreateGrant again for somebody else", "another grant", repeating(func(in *kms.CreateGrantInput) { in.GranteePrincipal = aws.String(retirer) })},
	{"CreateGrant again with another name", "another grant", repeating(func(in *kms.CreateGrantInput) { in.Name = aws.String("b") })},
	{"CreateGrant again with other operations", "another grant", repeating(func(in *kms.CreateGrantInput) { in.Operations = in.Operations[:1] })},
	{"CreateGrant again, its token", "another token", func(f fixture) string {
		in := reading(f.Key)
		if first, second := f.grant(in), f.grant(in); *first.GrantToken == *second.GrantToken {
			return "the same token"
		}
		return "another token"
	}},
	{"CreateGrant again, both tokens", "each is good for the grant", func(f fixture) string {
		in := reading(f.keyWithoutGrants())
		first, second := f.grant(in), f.grant(in)
		_, err := f.Client.GenerateDataKey(f.Context(), &kms.GenerateDataKeyInput{
			KeyId: in.KeyId, KeySpec: types.DataKeySpecAes256, GrantTokens: []string{*second.GrantToken},
		})
		if err == nil {
			_, err = f.Client.RetireGrant(f.Context(), &kms.RetireGrantInput{GrantToken: first.GrantToken})
		}
		if err != nil || f.count(*in.KeyId) != 0 {
			return "not so: " + outcome(err)
		}
		return "each is good for the grant"
	}},

	{"CreateGrant on a key that there is not", "NotFoundException", granting(func(in *kms.CreateGrantInput) { in.KeyId = aws.String(unknown) })},
	{"CreateGrant with a name that has a space", "ValidationException", granting(func(in *kms.CreateGrantInput) { in.Name = aws.String("a b") })},
	{"CreateGrant with a name of 257 characters", "ValidationException", granting(func(in *kms.CreateGrantInput) {
		in.Name = aws.String(strings.Repeat("x", 257))
	})},
	{"CreateGrant for what is no ARN", "InvalidArnException", granting(func(in *kms.CreateGrantInput) { in.GranteePrincipal = aws.String("ann") })},
	{"CreateGrant retired by what is no ARN", "InvalidArnException", granting(func(in *kms.CreateGrantInput) {
		in.RetiringPrincipal = aws.String("ann")
	})},
	{"CreateGrant of an operation of other keys", "ValidationException", granting(func(in *kms.CreateGrantInput) {
		in.Operations = append(in.Operations, types.GrantOperationSign)
	})},
	{"CreateGrant of an operation that there is not", "ValidationException", granting(func(in *kms.CreateGrantInput) {
		in.Operations = append(in.Operations, "Read")
	})},
	{"CreateGrant with a token of no grant", "InvalidGrantTokenException", granting(func(in *kms.CreateGrantInput) { in.GrantTokens = tokens(1) })},
	{"CreateGrant as a dry run", dry + ", and no grant", func(f fixture) string {
		in := reading(f.keyWithoutGrants())
		in.DryRun = aws.Bool(true)
		_, err := f.Client.CreateGrant(f.Context(), in)
		if f.count(*in.KeyId) != 0 {
			return outcome(err) + ", and a grant"
		}
		return outcome(err) + ", and no grant"
	}},
	// Named in https://github.com/boto/boto/pull/3883; the documentation says that the id or the ARN is needed.
	{"CreateGrant by an alias", "InvalidArnException", granting(func(in *kms.CreateGrantInput) { in.KeyId = aws.String("alias/any") })},
}

// grant makes a grant, which must succeed.
func (f fixture) grant(in *kms.CreateGrantInput) *kms.CreateGrantOutput {
	f.Helper()
	out, err := f.Client.CreateGrant(f.Context(), in)
	if err != nil || aws.ToString(out.GrantId) == "" || aws.ToString(out.GrantToken) == "" {
		f.Fatalf("CreateGrant: %v", err)
	}
	return out
}

// count is how many grants a key has, which must be few.
func (f fixture) count(key string) int {
	f.Helper()
	out, err := f.Client.ListGrants(f.Context(), &kms.ListGrantsInput{KeyId: &key})
	if err != nil || out.Truncated {
		f.Fatalf("ListGrants: %v", err)
	}
	return len(out.Grants)
}

// repeating makes a grant, and then one of the same parameters but for the change.
func repeating(change func(in *kms.CreateGrantInput)) func(f fixture) string {
	return func(f fixture) string {
		in := reading(f.keyWithoutGrants())
		first := f.grant(in)
		change(in)
		second := f.grant(in)
		same, count := *first.GrantId == *second.GrantId, f.count(*in.KeyId)
		switch {
		case same && count == 1:
			return "the same grant"
		case !same && count == 2:
			return "another grant"
		}
		return "neither the same grant nor another"
	}
}

// granting says what came of asking for a grant that is changed from the usual one.
func granting(change func(in *kms.CreateGrantInput)) func(f fixture) string {
	return func(f fixture) string {
		in := reading(f.Key)
		change(in)
		_, err := f.Client.CreateGrant(f.Context(), in)
		return outcome(err)
	}
}
