// Command enable-principal is the Lambda function of that operation: undo disable-principal.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.EnablePrincipal, handler.EnablePrincipal)
}
