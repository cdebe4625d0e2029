package secrets

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// ListPrincipals lists users, groups and service accounts by kind and name, or those of one kind.
func (s *Service) ListPrincipals(ctx context.Context, by Caller, organization uuid.UUID, kind access.Kind, in api.Page) (
	list api.List[api.Principal], err error,
) {
	q := s.begin(by, operation.ListPrincipals)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return list, err
	}
	kinds := []access.Kind{access.KindGroup, access.KindServiceAccount, access.KindUser} // in the order of their prefixes
	if kind != "" {
		if !kind.Valid() {
			return list, api.FieldError(api.CodeInvalid, "kind", "must be user, group or serviceAccount")
		}
		kinds = []access.Kind{kind}
	}
	at, err := position("principals", in.ContinuationToken, 1)
	if err != nil {
		return list, err
	}
	seen, err := q.look(ctx)
	if err != nil {
		return list, err
	}
	if err := q.decideOn(ctx, seen.who, access.SeePrincipals); err != nil {
		return list, err
	}
	entries, more, err := q.principalEntries(ctx, kinds, at, in.Limit)
	if err != nil {
		return list, err
	}
	return q.principalPage(ctx, "principals", entries, more)
}

// A namedEntry is a list entry: where it stands in its list, and whom it stands for.
type namedEntry struct {
	at string
	id uuid.UUID
}

// principalPage shows those of the principals that are there, in the order given and as many as fit into an answer, with
// the names of their groups. more says that the list does not end with the entries.
func (q *request) principalPage(ctx context.Context, name string, entries []namedEntry, more bool) (
	list api.List[api.Principal], err error,
) {
	ids := make([]uuid.UUID, len(entries))
	for i, entry := range entries {
		ids[i] = entry.id
	}
	records, err := q.principalRecords(ctx, ids)
	if err != nil {
		return list, err
	}
	var groups collection
	for _, rec := range records {
		groups.add(rec.Groups...)
	}
	names, err := q.principalNames(ctx, groups.ids)
	if err != nil {
		return list, err
	}
	list.Data = []api.Principal{}
	room, last := maxBulkAnswerSize, len(entries)-1
	for i, id := range ids {
		rec, ok := records[id]
		if !ok {
			continue
		}
		shown := shownPrincipal(id, &rec, names)
		if room -= size(shown) + 1; room < 0 && len(list.Data) > 0 {
			last, more = i-1, true
			break
		}
		list.Data = append(list.Data, shown)
	}
	if more {
		list.ContinuationToken = token{name, []string{entries[last].at}}.String()
	}
	return list, nil
}

// A collection holds ids, each once, in the order in which they came.
type collection struct {
	ids  []uuid.UUID
	seen map[uuid.UUID]bool
}

func (c *collection) add(ids ...uuid.UUID) {
	if c.seen == nil {
		c.seen = map[uuid.UUID]bool{}
	}
	for _, id := range ids {
		if !c.seen[id] {
			c.seen[id] = true
			c.ids = append(c.ids, id)
		}
	}
}

// principalEntries are the entries of those kinds after a position, and whether there are more.
func (q *request) principalEntries(ctx context.Context, kinds []access.Kind, at []string, limit int) (
	entries []namedEntry, more bool, err error,
) {
	for _, kind := range kinds {
		prefix := principalPrefix(kind)
		query := table.Query{PK: organizationPK(q.organization), Prefix: prefix}
		if at != nil && strings.HasPrefix(at[0], prefix) {
			query.After = table.Position{SK: at[0]}
		} else if at != nil && at[0] > prefix {
			continue
		}
		for limit+1 > len(entries) {
			query.Limit = limit + 1 - len(entries)
			page, err := q.table.Query(ctx, query)
			if err != nil {
				return nil, false, err
			}
			for _, item := range page.Items {
				var entry entryRecord
				if err := fromItem(item, &entry); err != nil {
					return nil, false, err
				}
				entries = append(entries, namedEntry{item.Key.SK, entry.ID})
			}
			if page.Next.IsZero() {
				break
			}
			query.After = page.Next
		}
	}
	if len(entries) > limit {
		return entries[:limit], true, nil
	}
	return entries, false, nil
}
