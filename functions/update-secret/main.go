// Command update-secret is the Lambda function of that operation: change a secret's name, value, note or projects.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/awskms"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.UpdateSecret, handler.UpdateSecret, app.WithKeys(awskms.Open))
}
