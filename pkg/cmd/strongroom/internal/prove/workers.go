package prove

import (
	"fmt"
	"slices"
	"strings"

	"strongroom/pkg/cmd/strongroom/internal/cfn"
	"strongroom/pkg/iampolicy"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// rotatorTag is the tag of a worker's function: the kind of its rotator.
const rotatorTag = "strongroom:rotator"

// rotatorOf is the row of the rotator that a function is the worker for: by its tag, or by the end of its name.
func rotatorOf(r cfn.Resource) *rotation.Rotator {
	tagged := r.Tags()[rotatorTag]
	for i, row := range rotation.Rotators {
		kind := string(row.Kind)
		if kind == tagged || tagged == "" && strings.HasSuffix(r.Name(), "-worker-"+kind) {
			return &rotation.Rotators[i]
		}
	}
	return nil
}

// A worker is a rotator's function, and the queue that starts it.
type worker struct {
	*function
	// queue has the messages for it, nil where that is not known; letters what it was asked for in vain, nil without one.
	queue, letters *cfn.Resource
}

// workers looks at the rotation workers, where there are any: each may do its list and nothing else, is started by its own
// queue alone, and nobody else gets at that.
func (w *world) workers(r *Report) {
	before := len(r.Problems)
	all := w.workersThere(r)
	if len(all) == 0 {
		return
	}
	section := Section{Title: "What workers may do", Header: []string{"WORKER", "QUEUE", "ROUTES", "BESIDES"}}
	for _, k := range all {
		if k.role == nil {
			r.problem("the role of %s (%s) is not in these templates: what it may do can't be told", k.name(), k.roleARN)
			continue
		}
		routes := w.workersRole(r, k)
		queue := "none"
		if k.queue != nil {
			queue = k.queue.Name()
		}
		section.Rows = append(section.Rows, []string{k.name(), queue, fmt.Sprint(routes), strings.Join(k.rotator.Actions, ", ")})
	}
	r.Sections = append(r.Sections, section)
	r.prove(before, "each of %s may ask the API for the %d routes that workers ask for, take from its own queue, write its own log and do its rotator's actions on what is marked for it, and nothing else: it reaches no table, no key of KMS but by grants, no other queue, and becomes no other role",
		counted(len(all), "worker", "workers"), len(operation.Workers))
	before = len(r.Problems)
	for _, k := range all {
		w.workersQueue(r, k)
	}
	w.workersStarters(r, all)
	r.prove(before, "each of %s is started by its own queue alone, which its own rule alone fills, with what is due for its rotator", counted(len(all), "worker", "workers"))
	before = len(r.Problems)
	w.intruders(r, all)
	r.prove(before, "no function's role, and nobody else in these templates, gets at a worker's queue or function, or becomes a worker")
}

// workersThere are the workers, one of each rotator if there is any.
func (w *world) workersThere(r *Report) []worker {
	var all []worker
	there := map[rotation.Kind]string{}
	for _, f := range w.functions {
		if f.rotator == nil {
			continue
		}
		if other, twice := there[f.rotator.Kind]; twice {
			r.problem("%s and %s are both the worker for %s", other, f.ID, f.rotator.Kind)
		}
		there[f.rotator.Kind] = f.ID
		all = append(all, w.newWorker(r, f))
	}
	for _, row := range rotation.Rotators {
		if _, ok := there[row.Kind]; !ok && len(all) > 0 {
			r.problem("no function is the worker for %s", row.Kind)
		}
	}
	for _, i := range w.identities {
		if strings.HasPrefix(i.IAMPath(), rotation.WorkerPath) && !slices.ContainsFunc(all, func(k worker) bool { return k.role == i }) {
			r.problem("%s has the path %s and is no worker's role", i.Label(), i.IAMPath())
		}
	}
	return all
}

// newWorker finds the queue from which a worker's messages come.
func (w *world) newWorker(r *Report, f *function) worker {
	k := worker{function: f}
	for m := range w.stacks.Resources("AWS::Lambda::EventSourceMapping") {
		if !f.Is(m.Text("FunctionName")) {
			continue
		}
		queue := w.queueWith(m.Text("EventSourceArn"))
		switch {
		case queue == nil:
			r.problem("%s is started by %s, which is no queue of these templates", f.name(), m.Text("EventSourceArn"))
		case k.queue != nil:
			r.problem("%s is started by two queues, %s and %s", f.name(), k.queue.Name(), queue.Name())
		default:
			k.queue = queue
		}
	}
	if k.queue == nil {
		r.problem("no queue starts %s", f.name())
		return k
	}
	redrive, _ := k.queue.Property("RedrivePolicy").(map[string]any)
	if k.letters = w.queueWith(textOf(redrive["deadLetterTargetArn"])); k.letters == nil {
		r.problem("what %s fails at is lost, or tried for ever: the queue %s has no dead letters", f.name(), k.queue.Name())
	}
	return k
}

// queueWith is the queue of an ARN, or nil.
func (w *world) queueWith(arn string) *cfn.Resource {
	for q := range w.stacks.Resources("AWS::SQS::Queue") {
		if q.ARN() == arn {
			return &q
		}
	}
	return nil
}

// workersRole looks at a worker's role, and answers how many routes it may ask for.
func (w *world) workersRole(r *Report, k worker) int {
	if !strings.HasPrefix(k.role.IAMPath(), rotation.WorkerPath) {
		r.problem("%s has the role %s with the path %s, and not one under %s", k.name(), k.role.Label(), k.role.IAMPath(), rotation.WorkerPath)
	}
	for _, f := range w.functions {
		if f != k.function && f.role == k.role {
			r.problem("%s has the role of %s too", f.name(), k.name())
		}
	}
	for _, stranger := range k.role.strangers() {
		r.problem("the role of %s may be assumed by somebody else than Lambda (%s)", k.name(), stranger)
	}
	w.workersRest(r, k)
	w.workersKeys(r, k)
	w.workersBounds(r, k)
	w.workersNetwork(r, k)
	return w.workersRoutes(r, k)
}

// may says whether a worker's role may do something, or might.
func (k worker) may(action, resource string, context iampolicy.Context) bool {
	a := iampolicy.Access{Identity: k.role.policies}
	return a.Decide(iampolicy.Request{Principal: k.role.principal(), Action: action, Resource: resource, Context: context}).Allowed != iampolicy.No
}

// workersRoutes compares the routes that a worker may ask the API for with those that workers do, and answers how many it may.
func (w *world) workersRoutes(r *Report, k worker) int {
	var may, want []string
	example := map[string]string{"version": "1"}
	for api := range w.stacks.Resources("AWS::ApiGatewayV2::Api") {
		for _, row := range operation.Table {
			h, ok := row.Trigger.(operation.HTTP)
			if !ok {
				continue
			}
			for _, parameter := range h.PathParameters() {
				if parameter != "version" {
					example[parameter] = "0190a1b2-0000-7000-8000-000000000001"
				}
			}
			if k.may("execute-api:Invoke", door(api)+h.Invoked(example), iampolicy.Context{}) {
				may = append(may, string(row.Name))
			}
		}
	}
	for _, name := range operation.Workers {
		want = append(want, string(name))
	}
	if more := without(may, want); len(more) > 0 {
		r.problem("%s may ask the API for %s, which workers do not", k.name(), some(more))
	}
	if less := without(want, may); len(less) > 0 {
		r.problem("%s may not ask the API for %s, which workers do", k.name(), some(less))
	}
	return len(may)
}

// door is what the ARNs of an API's routes begin with. It has one stage.
func door(api cfn.Resource) string { return api.Beside("execute-api", api.Name()+"/$default/") }

// workersKeys wants a worker to get at no key and no table by any policy: it has the client key by grants alone.
func (w *world) workersKeys(r *Report, k worker) {
	for _, key := range w.keys {
		if may := w.may(k.role, key, keyActions); len(may) > 0 {
			r.problem("%s may %s with %s by a policy: workers have the client key by KMS grants, and no other", k.name(), some(may), key.Name())
		}
	}
	for _, t := range w.tables {
		for _, arn := range []string{t.ARN(), t.ARN() + "/index/x", t.Attribute("StreamArn")} {
			if may := w.mayTable(k.role, t, arn, iampolicy.Context{}); len(may) > 0 {
				r.problem("%s may %s in the table: workers are clients, and ask the API", k.name(), some(may))
			}
		}
	}
	for _, i := range w.identities {
		if i.trust == nil {
			continue
		}
		a := iampolicy.Access{Identity: k.role.policies, Resource: i.trust}
		if a.Decide(iampolicy.Request{Principal: k.role.principal(), Action: "sts:AssumeRole", Resource: i.ARN()}).Allowed != iampolicy.No {
			r.problem("%s may become %s", k.name(), i.Label())
		}
	}
}
