package deployed

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"strongroom/pkg/iampolicy"
)

// An Invoker is an IAM user or role that may do something, or might.
type Invoker struct {
	ARN string
	// Certain says that it may; else it might, under conditions that can't be known here.
	Certain bool
}

// Functions are the ARNs of the functions whose names begin so.
func Functions(ctx context.Context, c aws.Config, prefix string) ([]string, error) {
	var arns []string
	pages := lambda.NewListFunctionsPaginator(lambda.NewFromConfig(c), &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failed("lambda:ListFunctions", err)
		}
		for _, f := range page.Functions {
			if strings.HasPrefix(aws.ToString(f.FunctionName), prefix) {
				arns = append(arns, aws.ToString(f.FunctionArn))
			}
		}
	}
	return arns, nil
}

// latest is the qualifier of the version that is deployed. Who names it is asked for a right on the qualified ARN
// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html).
const latest = ":$LATEST"

// Identities are the users and roles of an account, with their policies and those of their groups. Boundaries and policies of the
// organization, which could only take away, are not among these.
type Identities struct{ all []holder }

// ReadIdentities reads them, which takes iam:GetAccountAuthorizationDetails.
func ReadIdentities(ctx context.Context, c aws.Config) (*Identities, error) {
	all, err := details(ctx, c)
	return &Identities{all}, err
}

// Invokers are those whose policies let them invoke one of the functions, or might. The functions' own policies, which could add
// somebody, are not looked at.
func (is *Identities) Invokers(functions []string) []Invoker {
	var found []Invoker
	for _, i := range is.all {
		most := iampolicy.No
		for _, function := range functions {
			for _, called := range []string{function, function + latest} {
				ask := iampolicy.Request{Principal: iampolicy.Principal{ARN: i.arn}, Action: "lambda:InvokeFunction", Resource: called}
				most = max(most, iampolicy.Access{Identity: i.policies}.Decide(ask).Allowed)
			}
		}
		if most != iampolicy.No {
			found = append(found, Invoker{i.arn, most == iampolicy.Yes})
		}
	}
	slices.SortFunc(found, func(a, b Invoker) int { return strings.Compare(a.ARN, b.ARN) })
	return found
}

// A holder is a user or role with all its policies.
type holder struct {
	arn      string
	policies []iampolicy.Document
}

// details reads every user and role of the account, with groups and managed policies
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html).
func details(ctx context.Context, c aws.Config) ([]holder, error) {
	var (
		users  []types.UserDetail
		roles  []types.RoleDetail
		groups = map[string]types.GroupDetail{}
		b      = book{}
	)
	pages := iam.NewGetAccountAuthorizationDetailsPaginator(iam.NewFromConfig(c), &iam.GetAccountAuthorizationDetailsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failed("iam:GetAccountAuthorizationDetails", err)
		}
		users, roles = append(users, page.UserDetailList...), append(roles, page.RoleDetailList...)
		for _, g := range page.GroupDetailList {
			groups[aws.ToString(g.GroupName)] = g
		}
		for _, p := range page.Policies {
			for _, v := range p.PolicyVersionList {
				if v.IsDefaultVersion {
					b[aws.ToString(p.Arn)] = read(aws.ToString(p.Arn), aws.ToString(v.Document))
				}
			}
		}
	}
	var all []holder
	for _, u := range users {
		h := holder{arn: aws.ToString(u.Arn), policies: append(inline(u.UserPolicyList), b.attached(u.AttachedManagedPolicies)...)}
		for _, name := range u.GroupList {
			g := groups[name]
			h.policies = append(append(h.policies, inline(g.GroupPolicyList)...), b.attached(g.AttachedManagedPolicies)...)
		}
		all = append(all, h)
	}
	for _, r := range roles {
		all = append(all, holder{aws.ToString(r.Arn), append(inline(r.RolePolicyList), b.attached(r.AttachedManagedPolicies)...)})
	}
	return all, nil
}

// A book has managed policies by their ARN.
type book map[string]iampolicy.Document

func (b book) attached(policies []types.AttachedPolicy) []iampolicy.Document {
	var all []iampolicy.Document
	for _, p := range policies {
		d, ok := b[aws.ToString(p.PolicyArn)]
		if !ok {
			d = opaque(aws.ToString(p.PolicyArn))
		}
		all = append(all, d)
	}
	return all
}

func inline(policies []types.PolicyDetail) []iampolicy.Document {
	var all []iampolicy.Document
	for _, p := range policies {
		all = append(all, read(aws.ToString(p.PolicyName), aws.ToString(p.PolicyDocument)))
	}
	return all
}

// read reads a document as IAM answers it, URL-encoded (RFC 3986). One that can't be read may say anything.
func read(name, encoded string) iampolicy.Document {
	text, err := url.PathUnescape(encoded)
	if err != nil {
		return opaque(name)
	}
	d, err := iampolicy.Parse([]byte(text))
	if err != nil {
		return opaque(name)
	}
	d.Name = name
	return d
}

// opaque is a policy of which it is not known what it allows.
func opaque(name string) iampolicy.Document {
	return iampolicy.Document{Name: name, Statements: []iampolicy.Statement{{
		Effect: iampolicy.Allow, Actions: []string{"*"}, Resources: []string{"*"}, Unread: []string{"all of it"},
	}}}
}

// Denied says whether an error is that the caller may not do what was tried, and what that was.
func Denied(err error) (action string, ok bool) {
	var denied *DeniedError
	if errors.As(err, &denied) {
		return denied.Action, true
	}
	return "", false
}

// String is the invoker in words.
func (i Invoker) String() string {
	if i.Certain {
		return i.ARN
	}
	return fmt.Sprintf("%s (under conditions)", i.ARN)
}
