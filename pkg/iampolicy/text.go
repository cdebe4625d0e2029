package iampolicy

import (
	"slices"
	"strings"
)

// A unit is one character of a text, a wildcard, or a symbol.
type unit struct {
	kind unitKind
	// char is the character, where it is one.
	char rune
	// symbol is the name of one.
	symbol string
}

type unitKind int

const (
	character unitKind = iota
	one                // ?
	many               // *
	unknown            // a symbol: any text
)

// plain says whether a symbol has neither colons nor slashes.
func (u unit) plain() bool { return strings.HasPrefix(u.symbol, plainPrefix) }

const plainPrefix = "AWS::"

// units takes a text apart. Wildcards are characters unless wild; ${*}, ${?} and ${$} are characters always
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
func units(text string, wild bool) []unit {
	var all []unit
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "${"); ok {
			if name, after, closed := strings.Cut(rest, "}"); closed {
				if name == "*" || name == "?" || name == "$" {
					all = append(all, unit{char: rune(name[0])})
				} else {
					all = append(all, unit{kind: unknown, symbol: name})
				}
				text = after
				continue
			}
		}
		var c rune
		for _, c = range text {
			break
		}
		u := unit{char: c}
		switch {
		case wild && c == '*':
			u = unit{kind: many}
		case wild && c == '?':
			u = unit{kind: one}
		}
		all = append(all, u)
		text = text[len(string(c)):]
	}
	return all
}

// hasSymbol says whether something in a text is not known.
func hasSymbol(text string) bool {
	return slices.ContainsFunc(units(text, false), func(u unit) bool { return u.kind == unknown })
}

// like compares a pattern with a value: with wildcards, where wild, in the pattern.
func like(pattern, value string, wild bool) Truth {
	if pattern == value || wild && pattern == "*" {
		return Yes
	}
	pattern, value, differ := afterCommon(pattern, value, wild)
	if differ {
		return No
	}
	p, v := units(pattern, wild), units(value, false)
	switch {
	case certain(p, v):
		return Yes
	case !strings.Contains(pattern, "${") && !strings.Contains(value, "${"):
		return No
	case possible(p, v):
		return Maybe
	}
	return No
}

// afterCommon is what is left of a pattern and a value after a beginning that they share and that is sure to be one, or
// that they differ in one. Most texts that are compared do so here.
func afterCommon(pattern, value string, wild bool) (p, v string, differ bool) {
	for pattern != "" && value != "" {
		c := pattern[0]
		switch {
		case c == '$' || value[0] == '$':
			name, p, found := strings.Cut(pattern, "}")
			v, same := strings.CutPrefix(value, name+"}")
			if !found || !same || !strings.HasPrefix(name, "${"+plainPrefix) {
				return pattern, value, false
			}
			pattern, value = p, v
			continue
		case wild && (c == '*' || c == '?'):
			return pattern, value, false
		case c != value[0]:
			return "", "", true
		}
		pattern, value = pattern[1:], value[1:]
	}
	return pattern, value, false
}

// certain says whether the pattern matches whatever the symbols stand for.
func certain(pattern, value []unit) bool {
	// row[j] says whether what was read of the pattern matches the first j units of the value.
	row := make([]bool, len(value)+1)
	row[0] = true
	for _, p := range pattern {
		next := make([]bool, len(value)+1)
		next[0] = row[0] && p.kind == many
		for j, v := range value {
			switch p.kind {
			case many:
				next[j+1] = row[j+1] || next[j]
			case one:
				next[j+1] = row[j] && v.kind == character
			case character, unknown:
				next[j+1] = row[j] && p == v
			}
		}
		row = next
	}
	return row[len(value)]
}

// possible says whether there is a text for each symbol with which the pattern matches. A symbol that stands there twice may
// stand for two texts here: it then says yes too often.
func possible(pattern, value []unit) bool {
	// at[i][j] says whether there is a text that the first i units of the pattern and the first j of the value can both be.
	at := make([][]bool, len(pattern)+1)
	for i := range at {
		at[i] = make([]bool, len(value)+1)
	}
	at[0][0] = true
	for i := range at {
		for j := range at[i] {
			at[i][j] = at[i][j] || meets(at, pattern, value, i, j)
		}
	}
	return at[len(pattern)][len(value)]
}

// meets fills in one place of possible's table. A unit of any length is left empty, or takes in what the other side has
// next.
func meets(at [][]bool, pattern, value []unit, i, j int) bool {
	if i > 0 && pattern[i-1].long() && at[i-1][j] || j > 0 && value[j-1].long() && at[i][j-1] {
		return true
	}
	if i == 0 || j == 0 {
		return false
	}
	p, v := pattern[i-1], value[j-1]
	switch {
	case p.long() && v.long():
		return at[i-1][j] || at[i][j-1] || at[i-1][j-1]
	case p.long():
		return p.takes(v) && (at[i][j-1] || at[i-1][j-1])
	case v.long():
		return v.takes(p) && (at[i-1][j] || at[i-1][j-1])
	case p.kind == one || v.kind == one:
		return at[i-1][j-1]
	}
	return at[i-1][j-1] && p == v
}

// long says whether a unit may be of any length.
func (u unit) long() bool { return u.kind == many || u.kind == unknown }

// takes says whether a long unit may have another one, which is a character or a ?, in it.
func (u unit) takes(other unit) bool {
	return u.kind == many || !u.plain() || other.kind != character || other.char != ':' && other.char != '/'
}
