package secrets

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// ListSecrets lists the secrets that the caller may see by name and id, each once.
func (s *Service) ListSecrets(ctx context.Context, by Caller, organization uuid.UUID, in ListSecrets) (
	list api.List[api.SecretEntry], err error,
) {
	q := s.begin(by, operation.ListSecrets)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return list, err
	}
	if _, err := entriesQuery("", "", ListSecrets{NamePrefix: in.NamePrefix}); err != nil {
		return list, err
	}
	at, err := position("secrets", in.ContinuationToken, 2)
	if err != nil {
		return list, err
	}
	l := secretList{q: q, in: in, found: map[uuid.UUID]*api.SecretEntry{}}
	if at != nil {
		l.after.Name = at[0]
		if l.after.ID, err = uuid.Parse(at[1]); err != nil || !strings.HasPrefix(at[0], in.NamePrefix) {
			return list, api.FieldError(api.CodeInvalid, "continuationToken", "was answered for another namePrefix")
		}
	}
	seen, err := q.look(ctx)
	if err != nil {
		return list, err
	}
	l.who = seen.who
	if l.who.seesAll() {
		err = l.gatherAll(ctx)
	} else {
		err = l.gatherReach(ctx)
	}
	return l.page(), err
}

// A secretList gathers the secrets that come next after a position from several ordered sources. Every source gives
// one more than the page holds, so that the first of all of them are the page.
type secretList struct {
	q     *request
	in    ListSecrets
	who   identityRecord
	after api.SecretEntry
	found map[uuid.UUID]*api.SecretEntry
}

func compareEntries(a, b *api.SecretEntry) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID.String(), b.ID.String()))
}

// add notes a secret, and that it is in a project that the caller may see.
func (l *secretList) add(id uuid.UUID, name string, project ...api.Reference) {
	entry := &api.SecretEntry{ID: id, Name: name, Projects: []api.Reference{}}
	if !strings.HasPrefix(name, l.in.NamePrefix) || (l.after.Name != "" && compareEntries(entry, &l.after) <= 0) {
		return
	}
	if known, ok := l.found[id]; ok {
		entry = known
	}
	for _, p := range project {
		if !slices.Contains(entry.Projects, p) {
			entry.Projects = append(entry.Projects, p)
		}
	}
	l.found[id] = entry
}

// page is the first of what was gathered.
func (l *secretList) page() (list api.List[api.SecretEntry]) {
	all := make([]*api.SecretEntry, 0, len(l.found))
	for _, entry := range l.found {
		all = append(all, entry)
	}
	slices.SortFunc(all, compareEntries)
	list.Data = []api.SecretEntry{}
	room := maxBulkAnswerSize
	for i, entry := range all {
		room -= size(entry) + 1
		if i > 0 && (i >= l.in.Limit || room < 0) {
			last := all[i-1]
			list.ContinuationToken = token{"secrets", []string{last.Name, last.ID.String()}}.String()
			break
		}
		slices.SortFunc(entry.Projects, func(a, b api.Reference) int { return strings.Compare(a.Name, b.Name) })
		list.Data = append(list.Data, *entry)
	}
	return list
}

// gatherAll reads index 2, for who sees all. It may lag a moment.
func (l *secretList) gatherAll(ctx context.Context) error {
	pages := make([]table.Page, secretShards)
	err := l.q.sideBySide(ctx, secretShards, func(ctx context.Context, shard int) (err error) {
		query := table.Query{
			Index: table.Index2, PK: secretIndexPK(l.q.organization, shard), Prefix: l.in.NamePrefix, Limit: l.in.Limit + 1,
		}
		if l.after.Name != "" {
			query.After = table.Position{SK: secretIndexSK(l.after.Name, l.after.ID), Key: secretKey(l.after.ID)}
		}
		pages[shard], err = l.q.table.Query(ctx, query)
		return err
	})
	if err != nil {
		return err
	}
	var records []secretRecord
	var ids []uuid.UUID
	var in collection
	for _, page := range pages {
		for _, item := range page.Items {
			var rec secretRecord
			if err := fromItem(item, &rec); err != nil {
				return err
			}
			id, err := uuid.Parse(strings.TrimPrefix(item.Key.PK, secretPrefix))
			if err != nil {
				return err
			}
			records, ids = append(records, rec), append(ids, id)
			in.add(rec.Projects...)
		}
	}
	projects, err := l.q.projectsByID(ctx, in.ids)
	if err != nil {
		return err
	}
	for i, rec := range records {
		l.addRecord(ids[i], &rec, projects)
	}
	return nil
}

// addRecord notes a secret if the caller may see it.
func (l *secretList) addRecord(id uuid.UUID, rec *secretRecord, projects map[uuid.UUID]projectRecord) {
	v := secretSight{id: id, found: true, rec: *rec, projects: projects}
	v.who = l.who
	if l.q.may(l.who, access.Request{Action: access.SeeSecret, Secret: v.access()}) {
		l.add(id, rec.Name, l.q.visible(&v)...)
	}
}

// gatherReach reads the entries of the projects in the caller's reach, and the secrets granted to it directly.
func (l *secretList) gatherReach(ctx context.Context) error {
	r, err := l.q.reach(ctx, l.who)
	if err != nil {
		return err
	}
	return l.gatherFrom(ctx, r)
}

func (l *secretList) gatherFrom(ctx context.Context, r reach) error {
	keys := projectKeys(r.projects)
	for _, id := range r.secrets {
		keys = append(keys, secretKey(id))
	}
	if l.after.Name != "" { // another project may have a secret of the name where the last page ended
		for _, id := range r.projects {
			keys = append(keys, secretEntryKey(projectPK(id), l.after.Name))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	pages := make([]table.Page, len(r.projects))
	var items map[table.Key]table.Item
	group, sideContext := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		items, err = l.q.table.BatchGet(sideContext, keys)
		return err
	})
	group.Go(func() error {
		return l.q.sideBySide(sideContext, len(r.projects), func(ctx context.Context, i int) (err error) {
			pages[i], err = l.q.table.Query(ctx, l.entries(r.projects[i]))
			return err
		})
	})
	if err := group.Wait(); err != nil {
		return err
	}
	v := secretSight{projects: map[uuid.UUID]projectRecord{}}
	if err := v.readProjects(items); err != nil {
		return err
	}
	for i, id := range r.projects {
		if err := l.addEntries(id, v.projects[id], pages[i].Items, items); err != nil {
			return err
		}
	}
	return l.addGranted(r.secrets, items, v.projects)
}

// entries asks for a project's entries after the last page's name.
func (l *secretList) entries(project uuid.UUID) table.Query {
	query := table.Query{PK: projectPK(project), Prefix: secretPrefix + l.in.NamePrefix, Limit: l.in.Limit + 1}
	if l.after.Name != "" {
		query.After = table.Position{SK: secretPrefix + l.after.Name}
	}
	return query
}

// addEntries notes a project's entries if the caller may list them: the next ones, and that of the last page's name.
func (l *secretList) addEntries(id uuid.UUID, rec projectRecord, next []table.Item, items map[table.Key]table.Item) error {
	project := rec.access(id)
	if !l.q.may(l.who, access.Request{Action: access.ListProjectSecrets, Project: &project}) {
		return nil
	}
	if item, found := items[secretEntryKey(projectPK(id), l.after.Name)]; found {
		next = append(next, item)
	}
	for _, item := range next {
		var entry entryRecord
		if err := fromItem(item, &entry); err != nil {
			return err
		}
		l.add(entry.ID, strings.TrimPrefix(item.Key.SK, secretPrefix), api.Reference{ID: id, Name: rec.Name})
	}
	return nil
}

// addGranted notes the secrets that were granted to the caller directly. Only their projects in the caller's reach
// were read, and only those may it see.
func (l *secretList) addGranted(ids []uuid.UUID, items map[table.Key]table.Item, projects map[uuid.UUID]projectRecord) error {
	for _, id := range ids {
		item, found := items[secretKey(id)]
		if !found {
			continue
		}
		var rec secretRecord
		if err := fromItem(item, &rec); err != nil {
			return err
		}
		if rec.TrashedAt.IsZero() {
			l.addRecord(id, &rec, projects)
		}
	}
	return nil
}
