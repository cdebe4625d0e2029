// Command roll-up-reads is the Lambda function of that operation: sum up who read what, and mark the projects
// whose values changed.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.MainStream(operation.RollUpReads, handler.RollUpReads)
}
