//go:build localstack

package localstack_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/uuid"

	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/secrets"
)

// TestChangesArePublished: from the table's stream over the function and the bus, by a rule of a user's, into a queue.
func TestChangesArePublished(t *testing.T) {
	q := newQueue(t)
	stack.must(t, local.Developer, "a published value", "secret", "set", "plain/PUBLISHED", "--note", "a published note")
	stack.must(t, local.Developer, "another value", "secret", "set", "plain/PUBLISHED")
	stack.must(t, local.CI, "", "secret", "get", "plain/PUBLISHED")
	stack.must(t, local.Owner, "", "access", "grant", "ci", "write", "plain")
	stack.must(t, local.Owner, "", "access", "grant", "ci", "read", "plain")
	var secret struct{ ID uuid.UUID }
	decode(t, stack.must(t, local.Developer, "", "secret", "get", "plain/PUBLISHED", "--output", "json"), &secret)
	stack.must(t, local.Developer, "", "secret", "delete", "plain/PUBLISHED", "--yes")

	var kinds []string
	eventually(t, "the notices of the changes", func() bool {
		for _, n := range q.receive(t) {
			if strings.Contains(n.body, "published") || strings.Contains(n.body, "PUBLISHED") {
				t.Errorf("a notice has more than ids: %s", n.body)
			}
			if n.Detail.OrganizationID != stack.organization || n.Detail.EventID == uuid.Nil || n.Account != account || n.Source != "strongroom" {
				t.Errorf("%s", n.body)
			}
			if n.Detail.ResourceID == secret.ID && !slices.Contains(n.Resources, "urn:strongroom:secret:"+secret.ID.String()) {
				t.Errorf("the resources are %q", n.Resources)
			}
			if n.Detail.ResourceID == secret.ID || n.Detail.ResourceKind == "project" {
				kinds = append(kinds, n.DetailType)
			}
		}
		return slices.Contains(kinds, "Secret Deleted")
	})
	for _, kind := range []string{"Secret Created", "Secret Version Created", "Access Changed"} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("%s was not published, but %q", kind, kinds)
		}
	}
	if strings.Contains(stack.log.String(), "the stream's") {
		t.Errorf("a function of the stream failed:\n%s", end(stack.log.String()))
	}
}

// A queue gets what a rule on the bus sends it.
type queue struct {
	client *sqs.Client
	url    *string
}

func newQueue(t *testing.T) queue {
	t.Helper()
	q := queue{client: stack.sqs()}
	made, err := q.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("notices")})
	if err != nil {
		t.Fatal(err)
	}
	q.url = made.QueueUrl
	attributes, err := q.client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: q.url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		t.Fatal(err)
	}
	bus := stack.eventBridge()
	if _, err := bus.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: aws.String("notices"), EventBusName: &stack.bus, EventPattern: aws.String(`{"source":["strongroom"]}`),
	}); err != nil {
		t.Fatal(err)
	}
	arn := attributes.Attributes[string(sqstypes.QueueAttributeNameQueueArn)]
	put, err := bus.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
		Rule: aws.String("notices"), EventBusName: &stack.bus, Targets: []types.Target{{Id: aws.String("queue"), Arn: &arn}},
	})
	if err != nil || put.FailedEntryCount > 0 {
		t.Fatalf("%v, %+v", err, put)
	}
	return q
}

// A notice is an event of the bus, as its targets get it.
type notice struct {
	Source, Account string
	DetailType      string `json:"detail-type"`
	Resources       []string
	Detail          secrets.Detail
	body            string
}

func (q queue) receive(t *testing.T) []notice {
	t.Helper()
	got, err := q.client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: q.url, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	var all []notice
	for _, m := range got.Messages {
		n := notice{body: aws.ToString(m.Body)}
		if err := json.Unmarshal([]byte(n.body), &n); err != nil {
			t.Fatalf("%v in %s", err, n.body)
		}
		all = append(all, n)
		if _, err := q.client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: q.url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}
