// Command create-principal is the Lambda function of that operation: make a user, a group or a service account.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.CreatePrincipal, handler.CreatePrincipal)
}
