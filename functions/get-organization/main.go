// Command get-organization is the Lambda function of that operation: show the organization.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetOrganization, handler.GetOrganization)
}
