package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

const (
	// hidden is how long a message that a worker took is kept from others: six times what the worker may take, and at most five
	// takings, as AWS advises (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html). It may be long: for a
	// rotation whose worker is gone another message is sent when its lease ends.
	hidden   = 6 * workerTimeout
	takings  = 5
	undealt  = 14 // days that dead letters are kept, SQS's longest
	standing = rotation.NobodyCame
)

// newQueues makes a worker's queue and that of its dead letters, and the rule that fills the first. Messages hold ids only; SQS's
// own encryption will do, and EventBridge needs no key for it.
func (w *workers) newQueues(k *worker) {
	name := w.functionName(k.rotator.Kind)
	k.letters = w.newQueue(k.scope, "DeadLetters", name+"-failed", &awssqs.QueueProps{
		RetentionPeriod: days(undealt),
		RedriveAllowPolicy: &awssqs.RedriveAllowPolicy{
			RedrivePermission: awssqs.RedrivePermission_BY_QUEUE,
			SourceQueues:      &[]awssqs.IQueue{awssqs.Queue_FromQueueArn(k.scope, str("Source"), w.queueARN(name))},
		},
	})
	suppress(k.letters, "AwsSolutions-SQS3", "It is itself the queue of dead letters.")
	k.queue = w.newQueue(k.scope, "Queue", name, &awssqs.QueueProps{
		VisibilityTimeout: minutes(int(hidden / time.Minute)),
		// A run that nobody came for has failed by then, and so has its message no use any more.
		RetentionPeriod: awscdk.Duration_Hours(num(int(standing / time.Hour))),
		DeadLetterQueue: &awssqs.DeadLetterQueue{Queue: k.letters, MaxReceiveCount: num(takings)},
	})
	rule := w.newRule(k.scope, "asks the worker for "+string(k.rotator.Kind), k.queue, k.letters, map[string]any{
		"source": strs(operation.BusSource), "detail-type": strs(rotation.NoticeDue),
		"detail": map[string]any{"rotator": strs(string(k.rotator.Kind))},
	})
	takeFrom(k.queue, "Asked", rule)
	takeFrom(k.letters, "DeadLettersOfTheRule", rule)
}

// newQueue makes a queue with what all have in common.
func (w *workers) newQueue(scope constructs.Construct, id, name string, props *awssqs.QueueProps) awssqs.Queue {
	props.QueueName, props.Encryption, props.EnforceSSL = str(name), awssqs.QueueEncryption_SQS_MANAGED, yes(true)
	props.RemovalPolicy = awscdk.RemovalPolicy_DESTROY
	return awssqs.NewQueue(scope, str(id), props)
}

// queueARN is the ARN of a queue of that name, for who can't wait for the queue.
func (w *workers) queueARN(name string) *string {
	return w.stack.FormatArn(&awscdk.ArnComponents{Service: str("sqs"), Resource: str(name)})
}

// newRule makes a rule on the bus that leads what matches to a queue. What can't be delivered ends as a dead letter.
func (w *workers) newRule(scope constructs.Construct, says string, to, letters awssqs.Queue, pattern map[string]any) *string {
	target := &awsevents.CfnRule_TargetProperty{
		Id: str("Queue"), Arn: to.QueueArn(),
		RetryPolicy:      &awsevents.CfnRule_RetryPolicyProperty{MaximumEventAgeInSeconds: num(int(standing / time.Second))},
		DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: letters.QueueArn()},
	}
	rule := awsevents.NewCfnRule(scope, str("Rule"), &awsevents.CfnRuleProps{
		Description: str(says), EventBusName: w.server.data.bus.EventBusName(), EventPattern: pattern, State: str("ENABLED"),
		Targets: []any{target},
	})
	return rule.AttrArn()
}
