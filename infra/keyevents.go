package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
)

// grave are the calls of KMS after which a key is of no use, or open to others: a replica has a policy of its own.
var grave = []any{"DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "DisableKeyRotation", "ReplicateKey"}

// watchKeys tells the topic at once when somebody does one of the grave things to a key. EventBridge has calls from
// CloudTrail, which must log management events in this region; a trail of Strongroom's own does
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html).
func (v *server) watchKeys() {
	arns := v.data.keys.arns()
	target := awseventstargets.NewSnsTopic(v.topic, &awseventstargets.SnsTopicProps{
		Message: awsevents.RuleTargetInput_FromText(str("Strongroom " + v.settings.Stage + ": " +
			*awsevents.EventField_FromPath(str("$.detail.eventName")) + " on " +
			*awsevents.EventField_FromPath(str("$.detail.resources[0].ARN")) + " by " +
			*awsevents.EventField_FromPath(str("$.detail.userIdentity.arn")) + " at " + *awsevents.EventField_Time() +
			". Without its KMS keys nothing in Strongroom can be read, and a policy decides who may use one. If nobody meant this, " +
			"undo it now (enable-key, cancel-key-deletion, or the policy from the template).")),
	})
	awsevents.NewRule(v.stack, str("KeyCalls"), &awsevents.RuleProps{
		Description: str("somebody disables a key, schedules its deletion, changes its policy or copies it to another region"),
		EventPattern: &awsevents.EventPattern{
			Source: strs("aws.kms"), DetailType: strs("AWS API Call via CloudTrail"),
			Detail: &map[string]any{"eventName": grave, "resources": map[string]any{"ARN": arns}},
		},
		Targets: &[]awsevents.IRuleTarget{target},
	})
	awsevents.NewRule(v.stack, str("KeysDeleted"), &awsevents.RuleProps{
		Description:  str("KMS deleted a key for good"),
		EventPattern: &awsevents.EventPattern{Source: strs("aws.kms"), DetailType: strs("KMS CMK Deletion"), Resources: arns},
		Targets:      &[]awsevents.IRuleTarget{awseventstargets.NewSnsTopic(v.topic, nil)},
	})
}

// arns are the ARNs of all keys of the data stack.
func (k keys) arns() *[]*string {
	return list(k.table.KeyArn(), k.storage.KeyArn(), k.client.KeyArn(), k.signing.KeyArn())
}
