// Command list-principals is the Lambda function of that operation: list users, groups and service accounts.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListPrincipals, handler.ListPrincipals)
}
