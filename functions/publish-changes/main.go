// Command publish-changes is the Lambda function of that operation: publish changes to the event bus.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awsbus"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.MainStream(operation.PublishChanges, handler.PublishChanges, app.WithBus(awsbus.Open))
}
