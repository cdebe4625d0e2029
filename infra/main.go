package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// main writes the stacks' templates, as the CDK's command line program asks for them.
func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	s, err := readSettings(app.Node().TryGetContext, os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "infra:", err)
		os.Exit(1) //nolint:gocritic // jsii's process ends with this one
	}
	build(app, s)
	app.Synth(nil)
}
