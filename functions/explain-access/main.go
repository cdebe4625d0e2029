// Command explain-access is the Lambda function of that operation: say whether a principal may read, write or manage something, and why.
package main

import (
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

func main() {
	app.Main(operation.ExplainAccess, handler.ExplainAccess)
}
