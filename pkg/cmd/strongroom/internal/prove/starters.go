package prove

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"strongroom/pkg/cmd/strongroom/internal/cfn"
	"strongroom/pkg/iampolicy"
	"strongroom/pkg/operation"
)

// starters says what starts each function, and finds what should not.
func (w *world) starters(r *Report) {
	before := len(r.Problems)
	started := map[*function][]string{}
	note := func(f *function, by string) {
		if !slices.Contains(started[f], by) {
			started[f] = append(started[f], by)
		}
	}
	w.routes(r, note)
	for p := range w.stacks.Resources("AWS::Lambda::Permission") {
		w.permission(r, p, note)
	}
	for m := range w.stacks.Resources("AWS::Lambda::EventSourceMapping") {
		w.mapping(r, m, note)
	}
	for u := range w.stacks.Resources("AWS::Lambda::Url") {
		if f := w.functionNamed(u.Text("TargetFunctionArn")); f == nil || f.row != nil {
			r.problem("%s has a URL of its own (%s), which goes round the API", nameOf(f, u.Text("TargetFunctionArn")), u.ID)
		}
	}
	w.invokers(r, note)
	section := Section{Title: "What starts functions", Header: []string{"FUNCTION", "STARTED BY"}}
	for _, f := range w.functions {
		if f.row == nil {
			continue
		}
		by := strings.Join(started[f], "; ")
		if _, invoked := f.row.Trigger.(operation.Invoke); invoked && by == "" {
			by = "nothing here: an administrator with lambda:InvokeFunction"
		} else if by == "" {
			r.problem("nothing starts %s: its row in the operation table says %s", f.name(), trigger(f.row))
		}
		section.Rows = append(section.Rows, []string{f.name(), by})
	}
	if len(section.Rows) > 0 {
		r.Sections = append(r.Sections, section)
		r.prove(before, "each of %d functions is started by its own route, schedule, stream or events, or by nothing, and every route asks for a signature", len(section.Rows))
	}
}

// trigger is what starts an operation, in words.
func trigger(row *operation.Row) string {
	switch t := row.Trigger.(type) {
	case operation.HTTP:
		return t.Route()
	case operation.Stream:
		return "the table's stream"
	case operation.Schedule:
		return t.String()
	case operation.Event:
		return "events of " + t.String()
	}
	return "nothing"
}

func nameOf(f *function, otherwise string) string {
	if f == nil {
		return otherwise
	}
	return f.name()
}

// functionNamed is the function that a text names: by its ARN, its name, or a version or alias of it.
func (w *world) functionNamed(text string) *function {
	for _, f := range w.functions {
		if f.Is(text) {
			return f
		}
	}
	return nil
}

// routes compares the API's routes with the operation table.
func (w *world) routes(r *Report, note func(*function, string)) {
	for api := range w.stacks.Resources("AWS::ApiGatewayV2::Api") {
		for _, property := range []string{"Body", "BodyS3Location", "Target"} {
			if api.Property(property) != nil {
				r.problem("the API %s has routes in its %s, which are not looked at: a route of Strongroom's is a resource", api.ID, property)
			}
		}
	}
	seen := map[string]bool{}
	for route := range w.stacks.Resources("AWS::ApiGatewayV2::Route") {
		key := route.Text("RouteKey")
		if authorization := route.Text("AuthorizationType"); authorization != "AWS_IAM" {
			r.problem("the route %s asks for no signature: its AuthorizationType is %q, not AWS_IAM", key, authorization)
		}
		f := w.integrated(route.Text("Target"))
		if f == nil || f.row == nil {
			r.problem("the route %s leads to no operation's function", key)
			continue
		}
		h, ok := f.row.Trigger.(operation.HTTP)
		if !ok || h.Route() != key {
			r.problem("the route %s leads to %s, whose row in the operation table says %s", key, f.name(), trigger(f.row))
			continue
		}
		if api := route.Text("ApiId"); seen[api+key] {
			r.problem("the route %s is there twice", key)
		} else {
			seen[api+key] = true
		}
		note(f, "the route "+key)
	}
}

// integrated is the function that a route's target leads to: integrations/ID.
func (w *world) integrated(target string) *function {
	for i := range w.stacks.Resources("AWS::ApiGatewayV2::Integration") {
		if target != "integrations/"+i.Ref() {
			continue
		}
		uri := i.Text("IntegrationUri")
		if _, rest, ok := strings.Cut(uri, ":lambda:path/2015-03-31/functions/"); ok {
			uri = strings.TrimSuffix(rest, "/invocations")
		}
		return w.functionNamed(uri)
	}
	return nil
}

// permission looks at a permission to invoke a function, which is a statement of the function's own policy.
func (w *world) permission(r *Report, p cfn.Resource, note func(*function, string)) {
	f := w.functionNamed(p.Text("FunctionName"))
	if f != nil && f.row == nil {
		return // no function of Strongroom's: a provider of the CDK's
	}
	who, source := p.Text("Principal"), p.Text("SourceArn")
	name := nameOf(f, p.Text("FunctionName"))
	switch {
	case f == nil:
		r.problem("a permission (%s) is for %s, which is not in these templates", p.ID, name)
	case who == "*":
		r.problem(`%s may be invoked by everybody: the Principal of %s is "*"`, name, p.ID)
	case source == "":
		r.problem("%s may be invoked by %s for whomever it acts, from any account: %s has no SourceArn", name, who, p.ID)
	case who == "apigateway.amazonaws.com":
		w.fromAPI(r, f, source)
	case who == "events.amazonaws.com" || who == "scheduler.amazonaws.com":
		w.fromRule(r, f, source, note)
	default:
		r.problem("%s may be invoked by %s (%s), which starts no operation", name, who, p.ID)
	}
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// fromAPI wants the API to invoke a function for its own route alone. In the ARN a path's parameters are as in the route, or *
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
func (w *world) fromAPI(r *Report, f *function, source string) {
	h, ok := f.row.Trigger.(operation.HTTP)
	if !ok {
		r.problem("%s may be invoked by API Gateway, and its row in the operation table says %s", f.name(), trigger(f.row))
		return
	}
	for api := range w.stacks.Resources("AWS::ApiGatewayV2::Api") {
		rest, mine := strings.CutPrefix(source, api.Beside("execute-api", api.Name()+"/"))
		parts := strings.SplitN(rest, "/", 3)
		if !mine || len(parts) != 3 {
			continue
		}
		path := "/" + parts[2]
		if parts[1] == h.Method && (path == h.Path || path == parameter.ReplaceAllString(h.Path, "*")) {
			return
		}
		r.problem("%s may be invoked for %s %s, and its route is %s", f.name(), parts[1], path, h.Route())
		return
	}
	r.problem("%s may be invoked by another API than the one of these templates, or by every route of it: %s", f.name(), source)
}

// fromRule wants a rule or a schedule that has the function as its target, and starts it with nothing but what its row says.
func (w *world) fromRule(r *Report, f *function, source string, note func(*function, string)) {
	events, listens := f.row.Trigger.(operation.Event)
	if _, ok := f.row.Trigger.(operation.Schedule); !ok && !listens {
		r.problem("%s may be invoked by a schedule, and its row in the operation table says %s", f.name(), trigger(f.row))
		return
	}
	for rule := range w.stacks.Resources("AWS::Events::Rule") {
		targets, _ := rule.Property("Targets").([]any)
		for _, one := range targets {
			target, ok := one.(map[string]any)
			if !ok || rule.ARN() != source || !f.Is(textOf(target["Arn"])) {
				continue
			}
			if pattern := rule.Property("EventPattern"); listens && pattern != nil {
				w.fromEvents(r, f, events, pattern, note)
				return
			} else if !listens && pattern == nil {
				note(f, "the schedule "+rule.Text("ScheduleExpression"))
				return
			}
		}
	}
	r.problem("%s may be invoked by something else than its schedule or its events: %s", f.name(), source)
}

// fromEvents wants a rule's pattern to be one of those of the function's row.
func (w *world) fromEvents(r *Report, f *function, t operation.Event, pattern any, note func(*function, string)) {
	said := patternOf(pattern)
	for _, rule := range t.Rules {
		if rule.String() == said {
			note(f, "events of "+said)
			return
		}
	}
	r.problem("%s is started by the events of %s, and its row in the operation table says %s", f.name(), said, trigger(f.row))
}

// patternOf is a rule's pattern in the words of operation.EventRule; all of it as it is where it is of another form.
func patternOf(pattern any) string {
	encoded, err := json.Marshal(pattern)
	if err != nil {
		return fmt.Sprint(pattern)
	}
	var p struct {
		Source     []string            `json:"source"`
		DetailType []string            `json:"detail-type"`
		Detail     map[string][]string `json:"detail"`
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&p) != nil || len(p.Source) != 1 {
		return string(encoded)
	}
	return operation.EventRule{Source: p.Source[0], Types: p.DetailType, Fields: p.Detail}.String()
}

// mapping wants a function of the stream, and the table's stream.
func (w *world) mapping(r *Report, m cfn.Resource, note func(*function, string)) {
	f := w.functionNamed(m.Text("FunctionName"))
	if f != nil && f.rotator != nil {
		return // see workers
	}
	if f == nil || f.row == nil {
		r.problem("%s reads %s, and is no operation's function", nameOf(f, m.Text("FunctionName")), m.Text("EventSourceArn"))
		return
	}
	_, streamed := f.row.Trigger.(operation.Stream)
	own := slices.ContainsFunc(w.tables, func(t cfn.Resource) bool { return m.Text("EventSourceArn") == t.Attribute("StreamArn") })
	if !streamed || !own {
		r.problem("%s is started by %s, and its row in the operation table says %s", f.name(), m.Text("EventSourceArn"), trigger(f.row))
		return
	}
	note(f, "the table's stream")
}

// taking are the actions with which a function is invoked, or made to do something else.
var taking = []string{
	"lambda:InvokeFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:AddPermission",
	"lambda:CreateFunctionUrlConfig", "lambda:CreateEventSourceMapping",
}

// latest, behind a function's ARN, names the same function
// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html).
const latest = ":$LATEST"

// invokers finds identities of the templates that may invoke functions, or change them.
func (w *world) invokers(r *Report, note func(*function, string)) {
	for _, i := range w.identities {
		for _, f := range w.functions {
			if f.row == nil {
				continue
			}
			may := w.mayTake(i, f)
			_, scheduled := f.row.Trigger.(operation.Schedule)
			switch {
			case len(may) == 0:
			case scheduled && slices.Equal(may, taking[:1]) && i.onlyFor("scheduler.amazonaws.com"):
				note(f, "EventBridge Scheduler as "+i.Label())
			default:
				r.problem("%s could %s on %s%s", i.Label(), some(may), f.name(), i.why())
			}
		}
	}
}

// mayTake are the actions with which an identity could invoke a function, or make it do something else.
func (w *world) mayTake(i *identity, f *function) []string {
	var may []string
	for _, action := range taking {
		on := func(arn string) bool {
			ask := iampolicy.Request{Principal: i.principal(), Action: action, Resource: arn}
			return (iampolicy.Access{Identity: i.policies}).Decide(ask).Allowed != iampolicy.No
		}
		if on(f.ARN()) || on(f.ARN()+latest) {
			may = append(may, action)
		}
	}
	return may
}

// onlyFor says whether a role is assumed by one service alone.
func (i *identity) onlyFor(service string) bool {
	if i.trust == nil {
		return false
	}
	return !slices.ContainsFunc(i.trust.Statements, func(s iampolicy.Statement) bool {
		return s.Effect == iampolicy.Allow && !slices.Equal(s.Principals, []iampolicy.PrincipalPattern{{Kind: "Service", Value: service}})
	})
}
