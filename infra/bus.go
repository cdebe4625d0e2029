package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
)

// newBus makes the event bus on which changes are published, as ids only. Rules on it are the users' own.
func newBus(stack awscdk.Stack, s settings) awsevents.EventBus {
	return awsevents.NewEventBus(stack, str("Bus"), &awsevents.EventBusProps{
		EventBusName: str("strongroom-" + s.Stage),
		Description:  str("What changed in Strongroom: ids, no names and no values"),
	})
}
