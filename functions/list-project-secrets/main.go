// Command list-project-secrets is the Lambda function of that operation: list a project's secrets without values.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListProjectSecrets, handler.ListProjectSecrets)
}
