// Command sweep-deleted is the Lambda function of that operation: remove what purges and deletions left.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.MainSchedule(operation.SweepDeleted, handler.SweepDeleted)
}
