package rotation

import (
	"regexp"
	"strings"
	"testing"
)

func TestRandomValuesAreOfTheTemplate(t *testing.T) {
	for name, c := range map[string]struct {
		template Template
		want     string
	}{
		"nothing said":     {Template{}, `^[A-Za-z0-9]{32}$`},
		"a length":         {Template{Length: 1000}, `^[A-Za-z0-9]{1000}$`},
		"one class":        {Template{Length: 12, Classes: []string{"digits", "digits"}}, `^[0-9]{12}$`},
		"symbols":          {Template{Length: 12, Classes: []string{"symbols"}}, "^[!#$%&()*+,./:;<=>?@\\[\\]^_{|}~-]{12}$"},
		"symbols of its":   {Template{Classes: []string{"lower", "symbols"}, Symbols: "!?"}, `^[a-z!?]{32}$`},
		"some excluded":    {Template{Exclude: "0O1lI"}, `^[A-HJ-NP-Za-km-z2-9]{32}$`},
		"a form, unquoted": {Template{Length: 12, Form: `%s$1\{}`}, `^%s\$1\\[A-Za-z0-9]{12}$`},
	} {
		var p ConfigError
		if c.template.check(&p, "x"); p.err() != nil {
			t.Errorf("%s: %v", name, p)
		}
		seen := map[string]bool{}
		for range 50 {
			value := c.template.Random()
			if !regexp.MustCompile(c.want).MatchString(value) || seen[value] {
				t.Fatalf("%s: the value is %q; want %s, each another", name, value, c.want)
			}
			seen[value] = true
		}
	}
}

func TestEachClassHasACharacterInEachValue(t *testing.T) {
	template := Template{Length: MinLength, Classes: []string{"lower", "upper", "digits", "symbols"}, Symbols: "!"}
	for range 500 {
		value := template.Random()
		for _, set := range []string{classes["lower"], classes["upper"], classes["digits"], "!"} {
			if !strings.ContainsAny(value, set) {
				t.Fatalf("%q has none of %q", value, set)
			}
		}
	}
}

// A character that comes too often or too seldom by six standard deviations is no chance.
func TestEachCharacterIsAsLikely(t *testing.T) {
	const n = 62_000
	count := map[rune]int{}
	template := Template{Length: MaxLength}
	for i := 0; i < n; {
		for _, r := range template.Random() {
			if i++; i > n {
				break
			}
			count[r]++
		}
	}
	if len(count) != 62 {
		t.Fatalf("there are %d characters; want 62", len(count))
	}
	for r, times := range count {
		if times < 1000-190 || times > 1000+190 {
			t.Errorf("%q comes %d times of %d; want about 1000", r, times, n)
		}
	}
}
