// Command rotate-secret is the Lambda function of that operation: rotate a secret now.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.RotateSecret, handler.RotateSecret)
}
