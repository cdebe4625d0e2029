package iampolicy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/iampolicy"
)

const (
	account = "arn:aws:iam::111122223333:root"
	role    = "arn:aws:iam::111122223333:role/team/app"
	server  = "arn:aws:iam::111122223333:role/strongroom/server/get-secret"
	key     = "arn:aws:kms:eu-central-1:111122223333:key/client"

	toAccount = `{"Sid":"IAM","Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"kms:*","Resource":"*"}`
	blind     = `{"Sid":"Blind","Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*",` +
		`"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/strongroom/server/*"}}}`
)

func policy(t *testing.T, statements ...string) iampolicy.Document {
	t.Helper()
	d, err := iampolicy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// may is an Allow of an identity's policy.
func may(action, resource string) string {
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`
}

func TestKeysAndWhoMayUseThem(t *testing.T) {
	decrypts := iampolicy.Grant{Grantee: server, Operations: []string{"Decrypt"}}
	const yes, no, maybe = iampolicy.Yes, iampolicy.No, iampolicy.Maybe
	for _, c := range []struct {
		name            string
		who             string
		identity, key   []string
		grants          []iampolicy.Grant
		allowed, denied iampolicy.Truth
	}{
		{name: "an IAM policy, and a key that leaves it to the account",
			who: role, identity: []string{may("kms:decrypt", key)}, key: []string{toAccount}, allowed: yes},
		{name: "an IAM policy, and a key that does not",
			who: role, identity: []string{may("kms:*", "*")}, key: []string{`{"Effect":"Allow","Principal":{"AWS":"` + server + `"},"Action":"kms:*","Resource":"*"}`}, allowed: no},
		{name: "a key that leaves only other actions to the account",
			who: role, identity: []string{may("kms:*", "*")}, key: []string{strings.Replace(toAccount, "kms:*", "kms:Describe*", 1)}, allowed: no},
		{name: "the key's policy alone",
			who: role, key: []string{`{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"kms:Decrypt","Resource":"*"}`}, allowed: yes},
		{name: "a key that leaves it to an account without IAM policies", who: role, key: []string{toAccount}, allowed: no},
		{name: "the account by its number", who: role, identity: []string{may("*", "*")},
			key: []string{strings.Replace(toAccount, account, "111122223333", 1)}, allowed: yes},
		{name: "another account", who: "arn:aws:iam::999999999999:role/x", identity: []string{may("*", "*")}, key: []string{toAccount}, allowed: no},
		{name: "anybody, from another account, with IAM policies there", who: "arn:aws:iam::999999999999:role/x", identity: []string{may("*", "*")},
			key: []string{`{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`}, allowed: yes},
		{name: "anybody", who: role, key: []string{`{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`}, allowed: yes},
		{name: "anybody through a service", who: role, allowed: maybe,
			key: []string{`{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-central-1.amazonaws.com"}}}`}},
		{name: "the Deny beats an IAM policy", who: server, identity: []string{may("kms:*", "*")}, key: []string{toAccount, blind}, allowed: no, denied: yes},
		{name: "the Deny beats a grant", who: server, key: []string{toAccount, blind}, grants: []iampolicy.Grant{decrypts}, allowed: no, denied: yes},
		{name: "the Deny beats the key's own Allow", who: server, allowed: no, denied: yes,
			key: []string{`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, blind}},
		{name: "a grant, without the Deny", who: server, key: []string{toAccount}, grants: []iampolicy.Grant{decrypts}, allowed: yes},
		{name: "a grant of somebody else's", who: role, key: []string{toAccount}, grants: []iampolicy.Grant{decrypts}, allowed: no},
		{name: "a grant for one context", who: server, key: []string{toAccount}, allowed: maybe,
			grants: []iampolicy.Grant{{Grantee: server, Operations: []string{"Decrypt"}, Subset: map[string]string{"strongroom:project": "p"}}}},
		{name: "the Deny does not beat others", who: role, identity: []string{may("kms:*", "*")}, key: []string{toAccount, blind}, allowed: yes},
		{name: "a Deny with a condition that is not known", who: server, identity: []string{may("kms:*", "*")}, allowed: maybe, denied: maybe,
			key: []string{toAccount, strings.Replace(blind, `"ArnLike":`, `"StringEquals":{"aws:SourceVpc":"vpc-1"},"ArnLike":`, 1)}},
		{name: "a Deny of all but some actions", who: server, identity: []string{may("kms:*", "*")}, allowed: no, denied: yes,
			key: []string{toAccount, strings.Replace(blind, `"Action":"kms:*"`, `"NotAction":"kms:DescribeKey"`, 1)}},
		{name: "a Deny of all but this", who: server, identity: []string{may("kms:*", "*")}, allowed: yes,
			key: []string{toAccount, strings.Replace(blind, `"Action":"kms:*"`, `"NotAction":"kms:Dec*"`, 1)}},
		{name: "a Deny for all but somebody", who: server, identity: []string{may("kms:*", "*")}, allowed: maybe, denied: maybe,
			key: []string{toAccount, `{"Effect":"Deny","NotPrincipal":{"AWS":"` + role + `"},"Action":"kms:*","Resource":"*"}`}},
		{name: "an Allow for all but somebody", who: server, allowed: yes,
			key: []string{`{"Effect":"Allow","NotPrincipal":{"AWS":"` + role + `"},"Action":"kms:*","Resource":"*"}`}},
		{name: "an Allow for all but this one", who: role, allowed: maybe,
			key: []string{`{"Effect":"Allow","NotPrincipal":{"AWS":"` + role + `"},"Action":"kms:*","Resource":"*"}`}},
		{name: "an IAM Deny", who: role, key: []string{toAccount}, allowed: no, denied: yes,
			identity: []string{may("kms:*", "*"), `{"Effect":"Deny","Action":"kms:Decrypt","Resource":"` + key + `"}`}},
		{name: "all actions but one", who: role, key: []string{toAccount}, allowed: yes,
			identity: []string{`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`}},
		{name: "all resources but this", who: role, key: []string{toAccount}, allowed: no,
			identity: []string{`{"Effect":"Allow","Action":"*","NotResource":"` + key + `"}`}},
		{name: "a policy variable", who: role, key: []string{toAccount}, identity: []string{may("kms:*", "arn:aws:kms:*:*:key/${aws:PrincipalTag/key}")}, allowed: maybe},
		{name: "an element that is not known", who: role, key: []string{toAccount}, allowed: maybe,
			identity: []string{`{"Effect":"Allow","Action":"*","Resource":"*","Unless":{}}`}},
		{name: "a Deny with an element that is not known", who: role, key: []string{toAccount}, allowed: maybe, denied: maybe,
			identity: []string{may("*", "*"), `{"Effect":"Deny","Action":"*","Resource":"*","Unless":{}}`}},
		{name: "a session of the role", who: role, allowed: maybe,
			key: []string{`{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/app/x"},"Action":"kms:*","Resource":"*"}`}},
		{name: "a session of another role", who: role, allowed: no,
			key: []string{`{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/other/x"},"Action":"kms:*","Resource":"*"}`}},
		{name: "something deleted", who: role, allowed: no,
			key: []string{`{"Effect":"Allow","Principal":{"AWS":"AROAEXAMPLE"},"Action":"kms:*","Resource":"*"}`}},
		{name: "an account that is not known yet", who: strings.Replace(role, "111122223333", "${AWS::AccountId}", 1), identity: []string{may("*", "*")}, key: []string{toAccount}, allowed: maybe},
		{name: "a service", who: "lambda.amazonaws.com", allowed: yes,
			key: []string{`{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"kms:*","Resource":"*"}`}},
		{name: "another service", who: "lambda.amazonaws.com", allowed: no,
			key: []string{`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"kms:*","Resource":"*"}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			keyPolicy := policy(t, c.key...)
			a := iampolicy.Access{Identity: []iampolicy.Document{policy(t, c.identity...)}, Resource: &keyPolicy, KMS: true, Grants: c.grants}
			who := iampolicy.Principal{ARN: c.who}
			if strings.HasSuffix(c.who, ".amazonaws.com") {
				who = iampolicy.Principal{Service: c.who}
			}
			d := a.Decide(iampolicy.Request{Principal: who, Action: "kms:Decrypt", Resource: key})
			if d.Allowed != c.allowed || d.Denied != c.denied {
				t.Errorf("allowed %s, denied %s; want %s and %s (%v)", d.Allowed, d.Denied, c.allowed, c.denied, d.Reasons)
			}
		})
	}
}

func TestOneAccountsResourcesAreOpenByEitherPolicy(t *testing.T) {
	function := "arn:aws:lambda:eu-central-1:111122223333:function:f"
	ask := iampolicy.Request{Principal: iampolicy.Principal{ARN: role}, Action: "lambda:InvokeFunction", Resource: function}
	open := policy(t, `{"Effect":"Allow","Principal":{"AWS":"`+role+`"},"Action":"lambda:*","Resource":"`+function+`"}`)
	for want, a := range map[iampolicy.Truth]iampolicy.Access{
		iampolicy.Yes: {Resource: &open},
		iampolicy.No:  {Identity: []iampolicy.Document{policy(t, may("lambda:Get*", "*"))}},
	} {
		if got := a.Decide(ask).Allowed; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	ask.Principal.ARN = strings.Replace(role, "111122223333", "999999999999", 1)
	elsewhere := policy(t, `{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"lambda:*","Resource":"`+function+`"}`)
	a := iampolicy.Access{Resource: &elsewhere}
	if got := a.Decide(ask).Allowed; got != iampolicy.No {
		t.Errorf("from another account without a policy there: %s", got)
	}
	a.Identity = []iampolicy.Document{policy(t, may("lambda:InvokeFunction", "*"))}
	if got := a.Decide(ask).Allowed; got != iampolicy.Yes {
		t.Errorf("from another account with one: %s", got)
	}
}

func TestGrantsForAContext(t *testing.T) {
	only := iampolicy.Grant{Grantee: role, Operations: []string{"Decrypt"}, Equals: map[string]string{"strongroom:project": "p"}}
	none := policy(t, toAccount)
	ask := iampolicy.Request{Principal: iampolicy.Principal{ARN: role}, Action: "kms:Decrypt", Resource: key}
	context := iampolicy.Context{Closed: true}
	for project, want := range map[string]iampolicy.Truth{"p": iampolicy.Yes, "q": iampolicy.No} {
		ask.Context = context.With("kms:EncryptionContext:strongroom:project", project)
		if got := (iampolicy.Access{Resource: &none, KMS: true, Grants: []iampolicy.Grant{only}}).Decide(ask).Allowed; got != want {
			t.Errorf("project %s: %s, want %s", project, got, want)
		}
	}
}

func TestReasonsNameTheStatements(t *testing.T) {
	d := policy(t, toAccount, blind)
	d.Name = "the client key's policy"
	got := iampolicy.Access{Resource: &d, KMS: true, Grants: []iampolicy.Grant{{Grantee: server, Operations: []string{"Decrypt"}}}}.Decide(
		iampolicy.Request{Principal: iampolicy.Principal{ARN: server}, Action: "kms:Decrypt", Resource: key})
	var said []string
	for _, r := range got.Reasons {
		said = append(said, r.String())
	}
	want := []string{"the client key's policy IAM (Allow)", "the client key's policy Blind (Deny)", "a KMS grant to " + server}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNoPolicyIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`[]`: "must be a JSON object",
		`{}`: "must have the element Statement",
		`{"Statement":[{"Effect":"Allow","Action":"*","Action":"kms:*"}]}`: "duplicate",
		`{"Statement":"all"}`:                                                                  "statement 1 must be an object",
		`{"Statement":{"Effect":"allow","Action":"*"}}`:                                        `not "allow"`,
		`{"Statement":{"Action":"*"}}`:                                                         `effect must be Allow or Deny`,
		`{"Statement":{"Effect":"Allow"}}`:                                                     "neither Action nor NotAction",
		`{"Statement":{"Effect":"Allow","Action":1}}`:                                          "Action: must be a string",
		`{"Statement":{"Effect":"Allow","Action":"*","NotAction":"a:b"}}`:                      "both Action and NotAction",
		`{"Statement":{"Effect":"Allow","Action":"*","Principal":"me"}}`:                       `must be "*" or an object`,
		`{"Statement":{"Effect":"Allow","Action":"*","Principal":{"AWS":{}}}}`:                 "AWS must be a string",
		`{"Statement":{"Effect":"Allow","Action":"*","Condition":"x"}}`:                        "Condition: must be an object",
		`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":"x"}}}`:               "Bool must be an object",
		`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"a:b":[{}]}}}}`:      "must be strings, numbers or truth values",
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"x","x":1}}`: "both Resource and NotResource",
	} {
		if _, err := iampolicy.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestOneStatementWithoutBracketsAndValuesThatAreNoTexts(t *testing.T) {
	d, err := iampolicy.Parse([]byte(`{"Id":"x","Statement":{"Sid":"a","Effect":"Deny","NotPrincipal":{"Service":["b","c"]},"NotAction":"d","NotResource":["e"],` +
		`"Condition":{"Bool":{"f":true},"NumericLessThan":{"g":[1,2.5]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := iampolicy.Statement{
		Sid: "a", Effect: iampolicy.Deny, NotPrincipal: true, NotAction: true, NotResource: true,
		Principals: []iampolicy.PrincipalPattern{{Kind: "Service", Value: "b"}, {Kind: "Service", Value: "c"}},
		Actions:    []string{"d"}, Resources: []string{"e"},
		Conditions: []iampolicy.Condition{{Operator: "Bool", Key: "f", Values: []string{"true"}}, {Operator: "NumericLessThan", Key: "g", Values: []string{"1", "2.5"}}},
	}
	if diff := cmp.Diff([]iampolicy.Statement{want}, d.Statements); diff != "" {
		t.Error(diff)
	}
}
