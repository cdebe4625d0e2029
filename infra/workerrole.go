package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// newRole makes a worker's role. Its policy has nothing of KMS: the client key is opened to it project by project, with KMS
// grants bound to the project's encryption context, when somebody who manages the project shares it ("strongroom access
// grant"). A standing right would open every project to every worker.
func (w *workers) newRole(k *worker, logs awslogs.LogGroup) awsiam.Role {
	var all []awsiam.PolicyStatement
	for _, s := range w.statements(k, logs) {
		all = append(all, s.policy())
	}
	role := awsiam.NewRole(k.scope, str("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(str("lambda.amazonaws.com"), nil), Path: str(rotation.WorkerPath),
		Description: str("Strongroom's worker for " + string(k.rotator.Kind)),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"access": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &all, Minimize: yes(false)}),
		},
	})
	w.suppressWildcards(k, role)
	return role
}

// statements are what a worker's role is allowed: what every worker needs, and what its rotator's row says.
func (w *workers) statements(k *worker, logs awslogs.LogGroup) []statement {
	all := []statement{
		{sid: "WriteItsLog", actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, resources: []*string{logs.LogGroupArn()}},
		{
			// What Lambda takes messages with, in the function's name
			// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
			sid: "TakeMessages", actions: []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
			resources: []*string{k.queue.QueueArn()},
		},
		{sid: "AskStrongroom", actions: []string{"execute-api:Invoke"}, resources: w.routes()},
	}
	all = append(all, w.rotatorStatements(k.rotator)...)
	if w.inVPC(k.rotator.Kind) {
		all = append(all, w.networkStatements(k.rotator.Kind)...)
	}
	if w.settings.Traces {
		all = append(all, statement{
			sid: "Trace", actions: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, resources: []*string{str("*")},
		})
	}
	return all
}

// routes are the ARNs of the API's routes that workers ask for.
func (w *workers) routes() []*string {
	var arns []*string
	for _, name := range operation.Workers {
		arns = append(arns, w.stack.FormatArn(&awscdk.ArnComponents{
			Service: str("execute-api"), Resource: w.server.api.Ref(), ResourceName: str("$default/" + routeOf(name).Invoked(nil)),
		}))
	}
	return arns
}

// routeOf is an operation's route; it panics for one that has none.
func routeOf(name operation.Name) operation.HTTP {
	route, ok := operation.MustLookup(name).Trigger.(operation.HTTP)
	if !ok {
		panic(fmt.Sprintf("infra: workers ask for %s, which has no route", name))
	}
	return route
}

// rotatorStatements allow the actions of a rotator's row, on what is marked for it.
func (w *workers) rotatorStatements(r rotation.Rotator) []statement {
	of := map[string][]string{}
	for _, action := range r.Actions {
		service, _, _ := strings.Cut(action, ":")
		of[service] = append(of[service], action)
	}
	var all []statement
	for _, service := range sortedKeys(of) {
		slices.Sort(of[service])
		switch service {
		case "iam":
			// IAM users have their tags for conditions (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_iam-tags.html).
			all = append(all, statement{
				sid: "ChangeKeysOfMarkedUsers", actions: of[service], resources: []*string{w.arn("iam", "", "user", "*", awscdk.ArnFormat_SLASH_RESOURCE_NAME)},
				conditions: map[string]map[string]any{"StringLike": {"aws:ResourceTag/" + rotation.SecretTag: operation.AnyID}},
			})
		case "lambda":
			all = append(all, w.invokeStatements(of[service])...)
		default:
			panic(fmt.Sprintf("infra: it is not said what the actions of %s are bounded to: %q", service, of[service]))
		}
	}
	return all
}

// invokeStatements allow functions to be invoked, and their tags to be read, that are marked for a secret, or for several
// (https://docs.aws.amazon.com/lambda/latest/dg/attribute-based-access-control.html), and never Strongroom's own, whatever they
// are marked with: who invokes those can pretend to be any caller. Whether it is the secret that is rotated, which IAM can't know,
// the worker sees by the tag.
func (w *workers) invokeStatements(actions []string) []statement {
	functions := func(name string) []*string {
		return []*string{w.arn("lambda", *w.stack.Region(), "function", name, awscdk.ArnFormat_COLON_RESOURCE_NAME)}
	}
	return []statement{
		{
			sid: "InvokeMarkedFunctions", actions: actions, resources: functions("*"),
			conditions: map[string]map[string]any{"StringLike": {"aws:ResourceTag/" + rotation.SecretTag: []string{operation.AnyID, operation.AnyID + " *"}}},
		},
		{sid: "NeverInvokeStrongroom", deny: true, actions: []string{"lambda:*"}, resources: functions("strongroom-*")},
	}
}

func (w *workers) arn(service, region, resource, name string, format awscdk.ArnFormat) *string {
	return w.stack.FormatArn(&awscdk.ArnComponents{
		Service: str(service), Region: str(region), Resource: str(resource), ResourceName: str(name), ArnFormat: format,
	})
}

// suppressWildcards says why each wildcard in a role's policy is one.
func (w *workers) suppressWildcards(k *worker, role awsiam.Role) {
	versions := routeOf(operation.GetSecretVersion).Invoked(nil)
	suppress(role, "AwsSolutions-IAM5", "A version has a number, and no other route of the API matches.", onAll("<Api>/$default/"+versions))
	switch k.rotator.Kind { //nolint:exhaustive // the others have no actions of their own
	case rotation.IAMAccessKey:
		suppress(role, "AwsSolutions-IAM5", "A tag bounds it to users that somebody marked for a secret.", onAll("user/*"))
	case rotation.Lambda:
		suppress(role, "AwsSolutions-IAM5", "A tag bounds it to functions that somebody marked for a secret.", onAll("function:*"))
	}
	if w.inVPC(k.rotator.Kind) {
		suppress(role, "AwsSolutions-IAM5", "EC2 knows no narrower resources for what Lambda does; the function's own code is denied all of it.",
			"Resource::*", onAll("*/*"))
	}
	if w.settings.Traces {
		suppress(role, "AwsSolutions-IAM5", "X-Ray's two actions know no resources, and write traces only.", "Resource::*")
	}
}
