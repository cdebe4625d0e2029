// Command create-organization is the Lambda function of that operation: make the organization and its first owner, or
// recover an owner.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.MainInvoke(operation.CreateOrganization, handler.CreateOrganization, app.WithKeys(awskms.Open))
}
