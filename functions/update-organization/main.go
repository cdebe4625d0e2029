// Command update-organization is the Lambda function of that operation: change the organization's name or settings.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.UpdateOrganization, handler.UpdateOrganization)
}
