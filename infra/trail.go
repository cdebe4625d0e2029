package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudtrail"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"

	"strongroom/pkg/operation"
)

// trailDays is how long the trail's files are kept: as long as Strongroom keeps events by default.
const trailDays = 400

// newTrail records, with CloudTrail, who changes things in the account and who invokes functions that answer requests. An
// Invoke that is not API Gateway's is an administrator who founds or recovers the organization, or somebody who forges
// requests; either is worth an alarm.
func (v *server) newTrail() alarm {
	name := v.settings.name("trail")
	arn := v.stack.FormatArn(&awscdk.ArnComponents{Service: str("cloudtrail"), Resource: str("trail"), ResourceName: str(name)})
	bucket := v.newTrailBucket(arn)
	log := awslogs.NewLogGroup(v.stack, str("TrailLog"), &awslogs.LogGroupProps{
		Retention: retentions[v.settings.LogDays], EncryptionKey: v.key, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := awsiam.NewRole(v.stack, str("TrailRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(str("cloudtrail.amazonaws.com"), nil), Path: str("/strongroom/trail/"),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"log": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{
			Statements: &[]awsiam.PolicyStatement{statement{
				sid: "WriteItsLog", actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, resources: []*string{log.LogGroupArn()},
			}.policy()},
		})},
	})
	trail := awscloudtrail.NewCfnTrail(v.stack, str("Trail"), &awscloudtrail.CfnTrailProps{
		TrailName: str(name), IsLogging: true, EnableLogFileValidation: true,
		S3BucketName:              bucket.BucketName(),
		CloudWatchLogsLogGroupArn: log.LogGroupArn(), CloudWatchLogsRoleArn: role.RoleArn(),
		AdvancedEventSelectors: []any{
			selector("changes in the account", map[string][]*string{"eventCategory": {str("Management")}, "readOnly": {str("false")}}),
			selector("invocations", map[string][]*string{
				"eventCategory": {str("Data")}, "resources.type": {str("AWS::Lambda::Function")}, "resources.ARN": v.asked(),
			}),
		},
	})
	trail.Node().AddDependency(bucket.Policy())
	return alarm{
		id: "ForeignInvoke", least: 1, periods: 1,
		says: "Somebody invoked a function that only API Gateway has a reason to invoke, or create-organization. " +
			"Who can do that can pretend to be any caller. The trail's log has their ARN and address.",
		// An API of somebody else's may invoke with a role of theirs, and hand on what they like: API Gateway is named then too, and
		// the role (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
		metric: v.filter("ForeignInvokes", log, `{ ($.eventSource = "lambda.amazonaws.com") && ($.eventName = "Invoke*") && `+
			`(($.userIdentity.invokedBy NOT EXISTS) || ($.userIdentity.invokedBy != "apigateway.amazonaws.com") || `+
			`($.userIdentity.type = "AssumedRole") || ($.userIdentity.type = "IAMUser") || ($.userIdentity.type = "Root")) }`),
	}
}

// asked are the ARNs of the functions that somebody waits for.
func (v *server) asked() []*string {
	var arns []*string
	for _, row := range operation.Table {
		if answers(row) {
			arns = append(arns, v.stack.FormatArn(&awscdk.ArnComponents{
				Service: str("lambda"), Resource: str("function"), ResourceName: str(v.settings.name(string(row.Name))),
				ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
			}))
		}
	}
	return arns
}

// selector picks the events whose fields equal one of the values each.
func selector(name string, fields map[string][]*string) any {
	var all []any
	for _, field := range sortedKeys(fields) {
		values := fields[field]
		all = append(all, &awscloudtrail.CfnTrail_AdvancedFieldSelectorProperty{Field: str(field), EqualTo: &values})
	}
	return &awscloudtrail.CfnTrail_AdvancedEventSelectorProperty{Name: str(name), FieldSelectors: all}
}

// newTrailBucket makes the bucket that one trail may write into.
func (v *server) newTrailBucket(trail *string) awss3.Bucket {
	bucket := awss3.NewBucket(v.stack, str("TrailBucket"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(), Encryption: awss3.BucketEncryption_S3_MANAGED,
		EnforceSSL: yes(true), MinimumTLSVersion: tls12(), Versioned: yes(true),
		ObjectOwnership: awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		LifecycleRules:  &[]*awss3.LifecycleRule{{Expiration: days(trailDays), NoncurrentVersionExpiration: days(1)}},
		// It outlives the deployment whatever the settings say: CloudFormation deletes no bucket with something in it.
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
	suppress(bucket, "AwsSolutions-S1", "It is itself a log of accesses; one of accesses to it would need one in turn.")
	allow := func(sid, action string, resource *string) {
		bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid: str(sid), Actions: strs(action), Resources: list(resource),
			Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(str("cloudtrail.amazonaws.com"), nil)},
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceArn": trail}},
		}))
	}
	allow("TrailLooks", "s3:GetBucketAcl", bucket.BucketArn())
	allow("TrailWrites", "s3:PutObject", bucket.ArnForObjects(str("AWSLogs/"+*v.stack.Account()+"/*")))
	return bucket
}
