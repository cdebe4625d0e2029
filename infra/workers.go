package main

import (
	"path/filepath"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"strongroom/pkg/rotation"
)

const (
	// workerTimeout is Lambda's longest. Nobody waits for a worker, which renews its lease by the minute; one that is ended by
	// the clock leaves an attempt half done for the next one to find, and a function of the user's, which the rotator lambda
	// waits for in each of its steps, may take minutes.
	workerTimeout = 15 * time.Minute
	// workerMemoryMB is for programs that wait for others nearly all the time: what they reckon themselves are a few kilobytes
	// of ciphertext and, for PostgreSQL and MySQL, the hash of one password. CPU comes with memory.
	workerMemoryMB = 256
)

// Workers are the stack of the rotation workers: clients of the server's, of whose data they hold nothing.
type workers struct {
	stack    awscdk.Stack
	settings settings
	server   *server
	all      []*worker
}

// A worker is the function of one kind of rotator and what belongs to it.
type worker struct {
	rotator rotation.Rotator
	scope   constructs.Construct
	role    awsiam.Role
	lambda  awslambda.Function
	// queue has the rotations that ask for it, letters what it was asked for in vain.
	queue, letters awssqs.Queue
}

// newWorkers makes the workers' stack: one loop over the table of rotators, and what all workers share.
func newWorkers(app awscdk.App, s settings, v *server) *workers {
	stack := awscdk.NewStack(app, str(s.name("workers")), s.stackProps("Strongroom ("+s.Stage+"): the workers that rotate secrets"))
	w := &workers{stack: stack, settings: s, server: v}
	for _, r := range rotation.Rotators {
		w.all = append(w.all, w.newWorker(r))
	}
	act := awscloudwatchactions.NewSnsAction(v.topic)
	for _, a := range w.alarms() {
		a.make(stack, s, act)
	}
	return w
}

// newWorker makes a worker: its queue, which its rule fills, its role and its log, and its function, which the queue starts.
func (w *workers) newWorker(r rotation.Rotator) *worker {
	k := &worker{rotator: r, scope: constructs.NewConstruct(w.stack, str(string(r.Kind)))}
	logs := awslogs.NewLogGroup(k.scope, str("Log"), &awslogs.LogGroupProps{
		Retention: retentions[w.settings.LogDays], EncryptionKey: w.server.key, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	w.newQueues(k)
	k.role = w.newRole(k, logs)
	k.lambda = awslambda.NewFunction(k.scope, str("Function"), &awslambda.FunctionProps{
		FunctionName: str(w.functionName(r.Kind)),
		Description:  str("rotates " + r.Summary),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		Handler:      str("bootstrap"),
		Code:         awslambda.Code_FromAsset(str(filepath.Join(w.settings.Functions, "workers", string(r.Kind))), nil),
		Role:         k.role.WithoutPolicyUpdates(nil),
		LogGroup:     logs,
		MemorySize:   num(workerMemoryMB),
		Timeout:      minutes(int(workerTimeout / time.Minute)),
		Tracing:      w.server.tracing(),
		Environment: &map[string]*string{
			"STRONGROOM_URL": w.server.url(),
			// Pins: what is to be secret is not decided by what the server says.
			"STRONGROOM_ORGANIZATION": w.server.data.organization,
			"STRONGROOM_CLIENT_KEY":   w.server.data.keys.client.KeyArn(),
			// And where that may be sent is not either.
			"STRONGROOM_TARGETS": str(w.settings.Workers.targets()),
			"GOMAXPROCS":         str("1"), // as the server's functions
		},
	})
	awscdk.Tags_Of(k.lambda).Add(str("strongroom:rotator"), str(string(r.Kind)), nil)
	if w.inVPC(r.Kind) {
		w.enterVPC(k)
	}
	w.feed(k)
	output(w.stack, r.Kind.RoleOutput(),
		"the role of the worker for "+string(r.Kind)+", to be bound to a service account", k.role.RoleArn())
	return k
}

func (w *workers) functionName(k rotation.Kind) string { return w.settings.name(k.Worker()) }

// feed has the queue start the function, a rotation at a time, so that one that fails is the only one to come again. How many
// run side by side is bounded here and not by concurrency that is kept for the function: messages then wait in the queue,
// where they are seen, and are not counted as tried
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
func (w *workers) feed(k *worker) {
	awslambda.NewCfnEventSourceMapping(k.scope, str("Messages"), &awslambda.CfnEventSourceMappingProps{
		FunctionName: k.lambda.FunctionArn(), EventSourceArn: k.queue.QueueArn(), BatchSize: num(1),
		FunctionResponseTypes: strs("ReportBatchItemFailures"),
		ScalingConfig:         &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: num(w.settings.Workers.Concurrency)},
	})
}
