// Command put-identities is the Lambda function of that operation: replace the IAM identities of a principal.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.PutIdentities, handler.PutIdentities)
}
