// Command get-project-values is the Lambda function of that operation: read all of a project's secrets with their
// values.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetProjectValues, handler.GetProjectValues, app.WithKeys(awskms.Open))
}
