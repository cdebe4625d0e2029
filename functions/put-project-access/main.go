// Command put-project-access is the Lambda function of that operation: replace a project's grants.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.PutProjectAccess, handler.PutProjectAccess)
}
