package secrets

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// maxTrashSeen is how many entries of the trash one page looks at for who does not see all of it: each costs reading the
// thing itself, and where the projects that it is in are not known yet, these. Then the page ends, perhaps empty, with a
// token.
const maxTrashSeen = 100

// ListTrash lists what is in the trash, newest first: all of it to who sees everything, and to others what they could have
// deleted. A page may be short, or empty, and have a token all the same.
func (s *Service) ListTrash(ctx context.Context, by Caller, organization uuid.UUID, in api.Page) (
	list api.List[api.TrashEntry], err error,
) {
	q := s.begin(by, operation.ListTrash)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return list, err
	}
	query := table.Query{PK: trashPK(q.organization), Limit: in.Limit, Descending: true}
	at, err := position("trash", in.ContinuationToken, 1)
	if err != nil {
		return list, err
	}
	if at != nil {
		query.After = table.Position{SK: at[0]}
	}
	seen, err := q.look(ctx)
	if err != nil {
		return list, err
	}
	if !seen.who.seesAll() {
		query.Limit = maxTrashSeen
	}
	page, err := q.table.Query(ctx, query)
	if err != nil {
		return list, err
	}
	entries := make([]trashRecord, len(page.Items))
	for i, item := range page.Items {
		if err := fromItem(item, &entries[i]); err != nil {
			return list, err
		}
	}
	shown := func(int) bool { return true }
	if !seen.who.seesAll() {
		if shown, err = q.couldHaveDeleted(ctx, seen.who, entries); err != nil {
			return list, err
		}
	}
	list.Data = []api.TrashEntry{}
	for i, entry := range entries {
		if !shown(i) {
			continue
		}
		if len(list.Data) == in.Limit { // there is one more
			list.ContinuationToken = token{"trash", []string{page.Items[i-1].Key.SK}}.String()
			return list, nil
		}
		list.Data = append(list.Data, entry.show())
	}
	if !page.Next.IsZero() {
		list.ContinuationToken = token{"trash", []string{page.Next.SK}}.String()
	}
	return list, nil
}

func (rec *trashRecord) show() api.TrashEntry {
	return api.TrashEntry{
		Kind: rec.Kind, ID: rec.ID, Name: rec.Name, TrashedAt: rec.At, TrashedBy: rec.By.api(), PurgeAt: rec.PurgeAt,
	}
}

// couldHaveDeleted finds out which of the entries are of something that the caller could have put into the trash, and still
// could if it were not there.
func (q *request) couldHaveDeleted(ctx context.Context, who identityRecord, entries []trashRecord) (func(int) bool, error) {
	keys := make([]table.Key, len(entries))
	for i, entry := range entries {
		keys[i] = projectKey(entry.ID)
		if entry.Kind == onSecret {
			keys[i] = secretKey(entry.ID)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	items, err := q.table.BatchGet(ctx, keys)
	if err != nil {
		return nil, err
	}
	secrets, projects, err := q.understandAll(ctx, items)
	return func(i int) bool {
		id := entries[i].ID
		question := ask{evenTrashed: true}
		if entries[i].Kind == onSecret {
			v := secretSight{id: id, rec: secrets[id], projects: projects}
			question.Request = access.Request{Action: access.DeleteSecret, Secret: v.access()}
		} else {
			project := projects[id].access(id)
			question.Request = access.Request{Action: access.DeleteProject, Project: &project}
		}
		return q.judge(who, question).Allowed
	}, err
}

// understandAll reads secrets and projects out of the items, and the projects that the secrets are in besides.
func (q *request) understandAll(ctx context.Context, items map[table.Key]table.Item) (
	secrets map[uuid.UUID]secretRecord, projects map[uuid.UUID]projectRecord, err error,
) {
	all := secretSight{projects: map[uuid.UUID]projectRecord{}}
	if err := all.readProjects(items); err != nil {
		return nil, nil, err
	}
	secrets = map[uuid.UUID]secretRecord{}
	var further collection
	for key, item := range items {
		if key.SK == "PROJECT" {
			continue
		}
		id, err := uuid.Parse(key.PK[len(secretPrefix):])
		if err != nil {
			return nil, nil, err
		}
		rec := secretRecord{resource: resource{revision: item.Revision}}
		if err := fromItem(item, &rec); err != nil {
			return nil, nil, err
		}
		secrets[id] = rec
		all.rec.Projects = rec.Projects
		further.add(all.unread()...)
	}
	if len(further.ids) > 0 {
		err = q.lookFurther(ctx, &all, further.ids)
	}
	return secrets, all.projects, err
}
