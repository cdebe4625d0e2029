// Command get-secrets-by-ids is the Lambda function of that operation: read several secrets with their values.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetSecretsByIDs, handler.GetSecretsByIDs, app.WithKeys(awskms.Open))
}
