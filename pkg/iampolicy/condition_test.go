package iampolicy

import "testing"

func TestConditions(t *testing.T) {
	has := func(values ...string) Context {
		return Context{Known: map[string][]string{"x:Key": values}, Closed: true}
	}
	missing, open := has(), Context{}
	for _, c := range []struct {
		operator string
		values   []string
		context  Context
		want     Truth
	}{
		{"StringEquals", []string{"a", "b"}, has("b"), Yes},
		{"StringEquals", []string{"a", "b"}, has("B"), No},
		{"stringequals", []string{"b"}, has("b"), Yes},
		{"StringEquals", []string{"a*"}, has("ab"), No},
		{"StringEquals", []string{"a"}, missing, No},
		{"StringEquals", []string{"a"}, open, Maybe},
		{"StringEquals", []string{"a"}, has("a", "b"), Maybe},
		{"StringEquals", nil, has("a"), Maybe},
		{"StringEqualsIfExists", []string{"a"}, missing, Yes},
		{"StringEqualsIfExists", []string{"a"}, has("b"), No},
		{"StringEqualsIfExists", []string{"a"}, open, Maybe},
		{"StringNotEquals", []string{"a", "b"}, has("c"), Yes},
		{"StringNotEquals", []string{"a", "b"}, has("b"), No},
		{"StringNotEquals", []string{"a"}, missing, Yes},
		{"StringNotEquals", []string{"${aws:username}"}, has("b"), Maybe},
		{"StringEqualsIgnoreCase", []string{"AbC"}, has("aBc"), Yes},
		{"StringEqualsIgnoreCase", []string{"A${x}"}, has("abc"), Maybe},
		{"StringEqualsIgnoreCase", []string{"B${x}"}, has("abc"), No},
		{"StringNotEqualsIgnoreCase", []string{"AbC"}, has("aBc"), No},
		{"StringLike", []string{"a*", "?x"}, has("bx"), Yes},
		{"StringLike", []string{"a*"}, has("Ab"), No},
		{"StringNotLike", []string{"a*"}, has("b"), Yes},
		{"StringNotLike", []string{"a*"}, missing, Yes},
		{"ArnLike", []string{"arn:aws:iam::*:role/a/*"}, has("arn:aws:iam::1:role/a/b"), Yes},
		{"ArnEquals", []string{"arn:aws:iam::*:role/a/*"}, has("arn:aws:iam::1:role/a/b"), Yes},
		{"ArnLike", []string{"arn:aws:iam::*:role/a/*"}, missing, No},
		{"ArnNotLike", []string{"arn:aws:iam::*:role/a/*"}, has("arn:aws:iam::1:role/b/b"), Yes},
		{"ArnNotLike", []string{"arn:aws:iam::*:role/a/*"}, missing, Yes},
		{"ArnNotEquals", []string{"arn:aws:iam::1:role/a"}, has("arn:aws:iam::1:role/a"), No},
		{"ArnLikeIfExists", []string{"arn:aws:iam::1:role/a"}, missing, Yes},
		{"Bool", []string{"true"}, has("true"), Yes},
		{"Bool", []string{"true"}, has("false"), No},
		{"Bool", []string{"false"}, missing, No},
		{"BoolIfExists", []string{"false"}, missing, Yes},
		{"Null", []string{"true"}, missing, Yes},
		{"Null", []string{"true"}, has("a"), No},
		{"Null", []string{"false"}, has("a"), Yes},
		{"Null", []string{"false"}, open, Maybe},
		{"Null", []string{"what"}, missing, Maybe},
		{"NullIfExists", []string{"true"}, missing, Maybe},
		{"NumericEquals", []string{"10"}, has("10.0"), Yes},
		{"NumericNotEquals", []string{"10"}, has("11"), Yes},
		{"NumericLessThan", []string{"10"}, has("9"), Yes},
		{"NumericLessThan", []string{"10"}, has("10"), No},
		{"NumericLessThanEquals", []string{"10"}, has("10"), Yes},
		{"NumericGreaterThan", []string{"10"}, has("9"), No},
		{"NumericGreaterThanEquals", []string{"10"}, has("10"), Yes},
		{"NumericEquals", []string{"ten"}, has("10"), Maybe},
		{"DateEquals", []string{"2026-01-01T00:00:00Z"}, has("1767225600"), Yes},
		{"DateNotEquals", []string{"2026-01-01"}, has("2026-01-02T00:00:00Z"), Yes},
		{"DateLessThan", []string{"2026-06-01T00:00:00Z"}, has("2026-01-01T00:00:00Z"), Yes},
		{"DateLessThanEquals", []string{"2026-06-01T00:00:00Z"}, has("2026-06-01T00:00:00Z"), Yes},
		{"DateGreaterThan", []string{"2026-06-01T00:00:00Z"}, has("2026-01-01T00:00:00Z"), No},
		{"DateGreaterThanEquals", []string{"2026-01-01T00:00Z"}, has("2026-01-01T00:00:00Z"), Yes},
		{"DateGreaterThan", []string{"soon"}, has("2026-01-01T00:00:00Z"), Maybe},
		{"IpAddress", []string{"10.0.0.0/8"}, has("10.1.2.3"), Yes},
		{"IpAddress", []string{"2001:db8::/32"}, has("2001:db8::1"), Yes},
		{"IpAddress", []string{"10.1.2.3"}, has("10.1.2.3"), Yes},
		{"NotIpAddress", []string{"10.0.0.0/8"}, has("192.0.2.1"), Yes},
		{"IpAddress", []string{"10.0.0.0/8"}, has("vpce"), Maybe},
		{"IpAddress", []string{"home"}, has("10.1.2.3"), Maybe},
		{"ForAllValues:StringEquals", []string{"a", "b"}, has("a", "b"), Yes},
		{"ForAllValues:StringEquals", []string{"a", "b"}, has("a", "c"), No},
		{"ForAllValues:StringEquals", []string{"a"}, missing, Yes},
		{"ForAllValues:StringNotEquals", []string{"a"}, has("b", "c"), Yes},
		{"ForAnyValue:StringEquals", []string{"a"}, has("b", "a"), Yes},
		{"ForAnyValue:StringEquals", []string{"a"}, missing, No},
		{"ForAnyValue:StringNotEquals", []string{"a"}, has("a", "b"), Yes},
		{"ForAnyValue:StringNotEquals", []string{"a"}, missing, No},
		{"ForAllValues:StringEquals", []string{"a"}, has(""), Maybe},
		{"ForAnyValue:StringNotEquals", []string{"a"}, has(""), Maybe},
		{"ForAnyValue:StringEqualsIfExists", []string{"a"}, missing, Maybe},
		{"ForSomeValue:StringEquals", []string{"a"}, has("a"), Maybe},
		{"BinaryEquals", []string{"QUJD"}, has("QUJD"), Maybe},
		{"StringMatches", []string{"a"}, has("a"), Maybe},
	} {
		got := Condition{c.operator, "X:key", c.values}.holds(Request{Context: c.context})
		if got != c.want {
			t.Errorf("%s %q, where the request has %q: %s, want %s", c.operator, c.values, c.context.Known["x:Key"], got, c.want)
		}
	}
}

func TestEveryOperatorIsTried(t *testing.T) {
	if len(operators) != 25 {
		t.Errorf("there are %d operators; TestConditions has 25 and Null", len(operators))
	}
}

func TestKeysThatFollowFromWhoAsks(t *testing.T) {
	role := Principal{ARN: "arn:aws:iam::1:role/a/b"}
	service := Principal{Service: "events.amazonaws.com"}
	for _, c := range []struct {
		of   Principal
		c    Condition
		want Truth
	}{
		{role, Condition{"ArnLike", "aws:PrincipalArn", []string{"arn:aws:iam::*:role/a/*"}}, Yes},
		{role, Condition{"StringEquals", "aws:principalaccount", []string{"1"}}, Yes},
		{role, Condition{"StringEquals", "kms:CallerAccount", []string{"2"}}, No},
		{role, Condition{"Bool", "aws:PrincipalIsAWSService", []string{"false"}}, Yes},
		{role, Condition{"StringEquals", "aws:PrincipalServiceName", []string{"x"}}, No},
		{role, Condition{"StringEquals", "kms:ViaService", []string{"x"}}, Maybe},
		{service, Condition{"Bool", "aws:PrincipalIsAWSService", []string{"true"}}, Yes},
		{service, Condition{"StringEquals", "aws:PrincipalServiceName", []string{"events.amazonaws.com"}}, Yes},
		{service, Condition{"StringEquals", "aws:SourceAccount", []string{"1"}}, Maybe},
	} {
		if got := c.c.holds(Request{Principal: c.of}); got != c.want {
			t.Errorf("%v: %s is %s, want %s", c.of, c.c, got, c.want)
		}
	}
}
