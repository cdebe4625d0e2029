// Command delete-principal is the Lambda function of that operation: delete a principal, its identities and
// memberships.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.DeletePrincipal, handler.DeletePrincipal)
}
