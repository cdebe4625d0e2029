package localkms

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

const (
	opDecrypt  = types.GrantOperationDecrypt
	opGenerate = types.GrantOperationGenerateDataKey
	opGrant    = types.GrantOperationCreateGrant
	opRetire   = types.GrantOperationRetireGrant
	opDescribe = types.GrantOperationDescribeKey
)

// grantTo makes a grant on the client key as somebody.
func (r *rig) grantTo(t testing.TB, by Caller, in kms.CreateGrantInput) (*kms.CreateGrantOutput, error) {
	t.Helper()
	in.KeyId = &r.clientKey
	return r.as(by).CreateGrant(t.Context(), &in)
}

func (r *rig) mustGrant(t testing.TB, in kms.CreateGrantInput) *kms.CreateGrantOutput {
	t.Helper()
	out, err := r.grantTo(t, admin, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func equals(context map[string]string) *types.GrantConstraints {
	return &types.GrantConstraints{EncryptionContextEquals: context}
}

func subset(context map[string]string) *types.GrantConstraints {
	return &types.GrantConstraints{EncryptionContextSubset: context}
}

func TestAGrantOpensAndItsRevocationCloses(t *testing.T) {
	for _, c := range []struct {
		name    string
		who     Caller
		grantee string
	}{
		{"a user", ann, annUser}, {"a role with a path", ci, ciRole}, {"a session", ci, ci.ARN},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			sealed := r.made(t).CiphertextBlob
			_, err := r.decrypt(t, c.who, sealed, ofDemo)
			want(t, "before", err, "AccessDeniedException")
			made := r.mustGrant(t, kms.CreateGrantInput{
				GranteePrincipal: &c.grantee, Operations: []types.GrantOperation{opDecrypt}, Constraints: equals(ofDemo),
			})
			_, err = r.decrypt(t, c.who, sealed, ofDemo)
			want(t, "with the grant", err, "")
			_, err = r.decrypt(t, stranger, sealed, ofDemo)
			want(t, "somebody else", err, "AccessDeniedException")
			_, err = r.as(c.who).GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
				KeyId: &r.clientKey, KeySpec: types.DataKeySpecAes256, EncryptionContext: ofDemo,
			})
			want(t, "another operation", err, "AccessDeniedException")
			_, err = r.decrypt(t, c.who, sealed, ofOther())
			want(t, "another context", err, "AccessDeniedException")
			_, err = r.as(c.who).RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: &r.clientKey, GrantId: made.GrantId})
			want(t, "revoked by the grantee", err, "AccessDeniedException")
			_, err = r.as(admin).RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: &r.clientKey, GrantId: made.GrantId})
			want(t, "revoking", err, "")
			_, err = r.decrypt(t, c.who, sealed, ofDemo)
			want(t, "revoked", err, "AccessDeniedException")
			_, err = r.as(admin).RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: &r.clientKey, GrantId: made.GrantId})
			want(t, "revoking again", err, "NotFoundException")
		})
	}
}

func TestARoleOfAnotherPathIsAnother(t *testing.T) {
	r := newRig(t)
	r.mustGrant(t, kms.CreateGrantInput{
		GranteePrincipal: aws.String("arn:aws:iam::000000000000:role/ci"), Operations: []types.GrantOperation{opDecrypt},
	})
	_, err := r.decrypt(t, ci, r.made(t).CiphertextBlob, ofDemo)
	want(t, "the role of a path", err, "AccessDeniedException")
}

func TestConstraints(t *testing.T) {
	more := map[string]string{"strongroom:organization": "o", "strongroom:project": "demo", "more": "1"}
	project := map[string]string{"strongroom:project": "demo"}
	for _, c := range []struct {
		name        string
		constraints *types.GrantConstraints
		context     map[string]string
		ok          bool
	}{
		{"nothing constrained", nil, ofOther(), true},
		{"equal", equals(ofDemo), ofDemo, true},
		{"equal but for one", equals(ofDemo), more, false},
		{"equal and empty", equals(ofDemo), nil, false},
		{"another value", equals(ofDemo), ofOther(), false},
		{"a subset", subset(project), ofDemo, true},
		{"all of it as a subset", subset(ofDemo), ofDemo, true},
		{"a subset, of more", subset(project), more, true},
		{"a subset that is not there", subset(project), ofOther(), false},
		{"a subset, and no context", subset(project), nil, false},
		{"both", &types.GrantConstraints{EncryptionContextEquals: ofDemo, EncryptionContextSubset: project}, ofDemo, true},
		{"both, one violated", &types.GrantConstraints{EncryptionContextEquals: more, EncryptionContextSubset: project}, ofDemo, false},
	} {
		r := newRig(t)
		r.mustGrant(t, kms.CreateGrantInput{
			GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{opGenerate, opDescribe}, Constraints: c.constraints,
		})
		wanted := "AccessDeniedException"
		if c.ok {
			wanted = ""
		}
		_, err := r.as(ann).GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
			KeyId: &r.clientKey, KeySpec: types.DataKeySpecAes256, EncryptionContext: c.context,
		})
		want(t, c.name, err, wanted)
		_, err = r.as(ann).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &r.clientKey})
		want(t, c.name+": an operation without a context", err, "")
	}
}

func TestReEncryptNeedsBothEnds(t *testing.T) {
	r := newRig(t)
	sealed := r.made(t).CiphertextBlob
	reEncrypt := func() error {
		_, err := r.as(ann).ReEncrypt(t.Context(), &kms.ReEncryptInput{
			CiphertextBlob: sealed, SourceEncryptionContext: ofDemo, DestinationKeyId: &r.clientKey, DestinationEncryptionContext: ofOther(),
		})
		return err
	}
	for _, step := range []struct {
		operation   types.GrantOperation
		constraints map[string]string
		want        string
	}{
		{types.GrantOperationReEncryptTo, ofOther(), "AccessDeniedException"},
		{types.GrantOperationReEncryptFrom, ofOther(), "AccessDeniedException"},
		{types.GrantOperationReEncryptFrom, ofDemo, ""},
	} {
		r.mustGrant(t, kms.CreateGrantInput{
			GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{step.operation}, Constraints: equals(step.constraints),
		})
		want(t, string(step.operation), reEncrypt(), step.want)
	}
}

func TestANamedGrantIsMadeOnce(t *testing.T) {
	r := newRig(t)
	in := kms.CreateGrantInput{
		Name: aws.String("one"), GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{opDecrypt, opGenerate}, Constraints: equals(ofDemo),
	}
	first := r.mustGrant(t, in)
	in.Operations = []types.GrantOperation{opGenerate, opDecrypt}
	if again := r.mustGrant(t, in); *again.GrantId != *first.GrantId {
		t.Error("the same name and parameters made another grant")
	}
	in.Constraints = equals(ofOther())
	if other := r.mustGrant(t, in); *other.GrantId == *first.GrantId {
		t.Error("other constraints under the same name made no other grant")
	}
	in.Name = nil
	a, b := r.mustGrant(t, in), r.mustGrant(t, in)
	if *a.GrantId == *b.GrantId {
		t.Error("without a name the same grant was answered twice")
	}
	after := rigOver(t, r.folder).mustGrant(t, kms.CreateGrantInput{
		Name: aws.String("one"), GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{opDecrypt, opGenerate}, Constraints: equals(ofDemo),
	})
	if *after.GrantId != *first.GrantId {
		t.Error("after a restart the same grant was made again")
	}
}

func TestGranteesGrantNoMoreThanTheyHave(t *testing.T) {
	r := newRig(t)
	r.mustGrant(t, kms.CreateGrantInput{
		GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{opDecrypt, opGrant}, Constraints: subset(ofDemo),
	})
	for _, c := range []struct {
		name        string
		by          Caller
		operations  []types.GrantOperation
		constraints *types.GrantConstraints
		want        string
	}{
		{"the same", ann, []types.GrantOperation{opDecrypt}, subset(ofDemo), ""},
		{"stricter", ann, []types.GrantOperation{opDecrypt}, equals(ofDemo), ""},
		{"another operation", ann, []types.GrantOperation{opGenerate}, equals(ofDemo), "AccessDeniedException"},
		{"another context", ann, []types.GrantOperation{opDecrypt}, equals(ofOther()), "AccessDeniedException"},
		{"no constraints", ann, []types.GrantOperation{opDecrypt}, nil, "AccessDeniedException"},
		{"by who has none", ci, []types.GrantOperation{opDecrypt}, equals(ofDemo), "AccessDeniedException"},
	} {
		_, err := r.grantTo(t, c.by, kms.CreateGrantInput{GranteePrincipal: aws.String(ciRole), Operations: c.operations, Constraints: c.constraints})
		want(t, c.name, err, c.want)
	}
}

func TestBadGrantsAreRefused(t *testing.T) {
	r := newRig(t)
	many := map[string]string{}
	for i := range maxConstraintPairs + 1 {
		many[fmt.Sprint(i)] = "x"
	}
	decrypts := []types.GrantOperation{opDecrypt}
	for name, c := range map[string]struct {
		in   kms.CreateGrantInput
		want string
	}{
		"no ARN":               {kms.CreateGrantInput{GranteePrincipal: aws.String("ann"), Operations: decrypts}, "InvalidArnException"},
		"a whole account":      {kms.CreateGrantInput{GranteePrincipal: aws.String("arn:aws:iam::000000000000:root"), Operations: decrypts}, "InvalidArnException"},
		"a retiring of no ARN": {kms.CreateGrantInput{GranteePrincipal: aws.String(annUser), RetiringPrincipal: aws.String("x"), Operations: decrypts}, "InvalidArnException"},
		"no operation":         {kms.CreateGrantInput{GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{}}, "ValidationException"},
		"a wrong operation":    {kms.CreateGrantInput{GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{"Sign"}}, "ValidationException"},
		"a bad name":           {kms.CreateGrantInput{GranteePrincipal: aws.String(annUser), Operations: decrypts, Name: aws.String("a b")}, "ValidationException"},
		"too many pairs":       {kms.CreateGrantInput{GranteePrincipal: aws.String(annUser), Operations: decrypts, Constraints: equals(many)}, "ValidationException"},
		"a dry run":            {kms.CreateGrantInput{GranteePrincipal: aws.String(annUser), Operations: decrypts, DryRun: aws.Bool(true)}, "DryRunOperationException"},
	} {
		_, err := r.grantTo(t, admin, c.in)
		want(t, name, err, c.want)
	}
	if n := len(r.current.Load().Grants); n != 0 {
		t.Errorf("%d grants were made", n)
	}
}

func TestRetiring(t *testing.T) {
	r := newRig(t)
	made := func(operations ...types.GrantOperation) *kms.CreateGrantOutput {
		return r.mustGrant(t, kms.CreateGrantInput{GranteePrincipal: aws.String(annUser), RetiringPrincipal: aws.String(ciRole), Operations: operations})
	}
	byToken := func(out *kms.CreateGrantOutput) *kms.RetireGrantInput {
		return &kms.RetireGrantInput{GrantToken: out.GrantToken}
	}
	byID := func(out *kms.CreateGrantOutput) *kms.RetireGrantInput {
		return &kms.RetireGrantInput{KeyId: &r.clientKey, GrantId: out.GrantId}
	}
	gone := made(opDecrypt)
	for _, c := range []struct {
		name string
		by   Caller
		in   *kms.RetireGrantInput
		want string
	}{
		{"the retiring principal", ci, byToken(gone), ""},
		{"again", ci, byToken(gone), "InvalidGrantTokenException"},
		{"again by id", ci, byID(gone), "NotFoundException"},
		{"a grantee who may", ann, byID(made(opDecrypt, opRetire)), ""},
		{"a grantee who may not", ann, byID(made(opDecrypt)), "AccessDeniedException"},
		{"a stranger", stranger, byToken(made(opDecrypt, opRetire)), "AccessDeniedException"},
		{"the administrator", admin, byToken(made(opDecrypt)), ""},
		{"neither", ci, &kms.RetireGrantInput{}, "ValidationException"},
	} {
		_, err := r.as(c.by).RetireGrant(t.Context(), c.in)
		want(t, c.name, err, c.want)
	}
}

func TestATokenIsTakenWhileItsGrantIsThere(t *testing.T) {
	r := newRig(t)
	sealed := r.made(t).CiphertextBlob
	made := r.mustGrant(t, kms.CreateGrantInput{GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{opDecrypt}})
	decrypt := func(by Caller) error {
		_, err := r.as(by).Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed, EncryptionContext: ofDemo, GrantTokens: []string{*made.GrantToken}})
		return err
	}
	want(t, "the grantee", decrypt(ann), "")
	want(t, "somebody with another's token", decrypt(stranger), "AccessDeniedException")
	_, err := r.as(admin).RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: &r.clientKey, GrantId: made.GrantId})
	want(t, "revoking", err, "")
	want(t, "a token of no grant", decrypt(ann), "InvalidGrantTokenException")
}

func TestGrantsAreListedInPages(t *testing.T) {
	r := newRig(t)
	var wanted []string
	for i := range 25 {
		grantee := aws.String(annUser)
		if i%5 == 0 {
			grantee = aws.String(ciRole)
		}
		wanted = append(wanted, *r.mustGrant(t, kms.CreateGrantInput{
			Name: aws.String(fmt.Sprintf("g/%d", i)), GranteePrincipal: grantee, Operations: []types.GrantOperation{opDecrypt}, Constraints: equals(ofDemo),
		}).GrantId)
	}
	slices.Sort(wanted)
	var got []string
	pages := kms.NewListGrantsPaginator(r.as(admin), &kms.ListGrantsInput{KeyId: &r.clientKey, Limit: aws.Int32(10)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range page.Grants {
			got = append(got, *g.GrantId)
			if g.Constraints.EncryptionContextEquals["strongroom:project"] != "demo" || *g.KeyId != r.clientKey || g.CreationDate == nil {
				t.Errorf("%+v", g)
			}
		}
	}
	if !slices.Equal(got, wanted) {
		t.Errorf("listed %d of %d", len(got), len(wanted))
	}
	ofCI, err := r.as(admin).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &r.clientKey, GranteePrincipal: aws.String(ciRole)})
	if err != nil || len(ofCI.Grants) != 5 {
		t.Errorf("of one grantee: %d, %v", len(ofCI.Grants), err)
	}
	one, err := r.as(admin).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &r.clientKey, GrantId: &wanted[3]})
	if err != nil || len(one.Grants) != 1 || *one.Grants[0].GrantId != wanted[3] {
		t.Errorf("one: %+v, %v", one, err)
	}
	_, err = r.as(ann).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &r.clientKey})
	want(t, "listed by a grantee", err, "AccessDeniedException")
	_, err = r.as(admin).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &r.clientKey, Marker: aws.String("zz")})
	want(t, "a marker of no list", err, "InvalidMarkerException")
	_, err = r.as(admin).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &r.clientKey, Limit: aws.Int32(101)})
	want(t, "a page too large", err, "ValidationException")
}
