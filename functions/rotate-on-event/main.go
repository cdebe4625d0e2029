// Command rotate-on-event is the Lambda function of that operation: have secrets rotated because of an event.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.MainEvent(operation.RotateOnEvent, handler.RotateOnEvent)
}
