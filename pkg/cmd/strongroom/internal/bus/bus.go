// Package bus is an event bus with queues behind it in one process, where there is no AWS: as Amazon EventBridge and Amazon SQS
// are to a deployment, as far as Strongroom uses them.
//
// # The bus
//
// An event is put with [Bus.Put], or by AWS's own clients through an [Endpoint]. It goes to the queue of every [Rule] that wants
// it, as the JSON that EventBridge hands to its targets
// (https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html).
//
// # Queues
//
// A [Queue] gives messages to its consumer, several at a time, and each at least once: one that fails comes again after a pause,
// one that is not done with in time comes again while the first is still under way, and one that came too often is given up, a
// dead letter, of which the log tells. Messages are in no order that could be relied upon.
//
// A queue with a folder keeps its messages there, each a file, synced before Send returns: a process that is killed loses none,
// and delivers some twice. One without loses at the end of the process what it holds. That is right where somebody asks again,
// as dispatch-rotations does for rotations whose worker did not come.
//
// # The end
//
// When the context of Run ends no message is taken any more. Those under way have a few seconds, then their contexts end, and
// Run waits for them.
package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// grace is how long messages under way have when Run is to end.
const grace = 3 * time.Second

// An Event is one as EventBridge delivers it.
type Event = events.EventBridgeEvent

// A Rule sends events to a queue.
type Rule struct {
	// Wants says which: by source, detail type and those members of the detail that are text; field answers nothing for others.
	Wants func(source, detailType string, field func(name string) string) bool
	Queue *Queue
}

// A Bus takes events to the queues that want them.
type Bus struct{ rules []Rule }

// New makes a bus with these rules.
func New(rules ...Rule) *Bus { return &Bus{rules} }

// Put sends an event to every queue that wants it. Its error says that some queue did not take it, while others may have.
func (b *Bus) Put(e Event) error {
	message, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("putting an event: %w", err)
	}
	field := fieldsOf(e.Detail)
	for _, r := range b.rules {
		if !r.Wants(e.Source, e.DetailType, field) {
			continue
		}
		if err := r.Queue.Send(message); err != nil {
			return fmt.Errorf("sending an event to the queue %s: %w", r.Queue.config.Name, err)
		}
	}
	return nil
}

// fieldsOf answers the members of a detail that are text.
func fieldsOf(detail json.RawMessage) func(string) string {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(detail, &members) // what is no object has none
	return func(name string) (text string) {
		_ = json.Unmarshal(members[name], &text) // nor has what is no text
		return text
	}
}

// Run has messages consumed, of each queue of a rule, until ctx ends.
func (b *Bus) Run(ctx context.Context) {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })()
	var all sync.WaitGroup
	seen := map[*Queue]bool{}
	for _, r := range b.rules {
		if !seen[r.Queue] {
			seen[r.Queue] = true
			all.Go(func() { r.Queue.run(ctx, working) })
		}
	}
	all.Wait()
}
