package kmstest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// grantLists are of ListGrants: 1 to 100 a page, and 50 where no limit is said
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html,
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html; that its KeyId is the ARN and its
// IssuingAccount the account's root is in the answers that https://docs.aws.amazon.com/kms/latest/developerguide/grant-view.html
// shows).
var grantLists = []check{
	{"ListGrants shows what was asked for", documented, showing(func(*kms.CreateGrantInput) {})},
	{"ListGrants shows EncryptionContextSubset", documented, showing(func(in *kms.CreateGrantInput) {
		in.Constraints = &types.GrantConstraints{EncryptionContextSubset: of("strongroom:project", "demo")}
	})},
	{"ListGrants shows both constraints", documented, showing(func(in *kms.CreateGrantInput) {
		in.Constraints.EncryptionContextSubset = of("strongroom:project", "demo")
	})},
	{"ListGrants shows a grant with all that is optional left out", documented, showing(func(in *kms.CreateGrantInput) {
		in.Name, in.RetiringPrincipal, in.Constraints = nil, nil, nil
	})},
	{"ListGrants of a key without grants", "0 grants", func(f fixture) string { return f.list(kms.ListGrantsInput{KeyId: aws.String(f.keyWithoutGrants())}) }},
	{"ListGrants of one grant", "1 grants", func(f fixture) string {
		key := f.keyWithoutGrants()
		f.grant(reading(key))
		in := reading(key)
		in.Name = aws.String("b")
		return f.list(kms.ListGrantsInput{KeyId: &key, GrantId: f.grant(in).GrantId})
	}},
	{"ListGrants of one grantee", "1 grants", func(f fixture) string {
		key := f.keyWithoutGrants()
		f.grant(reading(key))
		in := reading(key)
		in.GranteePrincipal = aws.String(retirer)
		f.grant(in)
		return f.list(kms.ListGrantsInput{KeyId: &key, GranteePrincipal: aws.String(retirer)})
	}},
	{"ListGrants in pages", "each once, at most 2 a page", func(f fixture) string {
		key := f.keyWithoutGrants()
		f.makeGrants(key, 5)
		return f.pages(&kms.ListGrantsInput{KeyId: &key, Limit: aws.Int32(2)}, 2, 5)
	}},
	{"ListGrants in pages of no size", "each once, at most 50 a page", func(f fixture) string {
		key := f.keyWithoutGrants()
		f.makeGrants(key, 51)
		return f.pages(&kms.ListGrantsInput{KeyId: &key}, 50, 51)
	}},
	{"ListGrants, 0 a page", "ValidationException", listing(kms.ListGrantsInput{Limit: aws.Int32(0)})},
	{"ListGrants, 101 a page", "ValidationException", listing(kms.ListGrantsInput{Limit: aws.Int32(101)})},
	{"ListGrants from a marker of no list", "InvalidMarkerException", listing(kms.ListGrantsInput{Marker: aws.String("none")})},
	{"ListGrants of a key that there is not", "NotFoundException", listing(kms.ListGrantsInput{KeyId: aws.String(unknown)})},
	// All of these say that they need the key's id or its ARN; with which error they refuse aliases is not documented.
	{"Aliases where no alias is taken", "refused", func(f fixture) string {
		key, g := &f.Alias, f.grant(reading(f.Key)).GrantId
		_, list := f.Client.ListGrants(f.Context(), &kms.ListGrantsInput{KeyId: key})
		_, revoke := f.Client.RevokeGrant(f.Context(), &kms.RevokeGrantInput{KeyId: key, GrantId: g})
		_, retire := f.Client.RetireGrant(f.Context(), &kms.RetireGrantInput{KeyId: key, GrantId: g})
		_, enable := f.Client.EnableKey(f.Context(), &kms.EnableKeyInput{KeyId: key})
		_, aliases := f.Client.ListAliases(f.Context(), &kms.ListAliasesInput{KeyId: key})
		for _, err := range []error{list, revoke, retire, enable, aliases} {
			if err == nil {
				return "taken"
			}
		}
		return "refused"
	}},
}

// showing makes a grant and says what of it is listed otherwise than it was asked for.
func showing(change func(in *kms.CreateGrantInput)) func(f fixture) string {
	return func(f fixture) string {
		in := reading(f.keyWithoutGrants())
		change(in)
		made := f.grant(in)
		out, err := f.Client.ListGrants(f.Context(), &kms.ListGrantsInput{KeyId: in.KeyId})
		if err != nil || len(out.Grants) != 1 {
			return fmt.Sprintf("not one grant: %s", outcome(err))
		}
		g, account := out.Grants[0], strings.Split(f.Key, ":")[4]
		slices.Sort(g.Operations)
		return unlike(
			field{"GrantId", aws.ToString(g.GrantId), *made.GrantId}, field{"KeyId", aws.ToString(g.KeyId), *in.KeyId},
			field{"Name", aws.ToString(g.Name), aws.ToString(in.Name)}, field{"Operations", g.Operations, in.Operations},
			field{"GranteePrincipal", aws.ToString(g.GranteePrincipal), *in.GranteePrincipal},
			field{"RetiringPrincipal", aws.ToString(g.RetiringPrincipal), aws.ToString(in.RetiringPrincipal)},
			field{"Constraints", g.Constraints, in.Constraints}, field{"CreationDate", recent(g.CreationDate), true},
			field{"IssuingAccount", aws.ToString(g.IssuingAccount), "arn:aws:iam::" + account + ":root"},
		)
	}
}

// list says how many grants a list has.
func (f fixture) list(in kms.ListGrantsInput) string {
	out, err := f.Client.ListGrants(f.Context(), &in)
	if err != nil {
		return outcome(err)
	}
	return fmt.Sprintf("%d grants", len(out.Grants))
}

// listing says what came of listing the grants of the key, unless it is another.
func listing(in kms.ListGrantsInput) func(f fixture) string {
	return func(f fixture) string {
		in := in
		if in.KeyId == nil {
			in.KeyId = &f.Key
		}
		_, err := f.Client.ListGrants(f.Context(), &in)
		return outcome(err)
	}
}

// makeGrants makes some grants.
func (f fixture) makeGrants(key string, n int) {
	for i := range n {
		in := reading(key)
		in.Name = aws.String(fmt.Sprint(i))
		f.grant(in)
	}
}

// pages follows the pages of a list. KMS may answer fewer than it is asked for.
func (f fixture) pages(in *kms.ListGrantsInput, most, all int) string {
	seen := map[string]bool{}
	for pages := kms.NewListGrantsPaginator(f.Client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(f.Context())
		switch {
		case err != nil:
			return outcome(err)
		case len(page.Grants) > most:
			return fmt.Sprintf("%d in a page", len(page.Grants))
		case page.Truncated != (page.NextMarker != nil):
			return fmt.Sprintf("Truncated is %t, and there is a marker or none otherwise", page.Truncated)
		}
		for _, g := range page.Grants {
			if seen[*g.GrantId] {
				return "one twice"
			}
			seen[*g.GrantId] = true
		}
	}
	if len(seen) != all {
		return fmt.Sprintf("%d of %d", len(seen), all)
	}
	return fmt.Sprintf("each once, at most %d a page", most)
}
