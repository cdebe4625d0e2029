// Command claim-rotation is the Lambda function of that operation: take a secret's rotation for a worker, or renew
// its lease.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ClaimRotation, handler.ClaimRotation)
}
