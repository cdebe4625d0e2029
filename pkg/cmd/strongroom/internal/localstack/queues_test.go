//go:build localstack

package localstack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"strongroom/pkg/cmd/strongroom/internal/runtimeapi"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// A cloud is a template, as far as it is read here.
type cloud struct {
	Resources map[string]resource
}

type resource struct {
	Type       string
	Properties object
}

// ofEvents is a template of what leads events to functions, taken from those in a folder: the workers' queues with their policies,
// and their rules, as they are; and of the server, the rules that start functions with events, each of which leads to a queue here
// that is called as its function.
func ofEvents(folder string) (string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.template.json"))
	if err != nil {
		return "", err
	}
	all := cloud{map[string]resource{}}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		var from cloud
		if err := json.Unmarshal(content, &from); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
		if strings.HasSuffix(file, "-workers.template.json") {
			maps.DeleteFunc(from.Resources, func(_ string, r resource) bool {
				return !slices.Contains([]string{"AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::Events::Rule"}, r.Type)
			})
			maps.Copy(all.Resources, from.Resources)
			continue
		}
		from.divert(all)
	}
	text, err := json.Marshal(all)
	return string(text), err
}

// divert adds the rules that start functions with events, and the queues that they lead to instead.
func (c cloud) divert(to cloud) {
	for id, r := range c.Resources {
		targets, _ := r.Properties["Targets"].([]any)
		if r.Type != "AWS::Events::Rule" || r.Properties["EventPattern"] == nil || len(targets) != 1 {
			continue
		}
		target, _ := targets[0].(object)
		arn, _ := target["Arn"].(object)
		attribute, _ := arn["Fn::GetAtt"].([]any)
		if len(attribute) == 0 {
			continue
		}
		function, _ := attribute[0].(string)
		if c.Resources[function].Type != "AWS::Lambda::Function" {
			continue
		}
		queue := function + "Events"
		to.Resources[queue] = resource{"AWS::SQS::Queue", object{"QueueName": c.Resources[function].Properties["FunctionName"]}}
		r.Properties["Targets"] = []any{object{"Id": "Queue", "Arn": object{"Fn::GetAtt": []string{queue, "Arn"}}}}
		to.Resources[id] = r
	}
}

// sqs is a client of the queues.
func (d *deployment) sqs() *sqs.Client {
	return sqs.New(sqs.Options{Region: region, BaseEndpoint: &d.emulator.url, Credentials: awsCredentials()})
}

// eventBridge is a client of the buses.
func (d *deployment) eventBridge() *eventbridge.Client {
	return eventbridge.New(eventbridge.Options{Region: region, BaseEndpoint: &d.emulator.url, Credentials: awsCredentials()})
}

// consume makes the workers, and has each queue start its function, until the deployment is closed.
func (d *deployment) consume(ctx context.Context) error {
	list, _, err := makeStack(ctx, d.emulator, "events", d.binaries.templates.events)
	if err != nil {
		return err
	}
	queues := map[string]string{}
	for _, r := range list {
		if aws.ToString(r.ResourceType) == "AWS::SQS::Queue" {
			url := aws.ToString(r.PhysicalResourceId)
			queues[strings.TrimPrefix(url[strings.LastIndexByte(url, '/')+1:], "strongroom-"+stage+"-")] = url
		}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	d.stops = append(d.stops, func() { cancel(); all.Wait() })
	start := func(name string, function lambda.Handler, payload func(types.Message) any) error {
		m := &consumer{d, d.sqs(), queues[name], name, function, payload, false}
		if m.url == "" {
			return fmt.Errorf("the templates have no queue %s, but %q", name, slices.Sorted(maps.Keys(queues)))
		}
		all.Go(func() { m.run(ctx) })
		return nil
	}
	for _, kind := range rotation.Kinds() {
		d.workers[kind] = runtimeapi.New(runtimeapi.Config{
			Binary: filepath.Join(d.binaries.functions, string(kind)), Environment: d.workersEnvironment(kind), Most: processes, Log: d.log,
		})
		if err := start(kind.Worker(), d.workers[kind], ofQueue); err != nil {
			return err
		}
	}
	for _, row := range operation.Table {
		if _, ok := row.Trigger.(operation.Event); ok {
			event := func(m types.Message) any { return json.RawMessage(aws.ToString(m.Body)) } // as a rule hands it to a function
			if err := start(string(row.Name), d.functions[row.Name], event); err != nil {
				return err
			}
		}
	}
	return nil
}

// ofQueue is a message as SQS hands it to a function
// (https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html).
func ofQueue(m types.Message) any {
	return events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body), Attributes: m.Attributes,
		EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:" + region + ":" + account + ":queue", AWSRegion: region,
	}}}
}

// workersEnvironment is what a worker is told, as package app/workers reads it. Of targets it knows this machine alone.
func (d *deployment) workersEnvironment(kind rotation.Kind) []string {
	who := d.profiles[kind.Worker()]
	return []string{
		"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=" + who.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + who.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + who.SessionToken, "AWS_ENDPOINT_URL=" + d.emulator.url, "STRONGROOM_URL=" + d.server.URL,
		"STRONGROOM_ORGANIZATION=" + d.organization.String(), "STRONGROOM_CLIENT_KEY=" + d.clientKey, "STRONGROOM_TARGETS=localhost",
	}
}

// A consumer is an event source mapping: a queue, and the function that it starts, a message at a time.
type consumer struct {
	*deployment
	client   *sqs.Client
	url      string
	name     string
	function lambda.Handler
	payload  func(types.Message) any
	// twice says that a message was delivered a second time.
	twice bool
}

// run takes messages until ctx ends. What can't be done is said in the log; a message that the function fails at stays hidden, and
// so nothing comes of it within a test.
func (c *consumer) run(ctx context.Context) {
	for ctx.Err() == nil {
		got, err := c.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &c.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 5,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			c.complain(ctx, err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			continue
		}
		var all sync.WaitGroup
		for _, m := range got.Messages {
			again := !c.twice
			c.twice = true
			all.Go(func() { c.complain(ctx, c.deliver(ctx, m, again)) })
		}
		all.Wait()
	}
}

func (c *consumer) complain(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(c.log, "the queue's %s: %v\n", c.name, err)
	}
}

// deliver has the function take a message, which is deleted then, or comes once more.
func (c *consumer) deliver(ctx context.Context, m types.Message, again bool) error {
	payload, err := json.Marshal(c.payload(m))
	if err != nil {
		return err
	}
	answer, err := c.function.Invoke(ctx, payload)
	if err != nil {
		return err
	}
	var response events.SQSEventResponse
	if err := json.Unmarshal(answer, &response); err != nil || len(response.BatchItemFailures) > 0 {
		return fmt.Errorf("it answers %s to %s", answer, payload)
	}
	if again {
		_, err = c.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &c.url, ReceiptHandle: m.ReceiptHandle})
		return err
	}
	_, err = c.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &c.url, ReceiptHandle: m.ReceiptHandle})
	return err
}

// noComplaint fails the test if a function of a queue or of the stream did.
func (d *deployment) noComplaint(t *testing.T) {
	t.Helper()
	if text := d.log.String(); strings.Contains(text, "the queue's") || strings.Contains(text, "the stream's") {
		t.Errorf("a function of the stream or of a queue failed:\n%s", end(text))
	}
}
