// Command update-project is the Lambda function of that operation: rename a project.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.UpdateProject, handler.UpdateProject)
}
