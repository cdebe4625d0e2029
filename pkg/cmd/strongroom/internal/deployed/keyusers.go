package deployed

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"strongroom/pkg/iampolicy"
)

// KeyPolicy is a key's policy, which takes kms:GetKeyPolicy (https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html).
func KeyPolicy(ctx context.Context, c aws.Config, key string) (iampolicy.Document, error) {
	parsed, err := arn.Parse(key)
	if err != nil {
		return iampolicy.Document{}, err
	}
	out, err := kms.NewFromConfig(c, func(o *kms.Options) { o.Region = parsed.Region }).GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key})
	if err != nil {
		return iampolicy.Document{}, failed("kms:GetKeyPolicy", err)
	}
	d, err := iampolicy.Parse([]byte(aws.ToString(out.Policy)))
	d.Name = "the key's policy"
	return d, err
}

// keyUses are the ways to what a key has wrapped, and to letting others at it.
var keyUses = []string{"kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant", "kms:PutKeyPolicy"}

// KeyUsers are those of the given roles whom policies let use a key, or might, without any KMS grant: their own, and the key's.
// Roles that are not in the account are not among them.
func (is *Identities) KeyUsers(key string, policy iampolicy.Document, roles []string) []Invoker {
	var found []Invoker
	for _, i := range is.all {
		if !slices.Contains(roles, i.arn) {
			continue
		}
		most := iampolicy.No
		for _, use := range keyUses {
			ask := iampolicy.Request{Principal: iampolicy.Principal{ARN: i.arn}, Action: use, Resource: key}
			most = max(most, iampolicy.Access{Identity: i.policies, Resource: &policy, KMS: true}.Decide(ask).Allowed)
		}
		if most != iampolicy.No {
			found = append(found, Invoker{i.arn, most == iampolicy.Yes})
		}
	}
	return found
}

// Has says whether a role is one of the account's.
func (is *Identities) Has(role string) bool {
	return slices.ContainsFunc(is.all, func(h holder) bool { return h.arn == role })
}
