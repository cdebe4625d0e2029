// Command get-secret-access is the Lambda function of that operation: list a secret's grants.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetSecretAccess, handler.GetSecretAccess)
}
