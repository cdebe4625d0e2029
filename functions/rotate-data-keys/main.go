// Command rotate-data-keys is the Lambda function of that operation: make a new data key when the current one is old, and seal
// everything anew under it.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.MainSchedule(operation.RotateDataKeys, handler.RotateDataKeys, app.WithKeys(awskms.Open))
}
