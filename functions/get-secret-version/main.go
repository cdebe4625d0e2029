// Command get-secret-version is the Lambda function of that operation: read one version of a secret with its value.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetSecretVersion, handler.GetSecretVersion, app.WithKeys(awskms.Open))
}
