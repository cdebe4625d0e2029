// Command list-secret-versions is the Lambda function of that operation: list a secret's versions, newest first,
// without values.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListSecretVersions, handler.ListSecretVersions)
}
