package clientcrypto

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// A MismatchError says how a well-formed value is not the one that its place needs. Its text is meant for the client and
// names projects and keys by their ids; Hide takes out those that the caller may not see.
type MismatchError struct {
	// Fields of the binding that say something else: organization, secret, name.
	Fields []string
	// MissingProjects and ExtraProjects are what the binding's projects lack and have too much.
	MissingProjects, ExtraProjects []uuid.UUID
	// MissingRecipients are the projects whose current key opens the value not, each with that key.
	MissingRecipients []Recipient
	// ExtraRecipients are kids that are no current key of the projects; an older key of a project is one.
	ExtraRecipients []uuid.UUID
	// Hidden is how many projects Hide took out.
	Hidden int
}

// A Recipient is a project's current key.
type Recipient struct{ Project, Key uuid.UUID }

// Check says whether the value was made for exactly that place, and opens with exactly the current key of each of its
// projects. keys holds that key's id for each of want.Projects. The error is a MismatchError.
func (e Envelope) Check(want Binding, keys map[uuid.UUID]uuid.UUID) error {
	var m MismatchError
	if e.Binding.Organization != want.Organization {
		m.Fields = append(m.Fields, "organization")
	}
	if e.Binding.Secret != want.Secret {
		m.Fields = append(m.Fields, "secret")
	}
	if e.Binding.Name != want.Name {
		m.Fields = append(m.Fields, "name")
	}
	m.MissingProjects = without(want.Projects, e.Binding.Projects)
	m.ExtraProjects = without(e.Binding.Projects, want.Projects)

	var needed []uuid.UUID
	for _, project := range sorted(want.Projects) {
		key := keys[project]
		// Each recipient stands for one project, even if two projects should ever have keys of the same id.
		if slices.Contains(needed, key) || !slices.Contains(e.Recipients, key) {
			m.MissingRecipients = append(m.MissingRecipients, Recipient{Project: project, Key: key})
		}
		needed = append(needed, key)
	}
	m.ExtraRecipients = without(e.Recipients, needed)
	if m.empty() {
		return nil
	}
	return &m
}

func (e *MismatchError) empty() bool {
	return len(e.Fields)+len(e.MissingProjects)+len(e.ExtraProjects)+len(e.MissingRecipients)+len(e.ExtraRecipients) == 0
}

// Hide takes out the projects that are missing and that the caller may not see; what is left of them is their number. What
// the caller sent itself is no news to it and stays.
func (e *MismatchError) Hide(project func(uuid.UUID) bool) {
	hidden := map[uuid.UUID]bool{}
	hide := func(id uuid.UUID) bool {
		if project(id) {
			hidden[id] = true
		}
		return hidden[id]
	}
	e.MissingProjects = slices.DeleteFunc(e.MissingProjects, hide)
	e.MissingRecipients = slices.DeleteFunc(e.MissingRecipients, func(r Recipient) bool { return hide(r.Project) })
	e.Hidden += len(hidden)
}

func (e *MismatchError) Error() string {
	var parts []string
	for _, field := range e.Fields {
		parts = append(parts, "its "+field+" is another")
	}
	if len(e.MissingProjects) > 0 {
		parts = append(parts, "its projects lack "+list(e.MissingProjects))
	}
	if len(e.ExtraProjects) > 0 {
		parts = append(parts, "its projects must not have "+list(e.ExtraProjects))
	}
	for _, r := range e.MissingRecipients {
		parts = append(parts, fmt.Sprintf("a recipient is missing: the current key %s of project %s", r.Key, r.Project))
	}
	if len(e.ExtraRecipients) > 0 {
		parts = append(parts, "these recipients are no current key of its projects: "+list(e.ExtraRecipients))
	}
	if e.Hidden > 0 {
		parts = append(parts, fmt.Sprintf("it must be made for %d more that you may not see", e.Hidden))
	}
	return "the JWE was not made for this place: " + strings.Join(parts, "; ")
}

func list(ids []uuid.UUID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return strings.Join(texts, ", ")
}

// without answers, sorted, what is in a and not in b.
func without(a, b []uuid.UUID) []uuid.UUID {
	var rest []uuid.UUID
	for _, id := range sorted(a) {
		if !slices.Contains(b, id) {
			rest = append(rest, id)
		}
	}
	return rest
}

func sorted(ids []uuid.UUID) []uuid.UUID { return slices.SortedFunc(slices.Values(ids), compare) }

func compare(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }
