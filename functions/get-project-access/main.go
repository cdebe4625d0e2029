// Command get-project-access is the Lambda function of that operation: list a project's grants.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetProjectAccess, handler.GetProjectAccess)
}
