package secrets

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/table"
)

// ListProjects lists the projects that the caller may see, by name.
func (s *Service) ListProjects(ctx context.Context, by Caller, organization uuid.UUID, in api.Page) (
	list api.List[api.Project], err error,
) {
	q := s.begin(by)
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
	ids, err := q.projectIDs(ctx, seen.who, after, in.Limit+1)
	if err != nil {
		return list, err
	}
	projects, err := q.projectsByID(ctx, ids)
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

// projectIDs are the projects to look at: the next ones by name for who sees all, and what the others can reach.
func (q *request) projectIDs(ctx context.Context, who identityRecord, after string, limit int) ([]uuid.UUID, error) {
	if !who.seesAll() {
		r, err := q.reach(ctx, who)
		return r.projects, err
	}
	query := table.Query{PK: organizationPK(q.organization), Prefix: projectPrefix, Limit: limit}
	if after != "" {
		query.After = table.Position{SK: projectPrefix + after}
	}
	page, err := q.table.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(page.Items))
	for i, item := range page.Items {
		var entry entryRecord
		if err := fromItem(item, &entry); err != nil {
			return nil, err
		}
		ids[i] = entry.ID
	}
	return ids, nil
}
