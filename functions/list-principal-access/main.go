// Command list-principal-access is the Lambda function of that operation: list what a principal can reach, how far, and through what.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListPrincipalAccess, handler.ListPrincipalAccess)
}
