// Command discard-pending-version is the Lambda function of that operation: give a rotation up, and its pending
// version.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.DiscardPendingVersion, handler.DiscardPendingVersion)
}
