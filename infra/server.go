package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"

	"strongroom/pkg/operation"
)

// A server is the stack of what works on the data: the API, the functions and what watches them. It holds nothing that
// can't be made anew.
type server struct {
	stack    awscdk.Stack
	settings settings
	data     *data
	// key encrypts logs and alarms.
	key       awskms.Key
	api       awsapigatewayv2.CfnApi
	accessLog awslogs.LogGroup
	// groups are the nested stacks that functions are in, by name.
	groups    map[string]awscdk.NestedStack
	functions map[operation.Name]*function
	// topic is where alarms go.
	topic awssns.Topic
}

// newServer makes the server's stack: one loop over the operation table, and what all operations share.
func newServer(app awscdk.App, s settings, d *data) *server {
	stack := awscdk.NewStack(app, str(s.name("server")), s.stackProps("Strongroom ("+s.Stage+"): the API, the functions and what watches them"))
	v := &server{
		stack: stack, settings: s, data: d,
		groups: map[string]awscdk.NestedStack{}, functions: map[operation.Name]*function{},
	}
	v.key = newLogKey(stack, s)
	v.newAPI()
	for _, row := range operation.Table {
		v.add(row)
	}
	v.watch()
	output(stack, "Url", "where the API is", v.url())
	output(stack, "CreateOrganizationFunction", "the function to invoke once, to make the organization and its first owner",
		v.functions[operation.CreateOrganization].lambda.FunctionName())
	return v
}

// add makes what a row of the table asks for: a function with its role and log, and what starts it.
func (v *server) add(row operation.Row) {
	group := v.group(row)
	f := v.newFunction(group, row)
	v.functions[row.Name] = f
	switch trigger := row.Trigger.(type) {
	case operation.HTTP:
		v.route(f, trigger)
	case operation.Invoke:
		// An administrator's own IAM rights lead to it, and nothing else does.
	case operation.Stream:
		v.follow(f, trigger)
	case operation.Schedule:
		v.schedule(f, trigger)
	case operation.Event:
		v.listen(f, trigger)
	}
}

// group is the nested stack that a row's function is in. It follows from the row alone: a function that moves to another
// stack is deleted there and made here, which interrupts it.
func (v *server) group(row operation.Row) awscdk.Stack {
	name := "Background"
	if route, ok := row.Trigger.(operation.HTTP); ok {
		if name = "Writing"; route.Method == "GET" {
			name = "Reading"
		}
	}
	if v.groups[name] == nil {
		v.groups[name] = awscdk.NewNestedStack(v.stack, str(name), &awscdk.NestedStackProps{
			Description: str("Strongroom (" + v.settings.Stage + "): functions and their triggers, " + name),
		})
	}
	return v.groups[name]
}
