// Command list-trash is the Lambda function of that operation: list what is in the trash.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ListTrash, handler.ListTrash)
}
