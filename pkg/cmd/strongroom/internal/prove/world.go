package prove

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"strongroom/pkg/cmd/strongroom/internal/cfn"
	"strongroom/pkg/iampolicy"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// A world is what the templates have of identities, keys and functions.
type world struct {
	stacks *cfn.Stacks
	report *Report

	identities []*identity
	keys       []*key
	functions  []*function
	tables     []cfn.Resource
	// arns are those of the resources of a type, once somebody asked.
	arns map[string][]string
}

// An identity is an IAM role, user or group. A group stands for whoever is in it.
type identity struct {
	cfn.Resource
	trust    *iampolicy.Document
	policies []iampolicy.Document
	// hidden are managed policies whose content the templates don't show.
	hidden []string
}

// A key is a KMS key, or a replica of one.
type key struct {
	cfn.Resource
	purpose purpose
	policy  *iampolicy.Document
}

// A purpose is what a key is for.
type purpose string

// The purposes, as the tag strongroom:key has them.
const (
	client  purpose = "client"
	storage purpose = "storage"
	signing purpose = "signing"
	ofTable purpose = "table"
)

const (
	keyTag       = "strongroom:key"
	operationTag = "strongroom:operation"
)

// A function is a Lambda function.
type function struct {
	cfn.Resource
	// row is the operation's that it is, or nil.
	row *operation.Row
	// rotator is the row of the rotator that it is the worker for, or nil.
	rotator *rotation.Rotator
	// role is its role's, or nil where that is not among the templates; roleARN is what the template says.
	role    *identity
	roleARN string
	env     map[string]string
}

// name is how sentences call a function.
func (f *function) name() string {
	switch {
	case f.row != nil:
		return string(f.row.Name)
	case f.rotator != nil:
		return "the worker for " + string(f.rotator.Kind)
	}
	return f.Resource.Name()
}

func newWorld(stacks *cfn.Stacks, r *Report) *world {
	w := &world{stacks: stacks, report: r, arns: map[string][]string{}}
	for _, kind := range []string{"AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"} {
		for found := range stacks.Resources(kind) {
			w.identities = append(w.identities, w.newIdentity(found))
		}
	}
	w.attach()
	for _, kind := range []string{"AWS::KMS::Key", "AWS::KMS::ReplicaKey"} {
		for found := range stacks.Resources(kind) {
			w.keys = append(w.keys, &key{Resource: found, purpose: purpose(found.Tags()[keyTag]), policy: w.document(found, "KeyPolicy")})
		}
	}
	for found := range stacks.Resources("AWS::Lambda::Function") {
		w.functions = append(w.functions, w.newFunction(found))
	}
	for _, kind := range []string{"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"} {
		for found := range stacks.Resources(kind) {
			w.tables = append(w.tables, found)
		}
	}
	w.tellKeysApart()
	return w
}

// document is a property that is a policy; nil without it, and after a complaint for one that can't be read.
func (w *world) document(r cfn.Resource, property string) *iampolicy.Document {
	value := r.Property(property)
	if value == nil {
		return nil
	}
	return w.parse(r.Name(), value)
}

// parse reads a policy. What can't be read may say anything.
func (w *world) parse(name string, value any) *iampolicy.Document {
	written, err := json.Marshal(value)
	if err == nil {
		var d iampolicy.Document
		if d, err = iampolicy.Parse(written); err == nil {
			d.Name = name
			return &d
		}
	}
	w.report.problem("the policy of %s can't be read, and may say anything: %v", name, err)
	return &iampolicy.Document{Name: name, Statements: []iampolicy.Statement{{
		Effect: iampolicy.Allow, Actions: []string{"*"}, Resources: []string{"*"}, Unread: []string{"all of it"},
	}}}
}

func (w *world) newIdentity(r cfn.Resource) *identity {
	i := &identity{Resource: r, trust: w.document(r, "AssumeRolePolicyDocument")}
	inline, _ := r.Property("Policies").([]any)
	for _, one := range inline {
		if policy, ok := one.(map[string]any); ok && policy["PolicyDocument"] != nil {
			i.policies = append(i.policies, *w.parse(r.Name(), policy["PolicyDocument"]))
		} else {
			w.report.problem("a policy of %s can't be read, and may say anything", r.Name())
			i.hidden = append(i.hidden, "an inline policy")
		}
	}
	return i
}

// attach gives identities the policies that are resources of their own.
func (w *world) attach() {
	targets := map[string]string{"AWS::IAM::Role": "Roles", "AWS::IAM::User": "Users", "AWS::IAM::Group": "Groups"}
	single := map[string]string{"AWS::IAM::Role": "RoleName", "AWS::IAM::User": "UserName", "AWS::IAM::Group": "GroupName"}
	managed := map[string]*iampolicy.Document{}
	for _, kind := range []string{
		"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy",
	} {
		for r := range w.stacks.Resources(kind) {
			d := w.document(r, "PolicyDocument")
			if d == nil {
				w.report.problem("the policy %s has no document", r.Name())
				continue
			}
			managed[r.ARN()] = d
			attached := false
			for _, i := range w.identities {
				if names(r.Property(targets[i.Type]), i) || kind != "AWS::IAM::ManagedPolicy" && names(r.Property(single[i.Type]), i) {
					i.policies = append(i.policies, *d)
					attached = true
				}
			}
			if !attached && kind != "AWS::IAM::ManagedPolicy" {
				w.report.problem("the policy %s belongs to nobody in these templates: whom it is for can't be told", r.Name())
			}
		}
	}
	for _, i := range w.identities {
		arns, _ := i.Property("ManagedPolicyArns").([]any)
		for _, arn := range arns {
			if d := managed[textOf(arn)]; d != nil {
				i.policies = append(i.policies, *d)
				continue
			}
			i.hidden = append(i.hidden, textOf(arn))
			i.policies = append(i.policies, hiddenPolicy(textOf(arn)))
		}
	}
}

// onlyLogs are AWS's managed policies that allow nothing but writing logs and traces
// (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html).
var onlyLogs = []string{"service-role/AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess"}

// hiddenPolicy is a managed policy whose content is not among the templates: it may allow anything.
func hiddenPolicy(arn string) iampolicy.Document {
	d := iampolicy.Document{Name: arn}
	actions := []string{"*"}
	if slices.ContainsFunc(onlyLogs, func(name string) bool { return strings.HasSuffix(arn, ":iam::aws:policy/"+name) }) {
		actions = []string{"logs:*", "xray:*"}
	}
	d.Statements = []iampolicy.Statement{{Effect: iampolicy.Allow, Actions: actions, Resources: []string{"*"}, Unread: []string{"all of it"}}}
	return d
}

// names says whether a list of names, or one name, has an identity among it.
func names(list any, i *identity) bool {
	all, ok := list.([]any)
	if !ok && list != nil {
		all = []any{list}
	}
	return slices.ContainsFunc(all, func(one any) bool { return textOf(one) == i.Ref() })
}

func textOf(value any) string {
	text, _ := value.(string)
	return text
}

// principal is the identity as it asks for something.
func (i *identity) principal() iampolicy.Principal { return iampolicy.Principal{ARN: i.ARN()} }

// server says whether a role is under the server's path.
func (i *identity) server() bool {
	return i.Type == "AWS::IAM::Role" && strings.HasPrefix(i.IAMPath(), ServerPath)
}

func (w *world) newFunction(r cfn.Resource) *function {
	f := &function{Resource: r, roleARN: r.Text("Role"), env: map[string]string{}}
	if environment, ok := r.Property("Environment").(map[string]any); ok {
		if variables, ok := environment["Variables"].(map[string]any); ok {
			for name, value := range variables {
				f.env[name] = textOf(value)
			}
		}
	}
	for _, i := range w.identities {
		if i.Type == "AWS::IAM::Role" && i.ARN() == f.roleARN {
			f.role = i
		}
	}
	if f.row = operationOf(r); f.row == nil {
		f.rotator = rotatorOf(r)
	}
	return f
}

// operationOf is the row of the operation that a function is: by its tag, or by the end of its name; the longest that fits.
func operationOf(r cfn.Resource) *operation.Row {
	named := r.Tags()[operationTag]
	var found *operation.Row
	for i, row := range operation.Table {
		name := string(row.Name)
		fits := name == named || named == "" && (r.Name() == name || strings.HasSuffix(r.Name(), "-"+name))
		if fits && (found == nil || len(name) > len(found.Name)) {
			found = &operation.Table[i]
		}
	}
	return found
}

// variables are where functions are told of keys.
var variables = map[purpose]string{client: "STRONGROOM_CLIENT_KEY", storage: "STRONGROOM_STORAGE_KEY", signing: "STRONGROOM_SIGNING_KEY"}

// tellKeysApart finds what the keys without a tag are for, and compares tags with what the functions are told.
func (w *world) tellKeysApart() {
	for _, f := range w.functions {
		for of, variable := range variables {
			if told := f.env[variable]; told != "" {
				w.told(of, told, variable+" of "+f.name())
			}
		}
	}
	for _, t := range w.tables {
		if sse, ok := t.Property("SSESpecification").(map[string]any); ok && sse["KMSMasterKeyId"] != nil {
			w.told(ofTable, textOf(sse["KMSMasterKeyId"]), "the encryption of "+t.Name())
		}
		replicas, _ := t.Property("Replicas").([]any)
		for _, one := range replicas {
			if replica, ok := one.(map[string]any); ok {
				if sse, ok := replica["SSESpecification"].(map[string]any); ok {
					w.told(ofTable, textOf(sse["KMSMasterKeyId"]), "the encryption of "+t.Name())
				}
			}
		}
	}
}

// told takes in what something is told of a key.
func (w *world) told(of purpose, what, by string) {
	for _, k := range w.keys {
		if !k.Is(what) {
			continue
		}
		if k.purpose == "" {
			k.purpose = of
		}
		if k.purpose != of {
			w.report.problem("%s is told that %s is the %s key, which is tagged as the %s key", by, k.Name(), of, k.purpose)
		}
		return
	}
	if of != ofTable {
		w.report.problem("%s names a %s key that is not in these templates: %s", by, of, what)
	}
}

// keysFor are the keys of a purpose.
func (w *world) keysFor(of purpose) []*key {
	var found []*key
	for _, k := range w.keys {
		if k.purpose == of {
			found = append(found, k)
		}
	}
	return found
}
