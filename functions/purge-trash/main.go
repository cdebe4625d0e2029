// Command purge-trash is the Lambda function of that operation: remove for good what is in the trash.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.PurgeTrash, handler.PurgeTrash)
}
