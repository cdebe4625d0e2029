// Command update-principal is the Lambda function of that operation: change a principal's name, e-mail or role.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.UpdatePrincipal, handler.UpdatePrincipal)
}
