// Command delete-projects is the Lambda function of that operation: put projects into the trash.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.DeleteProjects, handler.DeleteProjects)
}
