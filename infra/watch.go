package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
)

// watch makes what shows how the deployment does, and what says so when it does not do well.
func (v *server) watch() {
	v.topic = v.newTopic()
	act := awscloudwatchactions.NewSnsAction(v.topic)
	v.newDashboard()
	all := v.alarms()
	if v.settings.Trail {
		all = append(all, v.newTrail())
	}
	for _, a := range all {
		a.make(v.stack, v.settings, act)
	}
	v.watchKeys()
}

// newTopic makes the topic that alarms go to. It is encrypted with the log key, since CloudWatch can't use SNS's own.
func (v *server) newTopic() awssns.Topic {
	topic := awssns.NewTopic(v.stack, str("Alarms"), &awssns.TopicProps{
		TopicName: str(v.settings.name("alarms")), DisplayName: str("Strongroom " + v.settings.Stage),
		MasterKey: v.key, EnforceSSL: yes(true),
	})
	// A topic with a policy of its own is no longer open to its account's alarms by itself. EventBridge's statement comes with
	// its rules; it takes no conditions.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: str("Alarms"), Actions: strs("sns:Publish"), Resources: list(topic.TopicArn()),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(str("cloudwatch.amazonaws.com"), nil)},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": v.stack.FormatArn(&awscdk.ArnComponents{
			Service: str("cloudwatch"), Resource: str("alarm"), ResourceName: str(v.settings.name("*")),
			ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		})}},
	}))
	if v.settings.AlarmEmail != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(str(v.settings.AlarmEmail), nil))
	}
	output(v.stack, "AlarmTopic", "the SNS topic of alarms, for whoever is to be woken", topic.TopicArn())
	return topic
}
