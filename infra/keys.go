package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
)

// serverPath is the IAM path of all roles of functions. The keys' policies tell by it who the server is.
const serverPath = "/strongroom/server/"

// keys are the KMS keys of the data stack.
type keys struct {
	// table is what DynamoDB encrypts with. Roles of functions may use it through DynamoDB alone. Its policy denies
	// nothing: DynamoDB's own upkeep of the table uses the key in ways that a denial could break, and with it the table.
	table awskms.Key
	// storage wraps the server's data keys, client the clients' project keys.
	storage, client awskms.Key
	// signing signs the seals of events.
	signing awskms.Key
}

func newKeys(stack awscdk.Stack, s settings) keys {
	k := keys{
		table:   newKey(stack, s, "TableKey", "DynamoDB's encryption of Strongroom's table", symmetric),
		storage: newKey(stack, s, "StorageKey", "Strongroom's storage key: wraps the server's data keys", symmetric),
		client:  newKey(stack, s, "ClientKey", "Strongroom's client key: wraps project keys, and is closed to the server", symmetric),
		signing: newKey(stack, s, "SigningKey", "Strongroom's signing key: signs the seals of events", signs),
	}
	onlyForTheServer(k.storage, "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair",
		"kms:GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
		"kms:CreateGrant")
	onlyForTheServer(k.signing, "kms:Sign", "kms:CreateGrant")
	closeToTheServer(k.client)
	fenceGrants(k.client)
	return k
}

// A keyKind is what a key is for.
type keyKind struct {
	spec  awskms.KeySpec
	usage awskms.KeyUsage
	// rotates says whether KMS gives the key new material every year: it can't for asymmetric ones.
	rotates bool
}

var (
	symmetric = keyKind{awskms.KeySpec_SYMMETRIC_DEFAULT, awskms.KeyUsage_ENCRYPT_DECRYPT, true}
	signs     = keyKind{awskms.KeySpec_ECC_NIST_P256, awskms.KeyUsage_SIGN_VERIFY, false}
)

// newKey makes a key. Its policy lets the account's IAM policies decide, as KMS's default does, so that no key is ever
// without somebody who can manage it; statements that deny are added to that.
func newKey(stack awscdk.Stack, s settings, id, description string, kind keyKind) awskms.Key {
	props := &awskms.KeyProps{
		Description: str(description + " (" + s.Stage + ")"),
		KeySpec:     kind.spec, KeyUsage: kind.usage,
		Alias:         str("alias/" + s.name(dashed(id))),
		PendingWindow: days(30),
		RemovalPolicy: s.removal(),
	}
	if kind.rotates {
		props.EnableKeyRotation = yes(true)
	}
	if s.MultiRegionKeys {
		props.MultiRegion = yes(true)
	}
	return awskms.NewKey(stack, str(id), props)
}

// dashed is an id of a construct as a part of a name: StorageKey, storage-key.
func dashed(id string) string {
	var name []rune
	for i, r := range id {
		if r >= 'A' && r <= 'Z' {
			if r += 'a' - 'A'; i > 0 {
				name = append(name, '-')
			}
		}
		name = append(name, r)
	}
	return string(name)
}

// serverRoles matches the ARNs of the functions' roles. aws:PrincipalArn is the role's ARN for its sessions too
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn).
func serverRoles() *string {
	return awscdk.Fn_Sub(str("arn:${AWS::Partition}:iam::${AWS::AccountId}:role"+serverPath+"*"), nil)
}

// deny adds a statement to a key's policy that nothing overrides, no IAM policy and no grant.
func deny(key awskms.Key, sid string, actions *[]*string, conditions map[string]any) {
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: str(sid), Effect: awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions:    actions, Resources: strs("*"), // of a key's policy, the key
		Conditions: &conditions,
	}), nil)
}

// closeToTheServer keeps the server from doing anything with the key, whatever its roles are allowed.
func closeToTheServer(key awskms.Key) {
	deny(key, "ClosedToTheServer", strs("kms:*"), map[string]any{
		"ArnLike": map[string]any{"aws:PrincipalArn": serverRoles()},
	})
	deny(key, "NoGrantsForTheServer", strs("kms:CreateGrant"), map[string]any{
		"StringLike": map[string]any{"kms:GranteePrincipal": serverRoles()},
	})
}

// grantable are the operations that Strongroom's clients put into grants on the client key.
var grantable = []string{"Decrypt", "GenerateDataKey"}

// fenceGrants refuses grants that would open more than a project: with other operations than clients make them for, or
// bound to no encryption context (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html).
func fenceGrants(key awskms.Key) {
	deny(key, "GrantsOfFewOperations", strs("kms:CreateGrant"), map[string]any{
		"ForAnyValue:StringNotEquals": map[string]any{"kms:GrantOperations": grantable},
	})
	// A condition with Not also holds where there is no constraint at all.
	deny(key, "GrantsBoundToAContext", strs("kms:CreateGrant"), map[string]any{
		"StringNotEquals": map[string]any{"kms:GrantConstraintType": []string{"EncryptionContextEquals"}},
	})
}

// onlyForTheServer keeps everybody else, administrators included, from using the key. They can still change its policy,
// which raises an alarm.
func onlyForTheServer(key awskms.Key, actions ...string) {
	deny(key, "OnlyForTheServer", strs(actions...), map[string]any{
		"ArnNotLike": map[string]any{"aws:PrincipalArn": serverRoles()},
	})
}

// throughDynamoDB is the service's name as KMS sees it.
func throughDynamoDB() *string {
	return awscdk.Fn_Sub(str("dynamodb.${AWS::Region}.${AWS::URLSuffix}"), nil)
}
