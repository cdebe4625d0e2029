// Command get-project is the Lambda function of that operation: show a project and its wrapped project keys.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.GetProject, handler.GetProject)
}
