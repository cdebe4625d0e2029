package prove

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"strongroom/pkg/iampolicy"
)

// clientKey says who could use the client key, and proves that the server can't.
func (w *world) clientKey(r *Report) {
	keys := w.keysFor(client)
	switch {
	case len(keys) == 0:
		r.problem("no key is the client key: tag it %s=client", keyTag)
		return
	case len(keys) > 1:
		var ids []string
		for _, k := range keys {
			ids = append(ids, k.ID)
		}
		r.problem("%d keys are the client key (%s): there must be one, or clients could be pinned to either", len(keys), strings.Join(ids, ", "))
	}
	// A replica has the same material under a policy of its own.
	for _, k := range w.keys {
		if k.Type == "AWS::KMS::ReplicaKey" && !slices.Contains(keys, k) && slices.ContainsFunc(keys, func(of *key) bool { return k.Text("PrimaryKeyArn") == of.ARN() }) {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		before := len(r.Problems)
		if k.policy == nil {
			r.problem("the client key %s has no policy: KMS's own leaves all to IAM, and denies the server nothing", k.ID)
			continue
		}
		k.policy.Name = "the client key's policy"
		w.blind(r, k)
		w.outsiders(r, k)
		w.users(r, k)
		w.unboundGrants(r, k)
		r.Sections = append(r.Sections, w.usersOf(k))
		r.prove(before, "who uses the client key is decided by the account's IAM policies and by KMS grants bound to an encryption context, and by nothing else in these templates")
	}
}

// everything is what a role could be given at most: every action in its own policy, and a grant for every operation.
func everything(who iampolicy.Principal) ([]iampolicy.Document, []iampolicy.Grant) {
	all := iampolicy.Document{Name: "a policy that allows all", Statements: []iampolicy.Statement{
		{Effect: iampolicy.Allow, Actions: []string{"*"}, Resources: []string{"*"}},
	}}
	grant := iampolicy.Grant{Grantee: who.ARN}
	for _, action := range keyActions {
		grant.Operations = append(grant.Operations, strings.TrimPrefix(action, "kms:"))
	}
	return []iampolicy.Document{all}, []iampolicy.Grant{grant}
}

// blind proves that no function's role can do anything with the client key, whatever it is given.
func (w *world) blind(r *Report, k *key) {
	before, roles, open := len(r.Problems), 0, map[string][]string{}
	for _, f := range w.functions {
		switch {
		case f.row == nil:
		case f.role == nil:
			r.problem("the role of %s (%s) is not in these templates: what it can do with the client key can't be told", f.name(), f.roleARN)
		case !f.role.server():
			r.problem("%s has the role %s with the path %s, and not one under %s: the client key's Deny is not about it",
				f.name(), f.role.Label(), f.role.IAMPath(), ServerPath)
		}
	}
	for _, i := range w.identities {
		if !i.server() && !w.runs(i) {
			continue
		}
		roles++
		if actions := k.open(i.principal()); len(actions) > 0 {
			open[some(actions)] = append(open[some(actions)], i.Label())
		}
	}
	// Roles that are made later are the server's too.
	if actions := k.open(iampolicy.Principal{ARN: k.roleARN(ServerPath + "any")}); len(actions) > 0 {
		open[some(actions)] = append(open[some(actions)], "any role under "+ServerPath)
	}
	for _, actions := range slices.Sorted(maps.Keys(open)) {
		r.problem("the client key's policy does not deny %s for certain to %s: with a policy of its own or a KMS grant, the server could read what clients encrypt",
			actions, some(open[actions]))
	}
	r.prove(before, "the server is blind: to each of %s, and to any other under %s, the client key's policy denies all %d actions on it, whatever the role's own policy says and whatever KMS grants it has",
		counted(roles, "role", "roles"), ServerPath, len(keyActions))
}

// open are the actions on a key that its policy does not deny somebody for certain.
func (k *key) open(who iampolicy.Principal) []string {
	own, grants := everything(who)
	a := iampolicy.Access{Identity: own, Resource: k.policy, KMS: true, Grants: grants}
	var open []string
	for _, action := range keyActions {
		if a.Decide(iampolicy.Request{Principal: who, Action: action, Resource: k.ARN()}).Denied != iampolicy.Yes {
			open = append(open, action)
		}
	}
	return open
}

// roleARN is the ARN of a role in the key's account.
func (k *key) roleARN(path string) string {
	begins, _, _ := strings.Cut(k.ARN(), ":kms:")
	return begins + ":iam::" + iampolicy.AccountOf(k.ARN()) + ":role" + path
}

// runs says whether a role is that of an operation's function.
func (w *world) runs(i *identity) bool {
	return slices.ContainsFunc(w.functions, func(f *function) bool { return f.row != nil && f.role == i })
}

// outsiders finds statements of the client key's policy that let in anybody but through the account's IAM policies.
func (w *world) outsiders(r *Report, k *key) {
	account := iampolicy.AccountOf(k.ARN())
	for _, s := range k.policy.Statements {
		if s.Effect != iampolicy.Allow {
			continue
		}
		what := fmt.Sprintf("the client key's policy (%s)", named(s))
		switch {
		case s.NotPrincipal:
			r.problem("%s allows %s to everybody but some, with NotPrincipal", what, some(s.Actions))
		case s.Principals == nil:
			r.problem("%s allows %s and does not say to whom", what, some(s.Actions))
		case s.NotAction:
			r.problem("%s allows all but %s, with NotAction", what, some(s.Actions))
		}
		for _, p := range s.Principals {
			switch {
			case s.NotPrincipal:
			case p.Kind == "AWS" && p.Value == "*":
				r.problem(`%s allows %s to everybody, Principal "*"%s: to whoever calls, with no IAM policy`, what, some(s.Actions), when(s))
			case p.Kind != "AWS":
				r.problem("%s allows %s to the %s %s%s, which is no client", what, some(s.Actions), strings.ToLower(p.Kind), p.Value, when(s))
			case iampolicy.AccountOf(p.Value) != account && p.Value != account:
				r.problem("%s allows %s to %s, which is not in the key's own account", what, some(s.Actions), p.Value)
			case !k.leavesItToIAM(p):
				r.problem("%s allows %s to %s itself%s, whatever the account's IAM policies say", what, some(s.Actions), p.Value, when(s))
			}
		}
	}
}

// leavesItToIAM says whether a principal of a key's policy is the key's account, so that the account's IAM policies decide.
func (k *key) leavesItToIAM(p iampolicy.PrincipalPattern) bool {
	return p.Kind == "AWS" && (strings.HasSuffix(p.Value, ":root") || p.Value == iampolicy.AccountOf(k.ARN()))
}

// users finds identities of the templates that could use the client key and are no clients.
func (w *world) users(r *Report, k *key) {
	for _, i := range w.identities {
		if i.server() {
			continue // it is denied all
		}
		if may := w.may(i, k, opening); len(may) > 0 {
			r.problem("%s could %s with the client key%s", i.Label(), some(may), i.why())
		}
	}
}

// why names managed policies that can't be looked into.
func (i *identity) why() string {
	if len(i.hidden) == 0 {
		return ""
	}
	return ": what the managed policy " + some(i.hidden) + " allows is not in the templates"
}

// may are the actions on a key that an identity may do, or might.
func (w *world) may(i *identity, k *key, actions []string) []string {
	var may []string
	a := iampolicy.Access{Identity: i.policies, Resource: k.policy, KMS: true}
	for _, action := range actions {
		if a.Decide(iampolicy.Request{Principal: i.principal(), Action: action, Resource: k.ARN()}).Allowed != iampolicy.No {
			may = append(may, action)
		}
	}
	return may
}

// unboundGrants proves that nobody, with every IAM policy there is, can make a grant on the client key that is not bound
// to the whole of an encryption context, or that allows more than clients ask for. Bound to a part of one, such as the
// organization, it would open every project
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-grant-constraint-type).
func (w *world) unboundGrants(r *Report, k *key) {
	before := len(r.Problems)
	admin := iampolicy.Principal{ARN: k.roleARN("/administrator")}
	all, _ := everything(admin)
	denied := func(context iampolicy.Context) bool {
		a := iampolicy.Access{Identity: all, Resource: k.policy, KMS: true}
		return a.Decide(iampolicy.Request{Principal: admin, Action: "kms:CreateGrant", Resource: k.ARN(), Context: context}).Allowed == iampolicy.No
	}
	operations := func(names ...string) iampolicy.Context {
		return iampolicy.Context{Known: map[string][]string{"kms:GrantOperations": names}}
	}
	if !denied(operations("Decrypt").With("kms:GrantConstraintType")) {
		r.problem("a grant on the client key can be made without an encryption context, which opens every project: its policy denies that to nobody")
	}
	if !denied(operations("Decrypt").With("kms:GrantConstraintType", "EncryptionContextSubset")) {
		r.problem("a grant on the client key can be made for a part of an encryption context (EncryptionContextSubset), which opens all projects that have it: its policy denies that to nobody")
	}
	var more []string
	for _, action := range without(keyActions, granted) {
		name := strings.TrimPrefix(action, "kms:")
		if !denied(operations("Decrypt", name).With("kms:GrantConstraintType", "EncryptionContextEquals")) {
			more = append(more, name)
		}
	}
	if len(more) > 0 {
		r.problem("a grant of %s on the client key can be made: clients need Decrypt and GenerateDataKey, and its policy denies the rest to nobody", some(more))
	}
	r.prove(before, "no grant on the client key can be made without the whole of an encryption context, or for more than Decrypt and GenerateDataKey")
}

// usersOf is the table of who could use a key, and under which conditions.
func (w *world) usersOf(k *key) Section {
	section := Section{Title: fmt.Sprintf("Who could use the %s key (%s)", k.purpose, k.ARN()), Header: []string{"WHO", "MAY", "WHEN"}}
	for _, s := range k.policy.Statements {
		who, may := "", some(s.Actions)
		for _, p := range s.Principals {
			who += ", " + w.called(p, k)
		}
		who = strings.TrimPrefix(who, ", ")
		if s.NotPrincipal {
			who = "everybody but " + who
		}
		if s.NotAction {
			may = "all but " + may
		}
		if s.Effect == iampolicy.Deny {
			may = "never " + may
		}
		section.Rows = append(section.Rows, []string{who, may, conditions(s)})
	}
	for _, i := range w.identities {
		if i.server() {
			continue
		}
		if may := w.may(i, k, keyActions); len(may) > 0 {
			section.Rows = append(section.Rows, []string{i.ARN(), some(may), w.conditionsOf(i, k, may)})
		}
	}
	section.Rows = append(section.Rows,
		[]string{"whoever holds a KMS grant", "what the grant says", "its encryption context; never against a Deny above"})
	return section
}

// called is a principal of a key's policy in words.
func (w *world) called(p iampolicy.PrincipalPattern, k *key) string {
	switch {
	case p.Kind == "AWS" && p.Value == "*":
		return "everybody"
	case k.leavesItToIAM(p):
		return "users and roles of the account whose IAM policy allows it"
	case p.Kind == "AWS":
		return p.Value
	}
	return "the " + strings.ToLower(p.Kind) + " " + p.Value
}

// conditionsOf are the conditions of the statements by which an identity may use a key.
func (w *world) conditionsOf(i *identity, k *key, may []string) string {
	var all []string
	a := iampolicy.Access{Identity: i.policies, Resource: k.policy, KMS: true}
	for _, action := range may {
		for _, reason := range a.Decide(iampolicy.Request{Principal: i.principal(), Action: action, Resource: k.ARN()}).Reasons {
			if reason.Statement == nil || reason.Statement.Effect != iampolicy.Allow {
				continue
			}
			if text := conditions(*reason.Statement); text != "" && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return strings.Join(all, "; ")
}

// conditions are those of a statement, in a line.
func conditions(s iampolicy.Statement) string {
	var all []string
	for _, c := range s.Conditions {
		all = append(all, fmt.Sprintf("%s %s %s", c.Key, c.Operator, strings.Join(c.Values, " or ")))
	}
	return strings.Join(all, " and ")
}

func when(s iampolicy.Statement) string {
	if text := conditions(s); text != "" {
		return ", when " + text
	}
	return ""
}

// named is a statement's Sid, or what it has in place of one.
func named(s iampolicy.Statement) string {
	if s.Sid != "" {
		return s.Sid
	}
	return string(s.Effect) + " " + some(s.Actions)
}
