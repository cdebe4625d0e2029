// Command list-rotations is the Lambda function of that operation: list rotations, or what a leaver knows.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListRotations, handler.ListRotations)
}
