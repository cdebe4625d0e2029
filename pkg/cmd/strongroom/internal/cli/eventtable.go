package cli

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
)

// eventListing is a table of events. Their texts are strangers' in part: showTable leaves out what a terminal would obey.
func eventListing(events []api.Event, names eventNames) listing {
	l := listing{header: []string{"TIME", "WHO", "ACTION", "WHAT", "DECISION", "REASON", "DETAILS"}, data: events}
	for _, e := range events {
		l.rows = append(l.rows, []string{
			moment(e.At), actorOf(e), e.Action, resourceOf(e), e.Decision, names.reason(e), names.details(e),
		})
	}
	return l
}

// actorOf is who acted: a principal by its name, everybody else by ARN.
func actorOf(e api.Event) string {
	switch {
	case e.Actor.Kind == string(audit.BySystem):
		return "Strongroom"
	case e.Actor.Name == "" && e.Actor.ARN == "" && e.Actor.ID != nil:
		return e.Actor.ID.String()
	}
	return cmp.Or(e.Actor.Name, e.Actor.ARN, e.Actor.Kind)
}

func resourceOf(e api.Event) string {
	switch r := e.Resource; {
	case r == nil:
		return ""
	case r.Name == "" && r.Kind == string(audit.OnOrganization): // there is one
		return r.Kind
	default:
		return r.Kind + " " + cmp.Or(r.Name, r.ID.String())
	}
}

// eventNames are names for the ids in what events say.
type eventNames map[uuid.UUID]string

// anyID is a UUID in a text.
var anyID = regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)

// in is a text with names in place of ids, where they are known. One that stands behind its name is left out.
func (n eventNames) in(text string) string {
	for _, id := range anyID.FindAllString(text, -1) {
		if name := n[uuid.MustParse(id)]; name != "" {
			text = strings.ReplaceAll(text, name+" ("+id+")", name)
		}
	}
	return anyID.ReplaceAllStringFunc(text, func(id string) string { return cmp.Or(n[uuid.MustParse(id)], id) })
}

// exact is a moment in a text, with more than its seconds.
var exact = regexp.MustCompile(`(T\d\d:\d\d:\d\d)\.\d+Z`)

// reason is why it was decided so, with times to the second. What was acted on has the name in it that it had then.
func (n eventNames) reason(e api.Event) string {
	reason := exact.ReplaceAllString(e.Reason, "${1}Z")
	if r := e.Resource; r != nil && r.Name != "" {
		reason = strings.ReplaceAll(reason, r.ID.String(), r.Name)
	}
	return n.in(reason)
}

// details are what of the resource was changed, and which values were read or written.
func (n eventNames) details(e api.Event) string {
	var parts []string
	for _, what := range e.Changed {
		if what != "grants" || len(e.Grants) == 0 { // they say it themselves
			parts = append(parts, n.in(what))
		}
	}
	if len(e.Grants) > 0 {
		parts = append(parts, "grants: "+listed(e.Grants, n.grant))
	}
	switch {
	case len(e.Values) == 1 && e.Resource != nil && e.Resource.ID == e.Values[0].SecretID:
		parts = append(parts, fmt.Sprintf("version %d", e.Values[0].Version))
	case len(e.Values) > 0:
		parts = append(parts, counted(len(e.Values), "value", "values"))
	}
	if len(e.Refused) > 0 {
		parts = append(parts, counted(len(e.Refused), "secret", "secrets")+" refused")
	}
	if e.RotationReason != "" && !strings.Contains(e.Reason, e.RotationReason) { // as that of who asks for another attempt says it
		parts = append(parts, e.RotationReason)
	}
	if e.Justification != "" {
		parts = append(parts, fmt.Sprintf("because %q", e.Justification))
	}
	return strings.Join(parts, ", ")
}

func (n eventNames) grant(g api.EventGrant) string {
	who := n.in(g.PrincipalID.String())
	switch {
	case g.Permission == nil:
		return who + " none"
	case g.ExpiresAt != nil:
		return who + " " + g.Permission.String() + " until " + moment(*g.ExpiresAt)
	}
	return who + " " + g.Permission.String()
}

// namesIn finds names for the ids in what events say: in the events themselves, and where these don't have all, as they
// are today. That one can't be found is no error: an id says it, too.
func (s *session) namesIn(ctx context.Context, events []api.Event) eventNames {
	names := eventNames{}
	for _, e := range slices.Backward(events) { // the newest name counts
		if e.Actor.ID != nil && e.Actor.Name != "" {
			names[*e.Actor.ID] = e.Actor.Name
		}
		if e.Resource != nil && e.Resource.Name != "" {
			names[e.Resource.ID] = e.Resource.Name
		}
	}
	if names.knowAll(events) {
		return names
	}
	for p, err := range s.Principals(ctx, "") {
		if err != nil {
			break
		}
		names[p.ID] = p.Name
	}
	if names.knowAll(events) {
		return names
	}
	for p, err := range s.Projects(ctx) {
		if err != nil {
			break
		}
		names[p.ID] = p.Name
	}
	return names
}

// knowAll says whether there are names for all ids in what is shown.
func (n eventNames) knowAll(events []api.Event) bool {
	return !slices.ContainsFunc(events, func(e api.Event) bool {
		return anyID.MatchString(n.reason(e)) || anyID.MatchString(n.details(e))
	})
}
