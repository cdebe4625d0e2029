package prove

import (
	"slices"
	"strings"

	"strongroom/pkg/cmd/strongroom/internal/cfn"
	"strongroom/pkg/iampolicy"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// functionsAccess compares what each function's role is allowed with the operation's row.
func (w *world) functionsAccess(r *Report) {
	before := len(r.Problems)
	section := Section{Title: "What functions may do", Header: []string{"FUNCTION", "STORAGE KEY", "SIGNING KEY", "TABLE"}}
	there := map[operation.Name]string{}
	for _, f := range w.functions {
		if f.row == nil {
			continue
		}
		if other, twice := there[f.row.Name]; twice {
			r.problem("%s and %s are both %s", other, f.ID, f.row.Name)
		}
		there[f.row.Name] = f.ID
		if f.role != nil {
			section.Rows = append(section.Rows, w.functionAccess(r, f))
		}
	}
	if len(there) == 0 {
		return
	}
	for _, row := range operation.Table {
		if _, ok := there[row.Name]; !ok {
			r.problem("no function is %s", row.Name)
		}
	}
	w.others(r, storage)
	w.others(r, signing)
	r.Sections = append(r.Sections, section)
	signers, openers := w.withKey(signing, operation.Sign), w.withKey(storage, operation.Decrypt)
	r.prove(before, "the role of each of %d functions is allowed what its row in the operation table says, no less and no more, and Lambda alone assumes it", len(there))
	r.prove(before, "only %s may sign seals", strings.Join(signers, ", "))
	r.prove(before, "%d functions may decrypt with the storage key, those whose rows say so: %s", len(openers), strings.Join(openers, ", "))
}

// withKey are the functions that may use a key for an action.
func (w *world) withKey(of purpose, action operation.KeyAction) []string {
	var all []string
	for _, f := range w.functions {
		for _, k := range w.keysFor(of) {
			if f.row != nil && f.role != nil && len(w.may(f.role, k, []string{string(action)})) > 0 {
				all = append(all, f.name())
			}
		}
	}
	return all
}

// others finds identities that are no function's and could use a key of the server's.
func (w *world) others(r *Report, of purpose) {
	for _, k := range w.keysFor(of) {
		for _, i := range w.identities {
			if w.runs(i) {
				continue
			}
			if may := w.may(i, k, opening); len(may) > 0 {
				r.problem("%s, which is no function's role, could %s with the %s key%s", i.Label(), some(may), of, i.why())
			}
		}
	}
}

// functionAccess looks at one function, and answers its row of the table.
func (w *world) functionAccess(r *Report, f *function) []string {
	w.trusted(r, f)
	storageMay := w.compareKey(r, f, storage, f.row.Access.StorageKey)
	signingMay := w.compareKey(r, f, signing, f.row.Access.SigningKey)
	w.tableKey(r, f)
	tableMay := w.compareTable(r, f)
	w.rest(r, f)
	return []string{f.name(), short(storageMay), short(signingMay), short(tableMay)}
}

// short is a list of actions without their service.
func short(actions []string) string {
	var all []string
	for _, a := range actions {
		_, name, _ := strings.Cut(a, ":")
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}

// trusted wants a function's role to be assumed by Lambda alone.
func (w *world) trusted(r *Report, f *function) {
	if f.role.trust == nil {
		r.problem("the role of %s says nothing of who may assume it", f.name())
		return
	}
	for _, stranger := range f.role.strangers() {
		r.problem("the role of %s may be assumed by somebody else than Lambda (%s): who assumes it is the server", f.name(), stranger)
	}
}

// strangers are the statements by which somebody else than Lambda may assume a role.
func (i *identity) strangers() []string {
	if i.trust == nil {
		return []string{"it does not say who"}
	}
	var found []string
	for _, s := range i.trust.Statements {
		lambda := !s.NotPrincipal && len(s.Principals) > 0
		for _, p := range s.Principals {
			lambda = lambda && p == iampolicy.PrincipalPattern{Kind: "Service", Value: "lambda.amazonaws.com"}
		}
		if s.Effect == iampolicy.Allow && !lambda {
			found = append(found, named(s))
		}
	}
	return found
}

// compareKey compares what a function may do with a key with its row.
func (w *world) compareKey(r *Report, f *function, of purpose, wanted []operation.KeyAction) []string {
	var may []string
	for _, k := range w.keysFor(of) {
		for _, action := range w.may(f.role, k, keyActions) {
			if !slices.Contains(may, action) {
				may = append(may, action)
			}
		}
	}
	var want []string
	for _, action := range wanted {
		want = append(want, string(action))
	}
	compare(r, f, may, want, "with the "+string(of)+" key")
	return may
}

// compare says what is too much, and what too little.
func compare(r *Report, f *function, may, want []string, where string) {
	if more := without(may, want); len(more) > 0 {
		r.problem("%s may %s %s, which its row in the operation table does not say", f.name(), some(more), where)
	}
	if less := without(want, may); len(less) > 0 {
		r.problem("%s may not %s %s, which its row in the operation table says", f.name(), some(less), where)
	}
}

func without(all, these []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return slices.Contains(these, one) })
}

// tableKey wants the table's key to be used through DynamoDB alone.
func (w *world) tableKey(r *Report, f *function) {
	for _, k := range w.keysFor(ofTable) {
		a := iampolicy.Access{Identity: f.role.policies, Resource: k.policy, KMS: true}
		ask := func(action string, via ...string) iampolicy.Truth {
			context := iampolicy.Context{Known: map[string][]string{"kms:ViaService": via}}
			return a.Decide(iampolicy.Request{Principal: f.role.principal(), Action: action, Resource: k.ARN(), Context: context}).Allowed
		}
		var direct, more []string
		for _, action := range keyActions {
			if ask(action) != iampolicy.No {
				direct = append(direct, action)
			}
			if !slices.Contains(throughDynamoDB, action) && len(w.may(f.role, k, []string{action})) > 0 {
				more = append(more, action)
			}
		}
		if len(direct) > 0 {
			r.problem("%s may %s with the table's key itself, and not through DynamoDB alone", f.name(), some(direct))
		}
		if len(more) > 0 {
			r.problem("%s may %s with the table's key, which DynamoDB does not do for it", f.name(), some(more))
		}
	}
}

// compareTable compares what a function may do in the table with its row.
func (w *world) compareTable(r *Report, f *function) []string {
	var all []string
	_, streamed := f.row.Trigger.(operation.Stream)
	for _, t := range w.tables {
		var want []string
		for _, a := range f.row.Access.Table {
			want = append(want, string(a.Action))
			w.partitions(r, f, t, "", a)
		}
		may := w.mayTable(f.role, t, t.ARN(), iampolicy.Context{})
		compare(r, f, may, want, "in the table")
		all = append(all, may...)
		var index, stream []string
		var first []string
		if f.row.Access.Index1 {
			first = []string{string(operation.Query)}
			w.partitions(r, f, t, "/index/"+table.Index1.Name(), operation.TableAccess{
				Action: operation.Query, Partitions: []operation.Partition{operation.Index1Partition},
			})
		}
		if f.row.Access.Index2 {
			index = []string{string(operation.Query)}
			w.partitions(r, f, t, "/index/"+table.Index2.Name(), operation.TableAccess{
				Action: operation.Query, Partitions: []operation.Partition{operation.Index2Partition},
			})
		}
		if streamed {
			stream = streamActions
		}
		compare(r, f, w.mayTable(f.role, t, t.ARN()+"/index/"+table.Index2.Name(), iampolicy.Context{}), index, "in the second index")
		compare(r, f, w.mayTable(f.role, t, t.ARN()+"/index/"+table.Index1.Name(), iampolicy.Context{}), first, "in the first index")
		compare(r, f, w.mayTable(f.role, t, t.Attribute("StreamArn"), iampolicy.Context{}), stream, "of the table's stream")
		all = append(append(append(all, onIndex(first)...), onIndex(index)...), stream...)
	}
	return all
}

func onIndex(actions []string) []string {
	var all []string
	for _, a := range actions {
		all = append(all, a+" (index)")
	}
	return all
}

// mayTable are the actions that a role may do on a table, an index or a stream, or might.
func (w *world) mayTable(i *identity, t cfn.Resource, arn string, context iampolicy.Context) []string {
	a := iampolicy.Access{Identity: i.policies, Resource: w.resourcePolicy(t)}
	var may []string
	for _, action := range tableActions {
		if a.Decide(iampolicy.Request{Principal: i.principal(), Action: action, Resource: arn, Context: context}).Allowed != iampolicy.No {
			may = append(may, action)
		}
	}
	return may
}

// resourcePolicy is a table's own policy, if it has one.
func (w *world) resourcePolicy(t cfn.Resource) *iampolicy.Document {
	if policy, ok := t.Property("ResourcePolicy").(map[string]any); ok && policy["PolicyDocument"] != nil {
		return w.parse(t.Name(), policy["PolicyDocument"])
	}
	return nil
}

// leadingKeys is the condition key with the partition keys of a request
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html).
const leadingKeys = "dynamodb:LeadingKeys"

// partitions wants an action that the row bounds to some partitions, of the table or of an index of it, to be allowed
// there, and nowhere else.
func (w *world) partitions(r *Report, f *function, t cfn.Resource, index string, a operation.TableAccess) {
	access := iampolicy.Access{Identity: f.role.policies, Resource: w.resourcePolicy(t)}
	allowed := func(keys ...string) bool {
		return access.Decide(iampolicy.Request{
			Principal: f.role.principal(), Action: string(a.Action), Resource: t.ARN() + index,
			Context: iampolicy.Context{Known: map[string][]string{leadingKeys: keys}},
		}).Allowed != iampolicy.No
	}
	where := "the table" + index
	for _, partition := range a.Partitions {
		if !allowed(partition.Example()) {
			r.problem("%s may not %s the items of %s in %s, which its row in the operation table says", f.name(), a.Action, partition, where)
		}
	}
	if allowed("ELSEWHERE#x") || allowed(a.Partitions[0].Example(), "ELSEWHERE#x") || allowed() {
		r.problem("%s may %s in %s anywhere, and its row in the operation table says only %s", f.name(), a.Action, where, some(a.Partitions))
		return
	}
	more := slices.DeleteFunc(partitions(), func(p operation.Partition) bool { return slices.Contains(a.Partitions, p) || !allowed(p.Example()) })
	if len(more) > 0 {
		r.problem("%s may %s the items of %s in %s, and its row in the operation table says only %s", f.name(), a.Action, some(more), where, some(a.Partitions))
	}
}

// partitions are all that rows of the operation table name.
func partitions() []operation.Partition {
	var all []operation.Partition
	for _, row := range operation.Table {
		for _, a := range row.Access.Table {
			all = append(all, a.Partitions...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// rest finds what a function's role is allowed that is neither the keys' nor the table's and that no function needs.
func (w *world) rest(r *Report, f *function) {
	for _, hidden := range f.role.hidden {
		r.problem("the role of %s has the managed policy %s, of which these templates don't show what it allows", f.name(), hidden)
	}
	for _, d := range f.role.policies {
		for _, s := range d.Statements {
			if s.Effect != iampolicy.Allow || slices.Contains(f.role.hidden, d.Name) {
				continue
			}
			if s.NotAction || s.NotResource {
				r.problem("the role of %s is allowed all but something, with NotAction or NotResource (%s)", f.name(), named(s))
				continue
			}
			for _, action := range s.Actions {
				for _, resource := range s.Resources {
					if !w.needs(f, strings.ToLower(action), resource) {
						r.problem("%s may %s on %s, which no row in the operation table says", f.name(), action, resource)
					}
				}
			}
		}
	}
}

// needs says whether every function, or this one, is to be allowed an action, which is in lower case, on a resource.
// Actions on keys and tables are compared elsewhere; here they have to be about a key or a table of these templates that
// is compared. A bucket and a bus have to be those that the function is told of, and a log its own.
func (w *world) needs(f *function, action, resource string) bool {
	service, _, _ := strings.Cut(action, ":")
	if strings.ContainsAny(action, "*?") {
		return false
	}
	switch service {
	case "kms":
		return slices.ContainsFunc(w.keys, func(k *key) bool {
			return slices.Contains([]purpose{storage, signing, ofTable}, k.purpose) && k.ARN() == resource
		})
	case "dynamodb":
		return slices.ContainsFunc(w.tables, func(t cfn.Resource) bool {
			return resource == t.ARN() || resource == t.Attribute("StreamArn") || resource == t.ARN()+"/index/"+table.Index1.Name() ||
				resource == t.ARN()+"/index/"+table.Index2.Name()
		})
	case "logs":
		writes := []string{"logs:createloggroup", "logs:createlogstream", "logs:putlogevents"}
		return slices.Contains(writes, action) && (w.isNamed("AWS::Logs::LogGroup", f.log(), resource) ||
			strings.HasPrefix(resource, f.Beside("logs", "log-group:/aws/lambda/"+f.Resource.Name()+":")))
	case "xray":
		return slices.Contains([]string{"xray:puttracesegments", "xray:puttelemetryrecords"}, action)
	case "events":
		return action == "events:putevents" && f.row.Access.Bus && w.isNamed("AWS::Events::EventBus", f.env["STRONGROOM_BUS"], resource)
	case "sqs":
		return action == "sqs:sendmessage" && unanswered(f.row) && w.isOne("AWS::SQS::Queue", resource)
	case "s3":
		// Without s3:ListBucket an object that is not there is one that may not be read
		// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
		return slices.Contains([]string{"s3:putobject", "s3:getobject", "s3:listbucket"}, action) && f.row.Access.Archive && w.isNamed("AWS::S3::Bucket", f.env["STRONGROOM_ARCHIVE"], resource)
	}
	return false
}

// log is the name of the log group that the function's output goes to; empty where the template names none.
func (f *function) log() string {
	logging, _ := f.Property("LoggingConfig").(map[string]any)
	return textOf(logging["LogGroup"])
}

// unanswered says whether nobody waits for what the operation answers, so that what fails is left in a queue.
func unanswered(row *operation.Row) bool {
	switch row.Trigger.(type) {
	case operation.Stream, operation.Schedule, operation.Event:
		return true
	}
	return false
}

// isNamed says whether an ARN is that of the resource of a type and a name in these templates, or, of a bucket, of what is
// in it.
func (w *world) isNamed(ofType, name, arn string) bool {
	for r := range w.stacks.Resources(ofType) {
		if r.Name() == name && (arn == r.ARN() || ofType == "AWS::S3::Bucket" && strings.HasPrefix(arn, r.ARN()+"/")) {
			return true
		}
	}
	return false
}

// isOne says whether an ARN is that of a resource of a type in these templates, or, of a log group, of what is in it.
func (w *world) isOne(ofType, arn string) bool {
	known, ok := w.arns[ofType]
	if !ok {
		for r := range w.stacks.Resources(ofType) {
			known = append(known, r.ARN())
		}
		w.arns[ofType] = known
	}
	return slices.ContainsFunc(known, func(one string) bool {
		return arn == one || ofType == "AWS::Logs::LogGroup" && strings.HasPrefix(arn, strings.TrimSuffix(one, "*"))
	})
}
