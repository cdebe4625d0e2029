// Command list-seals is the Lambda function of that operation: list who did, or tried to do, what, newest first.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListSeals, handler.ListSeals)
}
