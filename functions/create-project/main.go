// Command create-project is the Lambda function of that operation: make a project.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.CreateProject, handler.CreateProject)
}
