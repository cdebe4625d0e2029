// Command list-principal-reads is the Lambda function of that operation: list the secrets whose values a principal
// knows.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListPrincipalReads, handler.ListPrincipalReads)
}
