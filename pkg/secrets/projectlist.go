package secrets

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// ListProjects lists the projects that the caller may see, by name.
func (s *Service) ListProjects(ctx context.Context, by Caller, organization uuid.UUID, in api.Page) (
	list api.List[api.Project], err error,
) {
	q := s.begin(by, operation.ListProjects)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return list, err
	}
	at, err := position("projects", in.ContinuationToken, 1)
	if err != nil {
		return list, err
	}
	after := ""
	if at != nil {
		after = at[0]
	}
	seen, err := q.look(ctx)
	if err != nil {
		return list, err
	}
	entries, more, err := q.projectEntries(ctx, seen.who, after, in.Limit)
	if err != nil {
		return list, err
	}
	var ids collection
	for _, entry := range entries {
		ids.add(entry.id)
	}
	projects, err := q.projectsByID(ctx, ids.ids)
	if err != nil {
		return list, err
	}
	list.Data = []api.Project{}
	for id, rec := range projects {
		if rec.Name > after && q.sees(seen.who, id, rec) {
			list.Data = append(list.Data, q.showProject(seen.who, id, &rec))
		}
	}
	slices.SortFunc(list.Data, func(a, b api.Project) int { return strings.Compare(a.Name, b.Name) })
	if more { // what was deleted since is not shown, but the list goes on after it
		list.ContinuationToken = token{"projects", []string{entries[len(entries)-1].at}}.String()
	}
	cutProjects(&list, in.Limit)
	return list, nil
}

// cutProjects ends the list where the page or an answer's room does.
func cutProjects(list *api.List[api.Project], limit int) {
	room := maxBulkAnswerSize
	for i, p := range list.Data {
		room -= size(p) + 1
		if i > 0 && (i >= limit || room < 0) {
			list.ContinuationToken = token{"projects", []string{list.Data[i-1].Name}}.String()
			list.Data = list.Data[:i]
			return
		}
	}
}

// projectEntries are the projects to look at: the next ones by name, and whether there are more, for who sees all; and
// all that they can reach, without names, for the others.
func (q *request) projectEntries(ctx context.Context, who identityRecord, after string, limit int) (
	entries []namedEntry, more bool, err error,
) {
	if !who.seesAll() {
		r, err := q.reach(ctx, who)
		for _, id := range r.projects {
			entries = append(entries, namedEntry{id: id})
		}
		return entries, false, err
	}
	query := table.Query{PK: organizationPK(q.organization), Prefix: projectPrefix, Limit: limit}
	if after != "" {
		query.After = table.Position{SK: projectPrefix + after}
	}
	page, err := q.table.Query(ctx, query)
	if err != nil {
		return nil, false, err
	}
	for _, item := range page.Items {
		var entry entryRecord
		if err := fromItem(item, &entry); err != nil {
			return nil, false, err
		}
		entries = append(entries, namedEntry{strings.TrimPrefix(item.Key.SK, projectPrefix), entry.ID})
	}
	return entries, !page.Next.IsZero() && len(entries) > 0, nil
}
