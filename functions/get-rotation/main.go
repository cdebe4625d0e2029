// Command get-rotation is the Lambda function of that operation: show how a secret is rotated, how that goes, and who is
// waited for.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetRotation, handler.GetRotation)
}
