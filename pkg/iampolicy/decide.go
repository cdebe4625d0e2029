package iampolicy

import (
	"fmt"
	"strings"
)

// Access is all that decides on a resource in an account.
type Access struct {
	// Identity are the policies of who asks: its own, its groups', managed ones.
	Identity []Document
	// Resource is the resource's policy, if it has one; Account is that of the resource, if its ARN does not say it.
	Resource *Document
	Account  string
	// KMS says that the resource is a key: identity policies count only where the key's policy leaves that to the account
	// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html), and Grants may allow too.
	KMS    bool
	Grants []Grant
}

// A Grant is one on a KMS key (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html).
type Grant struct {
	// Grantee is the ARN of who has it.
	Grantee string
	// Operations are as KMS names them: Decrypt.
	Operations []string
	// Equals is the encryption context that a request must have, or nil; Subset what it must have in its own.
	Equals, Subset map[string]string
}

// A Decision is what policies say of a request.
type Decision struct {
	// Allowed says whether it may be done.
	Allowed Truth
	// Denied says whether a statement denies it explicitly: with Yes no Allow and no grant changes anything.
	Denied Truth
	// Reasons are the statements and grants that say so, or might.
	Reasons []Reason
}

// A Reason is a statement that is about a request, or may be.
type Reason struct {
	// Policy is the document's name; Statement is nil for a grant.
	Policy    string
	Statement *Statement
	Grant     *Grant
	// Certain is Yes or Maybe.
	Certain Truth
	// Delegates says that a key's statement only leaves it to identity policies.
	Delegates bool
}

func (r Reason) String() string {
	if r.Statement == nil {
		return "a KMS grant to " + r.Grant.Grantee
	}
	name := r.Policy
	if r.Statement.Sid != "" {
		name = strings.TrimSpace(name + " " + r.Statement.Sid)
	}
	return fmt.Sprintf("%s (%s)", name, r.Statement.Effect)
}

// A tally is what statements say so far.
type tally struct {
	deny, identity, direct, account, grant Truth
	reasons                                []Reason
}

// Decide says whether a request may be done.
func (a Access) Decide(r Request) Decision {
	var t tally
	for _, d := range a.Identity {
		t.identityPolicy(d, r)
	}
	if a.Resource != nil {
		t.resourcePolicy(*a.Resource, r)
	}
	for i, g := range a.Grants {
		if c := g.allows(r); c > No {
			t.grant = max(t.grant, c)
			t.reasons = append(t.reasons, Reason{Grant: &a.Grants[i], Certain: c})
		}
	}
	return Decision{Allowed: min(a.allowed(t, r), t.deny.Not()), Denied: t.deny, Reasons: t.reasons}
}

// allowed puts together what allows, without what denies.
func (a Access) allowed(t tally, r Request) Truth {
	same := a.sameAccount(r)
	within := max(t.identity, t.direct)
	if a.KMS {
		within = max(t.direct, min(t.account, t.identity), t.grant)
	}
	// From elsewhere, both sides have to allow it.
	across := max(min(max(t.direct, t.account), t.identity), t.grant)
	switch same {
	case Yes:
		return within
	case No:
		return across
	case Maybe:
	}
	if within == across {
		return within
	}
	return Maybe
}

// sameAccount says whether who asks is in the resource's account; a service is where its permission is.
func (a Access) sameAccount(r Request) Truth {
	account := a.Account
	if account == "" {
		account = AccountOf(r.Resource)
	}
	if r.Principal.Service != "" || account == "" {
		return Yes
	}
	return like(account, AccountOf(r.Principal.ARN), false)
}

func (t *tally) identityPolicy(d Document, r Request) {
	for i := range d.Statements {
		s := &d.Statements[i]
		about := s.about(r)
		if s.Resources == nil || s.Principals != nil {
			about = min(about, Maybe) // not as an identity's policy has to be
		}
		t.note(d, s, about, No)
		if s.Effect == Allow {
			t.identity = max(t.identity, about)
		}
	}
}

func (t *tally) resourcePolicy(d Document, r Request) {
	for i := range d.Statements {
		s := &d.Statements[i]
		about := s.about(r)
		direct, account := s.names(r.Principal)
		direct, account = min(about, direct), min(about, account)
		t.note(d, s, direct, account)
		if s.Effect == Allow {
			t.direct, t.account = max(t.direct, direct), max(t.account, account)
		}
	}
}

// note keeps what a statement says, and what it denies.
func (t *tally) note(d Document, s *Statement, direct, account Truth) {
	about := max(direct, account)
	if about == No {
		return
	}
	if s.Effect == Deny {
		t.deny = max(t.deny, about)
	}
	t.reasons = append(t.reasons, Reason{Policy: d.Name, Statement: s, Certain: about, Delegates: s.Effect == Allow && direct == No})
}

// about says whether a statement is about a request, whoever asks.
func (s Statement) about(r Request) Truth {
	action := strings.ToLower(r.Action)
	acts := anyOf(s.Actions, func(pattern string) Truth { return like(strings.ToLower(pattern), action, true) })
	if s.NotAction {
		acts = acts.Not()
	}
	if acts == No {
		return No
	}
	on := Yes
	if s.Resources != nil {
		on = anyOf(s.Resources, func(pattern string) Truth { return resourceLike(pattern, r.Resource) })
	}
	if s.NotResource {
		on = on.Not()
	}
	if on == No {
		return No
	}
	about := min(acts, on, allOf(s.Conditions, func(c Condition) Truth { return c.holds(r) }))
	if len(s.Unread) > 0 {
		about = min(about, Maybe)
	}
	return about
}

// allows says whether a grant allows a request.
func (g Grant) allows(r Request) Truth {
	operation, isKMS := strings.CutPrefix(r.Action, "kms:")
	if !isKMS || r.Principal.ARN == "" {
		return No
	}
	may := min(
		anyOf(g.Operations, func(o string) Truth { return truth(strings.EqualFold(o, operation)) }),
		like(g.Grantee, r.Principal.ARN, false),
	)
	if g.Equals != nil && !r.Context.Closed {
		may = min(may, Maybe) // there may be more in its context
	}
	for _, constraint := range []map[string]string{g.Equals, g.Subset} {
		for key, value := range constraint {
			may = min(may, Condition{"StringEquals", "kms:EncryptionContext:" + key, []string{value}}.holds(r))
		}
	}
	return may
}
