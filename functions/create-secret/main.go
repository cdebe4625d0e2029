// Command create-secret is the Lambda function of that operation: store a new secret.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.CreateSecret, handler.CreateSecret, app.WithKeys(awskms.Open))
}
