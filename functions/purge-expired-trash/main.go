// Command purge-expired-trash is the Lambda function of that operation: remove for good what has been in the trash for long enough.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.MainSchedule(operation.PurgeExpiredTrash, handler.PurgeExpiredTrash)
}
