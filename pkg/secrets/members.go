package secrets

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// countMembers is how many members a group has: at most a thousand.
func (q *request) countMembers(ctx context.Context, groupPK string) (int, error) {
	members, err := q.namesUnder(ctx, groupPK, memberPrefix)
	return len(members), err
}

// namesUnder is what follows prefix in all the sort keys of a partition that begin with it.
func (q *request) namesUnder(ctx context.Context, pk, prefix string) ([]string, error) {
	var names []string
	query := table.Query{PK: pk, Prefix: prefix}
	for {
		page, err := q.table.Query(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			names = append(names, strings.TrimPrefix(item.Key.SK, prefix))
		}
		if page.Next.IsZero() {
			return names, nil
		}
		query.After = page.Next
	}
}

// ListGroupMembers lists the users in a group, by id.
func (s *Service) ListGroupMembers(ctx context.Context, by Caller, group uuid.UUID, page api.Page) (
	list api.List[api.Principal], err error,
) {
	q := s.begin(by, operation.ListGroupMembers)
	at, err := position("members", page.ContinuationToken, 1)
	if err != nil {
		return list, err
	}
	v, err := q.lookGroup(ctx, group, access.SeePrincipals)
	if err != nil {
		return list, err
	}
	query := table.Query{PK: principalPK(v.id), Prefix: memberPrefix, Limit: page.Limit}
	if at != nil {
		query.After = table.Position{SK: memberPrefix + at[0]}
	}
	found, err := q.table.Query(ctx, query)
	if err != nil {
		return list, err
	}
	entries := make([]namedEntry, len(found.Items))
	for i, item := range found.Items {
		id, err := uuid.Parse(strings.TrimPrefix(item.Key.SK, memberPrefix))
		if err != nil {
			return list, err
		}
		entries[i] = namedEntry{id.String(), id}
	}
	return q.principalPage(ctx, "members", entries, !found.Next.IsZero())
}

func (q *request) lookGroup(ctx context.Context, id uuid.UUID, action access.Action) (principalSight, error) {
	v, err := q.lookPrincipal(ctx, id)
	if err != nil {
		return v, err
	}
	if err := q.decideOn(ctx, v.who, action); err != nil {
		return v, err
	}
	if !v.rec.exists() {
		return v, notFound("principal")
	}
	if v.rec.Kind != access.KindGroup {
		return v, api.FieldError(api.CodeInvalid, "principalId", "is a %s; only groups have members", v.rec.Kind)
	}
	return v, nil
}

// ChangeGroupMembers adds users to a group and removes them from it, each for itself.
func (s *Service) ChangeGroupMembers(ctx context.Context, by Caller, group uuid.UUID, in api.ChangeGroupMembers) (
	results api.BulkResults, err error,
) {
	q := s.begin(by, operation.ChangeGroupMembers)
	if err := checkMembers(in); err != nil {
		return results, err
	}
	if _, err := q.lookGroup(ctx, group, access.ChangePrincipals); err != nil {
		return results, err
	}
	results.Data = []api.BulkResult{}
	for i, id := range slices.Concat(in.Add, in.Remove) {
		failed, err := bulkError(s.begin(by, operation.ChangeGroupMembers).setMember(ctx, group, id, i < len(in.Add)))
		if err != nil {
			return results, err
		}
		results.Data = append(results.Data, api.BulkResult{ID: id, Error: failed})
	}
	return results, nil
}

func checkMembers(in api.ChangeGroupMembers) error {
	var wrong problems
	wrong.ids("add", in.Add, 0, maxMemberChanges)
	wrong.ids("remove", in.Remove, 0, maxMemberChanges)
	switch n := len(in.Add) + len(in.Remove); {
	case n == 0:
		wrong.add("add", "and remove are both empty; name a user to add or to remove")
	case n > maxMemberChanges:
		wrong.add("add", "and remove have %d ids together; at most %d are allowed", n, maxMemberChanges)
	}
	for i, id := range in.Remove {
		if slices.Contains(in.Add, id) {
			wrong.add(indexed("remove", i), "is to be added too")
		}
	}
	return wrong.err()
}

// setMember makes one user a member, or no member. The user's own item and identities hold its groups; the group is
// written too when somebody joins, so that it can't be deleted or overfilled at the same time.
func (q *request) setMember(ctx context.Context, group, user uuid.UUID, member bool) error {
	if user == group {
		return notFound("user") // and no key may be asked for twice
	}
	return q.change(ctx, func(ctx context.Context, before lost) (plan, error) {
		v, err := q.lookPrincipal(ctx, user, principalKey(group))
		if err != nil {
			return plan{}, err
		}
		q.about = aboutPrincipal(user, v.rec.Name)
		if err := q.decideChange(ctx, v.who, &v.rec, &v.rec); err != nil {
			return plan{}, err
		}
		if !v.rec.exists() || v.rec.Kind != access.KindUser {
			return plan{}, notFound("user")
		}
		if slices.Contains(v.rec.Groups, group) == member {
			return plan{}, nil
		}
		next := v.rec
		next.changed(q, q.now())
		if !member {
			next.Groups = slices.DeleteFunc(slices.Clone(next.Groups), func(id uuid.UUID) bool { return id == group })
			p, err := q.planPrincipal(ctx, &v, next, before)
			p.delete(memberKey(group, user), table.IfPresent())
			return p, err
		}
		next.Groups = sortedIDs(append(slices.Clone(next.Groups), group))
		if len(next.Groups) > maxGroups {
			return plan{}, api.Errorf(api.CodeInvalid, "the user is in %d groups already; that is the most", maxGroups)
		}
		p, err := q.planPrincipal(ctx, &v, next, before)
		if err != nil {
			return plan{}, err
		}
		err = q.planJoin(ctx, &p, v.items, memberKey(group, user))
		return p, err
	})
}

// planJoin adds the membership's item, and writes the group anew.
func (q *request) planJoin(ctx context.Context, p *plan, items map[table.Key]table.Item, member table.Key) error {
	key := table.Key{PK: member.PK, SK: "PRINCIPAL"}
	item := items[key]
	group := principalRecord{resource: resource{revision: item.Revision}}
	if err := fromItem(item, &group); err != nil {
		return err
	}
	if !group.exists() {
		return notFound("principal")
	}
	members, err := q.countMembers(ctx, member.PK)
	if err != nil {
		return err
	}
	if members >= maxMembers {
		return api.Errorf(api.CodeInvalid, "the group has %d members already; that is the most", maxMembers)
	}
	now := q.now()
	next := table.NextRevision(group.revision, now)
	p.put(toItem(key, next, &group), table.IfRevision(group.revision))
	p.put(toItem(member, next, &markRecord{At: now}), table.IfAbsent())
	return nil
}
