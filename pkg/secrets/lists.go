package secrets

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

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

// seesAll says whether the caller sees everything that is there, by role. What it is shown is decided on all the same.
func (r identityRecord) seesAll() bool {
	return r.Role == access.RoleOwner || r.Role == access.RoleAdmin || r.Role == access.RoleAuditor
}

// A reach is what was granted to a caller and its groups. It says where to look; what is found there decides.
type reach struct{ projects, secrets []uuid.UUID }

func (q *request) reach(ctx context.Context, who identityRecord) (r reach, err error) {
	principals := append([]uuid.UUID{who.Principal}, who.Groups...)
	found := make([][]string, len(principals))
	err = q.sideBySide(ctx, len(principals), func(ctx context.Context, i int) (err error) {
		found[i], err = q.namesUnder(ctx, principalPK(principals[i]), reachPrefix)
		return err
	})
	if err != nil {
		return r, err
	}
	names := slices.Concat(found...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		kind, text, _ := strings.Cut(name, "#")
		id, err := uuid.Parse(text)
		if err != nil {
			return r, err
		}
		if kind == onProject {
			r.projects = append(r.projects, id)
		} else {
			r.secrets = append(r.secrets, id)
		}
	}
	return r, nil
}

// sideBySide does n things, several at a time.
func (q *request) sideBySide(ctx context.Context, n int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxReadsAtOnce)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// projectsByID reads projects in one batch.
func (q *request) projectsByID(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]projectRecord, error) {
	projects := make(map[uuid.UUID]projectRecord, len(ids))
	if len(ids) == 0 {
		return projects, nil
	}
	items, err := q.table.BatchGet(ctx, projectKeys(ids))
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		id, rec, err := projectOf(item)
		if err != nil {
			return nil, err
		}
		projects[id] = rec
	}
	return projects, nil
}

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

// ListSecrets lists the secrets that the caller may see by name and id, each once.
func (s *Service) ListSecrets(ctx context.Context, by Caller, organization uuid.UUID, in ListSecrets) (
	list api.List[api.SecretEntry], err error,
) {
	q := s.begin(by)
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
	var ids, projectIDs []uuid.UUID
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
			records, ids, projectIDs = append(records, rec), append(ids, id), union(projectIDs, rec.Projects)
		}
	}
	projects, err := l.q.projectsByID(ctx, projectIDs)
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
	if l.q.decideSecret(&v, access.SeeSecret) == nil {
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
		if err := l.addEntries(id, v.projects[id], pages[i]); err != nil {
			return err
		}
	}
	return l.addGranted(r.secrets, items, v.projects)
}

// entries asks for a project's next entries. Those of the name where the last page ended are asked for again, since
// another secret of that name in another project may come after.
func (l *secretList) entries(project uuid.UUID) table.Query {
	query := table.Query{PK: projectPK(project), Prefix: secretPrefix + l.in.NamePrefix, Limit: l.in.Limit + 2}
	if l.after.Name > l.in.NamePrefix {
		query.After = table.Position{SK: secretPrefix + justBefore(l.after.Name)}
	}
	return query
}

func (l *secretList) addEntries(id uuid.UUID, rec projectRecord, page table.Page) error {
	project := rec.access(id)
	q := l.q
	if q.decide(l.who, ask{Request: access.Request{Action: access.ListProjectSecrets, Project: &project}}) != nil {
		return nil
	}
	for _, item := range page.Items {
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

// justBefore is a string between name and, practically, all that come before it: a position from which name itself
// comes next.
func justBefore(name string) string {
	last, width := utf8.DecodeLastRuneInString(name)
	previous := last - 1
	if utf16.IsSurrogate(previous) {
		previous = 0xD7FF
	}
	return name[:len(name)-width] + string(previous) + string(utf8.MaxRune)
}
