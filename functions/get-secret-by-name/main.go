// Command get-secret-by-name is the Lambda function of that operation: read a secret by its project and name.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetSecretByName, handler.GetSecretByName, app.WithKeys(awskms.Open))
}
