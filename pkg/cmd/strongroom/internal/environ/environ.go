// Package environ makes the environment of a process out of secrets.
//
// A secret becomes the variable of its name, unchanged. What can't be one is left out, and so is what should not be one:
// who may write secrets of a project, and nothing else, must not choose what code runs where they are used. [Unsafe] knows
// the names by which that would happen, such as LD_PRELOAD, PATH and NODE_OPTIONS. No such list is ever complete, and it
// does not try to guard what is a program's own business: who may write DATABASE_URL chooses the database.
//
// The package reads no environment and runs nothing.
package environ

import (
	"regexp"
	"slices"
	"strings"
)

// A Variable is a secret that is to be a variable.
type Variable struct {
	Name, Value string
	// From is the project that it is from, for reports.
	From string
}

// An Environment is what Make made.
type Environment struct {
	// Variables are what a process is given: what it inherits, then the secrets in their order.
	Variables []string
	// Unnameable are secrets' names that no variable can have, and Unholdable those whose value has a NUL.
	Unnameable, Unholdable []string
	// Unsafe are those that were left out because of their names.
	Unsafe []string
	// Replaced are those that took the place of an inherited variable with another value.
	Replaced []string
	// Doubled are those that several projects have; the last one's counts.
	Doubled []Doubled
}

// A Doubled is a name that two projects have.
type Doubled struct{ Name, Lost, Won string }

// variable is what every shell can call a variable.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Make makes an environment of inherited variables, NAME=VALUE each, and of secrets, of which later ones win. allowed
// are names that Unsafe knows and that are let through all the same.
func Make(inherited []string, secrets []Variable, allowed []string) Environment {
	var e Environment
	place := map[string]int{} // of a name among taken
	var taken []Variable
	for _, s := range secrets {
		if !e.fits(s, allowed) {
			continue
		}
		i, known := place[s.Name]
		if !known {
			place[s.Name] = len(taken)
			taken = append(taken, s)
			continue
		}
		e.Doubled = append(e.Doubled, Doubled{s.Name, taken[i].From, s.From})
		taken[i] = s
	}
	for _, pair := range inherited {
		name, value, _ := strings.Cut(pair, "=")
		i, replaced := place[name]
		if !replaced {
			e.Variables = append(e.Variables, pair)
		} else if value != taken[i].Value && !slices.Contains(e.Replaced, name) {
			e.Replaced = append(e.Replaced, name)
		}
	}
	for _, v := range taken {
		e.Variables = append(e.Variables, v.Name+"="+v.Value)
	}
	return e
}

// fits says whether a secret becomes a variable, and notes why it does not.
func (e *Environment) fits(v Variable, allowed []string) bool {
	var why *[]string
	switch {
	case !variable.MatchString(v.Name):
		why = &e.Unnameable
	case strings.Contains(v.Value, "\x00"):
		why = &e.Unholdable
	case Unsafe(v.Name) != "" && !slices.Contains(allowed, v.Name):
		why = &e.Unsafe
	default:
		return true
	}
	if !slices.Contains(*why, v.Name) {
		*why = append(*why, v.Name)
	}
	return false
}
