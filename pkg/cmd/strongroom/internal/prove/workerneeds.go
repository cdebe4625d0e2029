package prove

import (
	"slices"
	"strings"

	"strongroom/pkg/cmd/strongroom/internal/cfn"
	"strongroom/pkg/iampolicy"
	"strongroom/pkg/rotation"
)

// What Lambda does in a function's name: take messages from a queue, and put the function into a VPC
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html,
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html).
var (
	taken    = []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
	networks = []string{
		"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
		"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
	}
)

// queueActions are SQS's actions on a queue, and one that there is not
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html).
var queueActions = []string{
	"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:SendMessage", "sqs:GetQueueAttributes",
	"sqs:SetQueueAttributes", "sqs:PurgeQueue", "sqs:DeleteQueue", "sqs:AddPermission", "sqs:RemovePermission", "sqs:StartMessageMoveTask",
	"sqs:CancelMessageMoveTask", "sqs:AnythingElse",
}

// workersRest finds what a worker's role is allowed that no worker needs, statement by statement.
func (w *world) workersRest(r *Report, k worker) {
	for _, hidden := range k.role.hidden {
		r.problem("the role of %s has the managed policy %s, of which these templates don't show what it allows", k.name(), hidden)
	}
	for _, d := range k.role.policies {
		for _, s := range d.Statements {
			if s.Effect != iampolicy.Allow || slices.Contains(k.role.hidden, d.Name) {
				continue
			}
			if s.NotAction || s.NotResource {
				r.problem("the role of %s is allowed all but something, with NotAction or NotResource (%s)", k.name(), named(s))
				continue
			}
			for _, action := range s.Actions {
				for _, resource := range s.Resources {
					if !w.workerNeeds(k, action, resource) {
						r.problem("%s may %s on %s, which no worker of its kind needs", k.name(), action, resource)
					}
				}
			}
		}
	}
	for _, action := range taken {
		if k.queue != nil && !k.may(action, k.queue.ARN(), iampolicy.Context{}) {
			r.problem("%s may not %s, and so gets no message", k.name(), action)
		}
	}
}

// workerNeeds says whether a worker is to be allowed an action on a resource. How tags bound its rotator's own actions is looked
// at elsewhere, and so are the routes.
func (w *world) workerNeeds(k worker, action, resource string) bool {
	is := func(one string) bool { return strings.EqualFold(one, action) }
	service, _, _ := strings.Cut(strings.ToLower(action), ":")
	switch service {
	case "logs":
		return slices.ContainsFunc([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, is) && w.isNamed("AWS::Logs::LogGroup", k.log(), resource)
	case "sqs":
		return k.queue != nil && slices.ContainsFunc(taken, is) && resource == k.queue.ARN()
	case "execute-api":
		for api := range w.stacks.Resources("AWS::ApiGatewayV2::Api") {
			if is("execute-api:Invoke") && strings.HasPrefix(resource, door(api)) {
				return true
			}
		}
		return false
	case "ec2":
		return slices.ContainsFunc(networks, is) && k.Property("VpcConfig") != nil
	case "xray":
		return slices.ContainsFunc([]string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}, is)
	}
	return slices.ContainsFunc(k.rotator.Actions, is)
}

// A bound is what a rotator's actions of a service are bounded to: something that stands for all the others of its kind, by a tag.
type bound struct {
	resource, tag string
	// good are values of the tag with which it may be touched, bad some with which it may not.
	good, bad []string
}

// boundOf is the bound of a service's actions.
func (k worker) boundOf(service string) (bound, bool) {
	const id = "0190a1b2-0000-7000-8000-000000000001"
	bad := []string{"x", "true", "x " + id, id[1:]}
	switch service {
	case "iam": // one secret's
		account, _, _ := strings.Cut(k.role.ARN(), ":role/")
		return bound{account + ":user/somebody", rotation.SecretTag, []string{id}, append(bad, id+" "+id)}, true
	case "lambda": // or several's
		ids := strings.Repeat(id+" ", rotation.MaxTagged-1) + id
		return bound{k.Beside("lambda", "function:somebodys"), rotation.SecretTag, []string{id, id + " " + id, ids}, append(bad, id+"x")}, true
	}
	return bound{}, false
}

// workersBounds wants a rotator's own actions to be allowed on what is marked for it, and on nothing else. Of functions, never
// those of Strongroom, whatever somebody marks: what starts these, with all that a role may, is looked at for every identity.
func (w *world) workersBounds(r *Report, k worker) {
	for _, action := range k.rotator.Actions {
		service, _, _ := strings.Cut(action, ":")
		b, ok := k.boundOf(service)
		if !ok {
			r.problem("what %s is to be bounded to is not known here, which %s may", action, k.name())
			continue
		}
		tagged := func(values ...string) iampolicy.Context {
			return iampolicy.Context{Closed: true}.With("aws:ResourceTag/"+b.tag, values...)
		}
		may := func(value string) bool { return k.may(action, b.resource, tagged(value)) }
		if slices.ContainsFunc(b.good, func(value string) bool { return !may(value) }) {
			r.problem("%s may not %s on what has the tag %s, which its rotator does", k.name(), action, b.tag)
		}
		if k.may(action, b.resource, tagged()) || slices.ContainsFunc(b.bad, may) {
			r.problem("%s may %s on what has not the tag %s, or with any value", k.name(), action, b.tag)
		}
	}
}

// workersNetwork wants what a worker in a VPC may do with the network to be Lambda's alone, and nothing of it the code's: requests
// that a function makes itself carry its ARN (https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html).
func (w *world) workersNetwork(r *Report, k worker) {
	var may []string
	for _, action := range append(slices.Clone(networks), "ec2:AnythingElse") {
		if k.may(action, k.Beside("ec2", "network-interface/eni-1"), iampolicy.Context{}.With("lambda:SourceFunctionArn", k.ARN())) {
			may = append(may, action)
		}
	}
	if len(may) > 0 {
		r.problem("the code of %s may %s itself: that is for Lambda to do", k.name(), some(may))
	}
}

// workersQueue wants a queue to be filled by one rule, with what is due for the worker's rotator.
func (w *world) workersQueue(r *Report, k worker) {
	if k.queue == nil {
		return
	}
	var rules []cfn.Resource
	for rule := range w.stacks.Resources("AWS::Events::Rule") {
		targets, _ := rule.Property("Targets").([]any)
		if slices.ContainsFunc(targets, func(one any) bool {
			target, _ := one.(map[string]any)
			return textOf(target["Arn"]) == k.queue.ARN()
		}) {
			rules = append(rules, rule)
		}
	}
	if len(rules) != 1 {
		r.problem("%s fill the queue of %s, and it is to be its own", counted(len(rules), "rule", "rules"), k.name())
		return
	}
	w.workersRule(r, k, rules[0])
	for _, queue := range []*cfn.Resource{k.queue, k.letters} {
		if queue != nil {
			w.filled(r, k, *queue, rules[0])
		}
	}
}
