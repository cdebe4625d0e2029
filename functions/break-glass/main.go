// Command break-glass is the Lambda function of that operation: give oneself a grant in an emergency, with a reason.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.BreakGlass, handler.BreakGlass)
}
