package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A grant is one action on one resource, as a policy of the template has it.
type grant struct {
	effect, action, resource string
	// conditions are by operator and key: what the values are.
	conditions map[string][]string
}

// String is the grant in one line.
func (g grant) String() string {
	line := g.action + "\t" + g.resource
	for _, condition := range slices.Sorted(maps.Keys(g.conditions)) {
		line += "\t" + condition + " " + strings.Join(g.conditions[condition], ",")
	}
	if g.effect == "Deny" {
		line = "never\t" + line
	}
	return line
}

// grants are those of a policy document, each statement taken apart.
func (t *template) grants(document any) []grant {
	var all []grant
	for _, s := range document.(map[string]any)["Statement"].([]any) {
		statement := s.(map[string]any)
		conditions := map[string][]string{}
		for operator, keys := range object(statement["Condition"]) {
			for key, value := range object(keys) {
				conditions[key+" "+operator] = t.values(value)
			}
		}
		for _, action := range t.values(statement["Action"]) {
			for _, resource := range t.values(statement["Resource"]) {
				all = append(all, grant{statement["Effect"].(string), action, resource, conditions})
			}
		}
	}
	return all
}

// values are those of a property that may have one or several.
func (t *template) values(property any) []string {
	several, ok := property.([]any)
	if !ok {
		return []string{t.text(property)}
	}
	var all []string
	for _, v := range several {
		all = append(all, t.text(v))
	}
	slices.Sort(all)
	return all
}

// object is a property with members; none where it is not there.
func object(property any) map[string]any {
	members, _ := property.(map[string]any)
	return members
}

// roles are the functions' roles, by operation. Every function has one of its own.
func (a *assembly) roles(t *testing.T) map[string]placed {
	t.Helper()
	all := map[string]placed{}
	for _, f := range a.of("AWS::Lambda::Function") {
		name := strings.TrimPrefix(f.Properties["FunctionName"].(string), a.settings.name(""))
		id := f.Properties["Role"].(map[string]any)["Fn::GetAtt"].([]any)[0].(string)
		role := placed{f.template, id, f.template.Resources[id]}
		if role.operation() != name || f.operation() != name {
			t.Errorf("%s has the role %s", name, role.name())
		}
		all[name] = role
	}
	return all
}

// grantsOf are what an operation's role is granted: by one inline policy.
func (a *assembly) grantsOf(t *testing.T, role placed) []grant {
	t.Helper()
	policies, _ := role.Properties["Policies"].([]any)
	if len(policies) != 1 || role.Properties["ManagedPolicyArns"] != nil {
		t.Fatalf("%s has %d inline policies, and managed ones %v", role.name(), len(policies), role.Properties["ManagedPolicyArns"])
	}
	return role.grants(policies[0].(map[string]any)["PolicyDocument"])
}

// golden is the whole of who may do what, one line each. What every function may do stands once, for all of them.
func golden(t *testing.T, a *assembly) string {
	t.Helper()
	roles := a.roles(t)
	holders := map[string][]string{}
	for name, role := range roles {
		for _, g := range a.grantsOf(t, role) {
			line := strings.ReplaceAll(g.String(), "\t"+name+"/", "\tits ")
			holders[line] = append(holders[line], name)
		}
	}
	var lines []string
	for line, names := range holders {
		if len(names) == len(roles) {
			names = []string{"(every function)"}
		}
		for _, name := range names {
			lines = append(lines, name+"\t"+line)
		}
	}
	slices.Sort(lines)
	return "# What the functions' roles may do in prod: operation, action, resource, conditions.\n" +
		strings.Join(lines, "\n") + "\n\n# What may invoke them: operation, service, from where.\n" +
		strings.Join(invokers(a), "\n") + "\n\n# What policies of keys, buckets, topics and queues allow or deny: resource, who, action, resource, conditions.\n" +
		strings.Join(policiesOf(a.of), "\n") + "\n" + goldenOfWorkers(t, a)
}

// goldenOfWorkers is who may do what among the workers.
func goldenOfWorkers(t *testing.T, a *assembly) string {
	t.Helper()
	var lines []string
	for kind, role := range a.workerRoles(t) {
		for _, g := range a.grantsOf(t, role) {
			lines = append(lines, kind+"\t"+strings.ReplaceAll(g.String(), "\t"+kind+"/", "\tits "))
		}
	}
	slices.Sort(lines)
	return "\n# What the workers' roles may do in prod: kind of rotator, action, resource, conditions.\n" +
		strings.Join(lines, "\n") + "\n\n# What policies of the workers' queues allow or deny: resource, who, action, resource, conditions.\n" +
		strings.Join(policiesOf(a.ofWorkers), "\n") + "\n"
}

func invokers(a *assembly) []string {
	var lines []string
	for _, p := range a.of("AWS::Lambda::Permission") {
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s", p.operation(), p.text(p.Properties["Principal"]), p.text(p.Properties["SourceArn"])))
	}
	slices.Sort(lines)
	return lines
}

// policiesOf are the lines of the policies of resources.
func policiesOf(of func(kind string) []placed) []string {
	var lines []string
	for kind, property := range map[string]string{
		"AWS::KMS::Key": "KeyPolicy", "AWS::S3::BucketPolicy": "PolicyDocument", "AWS::SNS::TopicPolicy": "PolicyDocument",
		"AWS::SQS::QueuePolicy": "PolicyDocument",
	} {
		for _, p := range of(kind) {
			for _, s := range object(p.Properties[property])["Statement"].([]any) {
				who := object(s)["Principal"]
				for _, key := range []string{"AWS", "Service"} {
					if one := object(who)[key]; one != nil {
						who = p.text(one)
					}
				}
				for _, g := range p.grants(map[string]any{"Statement": []any{s}}) {
					lines = append(lines, fmt.Sprintf("%s\t%v\t%s", p.name(), who, g))
				}
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// TestGrants compares who may do what with testdata/infra/grants.golden, so that a change of it is seen. Run it with
// -update to rewrite the file.
func TestGrants(t *testing.T) {
	path := filepath.Join("..", "testdata", "infra", "grants.golden")
	got := golden(t, stage(t, "prod"))
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil { //nolint:gosec // for everybody, as the repository is
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("what functions may do changed; if that is meant, run go test ./... -update (-was +is):\n%s", diff)
	}
}
