// Command restore-secret-version is the Lambda function of that operation: give a secret the value of one of its
// versions again.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.RestoreSecretVersion, handler.RestoreSecretVersion, app.WithKeys(awskms.Open))
}
