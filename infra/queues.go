package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"strongroom/pkg/operation"
)

// newQueue makes the queue of an operation's dead letters. They hold positions in the stream, times of runs, or events with ids alone, no item;
// SQS's own encryption will do.
func (v *server) newQueue(scope constructs.Construct, row operation.Row) awssqs.Queue {
	queue := awssqs.NewQueue(scope, str("DeadLetters"), &awssqs.QueueProps{
		QueueName:       str(v.settings.name(string(row.Name) + "-failed")),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      yes(true),
		RetentionPeriod: days(14), // the longest; changes stay in the stream for one day only
		RemovalPolicy:   awscdk.RemovalPolicy_DESTROY,
	})
	suppress(queue, "AwsSolutions-SQS3", "It is itself the queue of dead letters.")
	return queue
}

// takeFrom lets a rule of EventBridge send to the queue, and nobody else of EventBridge.
func takeFrom(queue awssqs.Queue, sid string, rule *string) {
	queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        str(sid),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(str("events.amazonaws.com"), nil)},
		Actions:    strs("sqs:SendMessage"), Resources: list(queue.QueueArn()),
		Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": rule}},
	}))
}
