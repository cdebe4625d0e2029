package main

import (
	"path/filepath"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"strongroom/pkg/app"
	"strongroom/pkg/operation"
)

// A function is an operation's Lambda function and what belongs to it.
type function struct {
	row    operation.Row
	scope  constructs.Construct
	lambda awslambda.Function
	// queue takes what was tried in vain; nil where somebody waits for the answer and is told.
	queue awssqs.Queue
}

// newFunction makes the function of a row in the nested stack of its group, under the row's name.
func (v *server) newFunction(group awscdk.Stack, row operation.Row) *function {
	scope := constructs.NewConstruct(group, str(string(row.Name)))
	f := &function{row: row, scope: scope}
	logs := awslogs.NewLogGroup(scope, str("Log"), &awslogs.LogGroupProps{
		Retention:     retentions[v.settings.LogDays],
		EncryptionKey: v.key,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	if !answers(row) {
		f.queue = v.newQueue(scope, row)
	}
	role := v.newRole(f, logs)
	f.lambda = awslambda.NewFunction(scope, str("Function"), &awslambda.FunctionProps{
		FunctionName: str(v.settings.name(string(row.Name))),
		Description:  str(row.Summary),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		Handler:      str("bootstrap"),
		Code:         awslambda.Code_FromAsset(str(filepath.Join(v.settings.Functions, string(row.Name))), nil),
		// Nothing is added to the role behind the statements' back.
		Role:        role.WithoutPolicyUpdates(nil),
		LogGroup:    logs,
		MemorySize:  num(v.settings.MemoryMB),
		Timeout:     awscdk.Duration_Seconds(num(int(timeout(row) / time.Second))),
		Tracing:     v.tracing(),
		Environment: v.environment(row),
	})
	return f
}

// answers says whether somebody waits for what the operation answers.
func answers(row operation.Row) bool {
	switch row.Trigger.(type) {
	case operation.Stream, operation.Schedule, operation.Event:
		return false
	}
	return true
}

// timeout is how long a function may take: what pkg/app gives it, and the time that it keeps for its answer.
func timeout(row operation.Row) time.Duration {
	switch row.Trigger.(type) {
	case operation.Stream:
		return app.StreamTimeout
	case operation.Schedule:
		return app.ScheduleTimeout
	case operation.Event:
		return app.EventTimeout
	}
	return app.Timeout
}

func (v *server) tracing() awslambda.Tracing {
	if v.settings.Traces {
		return awslambda.Tracing_ACTIVE
	}
	return awslambda.Tracing_DISABLED
}

// newRole makes a function's role: one inline policy of the statements, no managed policy, and a path by which the keys'
// policies know it.
func (v *server) newRole(f *function, logs awslogs.LogGroup) awsiam.Role {
	var all []awsiam.PolicyStatement
	for _, s := range statements(f.row, v.resources(f, logs)) {
		all = append(all, s.policy())
	}
	role := awsiam.NewRole(f.scope, str("Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(str("lambda.amazonaws.com"), nil),
		Path:        str(serverPath),
		Description: str("Strongroom's " + string(f.row.Name)),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"access": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &all, Minimize: yes(false)}),
		},
	})
	if v.settings.Traces {
		suppress(role, "AwsSolutions-IAM5", "X-Ray's two actions know no resources, and write traces only.", "Resource::*")
	}
	if f.row.Access.Archive {
		for _, finding := range archivedFindings(v.data.archive) {
			suppress(role, "AwsSolutions-IAM5", "Objects are named by hour, and Object Lock and the bucket's policy keep what is there.", finding)
		}
	}
	return role
}

// environment is what a function is told: what pkg/app reads, and of that only what its row needs.
func (v *server) environment(row operation.Row) *map[string]*string {
	d := v.data
	e := map[string]*string{
		"STRONGROOM_TABLE":        d.table.TableName(),
		"STRONGROOM_ORGANIZATION": d.organization,
		"STRONGROOM_ACCOUNT":      v.stack.Account(),
		"STRONGROOM_CLIENT_KEY":   d.keys.client.KeyArn(),
		// Less than one CPU is there; with more threads than that the garbage collector is in requests' way.
		"GOMAXPROCS": str("1"),
	}
	if _, ok := row.Trigger.(operation.HTTP); ok {
		e["STRONGROOM_API"] = v.api.Ref()
	}
	if len(row.Access.StorageKey) > 0 {
		e["STRONGROOM_STORAGE_KEY"] = d.keys.storage.KeyArn()
	}
	if len(row.Access.SigningKey) > 0 {
		e["STRONGROOM_SIGNING_KEY"] = d.keys.signing.KeyArn()
	}
	if row.Access.Bus {
		e["STRONGROOM_BUS"] = d.bus.EventBusName()
	}
	if row.Access.Archive {
		e["STRONGROOM_ARCHIVE"] = d.archive.BucketName()
	}
	return &e
}
