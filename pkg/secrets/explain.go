package secrets

import (
	"context"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// An ExplainAccess asks whether a principal has a permission on a project or on a secret: one of the two is there.
type ExplainAccess struct {
	Principal       uuid.UUID
	Project, Secret *uuid.UUID
	Permission      access.Permission
}

func (in ExplainAccess) check() error {
	var wrong problems
	switch {
	case in.Project == nil && in.Secret == nil:
		wrong.add("secretId", "and projectId are missing; say one of them")
	case in.Project != nil && in.Secret != nil:
		wrong.add("projectId", "and secretId don't go together; say one of them")
	}
	if !in.Permission.Valid() {
		wrong.add("permission", "must be read, write or manage")
	}
	return wrong.err()
}

// ExplainAccess says what a request of the principal that uses the permission would be answered, and why. Whoever may not
// see the project or the secret learns nothing of it, though the question be about oneself.
func (s *Service) ExplainAccess(ctx context.Context, by Caller, organization uuid.UUID, in ExplainAccess) (
	answer api.Explanation, err error,
) {
	q := s.begin(by, operation.ExplainAccess)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return answer, err
	}
	if err := in.check(); err != nil {
		return answer, err
	}
	if in.Secret != nil {
		return q.explainSecret(ctx, *in.Secret, in)
	}
	return q.explainProject(ctx, *in.Project, in)
}

func (q *request) explainSecret(ctx context.Context, id uuid.UUID, in ExplainAccess) (answer api.Explanation, err error) {
	v, err := q.lookSecret(ctx, id, nil, principalKey(in.Principal))
	if err != nil {
		return answer, err
	}
	if err := q.decideSubject(ctx, &v.sight, in.Principal); err != nil {
		return answer, err
	}
	if err := q.decideSecret(ctx, &v, access.SeeSecret); err != nil {
		return answer, err
	}
	rec, err := in.subject(&v.sight)
	if err != nil {
		return answer, err
	}
	x := q.explainer()
	x.learn(id, v.rec.Name)
	x.learnProjects(v.projects)
	return x.explain(ctx, in, rec, access.Request{Secret: v.access()})
}

func (q *request) explainProject(ctx context.Context, id uuid.UUID, in ExplainAccess) (answer api.Explanation, err error) {
	v, err := q.lookProject(ctx, id, principalKey(in.Principal))
	if err != nil {
		return answer, err
	}
	if err := q.decideSubject(ctx, &v.sight, in.Principal); err != nil {
		return answer, err
	}
	if err := q.decideProject(ctx, &v, access.SeeProject); err != nil {
		return answer, err
	}
	rec, err := in.subject(&v.sight)
	if err != nil {
		return answer, err
	}
	x := q.explainer()
	x.learn(id, v.rec.Name)
	project := v.rec.access(id)
	return x.explain(ctx, in, rec, access.Request{Project: &project})
}

// decideSubject decides about seeing what somebody can reach, who was read with the caller.
func (q *request) decideSubject(ctx context.Context, seen *sight, subject uuid.UUID) error {
	rec, err := principalIn(seen.items, subject)
	if err != nil {
		return err
	}
	return q.decide(ctx, seen.who, ask{
		Request: access.Request{Action: access.SeePrincipalAccess, Subject: subject}, about: aboutPrincipal(subject, rec.Name),
	})
}

// subject is the principal that a question is about.
func (in ExplainAccess) subject(seen *sight) (principalRecord, error) {
	rec, err := principalIn(seen.items, in.Principal)
	if err == nil && !rec.exists() {
		err = api.FieldError(api.CodeNotFound, "principalId", "no such principal")
	}
	return rec, err
}

// access is the principal as package access wants it.
func (rec *principalRecord) access(id uuid.UUID) access.Principal {
	return access.Principal{ID: id, Kind: rec.Kind, Role: rec.Role, Disabled: rec.Disabled, Groups: rec.Groups}
}

// explain answers a question about a principal and what the request is about.
func (x *explainer) explain(ctx context.Context, in ExplainAccess, rec principalRecord, r access.Request) (api.Explanation, error) {
	r.Principal, r.Now = rec.access(in.Principal), x.now
	decision := access.Evaluate(r.Using(in.Permission))
	if err := x.learnGroups(ctx, decision.Reasons); err != nil {
		return api.Explanation{}, err
	}
	kind, id := resourceOf(r)
	answer := api.Explanation{
		Principal:  api.GrantPrincipal{Kind: rec.Kind, ID: in.Principal, Name: rec.Name},
		Resource:   x.resource(kind, id),
		Permission: in.Permission, Allowed: decision.Allowed, Reason: decision.Words(x.name), Missing: decision.Missing,
		Reasons: x.show(in.Principal, decision.Reasons), Reach: reachOf(r),
	}
	switch {
	case decision.Allowed:
		until, _ := rightsOf(r).Until(in.Permission)
		answer.ExpiresAt = orNever(until)
	case decision.NotFound():
		answer.Code = api.CodeNotFound
	default:
		answer.Code = api.CodeForbidden
	}
	return answer, nil
}

// resourceOf names the project or the secret that a request is about.
func resourceOf(r access.Request) (access.Resource, uuid.UUID) {
	if r.Secret != nil {
		return access.OnSecret, r.Secret.ID
	}
	return access.OnProject, r.Project.ID
}

func rightsOf(r access.Request) access.Rights {
	if r.Secret != nil {
		return access.SecretRights(r.Principal, *r.Secret, r.Now)
	}
	return access.ProjectRights(r.Principal, *r.Project, r.Now)
}

func waysOf(r access.Request) []access.Reason {
	if r.Secret != nil {
		return access.SecretWays(r.Principal, *r.Secret, r.Now)
	}
	return access.ProjectWays(r.Principal, *r.Project, r.Now)
}

// reachOf is how far the principal gets with what the request is about; for a group, how far what it was granted does.
func reachOf(r access.Request) api.Reach {
	if highest := rightsOf(r).Highest(); highest != access.None {
		return api.Reach(highest.String())
	}
	if r.Action = access.SeeProject; r.Secret != nil {
		r.Action = access.SeeSecret
	}
	if access.Evaluate(r).Allowed {
		return api.ReachSee
	}
	return api.ReachNone
}

// reachEnds is when what reachOf answers ends or becomes less.
func reachEnds(r access.Request) *time.Time {
	rights := rightsOf(r)
	until, _ := rights.Until(rights.Highest())
	return orNever(until)
}

// orNever is nil for what does not end.
func orNever(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
