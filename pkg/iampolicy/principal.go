package iampolicy

import "strings"

// names says how a statement of a resource's policy is about a principal: directly, or, by the account's ARN, by leaving
// it to the account's own policies.
func (s Statement) names(p Principal) (direct, account Truth) {
	for _, pattern := range s.Principals {
		d, a := pattern.names(p)
		direct, account = max(direct, d), max(account, a)
	}
	switch {
	case s.Principals == nil: // an identity's policy, or no policy of a resource's: it can't be told here
		return Maybe, Maybe
	case !s.NotPrincipal:
		return direct, account
	case s.Effect == Allow:
		// Everybody else. Who is named may still come as a session, which is another principal.
		return max(Maybe, max(direct, account).Not()), No
	}
	// Deny: for everybody else, but it is about more than one principal of a request (account, role, session), so that it
	// is never certain that somebody is meant.
	return min(Maybe, max(direct, account).Not()), No
}

func (pattern PrincipalPattern) names(p Principal) (direct, account Truth) {
	switch pattern.Kind {
	case "AWS":
		if pattern.Value == "*" {
			return Yes, No
		}
		if p.ARN == "" {
			return No, No
		}
		return namesIdentity(pattern.Value, p.ARN)
	case "Service":
		if p.Service == "" {
			return No, No
		}
		return like(pattern.Value, p.Service, false), No
	case "Federated", "CanonicalUser":
		return Maybe, No
	}
	return Maybe, Maybe
}

// namesIdentity compares the value of Principal AWS with a user's or role's ARN.
func namesIdentity(value, arn string) (direct, account Truth) {
	own := AccountOf(arn)
	parts := segments(value)
	switch {
	case parts == nil && isAccount(value):
		return No, like(value, own, false)
	case parts == nil && hasSymbol(value):
		return Maybe, Maybe
	case parts == nil:
		return No, No // a unique id: of something that was deleted
	case parts[2] == "iam" && parts[5] == "root":
		return No, like(parts[4], own, false)
	case parts[2] == "sts" && strings.HasPrefix(parts[5], "assumed-role/"):
		role := strings.Split(parts[5], "/")[1]
		name := arn[strings.LastIndex(arn, "/")+1:]
		return min(Maybe, like(parts[4], own, false), like(role, name, false)), No // some of its sessions
	case parts[2] == "sts":
		return Maybe, No
	}
	return like(value, arn, false), No
}

func isAccount(text string) bool {
	return text == "${AWS::AccountId}" || len(text) == 12 && strings.Trim(text, "0123456789") == ""
}
