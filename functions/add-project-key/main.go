// Command add-project-key is the Lambda function of that operation: give a project a new current key, and count the values
// under older ones.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.AddProjectKey, handler.AddProjectKey)
}
