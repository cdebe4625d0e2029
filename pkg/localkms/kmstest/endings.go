package kmstest

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// endings are of RevokeGrant and RetireGrant (https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html,
// https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html). A grant is revoked by its key and its id, and
// retired by a token of it, or by its key and its id.
var endings = []check{
	{"RevokeGrant", "the grant is gone", ending(revoke)},
	{"RevokeGrant again", "NotFoundException", endingTwice(revoke)},
	{"RevokeGrant of a grant that there is not", "NotFoundException", ask(func(_ context.Context, f fixture) error {
		return revoke(f, f.Key, &kms.CreateGrantOutput{GrantId: aws.String(noGrant)})
	})},
	{"RevokeGrant of another key's grant", "NotFoundException", ask(func(_ context.Context, f fixture) error {
		return revoke(f, f.otherKey(), f.grant(reading(f.Key)))
	})},
	{"RevokeGrant on a key that there is not", "NotFoundException", ask(func(_ context.Context, f fixture) error {
		return revoke(f, unknown, f.grant(reading(f.Key)))
	})},
	{"RevokeGrant as a dry run", dry + ", and the grant is there", endingDry(func(f fixture, key string, g *kms.CreateGrantOutput) error {
		_, err := f.Client.RevokeGrant(f.Context(), &kms.RevokeGrantInput{KeyId: &key, GrantId: g.GrantId, DryRun: aws.Bool(true)})
		return err
	})},

	{"RetireGrant by its token", "the grant is gone", ending(retireByToken)},
	{"RetireGrant by the key's ARN and its id", "the grant is gone", ending(retireByID)},
	{"RetireGrant again by its id", "NotFoundException", endingTwice(retireByID)},
	{"RetireGrant of a grant that there is not", "NotFoundException", ask(func(_ context.Context, f fixture) error {
		return retireByID(f, f.Key, &kms.CreateGrantOutput{GrantId: aws.String(noGrant)})
	})},
	{"RetireGrant on a key that there is not", "NotFoundException", ask(func(_ context.Context, f fixture) error {
		return retireByID(f, strings.Replace(f.Key, id(f.Key), unknown, 1), f.grant(reading(f.Key)))
	})},
	{"RetireGrant by a token of no grant", "InvalidGrantTokenException", ask(func(_ context.Context, f fixture) error {
		return retireByToken(f, f.Key, &kms.CreateGrantOutput{GrantToken: aws.String("none")})
	})},
	{"RetireGrant of nothing", "ValidationException", ask(func(ctx context.Context, f fixture) error {
		_, err := f.Client.RetireGrant(ctx, &kms.RetireGrantInput{})
		return err
	})},
	{"RetireGrant as a dry run", dry + ", and the grant is there", endingDry(func(f fixture, _ string, g *kms.CreateGrantOutput) error {
		_, err := f.Client.RetireGrant(f.Context(), &kms.RetireGrantInput{GrantToken: g.GrantToken, DryRun: aws.Bool(true)})
		return err
	})},
}

// An ender ends a grant on a key.
type ender func(f fixture, key string, g *kms.CreateGrantOutput) error

func revoke(f fixture, key string, g *kms.CreateGrantOutput) error {
	_, err := f.Client.RevokeGrant(f.Context(), &kms.RevokeGrantInput{KeyId: &key, GrantId: g.GrantId})
	return err
}

func retireByToken(f fixture, _ string, g *kms.CreateGrantOutput) error {
	_, err := f.Client.RetireGrant(f.Context(), &kms.RetireGrantInput{GrantToken: g.GrantToken})
	return err
}

func retireByID(f fixture, key string, g *kms.CreateGrantOutput) error {
	_, err := f.Client.RetireGrant(f.Context(), &kms.RetireGrantInput{KeyId: &key, GrantId: g.GrantId})
	return err
}

// ending ends one of a key's two grants.
func ending(end ender) func(f fixture) string {
	return func(f fixture) string {
		in := reading(f.keyWithoutGrants())
		g := f.grant(in)
		in.Name = aws.String("stays")
		stays := f.grant(in)
		if err := end(f, *in.KeyId, g); err != nil {
			return outcome(err)
		}
		out, err := f.Client.ListGrants(f.Context(), &kms.ListGrantsInput{KeyId: in.KeyId})
		if err != nil || len(out.Grants) != 1 || *out.Grants[0].GrantId != *stays.GrantId {
			return "not that grant alone is gone"
		}
		return "the grant is gone"
	}
}

// endingTwice ends a grant that is ended already.
func endingTwice(end ender) func(f fixture) string {
	return func(f fixture) string {
		key := f.keyWithoutGrants()
		g := f.grant(reading(key))
		if err := end(f, key, g); err != nil {
			return "the first time: " + outcome(err)
		}
		return outcome(end(f, key, g))
	}
}

// endingDry says what came of asking whether a grant could be ended, and whether it was.
func endingDry(end ender) func(f fixture) string {
	return func(f fixture) string {
		key := f.keyWithoutGrants()
		answer := outcome(end(f, key, f.grant(reading(key))))
		if f.count(key) != 1 {
			return answer + ", and the grant is gone"
		}
		return answer + ", and the grant is there"
	}
}
