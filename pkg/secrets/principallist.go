package secrets

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/table"
)

// ListPrincipals lists users, groups and service accounts by kind and name, or those of one kind.
func (s *Service) ListPrincipals(ctx context.Context, by Caller, organization uuid.UUID, kind access.Kind, in api.Page) (
	list api.List[api.Principal], err error,
) {
	q := s.begin(by)
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
	if err := q.decideOn(seen.who, access.SeePrincipals); err != nil {
		return list, err
	}
	entries, more, err := q.principalEntries(ctx, kinds, at, in.Limit)
	if err != nil {
		return list, err
	}
	ids := make([]uuid.UUID, len(entries))
	for i, entry := range entries {
		ids[i] = entry.id
	}
	if more {
		list.ContinuationToken = token{"principals", []string{entries[len(entries)-1].sk}}.String()
	}
	list.Data, err = q.showPrincipals(ctx, ids)
	return list, err
}

// A namedEntry is a list entry: its sort key and what it stands for.
type namedEntry struct {
	sk string
	id uuid.UUID
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
