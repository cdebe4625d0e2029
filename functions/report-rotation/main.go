// Command report-rotation is the Lambda function of that operation: say what came of an attempt to rotate a secret.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ReportRotation, handler.ReportRotation)
}
