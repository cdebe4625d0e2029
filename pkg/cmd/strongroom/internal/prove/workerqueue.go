package prove

import (
	"reflect"
	"slices"

	"strongroom/pkg/cmd/strongroom/internal/cfn"
	"strongroom/pkg/iampolicy"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// workersRule wants a rule to be of Strongroom's bus, and for what is due for the worker's rotator.
func (w *world) workersRule(r *Report, k worker, rule cfn.Resource) {
	bus := rule.Text("EventBusName")
	known := false
	for b := range w.stacks.Resources("AWS::Events::EventBus") {
		known = known || bus == b.Name() || bus == b.ARN()
	}
	if !known {
		r.problem("the rule %s, which fills the queue of %s, is of the bus %q, which is not in these templates", rule.ID, k.name(), bus)
	}
	want := map[string]any{
		"source": []any{operation.BusSource}, "detail-type": []any{rotation.NoticeDue},
		"detail": map[string]any{"rotator": []any{string(k.rotator.Kind)}},
	}
	if pattern := rule.Property("EventPattern"); !reflect.DeepEqual(pattern, any(want)) || rule.Property("ScheduleExpression") != nil {
		r.problem("the rule %s fills the queue of %s with %v, and not with %v", rule.ID, k.name(), pattern, want)
	}
}

// filled wants a queue's policy to let EventBridge send to it for one rule, and nobody else do anything.
func (w *world) filled(r *Report, k worker, queue, rule cfn.Resource) {
	found := false
	for _, d := range w.queuePolicies(queue) {
		for _, s := range d.Statements {
			if s.Effect != iampolicy.Allow {
				continue
			}
			events := slices.Equal(s.Principals, []iampolicy.PrincipalPattern{{Kind: "Service", Value: "events.amazonaws.com"}}) && !s.NotPrincipal
			sends := slices.Equal(s.Actions, []string{"sqs:SendMessage"}) && !s.NotAction && slices.Equal(s.Resources, []string{queue.ARN()})
			its := len(s.Conditions) == 1 && s.Conditions[0].Key == "aws:SourceArn" && slices.Equal(s.Conditions[0].Values, []string{rule.ARN()}) &&
				slices.Contains([]string{"ArnEquals", "ArnLike", "StringEquals"}, s.Conditions[0].Operator)
			if !events || !sends || !its || s.NotResource || len(s.Unread) > 0 {
				r.problem("the policy of the queue %s of %s (%s) lets in somebody else than its rule", queue.Name(), k.name(), named(s))
				continue
			}
			found = true
		}
	}
	if !found {
		r.problem("the policy of the queue %s of %s does not let its rule send to it", queue.Name(), k.name())
	}
}

// queuePolicies are the policies of a queue.
func (w *world) queuePolicies(queue cfn.Resource) []*iampolicy.Document {
	var all []*iampolicy.Document
	for p := range w.stacks.Resources("AWS::SQS::QueuePolicy") {
		queues, _ := p.Property("Queues").([]any)
		if !slices.ContainsFunc(queues, func(url any) bool { return textOf(url) == queue.Ref() }) {
			continue
		}
		if d := w.document(p, "PolicyDocument"); d != nil {
			all = append(all, d)
		}
	}
	return all
}

// workersStarters finds what else could start a worker.
func (w *world) workersStarters(r *Report, all []worker) {
	started := func(arn string) *function {
		for _, k := range all {
			if k.Is(arn) {
				return k.function
			}
		}
		return nil
	}
	for p := range w.stacks.Resources("AWS::Lambda::Permission") {
		if f := started(p.Text("FunctionName")); f != nil {
			r.problem("%s may be invoked by %s (%s), and only its queue is to start it", f.name(), p.Text("Principal"), p.ID)
		}
	}
	for u := range w.stacks.Resources("AWS::Lambda::Url") {
		if f := started(u.Text("TargetFunctionArn")); f != nil {
			r.problem("%s has a URL of its own (%s)", f.name(), u.ID)
		}
	}
	for m := range w.stacks.Resources("AWS::Lambda::EventSourceMapping") {
		for _, k := range all {
			if k.queue != nil && m.Text("EventSourceArn") == k.queue.ARN() && !k.Is(m.Text("FunctionName")) {
				r.problem("%s takes from the queue of %s", nameOf(w.functionNamed(m.Text("FunctionName")), m.Text("FunctionName")), k.name())
			}
		}
	}
}

// intruders finds identities that could do something to the queue or the function of a worker that is not theirs.
func (w *world) intruders(r *Report, all []worker) {
	for _, i := range w.identities {
		for _, k := range all {
			if may := w.mayTake(i, k.function); len(may) > 0 {
				r.problem("%s could %s on %s%s", i.Label(), some(may), k.name(), i.why())
			}
			for _, queue := range []*cfn.Resource{k.queue, k.letters} {
				if queue == nil || i == k.role && queue == k.queue {
					continue
				}
				var may []string
				for _, action := range queueActions {
					a := iampolicy.Access{Identity: i.policies}
					if a.Decide(iampolicy.Request{Principal: i.principal(), Action: action, Resource: queue.ARN()}).Allowed != iampolicy.No {
						may = append(may, action)
					}
				}
				if len(may) > 0 {
					r.problem("%s could %s on the queue %s of %s%s", i.Label(), some(may), queue.Name(), k.name(), i.why())
				}
			}
		}
	}
}
