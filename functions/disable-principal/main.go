// Command disable-principal is the Lambda function of that operation: refuse a user or service account everything from
// the next request on.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.DisablePrincipal, handler.DisablePrincipal)
}
