package iampolicy

import (
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// An operator compares one value of a policy with one of a request.
type operator struct {
	compare func(policy, request string) Truth
	// negated says that none may match.
	negated bool
}

// operators are the condition operators, in lower case
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html). Null is apart,
// and BinaryEquals is not among them.
var operators = map[string]operator{
	"stringequals":              {compare: equals},
	"stringnotequals":           {compare: equals, negated: true},
	"stringequalsignorecase":    {compare: foldEquals},
	"stringnotequalsignorecase": {compare: foldEquals, negated: true},
	"stringlike":                {compare: stringLike},
	"stringnotlike":             {compare: stringLike, negated: true},
	"arnequals":                 {compare: arnLike},
	"arnlike":                   {compare: arnLike},
	"arnnotequals":              {compare: arnLike, negated: true},
	"arnnotlike":                {compare: arnLike, negated: true},
	"bool":                      {compare: foldEquals},
	"numericequals":             {compare: numeric(func(c int) bool { return c == 0 })},
	"numericnotequals":          {compare: numeric(func(c int) bool { return c == 0 }), negated: true},
	"numericlessthan":           {compare: numeric(func(c int) bool { return c < 0 })},
	"numericlessthanequals":     {compare: numeric(func(c int) bool { return c <= 0 })},
	"numericgreaterthan":        {compare: numeric(func(c int) bool { return c > 0 })},
	"numericgreaterthanequals":  {compare: numeric(func(c int) bool { return c >= 0 })},
	"dateequals":                {compare: dated(func(c int) bool { return c == 0 })},
	"datenotequals":             {compare: dated(func(c int) bool { return c == 0 }), negated: true},
	"datelessthan":              {compare: dated(func(c int) bool { return c < 0 })},
	"datelessthanequals":        {compare: dated(func(c int) bool { return c <= 0 })},
	"dategreaterthan":           {compare: dated(func(c int) bool { return c > 0 })},
	"dategreaterthanequals":     {compare: dated(func(c int) bool { return c >= 0 })},
	"ipaddress":                 {compare: address},
	"notipaddress":              {compare: address, negated: true},
}

func equals(policy, request string) Truth     { return like(policy, request, false) }
func stringLike(policy, request string) Truth { return like(policy, request, true) }

func foldEquals(policy, request string) Truth {
	if hasSymbol(policy) || hasSymbol(request) {
		return max(like(policy, request, false), min(Maybe, like(strings.ToLower(policy), strings.ToLower(request), false)))
	}
	return truth(strings.EqualFold(policy, request))
}

// numeric compares numbers: the request's with the policy's.
func numeric(holds func(int) bool) func(policy, request string) Truth {
	return func(policy, request string) Truth {
		p, ok := new(big.Rat).SetString(policy)
		r, also := new(big.Rat).SetString(request)
		if !ok || !also {
			return Maybe
		}
		return truth(holds(r.Cmp(p)))
	}
}

// dated compares times, in the form of ISO 8601 or in seconds of the epoch.
func dated(holds func(int) bool) func(policy, request string) Truth {
	return func(policy, request string) Truth {
		p, ok := moment(policy)
		r, also := moment(request)
		if !ok || !also {
			return Maybe
		}
		return truth(holds(r.Compare(p)))
	}
}

func moment(text string) (time.Time, bool) {
	if seconds, ok := new(big.Int).SetString(text, 10); ok && seconds.IsInt64() {
		return time.Unix(seconds.Int64(), 0), true
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// address says whether the request's address is, or is in, the policy's.
func address(policy, request string) Truth {
	ip, err := netip.ParseAddr(request)
	if err != nil {
		return Maybe
	}
	if exact, err := netip.ParseAddr(policy); err == nil {
		return truth(exact == ip)
	}
	within, err := netip.ParsePrefix(policy)
	if err != nil {
		return Maybe
	}
	return truth(within.Contains(ip))
}

// A quantifier says of which of a request's values a condition is about.
type quantifier string

const (
	single quantifier = ""
	every  quantifier = "forallvalues"
	some   quantifier = "foranyvalue"
)

// holds says whether a request meets a condition.
func (c Condition) holds(r Request) Truth {
	name := strings.ToLower(c.Operator)
	of := single
	if prefix, rest, ok := strings.Cut(name, ":"); ok {
		of, name = quantifier(prefix), rest
	}
	name, ifExists := strings.CutSuffix(name, "ifexists")
	values, known := r.lookup(c.Key)
	if name == "null" && of == single && !ifExists {
		return c.null(values, known)
	}
	op, ok := operators[name]
	if !ok || !known || !slices.Contains([]quantifier{single, every, some}, of) || len(c.Values) == 0 || hasSymbol(c.Key) {
		return Maybe
	}
	if len(values) == 0 {
		return absent(of, op, ifExists)
	}
	if of != single && slices.Contains(values, "") { // taken for no value at all, it is said, but not of which it is one of several
		return Maybe
	}
	matches := func(value string) Truth {
		found := anyOf(c.Values, func(policy string) Truth { return op.compare(policy, value) })
		if op.negated {
			return found.Not()
		}
		return found
	}
	switch {
	case of == every:
		return allOf(values, matches)
	case of == some:
		return anyOf(values, matches)
	case len(values) > 1: // not documented for keys with one value
		return Maybe
	}
	return matches(values[0])
}

// absent says whether a condition holds where the request does not have the key.
func absent(of quantifier, op operator, ifExists bool) Truth {
	switch {
	case of == every:
		return Yes
	case of == some && ifExists:
		return Maybe // the two rules contradict one another
	case of == some:
		return No
	}
	return truth(ifExists || op.negated)
}

// null is the operator Null: whether the key is not there.
func (c Condition) null(values []string, known bool) Truth {
	if !known {
		return Maybe
	}
	return anyOf(c.Values, func(want string) Truth {
		switch strings.ToLower(want) {
		case "true":
			return truth(len(values) == 0)
		case "false":
			return truth(len(values) > 0)
		}
		return Maybe
	})
}
