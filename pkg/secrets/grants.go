package secrets

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// PutAccess is a request to replace the grants of a project or a secret.
type PutAccess struct {
	ID    uuid.UUID
	Match IfMatch
	// Force lets callers end their own right to manage.
	Force  bool
	Grants []api.Grant
}

// A Policy is an access policy and its ETag, which counts changes of the grants alone.
type Policy struct {
	api.AccessPolicy
	ETag string
}

// GetProjectAccess lists a project's grants.
func (s *Service) GetProjectAccess(ctx context.Context, by Caller, id uuid.UUID) (Policy, error) {
	q := s.begin(by, operation.GetProjectAccess)
	v, err := q.lookProject(ctx, id)
	if err != nil {
		return Policy{}, err
	}
	if err := q.decideProject(ctx, &v, access.SeeProjectAccess); err != nil {
		return Policy{}, err
	}
	return q.showGrants(ctx, v.rec.Grants, v.rec.AccessTag)
}

// GetSecretAccess lists a secret's grants.
func (s *Service) GetSecretAccess(ctx context.Context, by Caller, id uuid.UUID) (Policy, error) {
	q := s.begin(by, operation.GetSecretAccess)
	v, err := q.lookSecret(ctx, id, nil)
	if err != nil {
		return Policy{}, err
	}
	if err := q.decideSecret(ctx, &v, access.SeeSecretAccess); err != nil {
		return Policy{}, err
	}
	return q.showGrants(ctx, v.rec.Grants, v.rec.AccessTag)
}

// showGrants shows grants with the names of whom they are for. Those of principals that were deleted give nobody
// anything, and are left out.
func (q *request) showGrants(ctx context.Context, grants access.Grants, tag int64) (Policy, error) {
	ids := make([]uuid.UUID, len(grants))
	for i, g := range grants {
		ids[i] = g.Principal
	}
	records, err := q.principalRecords(ctx, ids)
	if err != nil {
		return Policy{}, err
	}
	var names []any
	policy := Policy{}
	policy.Grants = []api.Grant{}
	for _, g := range grants {
		if rec, ok := records[g.Principal]; ok {
			shown := showGrant(g)
			shown.Principal.Kind, shown.Principal.Name = rec.Kind, rec.Name
			policy.Grants = append(policy.Grants, shown)
			names = append(names, rec.Name)
		}
	}
	policy.ETag = etag(tag, names...) // which are not the policy's own
	return policy, nil
}

func showGrant(g access.Grant) api.Grant {
	shown := api.Grant{Principal: api.GrantPrincipal{ID: g.Principal}, Permission: g.Permission}
	if !g.ExpiresAt.IsZero() {
		shown.ExpiresAt = &g.ExpiresAt
	}
	return shown
}

// policyOf shows grants as the answer to a PUT does, without names.
func policyOf(grants access.Grants, tag int64) Policy {
	policy := Policy{ETag: etag(tag)}
	policy.Grants = make([]api.Grant, len(grants))
	for i, g := range grants {
		policy.Grants[i] = showGrant(g)
	}
	return policy
}

// PutProjectAccess replaces a project's grants; only what differs is judged and written.
func (s *Service) PutProjectAccess(ctx context.Context, by Caller, in PutAccess) (Policy, error) {
	q := s.begin(by, operation.PutProjectAccess)
	return q.putAccess(ctx, in, func(ctx context.Context) (sharing, error) {
		return q.lookSharedProject(ctx, in.ID, access.ChangeProjectAccess)
	})
}

// PutSecretAccess replaces a secret's grants; only what differs is judged and written.
func (s *Service) PutSecretAccess(ctx context.Context, by Caller, in PutAccess) (Policy, error) {
	q := s.begin(by, operation.PutSecretAccess)
	return q.putAccess(ctx, in, func(ctx context.Context) (sharing, error) {
		return q.lookSharedSecret(ctx, in.ID, access.ChangeSecretAccess)
	})
}

func (q *request) putAccess(
	ctx context.Context, in PutAccess, look func(context.Context) (sharing, error),
) (answer Policy, err error) {
	wanted, err := parseGrants(in.Grants, q.now())
	if err != nil {
		return answer, err
	}
	err = q.change(ctx, func(ctx context.Context, _ lost) (p plan, err error) {
		g, err := look(ctx)
		if err != nil {
			return p, err
		}
		answer, p, err = q.replaceGrants(ctx, &grantChange{sharing: g, in: in, wanted: wanted})
		return p, err
	})
	return answer, err
}

const pastExpiry = "is past; it must be in the future, or absent for a grant without end"

// ended counts the grants that give nothing any longer.
func ended(grants []api.Grant, now time.Time) (n int) {
	for _, g := range grants {
		if g.ExpiresAt != nil && !g.ExpiresAt.After(now) {
			n++
		}
	}
	return n
}

// parseGrants checks the form of a list of grants and sorts it.
func parseGrants(in []api.Grant, now time.Time) (access.Grants, error) {
	var wrong problems
	if in == nil {
		wrong.add("grants", "is missing; send an empty list to take all grants away")
	}
	if len(in) > maxGrants {
		wrong.add("grants", "has %d grants, of which %d have ended; at most %d are allowed, and those that have ended give nothing",
			len(in), ended(in, now), maxGrants)
		return nil, wrong.err()
	}
	grants := make([]access.Grant, 0, len(in))
	seen := map[uuid.UUID]bool{}
	for i, g := range in {
		field := indexed("grants", i)
		if g.Principal.ID == uuid.Nil {
			wrong.add(field+".principal.id", missingID)
		} else if seen[g.Principal.ID] {
			wrong.add(field+".principal.id", "is there twice; one grant a principal, the highest permission includes the others")
		}
		if !g.Permission.Valid() {
			wrong.add(field+".permission", "must be read, write or manage")
		}
		if g.ExpiresAt != nil && g.ExpiresAt.UnixMilli() <= 0 { // the zero time would be no expiry at all
			wrong.add(field+".expiresAt", pastExpiry)
		}
		seen[g.Principal.ID] = true
		grants = append(grants, access.Grant{
			Principal: g.Principal.ID, Permission: g.Permission, ExpiresAt: valueOr(g.ExpiresAt).UTC().Truncate(time.Millisecond),
		})
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	return access.NewGrants(grants...)
}

// A grantChange is a replacement of grants that is to be judged.
type grantChange struct {
	sharing
	in      PutAccess
	wanted  access.Grants
	changes []access.Change
	// records are the principals that the changes are about, without those that are gone.
	records map[uuid.UUID]principalRecord
	// hidden are principals that are gone, and whose grants stay.
	hidden []uuid.UUID
}

// visible are the grants without the hidden ones.
func (c *grantChange) visible(grants access.Grants) access.Grants {
	return slices.DeleteFunc(slices.Clone(grants), func(g access.Grant) bool { return slices.Contains(c.hidden, g.Principal) })
}

// replaceGrants judges a change, and answers the policy by then and what is to be written.
func (q *request) replaceGrants(ctx context.Context, c *grantChange) (Policy, plan, error) {
	done, err := q.judgeGrants(ctx, c)
	if err != nil || done {
		return policyOf(c.visible(c.grants), c.tag), plan{}, err
	}
	p := c.plan(c.wanted)
	return policyOf(c.visible(c.wanted), c.tag+1), p, nil
}

// judgeGrants finds what differs and decides whether the caller may change that. done says that nothing is to be
// written.
func (q *request) judgeGrants(ctx context.Context, c *grantChange) (done bool, err error) {
	if err := q.keepHidden(ctx, c); err != nil {
		return false, err
	}
	if len(c.changes) == 0 {
		return true, nil
	}
	if err := c.in.Match.check(c.tag); err != nil {
		return false, err
	}
	if n := len(c.changes); n > maxGrantChanges {
		return false, api.FieldError(api.CodeInvalid, "grants",
			"differ in %d places from what is there; at most %d may be changed at once: use several requests", n, maxGrantChanges)
	}
	if err := q.judgeGiven(ctx, c); err != nil {
		return false, err
	}
	if !c.in.Force && c.rights(c.grants).Has(access.Manage) && !c.rights(c.wanted).Has(access.Manage) {
		return false, api.Errorf(api.CodeConflict,
			"you would no longer be allowed to manage this %s; repeat with force=true if that is meant", c.kind)
	}
	return false, nil
}

// keepHidden finds what differs. Grants of principals that were deleted are not shown, so that leaving them out does not
// mean to take them away: they stay until they are swept.
func (q *request) keepHidden(ctx context.Context, c *grantChange) (err error) {
	var ids []uuid.UUID
	for _, change := range access.Changed(c.grants, c.wanted) {
		ids = append(ids, change.Principal)
	}
	if c.records, err = q.principalRecords(ctx, ids); err != nil {
		return err
	}
	kept := slices.Clone(c.wanted)
	for _, change := range access.Changed(c.grants, c.wanted) {
		if _, ok := c.records[change.Principal]; !ok && change.New.IsZero() {
			kept = append(kept, change.Old)
			c.hidden = append(c.hidden, change.Principal)
		}
	}
	c.wanted, err = access.NewGrants(kept...)
	c.changes = access.Changed(c.grants, c.wanted)
	return err
}

// judgeGiven checks what is given: to principals that are there, no more than the caller has, and for no longer.
func (q *request) judgeGiven(ctx context.Context, c *grantChange) error {
	rights := c.rights(c.grants)
	for _, change := range c.changes {
		g := change.New
		if g.IsZero() {
			continue
		}
		field := indexed("grants", slices.IndexFunc(c.in.Grants, func(asked api.Grant) bool {
			return asked.Principal.ID == g.Principal
		}))
		if _, ok := c.records[g.Principal]; !ok {
			return api.FieldError(api.CodeNotFound, field+".principal.id", "no such principal")
		}
		if !g.ExpiresAt.IsZero() && !g.ExpiresAt.After(q.now()) {
			return api.FieldError(api.CodeInvalid, field+".expiresAt", pastExpiry)
		}
		if !rights.CoversGrant(g) {
			why := moreThanHeld(rights, g)
			return q.recordDenied(ctx, audit.Resource{Kind: audit.Kind(c.kind), ID: c.id}, why,
				api.FieldError(api.CodeForbidden, field, "%s", why))
		}
	}
	return nil
}

func moreThanHeld(rights access.Rights, g access.Grant) string {
	until, ok := rights.Until(g.Permission)
	if !ok {
		return fmt.Sprintf("gives %s, which you don't have yourself", g.Permission)
	}
	return fmt.Sprintf("outlasts your own right to %s, which ends at %s", g.Permission, until.UTC().Format(time.RFC3339))
}

// planReach notes under the principals what was granted to them, or no longer is. Nothing decides by these items, and
// nobody else writes them: the resource's revision guards them.
func (q *request) planReach(p *plan, kind string, id uuid.UUID, changes []access.Change) {
	for _, c := range changes {
		if c.New.IsZero() {
			p.delete(reachKey(c.Principal, kind, id), table.Unconditional())
			continue
		}
		p.put(toItem(reachKey(c.Principal, kind, id), table.NextRevision(0, q.Service.now()), &markRecord{
			Permission: int64(c.New.Permission), ExpiresAt: c.New.ExpiresAt,
		}), table.Unconditional())
	}
}
