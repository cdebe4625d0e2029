// Command delete-secrets is the Lambda function of that operation: put secrets into the trash.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.DeleteSecrets, handler.DeleteSecrets)
}
