package prove

import (
	"slices"
	"strings"

	"strongroom/pkg/iampolicy"
)

// wildcards lists the statements that allow more than they name.
func (w *world) wildcards(r *Report) {
	section := Section{Title: "Wildcards", Header: []string{"WHERE", "STATEMENT", "WILDCARD"}}
	add := func(where string, s iampolicy.Statement, ofKey bool) {
		if s.Effect != iampolicy.Allow {
			return
		}
		// The ARN of a log group ends with a star that stands for the streams in it.
		s.Resources = slices.DeleteFunc(slices.Clone(s.Resources), func(arn string) bool { return w.isOne("AWS::Logs::LogGroup", arn) })
		if found := wild(s, ofKey); len(found) > 0 {
			section.Rows = append(section.Rows, []string{where, named(s), some(found)})
		}
	}
	for _, i := range w.identities {
		for _, d := range i.policies {
			for _, s := range d.Statements {
				add(i.Label(), s, false)
			}
		}
	}
	for _, k := range w.keys {
		if k.policy == nil {
			continue
		}
		for _, s := range k.policy.Statements {
			add(k.Label(), s, true)
		}
	}
	r.Sections = append(r.Sections, section)
}

// wild are a statement's wildcards. Resource * in a key's policy is the key.
func wild(s iampolicy.Statement, ofKey bool) []string {
	var found []string
	for _, action := range s.Actions {
		if strings.ContainsAny(action, "*?") {
			found = append(found, action)
		}
	}
	if s.NotAction {
		found = append(found, "NotAction")
	}
	if s.NotResource {
		found = append(found, "NotResource")
	}
	if s.NotPrincipal {
		found = append(found, "NotPrincipal")
	}
	for _, resource := range s.Resources {
		if !ofKey && strings.ContainsAny(resource, "*?") {
			found = append(found, resource)
		}
	}
	for _, p := range s.Principals {
		if p.Value == "*" {
			found = append(found, "Principal *")
		}
	}
	return found
}
