// Command list-secret-principals is the Lambda function of that operation: list who can reach a secret, how far, and through what.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListSecretPrincipals, handler.ListSecretPrincipals)
}
