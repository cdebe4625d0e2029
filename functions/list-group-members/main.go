// Command list-group-members is the Lambda function of that operation: list the users in a group.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListGroupMembers, handler.ListGroupMembers)
}
