// Command restore-from-trash is the Lambda function of that operation: take projects and secrets out of the trash.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.RestoreFromTrash, handler.RestoreFromTrash)
}
