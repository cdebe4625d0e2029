package iampolicy

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPatternsAndSymbols(t *testing.T) {
	for _, c := range []struct {
		pattern, value string
		want           Truth
	}{
		{"*", "", Yes},
		{"?", "", No},
		{"a?c", "abc", Yes},
		{"a?c", "ac", No},
		{"a*c", "abbbc", Yes},
		{"a*c", "abbb", No},
		{"*a*a*", "banana", Yes},
		{"", "", Yes},
		{"", "a", No},
		{"ä?", "äö", Yes},
		{"${*}", "*", Yes},
		{"${*}", "a", No},
		{"${?}", "?", Yes},
		{"${$}x", "$x", Yes},
		{"${aws:username}", "alice", Maybe},
		{"home/${aws:username}/*", "home/alice/x", Maybe},
		{"home/${aws:username}/*", "house/alice/x", No},
		{"${A}", "${A}", Yes},
		{"${A}", "${B}", Maybe},
		{"x${A}", "x${A}", Yes},
		{"x${A}", "y${A}", No},
		{"*", "${A}", Yes},
		{"?", "${A}", Maybe},
		{"a*", "${A}", Maybe},
		{"a:${AWS::Region}:b", "a:eu-central-1:b", Maybe},
		{"a:${AWS::Region}:b", "a:eu:central:b", No},
		{"role/s/*", "role/${AWS::StackName}", No},
		{"role/s/*", "role/${Param}", Maybe},
		{"${unclosed", "${unclosed", Yes},
		{"${unclosed", "x", No},
	} {
		if got := like(c.pattern, c.value, true); got != c.want {
			t.Errorf("%q of %q: %s, want %s", c.pattern, c.value, got, c.want)
		}
	}
}

func TestWildcardsAreTextWhereTheOperatorHasNone(t *testing.T) {
	if like("a*", "ab", false) != No || like("a*", "a*", false) != Yes || like("?", "x", false) != No {
		t.Error("StringEquals has wildcards")
	}
}

// regular is a pattern without symbols as a regular expression.
func regular(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `(?s:.*)`), `\?`, `(?s:.)`)
	return regexp.MustCompile(`\A` + quoted + `\z`)
}

// TestWhatIsCertainHoldsForEveryText: whatever text comes into a symbol's place, Yes stays a match and No none.
func TestWhatIsCertainHoldsForEveryText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SampledFrom([]string{"a", "b", ":", "*", "?", "${X}", "${Y}", "${AWS::Z}"})
		pattern := strings.Join(rapid.SliceOfN(parts, 0, 7).Draw(t, "pattern"), "")
		texts := rapid.SampledFrom([]string{"a", "b", ":", "${X}", "${Y}", "${AWS::Z}"})
		value := strings.Join(rapid.SliceOfN(texts, 0, 7).Draw(t, "value"), "")
		anything := rapid.StringOfN(rapid.SampledFrom([]rune("ab:")), 0, 4, -1)
		plain := rapid.StringOfN(rapid.SampledFrom([]rune("ab")), 0, 4, -1)
		fill := strings.NewReplacer("${X}", anything.Draw(t, "X"), "${Y}", anything.Draw(t, "Y"), "${AWS::Z}", plain.Draw(t, "Z"))
		matches := regular(fill.Replace(pattern)).MatchString(fill.Replace(value))
		switch got := like(pattern, value, true); {
		case got == Yes && !matches, got == No && matches:
			t.Errorf("%q of %q is %s; filled in, %q of %q is %v", pattern, value, got, fill.Replace(pattern), fill.Replace(value), matches)
		case got == Maybe && !strings.Contains(pattern+value, "${"):
			t.Errorf("%q of %q is maybe, and nothing in it is unknown", pattern, value)
		}
	})
}

func TestARNs(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/strongroom/server/get-secret"
	const symbolic = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/strongroom/server/get-secret"
	for _, c := range []struct {
		name           string
		of             func(pattern, value string) Truth
		pattern, value string
		want           Truth
	}{
		{"a path", arnLike, "arn:aws:iam::*:role/strongroom/server/*", role, Yes},
		{"another path", arnLike, "arn:aws:iam::*:role/strongroom/servers/*", role, No},
		{"a star is within its part", arnLike, "arn:aws:iam:*:role/strongroom/server/*", role, Maybe},
		{"a star does not reach into the next part", arnLike, "arn:aws:iam::*:*/get-secret", "arn:aws:iam::1:role/x:get-secret", No},
		{"everything", arnLike, "arn:*:iam::*:*", role, Yes},
		{"a text that is no ARN", arnLike, "*", role, Maybe},
		{"symbols that are equal", arnLike, "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/strongroom/server/*", symbolic, Yes},
		{"an account that is not known", arnLike, "arn:aws:iam::111122223333:role/strongroom/server/*", symbolic, Maybe},
		{"another path in an account that is not known", arnLike, "arn:aws:iam::111122223333:role/other/*", symbolic, No},
		{"an ARN that is not known", arnLike, "${Imported}", role, Maybe},
		{"a part that is not known", arnLike, "arn:aws:iam::*:role/${Path}", role, Maybe},
		{"a part that is not known elsewhere", arnLike, "arn:aws:kms::*:role/${Path}", role, No},
		{"a resource", resourceLike, "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a:b/c", Yes},
		{"a star at the end reaches on", resourceLike, "arn:aws:logs:*", "arn:aws:logs:eu-central-1:1:log-group:x", Yes},
		{"a star in the middle that has to reach on", resourceLike, "arn:aws:l*:x", "arn:aws:logs:eu-central-1:1:log-group:x", Maybe},
		{"another key", resourceLike, "arn:aws:kms:*:*:key/a", "arn:aws:kms:eu-central-1:1:key/b", No},
		{"any", resourceLike, "*", "arn:aws:kms:eu-central-1:1:key/b", Yes},
	} {
		if got := c.of(c.pattern, c.value); got != c.want {
			t.Errorf("%s: %q of %q is %s, want %s", c.name, c.pattern, c.value, got, c.want)
		}
	}
	if AccountOf(symbolic) != "${AWS::AccountId}" || AccountOf("x") != "" {
		t.Error("the account of an ARN is not found")
	}
}
