// Command seal-events is the Lambda function of the operation of that name.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awsarchive"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.MainSchedule(operation.SealEvents, handler.SealEvents, app.WithSigner(awskms.OpenSigner), app.WithArchive(awsarchive.Open))
}
