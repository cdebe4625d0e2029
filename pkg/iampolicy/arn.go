package iampolicy

import "strings"

// segments are the six parts of an ARN; the last may have colons. It is nil for a text that is no ARN.
func segments(arn string) []string {
	// A colon within a symbol is none: ${AWS::Region}.
	parts := make([]string, 0, 6)
	within, start := false, 0
	for i := 0; i < len(arn) && len(parts) < 5; i++ {
		switch arn[i] {
		case '$':
			within = within || i+1 < len(arn) && arn[i+1] == '{'
		case '}':
			within = false
		case ':':
			if !within {
				parts = append(parts, arn[start:i])
				start = i + 1
			}
		}
	}
	parts = append(parts, arn[start:])
	if len(parts) != 6 || parts[0] != "arn" {
		return nil
	}
	return parts
}

// AccountOf is the account in an ARN, which may be empty or a symbol.
func AccountOf(arn string) string {
	if parts := segments(arn); parts != nil {
		return parts[4]
	}
	return ""
}

// arnLike compares as the operators ArnLike and ArnEquals do, which behave alike: each of the six parts by itself
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN).
func arnLike(pattern, value string) Truth {
	p, v := segments(pattern), segments(value)
	if p == nil || v == nil {
		if pattern == value {
			return Yes
		}
		return Maybe // no ARN: it is not documented what is compared then, and a symbol may stand for one
	}
	whole := Yes
	for i := range p {
		whole = min(whole, like(p[i], v[i], true))
	}
	if whole == No && (loose(pattern) || loose(value)) {
		return min(like(pattern, value, true), Maybe) // a symbol may have colons in it
	}
	return whole
}

// loose says whether a text has a symbol that may have colons in it.
func loose(text string) bool {
	for _, u := range units(text, false) {
		if u.kind == unknown && !u.plain() {
			return true
		}
	}
	return false
}

// resourceLike compares a pattern of the element Resource. There, a * at the end of a part may go on beyond the colon
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html); one elsewhere in a part is
// not said to, so that what would need that is Maybe.
func resourceLike(pattern, value string) Truth {
	if pattern == "*" {
		return Yes
	}
	whole := like(pattern, value, true)
	if whole != Yes {
		return whole
	}
	if begins, ok := strings.CutSuffix(pattern, "*"); ok && !strings.ContainsAny(begins, "*?") {
		return Yes
	}
	if p, v := segments(pattern), segments(value); p != nil && v != nil {
		return max(Maybe, arnLike(pattern, value))
	}
	return Maybe
}
