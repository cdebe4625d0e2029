// Command list-secret-events is the Lambda function of that operation: list the changes of a secret, newest first.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListSecretEvents, handler.ListSecretEvents)
}
