// Command promote-version is the Lambda function of that operation: make the pending version of a rotation the
// current one.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.PromoteVersion, handler.PromoteVersion, app.WithKeys(awskms.Open))
}
