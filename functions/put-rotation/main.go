// Command put-rotation is the Lambda function of that operation: set how a secret is rotated from now on.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.PutRotation, handler.PutRotation)
}
