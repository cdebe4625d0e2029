package iampolicy

import (
	"slices"
	"strings"
)

// A Request is what somebody asks AWS for.
type Request struct {
	Principal Principal
	// Action is as IAM names it: kms:Decrypt.
	Action string
	// Resource is its ARN, or * for actions that have none.
	Resource string
	Context  Context
}

// A Principal asks: an IAM user or role, or a service of AWS.
type Principal struct {
	// ARN is arn:aws:iam::ACCOUNT:role/PATH/NAME, or a user's, as the condition key aws:PrincipalArn has it: with its path,
	// and for a session that of its role.
	ARN string
	// Service is a service's name, as in apigateway.amazonaws.com, in place of an ARN.
	Service string
}

// A Context is what is known of the request's condition keys. Names are compared without regard to case.
type Context struct {
	// Known are the values of keys that the request has; a key without values is known not to be there.
	Known map[string][]string
	// Closed says that all other keys are known not to be there. Else they may be, with any value.
	Closed bool
}

// With is the context and one key more.
func (c Context) With(key string, values ...string) Context {
	known := map[string][]string{key: values}
	for name, had := range c.Known {
		if !strings.EqualFold(name, key) {
			known[name] = had
		}
	}
	c.Known = known
	return c
}

// lookup answers a key's values, and whether they are known; without values it is known not to be there.
func (r Request) lookup(key string) (values []string, known bool) {
	for name, values := range r.Context.Known {
		if strings.EqualFold(name, key) {
			return values, true
		}
	}
	if values, known := r.Principal.key(strings.ToLower(key)); known {
		return values, true
	}
	return nil, r.Context.Closed
}

// key answers the condition keys that follow from who asks
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
func (p Principal) key(key string) (values []string, known bool) {
	switch {
	case p.ARN != "" && key == "aws:principalarn":
		return []string{p.ARN}, true
	case p.ARN != "" && key == "aws:principalaccount":
		return []string{AccountOf(p.ARN)}, true
	case p.ARN != "" && key == "kms:calleraccount":
		return []string{AccountOf(p.ARN)}, true
	case key == "aws:principalisawsservice":
		return []string{map[bool]string{true: "true", false: "false"}[p.Service != ""]}, true
	case p.Service != "" && key == "aws:principalservicename":
		return []string{p.Service}, true
	case p.ARN != "" && slices.Contains([]string{"aws:principalservicename", "aws:principalservicenameslist"}, key):
		return nil, true
	}
	return nil, false
}
