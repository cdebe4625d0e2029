package dotenv

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// An UnfitError says which entries a format can't hold, and what to do instead.
type UnfitError struct {
	// Format is what can't hold them, such as "a .env file".
	Format string
	// Instead are the formats that can, such as "json or yaml"; empty where none can.
	Instead string
	Entries []Unfit
}

// An Unfit is an entry that a format can't hold: its name, and why.
type Unfit struct{ Name, Why string }

// shown is how many entries an UnfitError names in its text.
const shown = 5

// Error names the first few entries, in one line.
func (e *UnfitError) Error() string {
	var list []string
	for _, u := range e.Entries[:min(shown, len(e.Entries))] {
		list = append(list, fmt.Sprintf("%q (%s)", u.Name, u.Why))
	}
	text := e.Format + " can't hold " + strings.Join(list, ", ")
	if more := len(e.Entries) - len(list); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	text += "; rename or leave out what can't be held"
	if e.Instead != "" {
		text += ", or take the format " + e.Instead
	}
	return text
}

// Fit answers an [UnfitError] if a format can't hold some of the entries, and nil if it can hold all: why says for one
// entry why not, or nothing. No format can hold a name twice, or text that is not UTF-8.
func Fit(format, instead string, entries []Entry, why func(Entry) string) error {
	var list []Unfit
	names := map[string]bool{}
	for _, e := range entries {
		reason := why(e)
		switch {
		case !utf8.ValidString(e.Name):
			reason = "the name is not UTF-8"
		case !utf8.ValidString(e.Value):
			reason = "the value is not UTF-8"
		case names[e.Name]:
			reason = "two entries have this name"
		}
		if names[e.Name] = true; reason != "" {
			list = append(list, Unfit{Name: e.Name, Why: reason})
		}
	}
	if len(list) == 0 {
		return nil
	}
	return &UnfitError{Format: format, Instead: instead, Entries: list}
}
