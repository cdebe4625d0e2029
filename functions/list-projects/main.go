// Command list-projects is the Lambda function of that operation: list the projects that the caller may see.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListProjects, handler.ListProjects)
}
