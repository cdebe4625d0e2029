// Command dispatch-rotations is the Lambda function of that operation: ask for workers for the rotations that are due.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.MainSchedule(operation.DispatchRotations, handler.DispatchRotations)
}
