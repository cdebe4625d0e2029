// Command get-principal is the Lambda function of that operation: show a user, a group or a service account.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetPrincipal, handler.GetPrincipal)
}
