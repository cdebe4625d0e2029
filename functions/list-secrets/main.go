// Command list-secrets is the Lambda function of that operation: list the secrets that the caller may see, each once.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListSecrets, handler.ListSecrets)
}
