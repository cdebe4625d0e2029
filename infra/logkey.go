package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
)

// newLogKey makes the key that logs and alarms are encrypted with. Services use it on the deployment's behalf: CloudWatch
// Logs for log groups of this account, CloudWatch and EventBridge to publish to the topic
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html,
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
func newLogKey(stack awscdk.Stack, s settings) awskms.Key {
	key := awskms.NewKey(stack, str("LogKey"), &awskms.KeyProps{
		Description: str("Strongroom's logs and alarms (" + s.Stage + ")"), Alias: str("alias/" + s.name("log-key")),
		EnableKeyRotation: yes(true), PendingWindow: days(7), RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	groups := awscdk.Fn_Sub(str("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*"), nil)
	serve(key, "Logs", *awscdk.Fn_Sub(str("logs.${AWS::Region}.amazonaws.com"), nil),
		strs("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"),
		map[string]any{"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": groups}})
	// CDK adds the same for EventBridge, where the topic becomes a rule's target.
	serve(key, "Alarms", "cloudwatch.amazonaws.com", strs("kms:Decrypt", "kms:GenerateDataKey*"), nil)
	return key
}

// serve lets a service use the key, under conditions if there are any.
func serve(key awskms.Key, sid, service string, actions *[]*string, conditions map[string]any) {
	props := &awsiam.PolicyStatementProps{
		Sid:        str(sid),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(str(service), nil)},
		Actions:    actions, Resources: strs("*"),
	}
	if conditions != nil {
		props.Conditions = &conditions
	}
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(props), nil)
}
