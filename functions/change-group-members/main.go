// Command change-group-members is the Lambda function of that operation: add users to a group and remove them from it.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ChangeGroupMembers, handler.ChangeGroupMembers)
}
