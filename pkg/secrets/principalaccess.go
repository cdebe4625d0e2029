package secrets

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// maxReached is how many projects and secrets a page of list-principal-access looks at: what a page reads is bounded by
// it, whatever was granted.
const maxReached = 100

// ListPrincipalAccess lists what a principal can reach: the projects, and the secrets that were granted itself or to a
// group of its, in the order of their kinds and ids. Secrets that it reaches through a project alone are in that project.
// Who reaches everything by role, or may do nothing at all, has one entry that says so. For a group it lists what its
// members reach through it.
func (s *Service) ListPrincipalAccess(ctx context.Context, by Caller, id uuid.UUID, page api.Page) (
	list api.List[api.PrincipalAccess], err error,
) {
	q := s.begin(by, operation.ListPrincipalAccess)
	at, err := position("principal-access", page.ContinuationToken, 1)
	if err != nil {
		return list, err
	}
	after := ""
	if at != nil {
		if after = at[0]; !isGranted(after) {
			return list, malformedToken()
		}
	}
	seen, err := q.look(ctx, principalKey(id))
	if err != nil {
		return list, err
	}
	if err := q.decideSubject(ctx, &seen, id); err != nil {
		return list, err
	}
	rec, err := principalIn(seen.items, id)
	if err != nil {
		return list, err
	}
	if !rec.exists() {
		return list, notFound("principal")
	}
	l := accessList{explainer: q.explainer(), subject: rec.access(id)}
	if everything, ok := l.everything(); ok {
		list.Data = []api.PrincipalAccess{everything}
		return list, nil
	}
	return l.page(ctx, after, min(page.Limit, maxReached))
}

// An accessList decides how far one principal gets with what was granted to it.
type accessList struct {
	*explainer
	subject access.Principal
}

// everything is the one entry of who reaches everything or nothing, by what it is. A project that nobody was granted
// anything on tells who that is.
func (l *accessList) everything() (api.PrincipalAccess, bool) {
	r := access.Request{Principal: l.subject, Action: access.SeeSelf, Project: &access.Project{Live: true}, Now: l.now}
	entry := api.PrincipalAccess{Everything: true, Reach: reachOf(r)}
	why := waysOf(r)
	if d := access.Evaluate(r); !d.Allowed && l.subject.Kind != access.KindGroup {
		why = d.Reasons
	}
	entry.Reasons = l.show(l.subject.ID, why)
	return entry, len(why) > 0
}

// page decides about the next n things that were granted, and shows those that can be reached.
func (l *accessList) page(ctx context.Context, after string, n int) (list api.List[api.PrincipalAccess], err error) {
	granted, more, err := l.q.grantedAfter(ctx, append([]uuid.UUID{l.subject.ID}, l.subject.Groups...), after, n)
	if err != nil {
		return list, err
	}
	asks, err := l.asks(ctx, granted)
	if err != nil {
		return list, err
	}
	ways := make([][]access.Reason, len(asks))
	for i, r := range asks {
		ways[i] = waysOf(r)
	}
	if err := l.learnGroups(ctx, ways...); err != nil {
		return list, err
	}
	list.Data = []api.PrincipalAccess{}
	room, last := maxBulkAnswerSize, len(granted)-1
	for i, r := range asks {
		entry, ok := l.entry(r, ways[i])
		if !ok {
			continue
		}
		if room -= size(entry) + 1; room < 0 && len(list.Data) > 0 {
			last, more = i-1, true
			break
		}
		list.Data = append(list.Data, entry)
	}
	if more {
		list.ContinuationToken = token{"principal-access", []string{granted[last].String()}}.String()
	}
	return list, nil
}

// entry is what is shown of a project, or of a secret that a grant on it is among the ways to.
func (l *accessList) entry(r access.Request, ways []access.Reason) (api.PrincipalAccess, bool) {
	kind, id := resourceOf(r)
	if !slices.ContainsFunc(ways, func(w access.Reason) bool { return w.Resource == id }) {
		return api.PrincipalAccess{}, false
	}
	resource := l.resource(kind, id)
	return api.PrincipalAccess{
		Resource: &resource, Reach: reachOf(r), ExpiresAt: reachEnds(r), Reasons: l.show(l.subject.ID, ways),
	}, true
}

// asks are requests of the subject about each of the things, with all that decides about them.
func (l *accessList) asks(ctx context.Context, things []granted) ([]access.Request, error) {
	if len(things) == 0 {
		return nil, nil
	}
	v, err := l.look(ctx, things)
	if err != nil {
		return nil, err
	}
	l.learnProjects(v.projects)
	asks := make([]access.Request, len(things))
	for i, g := range things {
		asks[i] = access.Request{Principal: l.subject, Now: l.now}
		if g.kind == onProject {
			project := v.projects[g.id].access(g.id)
			asks[i].Project = &project
			continue
		}
		rec, found := v.secrets[g.id]
		l.learn(g.id, rec.Name)
		secret := secretSight{id: g.id, found: found, rec: rec, projects: v.projects}
		asks[i].Secret = secret.access()
	}
	return asks, nil
}

// A grantedSight is what was granted as it was read, and the projects that the secrets are in.
type grantedSight struct {
	projects map[uuid.UUID]projectRecord
	secrets  map[uuid.UUID]secretRecord
}

func (l *accessList) look(ctx context.Context, things []granted) (v grantedSight, err error) {
	keys := make([]table.Key, len(things))
	for i, g := range things {
		keys[i] = g.key()
	}
	items, err := l.q.table.BatchGet(ctx, keys)
	if err != nil {
		return v, err
	}
	seen := secretSight{projects: map[uuid.UUID]projectRecord{}}
	if err := seen.readProjects(items); err != nil {
		return v, err
	}
	v = grantedSight{seen.projects, map[uuid.UUID]secretRecord{}}
	var unread collection
	for _, g := range things {
		item, found := items[g.key()]
		if g.kind != onSecret || !found {
			continue
		}
		if err := fromItem(item, &seen.rec); err != nil {
			return v, err
		}
		v.secrets[g.id] = seen.rec
		unread.add(seen.unread()...)
		seen.rec = secretRecord{}
	}
	further, err := l.q.projectsByID(ctx, unread.ids)
	maps.Copy(v.projects, further)
	return v, err
}
