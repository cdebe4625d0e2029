// Command put-pending-version is the Lambda function of that operation: store the value that a rotation made, as the
// pending version.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.PutPendingVersion, handler.PutPendingVersion, app.WithKeys(awskms.Open))
}
