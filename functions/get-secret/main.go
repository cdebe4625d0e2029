// Command get-secret is the Lambda function of that operation: read a secret with its value.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetSecret, handler.GetSecret, app.WithKeys(awskms.Open))
}
