package rotation

import (
	"crypto/rand"
	"math/big"
	"slices"
	"strings"
)

// The bounds of a random value.
const (
	DefaultLength = 32
	MinLength     = 12
	MaxLength     = 4096
)

// A Template says what a random value is made of. The zero value is 32 letters and digits, 190 bits.
type Template struct {
	// Length is how many random characters there are.
	Length int `json:"length"`
	// Classes are those that each gives at least one character: lower, upper, digits and symbols. None are the first three.
	Classes []string `json:"classes"`
	// Symbols are the characters of the class symbols, all of ASCII's but quotes, backslashes and blanks where it is empty.
	Symbols string `json:"symbols"`
	// Exclude are characters that are never used.
	Exclude string `json:"exclude"`
	// Form, where not empty, is what the value looks like: "{}" in it stands for the random characters.
	Form string `json:"form"`
}

// classes are the characters of each class.
var classes = map[string]string{
	"lower":   "abcdefghijklmnopqrstuvwxyz",
	"upper":   "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	"digits":  "0123456789",
	"symbols": "!#$%&()*+,-./:;<=>?@[]^_{|}~",
}

// classNames is the order in which classes are named.
var classNames = []string{"lower", "upper", "digits", "symbols"}

func (t *Template) check(p *ConfigError, field string) {
	if t.Length != 0 && (t.Length < MinLength || t.Length > MaxLength) {
		p.add(field+".length", "is %d; it must be from %d to %d", t.Length, MinLength, MaxLength)
	}
	for _, class := range t.Classes {
		if !slices.Contains(classNames, class) {
			p.add(field+".classes", "has %q; classes are %s", class, strings.Join(classNames, ", "))
			return
		}
	}
	for _, r := range t.Symbols + t.Exclude {
		if r <= ' ' || r > '~' {
			p.add(field+".symbols", "and exclude may have visible ASCII characters alone")
			return
		}
	}
	if t.Symbols != "" && !slices.Contains(t.names(), "symbols") {
		p.add(field+".symbols", "are given, and the class symbols is not among the classes; add it")
	}
	for i, r := range t.Symbols {
		if strings.ContainsRune(t.Symbols[:i], r) || strings.ContainsRune(classes["lower"]+classes["upper"]+classes["digits"], r) {
			p.add(field+".symbols", "may have each character once, and no letters and digits: each is to be as likely")
			return
		}
	}
	for i, set := range t.sets() {
		if set == "" {
			p.add(field+".exclude", "leaves nothing of the class %s", t.names()[i])
		}
	}
	if len(strings.Join(t.sets(), "")) < 10 {
		p.add(field+".classes", "leave fewer than 10 characters to choose from")
	}
	if t.Form != "" && strings.Count(t.Form, "{}") != 1 {
		p.add(field+".form", "must have {} in it once, where the random characters stand")
	}
	if len(t.Form) > 1024 {
		p.add(field+".form", "has %d bytes; at most 1024 are allowed", len(t.Form))
	}
}

func (t *Template) names() []string {
	if len(t.Classes) == 0 {
		return classNames[:3]
	}
	return slices.Compact(slices.Sorted(slices.Values(t.Classes)))
}

// sets are the characters of each class that is asked for, without those that are excluded.
func (t *Template) sets() []string {
	names := t.names()
	sets := make([]string, len(names))
	for i, name := range names {
		set := classes[name]
		if name == "symbols" && t.Symbols != "" {
			set = t.Symbols
		}
		sets[i] = strings.Map(func(r rune) rune {
			if strings.ContainsRune(t.Exclude, r) {
				return -1
			}
			return r
		}, set)
	}
	return sets
}

// Random makes a value of a template that was checked. All values that have a character of each class are as likely.
func (t *Template) Random() string {
	sets := t.sets()
	all, length := strings.Join(sets, ""), t.Length
	if length == 0 {
		length = DefaultLength
	}
	random := make([]byte, length)
	for missing := true; missing; {
		for i := range random {
			random[i] = all[below(len(all))]
		}
		missing = slices.ContainsFunc(sets, func(set string) bool { return !strings.ContainsAny(string(random), set) })
	}
	if t.Form == "" {
		return string(random)
	}
	return strings.Replace(t.Form, "{}", string(random), 1)
}

// below is a random number from zero to n-1, from the system's random source, each as likely.
func below(n int) int {
	number, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // which never happens (crypto/rand)
	}
	return int(number.Int64())
}
