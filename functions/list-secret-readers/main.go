// Command list-secret-readers is the Lambda function of that operation: list who knows a secret's value: first, last,
// how often, which version.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListSecretReaders, handler.ListSecretReaders)
}
