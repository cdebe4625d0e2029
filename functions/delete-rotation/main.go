// Command delete-rotation is the Lambda function of that operation: have a secret rotated no more.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.DeleteRotation, handler.DeleteRotation)
}
