package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"

	"strongroom/pkg/secrets"
)

// How seals are locked in the archive (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html).
const (
	// lockCompliance: nobody, the account's root included, removes a seal before its time.
	lockCompliance = "compliance"
	// lockGovernance: who has s3:BypassGovernanceRetention does.
	lockGovernance = "governance"
	// lockNone: there is Object Lock, but no retention unless a seal is given one.
	lockNone = "none"
)

// newArchive makes the bucket of seals; package awsarchive says what is asked of it.
func newArchive(stack awscdk.Stack, s settings) awss3.Bucket {
	bucket := awss3.NewBucket(stack, str("Archive"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		// Seals are signed statements without names; S3's own encryption will do, and no key can be lost.
		Encryption:                 awss3.BucketEncryption_S3_MANAGED,
		EnforceSSL:                 yes(true),
		MinimumTLSVersion:          tls12(),
		ObjectOwnership:            awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Versioned:                  yes(true),
		ObjectLockEnabled:          yes(true),
		ObjectLockDefaultRetention: retentionOf(s),
		RemovalPolicy:              s.removal(),
	})
	suppress(bucket, "AwsSolutions-S1", "Seals are public statements that verify offline; who put one is in CloudTrail, "+
		"and an access log would be one more bucket to guard.")
	bucket.AddToResourcePolicy(denied(bucket, "NothingIsPutOverASeal", "s3:PutObject", map[string]any{
		"Null": map[string]any{"s3:if-none-match": "true"},
	}))
	bucket.AddToResourcePolicy(denied(bucket, "NothingIsHidden", "s3:DeleteObject", nil))
	return bucket
}

// denied keeps everybody from an action on the bucket's objects. Object Lock keeps versions; without this another version
// or a marker could stand before a seal (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html).
func denied(bucket awss3.Bucket, sid, action string, conditions map[string]any) awsiam.PolicyStatement {
	props := &awsiam.PolicyStatementProps{
		Sid: str(sid), Effect: awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions:    strs(action), Resources: list(bucket.ArnForObjects(str("*"))),
	}
	if conditions != nil {
		props.Conditions = &conditions
	}
	return awsiam.NewPolicyStatement(props)
}

// archived are the ARNs of the objects that are put there.
func archived(bucket awss3.Bucket) []*string {
	var all []*string
	for _, prefix := range secrets.ArchivePrefixes() {
		all = append(all, bucket.ArnForObjects(str(prefix+"*")))
	}
	return all
}

func retentionOf(s settings) awss3.ObjectLockRetention {
	switch s.SealLock {
	case lockCompliance:
		return awss3.ObjectLockRetention_Compliance(days(s.SealDays))
	case lockGovernance:
		return awss3.ObjectLockRetention_Governance(days(s.SealDays))
	}
	return nil
}

// archivedFindings are what cdk-nag calls the wildcards at their end.
func archivedFindings(bucket awss3.Bucket) []string {
	child, ok := bucket.Node().DefaultChild().(awscdk.CfnElement)
	if !ok {
		panic("infra: a bucket without a resource")
	}
	id := *awscdk.Stack_Of(bucket).GetLogicalId(child)
	var all []string
	for _, prefix := range secrets.ArchivePrefixes() {
		all = append(all, "Resource::<"+id+".Arn>/"+prefix+"*")
	}
	return all
}
