package secrets

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// BreakGlass gives an owner or admin a grant in an emergency, for a while and with a reason, which the event holds. It
// never takes the place of a grant that gives more or for longer; where one does already, nothing is changed, and so
// nothing is recorded: that one was, when it was given.
func (s *Service) BreakGlass(ctx context.Context, by Caller, organization uuid.UUID, in api.BreakGlass) (
	answer api.Grant, err error,
) {
	q := s.begin(by, operation.BreakGlass)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return answer, err
	}
	if err := q.checkBreakGlass(in); err != nil {
		return answer, err
	}
	err = q.change(ctx, func(ctx context.Context, _ lost) (p plan, err error) {
		g, err := q.lookGlass(ctx, in)
		if err != nil {
			return p, err
		}
		grant, p, err := q.planGlass(&g, in)
		answer = showGrant(grant)
		answer.Principal.Kind, answer.Principal.Name = g.who.Kind, g.who.Name
		return p, err
	})
	return answer, err
}

func (q *request) checkBreakGlass(in api.BreakGlass) error {
	var wrong problems
	switch {
	case in.ProjectID == nil && in.SecretID == nil:
		wrong.add("projectId", "is missing; name the project, or else the secret with secretId")
	case in.ProjectID != nil && in.SecretID != nil:
		wrong.add("secretId", "is there beside projectId; name one of both")
	}
	if in.Permission != nil && !in.Permission.Valid() {
		wrong.add("permission", "must be read, write or manage")
	}
	now := q.now()
	switch latest := now.Add(api.MaxBreakGlass); {
	case in.ExpiresAt.IsZero():
		wrong.add("expiresAt", "is missing; such a grant ends after 12 hours at most")
	case !in.ExpiresAt.After(now):
		wrong.add("expiresAt", "is past; it must be in the future, and 12 hours from now at most")
	case in.ExpiresAt.After(latest):
		wrong.add("expiresAt", "is more than 12 hours from now; it must be %s or earlier", latest.Format(time.RFC3339))
	}
	wrong.reason("reason", in.Reason)
	return wrong.err()
}

// reason checks what a person gives as a reason.
func (p *problems) reason(field, text string) {
	if n := utf8.RuneCountInString(strings.TrimSpace(text)); n < api.MinReason {
		p.add(field, "is %d characters long; it must be at least %d, for who reads the record", n, api.MinReason)
		return
	}
	p.name(field, text, api.MaxReason)
}

// lookGlass reads the project or the secret, for those alone who may break the glass at all.
func (q *request) lookGlass(ctx context.Context, in api.BreakGlass) (sharing, error) {
	field, what := "projectId", "project"
	var g sharing
	var err error
	if in.SecretID != nil {
		field, what = "secretId", "secret"
		g, err = q.lookSharedSecret(ctx, *in.SecretID, access.BreakGlass, access.SeeSecretAccess)
	} else {
		g, err = q.lookSharedProject(ctx, *in.ProjectID, access.BreakGlass, access.SeeProjectAccess)
	}
	var known *api.Error
	if errors.As(err, &known) && known.Code == api.CodeNotFound {
		err = api.FieldError(api.CodeNotFound, field, "no such %s, or none that you may see", what)
	}
	return g, err
}

// planGlass answers the grant that the caller has by then, and what is to be written for that.
func (q *request) planGlass(g *sharing, in api.BreakGlass) (grant access.Grant, p plan, err error) {
	wanted := access.Grant{
		Principal: g.who.Principal, Permission: access.Read, ExpiresAt: in.ExpiresAt.UTC().Truncate(time.Millisecond),
	}
	if in.Permission != nil {
		wanted.Permission = *in.Permission
	}
	var grants access.Grants
	for _, other := range g.grants {
		if other.Principal != wanted.Principal {
			grants = append(grants, other)
		}
	}
	own, _ := g.grants.Find(wanted.Principal)
	switch {
	case own.IsZero() || !own.Holds(q.now()), wanted.Covers(own) && !own.Covers(wanted):
	case own.Covers(wanted):
		return own, plan{}, nil
	default:
		return own, plan{}, api.Errorf(api.CodeConflict,
			"you have %s on this %s already, and nobody has two grants there: ask for no less and for no shorter, or change the grants",
			inShort(own), g.kind)
	}
	if len(grants) == maxGrants {
		return own, plan{}, api.Errorf(api.CodeConflict,
			"this %s has %d grants, which is the most there may be; take away one that has ended", g.kind, maxGrants)
	}
	if grants, err = access.NewGrants(append(grants, wanted)...); err != nil {
		return own, plan{}, err
	}
	p = g.plan(grants)
	p.act.justification = in.Reason
	return wanted, p, nil
}

// inShort is a grant in words.
func inShort(g access.Grant) string {
	if g.ExpiresAt.IsZero() {
		return fmt.Sprintf("%s without end", g.Permission)
	}
	return fmt.Sprintf("%s until %s", g.Permission, g.ExpiresAt.UTC().Format(time.RFC3339))
}
