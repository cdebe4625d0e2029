// Command whoami is the Lambda function of that operation: say who the caller is to Strongroom.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.Whoami, handler.Whoami)
}
