package secrets

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/table"
)

// leaverPage is how many secrets are looked at together.
const leaverPage = 100

// A leaver is a principal of whom it is asked which values it knows, or could have read: page by page, first what it read, by the
// roll-ups of reads, then what was granted to it and its groups, or everything where its role reaches that, then what of that is in
// the trash, whose value is good again once it is restored. A list has at its end those of which it is neither and whose rotation it
// set: new values go where it said. These are not rotated for that alone, which would send another value there.
//
// What it can't know: reads that the table's stream has not brought yet; grants and memberships that were taken away before it
// left; and, of who was deleted, the grants that were its own once they are swept, which may be before a walk comes to them: to
// disable it first, and to delete it when that is walked, has them all. Values that somebody showed it are nowhere.
type leaver struct {
	q   *request
	id  uuid.UUID
	rec principalRecord
	// reachable looks for what it could have read too.
	reachable bool
	// settings looks for what it set too.
	settings bool
	// left is when it could read nothing any more; zero while it can.
	left time.Time
	// reads is until when it must have read a secret for the first time for its reads to count; zero for no such end.
	reads time.Time
	// granted are the things that were granted to it and its groups, in their order, found when they are first asked for.
	granted []granted
	names   map[uuid.UUID]string
	// current is the project that a page is about; nothing where it is about secrets that were granted themselves.
	current granted
}

// leaverOf is who a principal's item tells of.
func (q *request) leaverOf(id uuid.UUID, rec principalRecord, reachable bool) *leaver {
	l := &leaver{q: q, id: id, rec: rec, reachable: reachable, left: rec.DeletedAt}
	if l.left.IsZero() && rec.Disabled {
		l.left = rec.UpdatedAt // it may have been disabled earlier, and its name changed since
	}
	return l
}

// groups are those that it was in when it left.
func (l *leaver) groups() []uuid.UUID {
	if !l.rec.DeletedAt.IsZero() {
		return l.rec.FormerGroups
	}
	return l.rec.Groups
}

// principal is who it was before it left.
func (l *leaver) principal() access.Principal {
	return access.Principal{ID: l.id, Kind: l.rec.Kind, Role: l.rec.Role, Groups: l.groups()}
}

// A leaverPosition is where a page ended: in which part of the walk, and where in that.
type leaverPosition struct{ part, in, after string }

// The parts of the walk.
const (
	partRead    = "read"    // after which secret
	partGranted = "granted" // in which thing, after which secret's name in it
	partAll     = "all"     // in which shard, after which secret
	partTrash   = "trash"   // after which entry of the trash
	partSet     = "set"     // after which secret
	partNone    = ""        // there is no more
)

// A known is a secret in a leaver's list.
type known struct {
	rotationSight
	entry api.LeaverEntry
}

// page looks at the next n secrets at most, and answers those that belong into the list and where the next page begins.
func (l *leaver) page(ctx context.Context, at leaverPosition, n int) (found []known, next leaverPosition, err error) {
	var ids []uuid.UUID
	switch at.part {
	case partRead:
		ids, next, err = l.read(ctx, at, n)
	case partGranted:
		ids, next, err = l.reached(ctx, at, n)
	case partAll:
		ids, next, err = l.all(ctx, at, n)
	case partTrash:
		ids, next, err = l.trashed(ctx, at, n)
	case partSet:
		ids, next, err = l.set(ctx, at, n)
	default:
		err = malformedToken()
	}
	if err != nil {
		return nil, next, err
	}
	if next.part == partNone && (at.part == partGranted || at.part == partAll) {
		next = leaverPosition{part: partTrash}
	}
	if next.part == partNone && at.part != partSet && l.settings {
		next = leaverPosition{part: partSet}
	}
	found, err = l.judge(ctx, at, ids)
	return found, next, err
}

// read are the secrets that it read.
func (l *leaver) read(ctx context.Context, at leaverPosition, n int) (ids []uuid.UUID, next leaverPosition, err error) {
	query := table.Query{PK: principalPK(l.id), Prefix: readPrefix, Limit: n}
	if at.after != "" {
		query.After = table.Position{SK: readPrefix + at.after}
	}
	page, err := l.q.table.Query(ctx, query)
	if err != nil {
		return nil, next, err
	}
	ids, _, err = readsIn(page)
	switch {
	case !page.Next.IsZero():
		next = leaverPosition{part: partRead, after: strings.TrimPrefix(page.Next.SK, readPrefix)}
	case l.reachable && l.reachesAll():
		next = leaverPosition{part: partAll, in: "0"}
	case l.reachable:
		next = leaverPosition{part: partGranted}
	}
	return ids, next, err
}

// reachesAll says whether its role reads everything.
func (l *leaver) reachesAll() bool {
	return l.rec.Role == access.RoleOwner || l.rec.Role == access.RoleAdmin
}

// reached are the secrets in the next thing that was granted to it.
func (l *leaver) reached(ctx context.Context, at leaverPosition, n int) (ids []uuid.UUID, next leaverPosition, err error) {
	if err := l.findGranted(ctx); err != nil {
		return nil, next, err
	}
	i, whole := slices.BinarySearchFunc(l.granted, at.in, func(g granted, name string) int { return strings.Compare(g.String(), name) })
	if i == len(l.granted) {
		return nil, next, nil
	}
	g, after := l.granted[i], at.after
	if !whole {
		after = "" // the thing was taken away meanwhile
	}
	l.current = granted{}
	for ; i < len(l.granted) && l.granted[i].kind == onSecret && len(ids) < n; i++ { // these come last
		ids = append(ids, l.granted[i].id)
	}
	if len(ids) == 0 {
		i, l.current = i+1, g
	}
	if i < len(l.granted) {
		next = leaverPosition{part: partGranted, in: l.granted[i].String()}
	}
	if len(ids) > 0 {
		return ids, next, nil
	}
	query := table.Query{PK: projectPK(g.id), Prefix: secretPrefix, Limit: n}
	if after != "" {
		query.After = table.Position{SK: secretPrefix + after}
	}
	page, err := l.q.table.Query(ctx, query)
	if err != nil {
		return nil, next, err
	}
	for _, item := range page.Items {
		var entry entryRecord
		if err := fromItem(item, &entry); err != nil {
			return nil, next, err
		}
		ids = append(ids, entry.ID)
	}
	if !page.Next.IsZero() {
		next = leaverPosition{partGranted, g.String(), strings.TrimPrefix(page.Next.SK, secretPrefix)}
	}
	return ids, next, nil
}

// findGranted finds what was granted to it and its groups, once.
func (l *leaver) findGranted(ctx context.Context) error {
	if l.names != nil {
		return nil
	}
	who := identityRecord{Principal: l.id, Groups: l.groups()}
	r, err := l.q.reach(ctx, who)
	if err != nil {
		return err
	}
	for _, id := range r.projects {
		l.granted = append(l.granted, granted{onProject, id})
	}
	for _, id := range r.secrets {
		l.granted = append(l.granted, granted{onSecret, id})
	}
	records, err := l.q.principalRecords(ctx, who.Groups)
	if err != nil {
		return err
	}
	l.names = map[uuid.UUID]string{}
	for id, rec := range records {
		l.names[id] = rec.Name
	}
	return nil
}

// all are the next secrets of all.
func (l *leaver) all(ctx context.Context, at leaverPosition, n int) (ids []uuid.UUID, next leaverPosition, err error) {
	number, text, _ := strings.Cut(at.in, "#")
	shard, err := strconv.Atoi(number)
	if err != nil || shard < 0 || shard >= secretShards {
		return nil, next, malformedToken()
	}
	query := table.Query{Index: table.Index2, PK: secretIndexPK(l.q.organization, shard), Limit: n}
	if text != "" {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, next, malformedToken()
		}
		query.After = table.Position{SK: secretIndexSK(at.after, id), Key: secretKey(id)}
	}
	page, err := l.q.table.Query(ctx, query)
	if err != nil {
		return nil, next, err
	}
	for _, item := range page.Items {
		id, err := uuid.Parse(strings.TrimPrefix(item.Key.PK, secretPrefix))
		if err != nil {
			return nil, next, err
		}
		ids = append(ids, id)
	}
	switch {
	case !page.Next.IsZero():
		name, id, _ := strings.Cut(page.Next.SK, "\x00")
		next = leaverPosition{partAll, number + "#" + id, name}
	case shard+1 < secretShards:
		next = leaverPosition{part: partAll, in: strconv.Itoa(shard + 1)}
	}
	return ids, next, nil
}

// trashed are the secrets that are in the trash.
func (l *leaver) trashed(ctx context.Context, at leaverPosition, n int) (ids []uuid.UUID, next leaverPosition, err error) {
	if err := l.findReached(ctx); err != nil {
		return nil, next, err
	}
	query := table.Query{PK: trashPK(l.q.organization), Limit: n}
	if at.after != "" {
		query.After = table.Position{SK: at.after}
	}
	page, err := l.q.table.Query(ctx, query)
	if err != nil {
		return nil, next, err
	}
	for _, item := range page.Items {
		var entry trashRecord
		if err := fromItem(item, &entry); err != nil {
			return nil, next, err
		}
		if entry.Kind == onSecret {
			ids = append(ids, entry.ID)
		}
	}
	if !page.Next.IsZero() {
		next = leaverPosition{part: partTrash, after: page.Next.SK}
	}
	return ids, next, nil
}

// findReached finds what decides where a secret is listed that it could have read.
func (l *leaver) findReached(ctx context.Context) error {
	if l.reachesAll() {
		return nil
	}
	return l.findGranted(ctx)
}

// set are the secrets whose rotation it set.
func (l *leaver) set(ctx context.Context, at leaverPosition, n int) (ids []uuid.UUID, next leaverPosition, err error) {
	if err := l.findReached(ctx); err != nil { // which are in the other parts
		return nil, next, err
	}
	query := table.Query{PK: setterPK(l.id), Prefix: secretPrefix, Limit: n}
	if at.after != "" {
		query.After = table.Position{SK: secretPrefix + at.after}
	}
	page, err := l.q.table.Query(ctx, query)
	if err != nil {
		return nil, next, err
	}
	for _, item := range page.Items {
		id, err := uuid.Parse(strings.TrimPrefix(item.Key.SK, secretPrefix))
		if err != nil {
			return nil, next, err
		}
		ids = append(ids, id)
	}
	if !page.Next.IsZero() {
		next = leaverPosition{part: partSet, after: strings.TrimPrefix(page.Next.SK, secretPrefix)}
	}
	return ids, next, nil
}

// judge reads secrets with their rotations, strongly, and answers those that belong into that part of the walk, each with why.
func (l *leaver) judge(ctx context.Context, at leaverPosition, ids []uuid.UUID) ([]known, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var keys []table.Key
	for _, id := range ids {
		keys = append(keys, secretKey(id), rotationKey(id), principalReadKey(l.id, id))
	}
	items, err := l.q.table.BatchGet(ctx, distinct(keys))
	if err != nil {
		return nil, err
	}
	sights, err := l.sights(ctx, ids, items)
	if err != nil {
		return nil, err
	}
	var found []known
	for i := range sights {
		v := &sights[i]
		if !v.found || v.rec.Purged {
			continue
		}
		var read readRecord
		if item, ok := items[principalReadKey(l.id, v.id)]; ok {
			if err := fromItem(item, &read); err != nil {
				return nil, err
			}
		}
		if !l.reads.IsZero() && read.First.After(l.reads) {
			read = readRecord{}
		}
		entry, ok := l.entry(v, &read, at)
		if !ok {
			continue
		}
		if read.Count > 0 {
			entry.Version, entry.Last = read.Version, &read.Last
		}
		found = append(found, known{*v, entry})
	}
	return found, nil
}

// whySet is why a secret is listed whose rotation a principal set.
const whySet = "set where its new values go: look at the target and set it again"

// whyTrashed is what is said of one in the trash.
const whyTrashed = "it is in the trash: if it is restored, its value is good again"

// entry is why a secret is in the list, if its place is in that part of the walk. Each has one place, the first that there is a
// reason for, and all reasons are said there.
func (l *leaver) entry(v *rotationSight, read *readRecord, at leaverPosition) (entry api.LeaverEntry, ok bool) {
	entry, part := l.place(v, read)
	if part == partNone || part != at.part || part == partGranted && l.first(v) != l.current {
		return entry, false
	}
	if l.setIt(v) {
		entry.Set = true
		entry.Because = strings.TrimPrefix(entry.Because+"; "+whySet, "; ")
	}
	if !v.rec.TrashedAt.IsZero() {
		entry.Trashed = true
		entry.Because += "; " + whyTrashed
	}
	return entry, true
}

// place is the part of the walk that a secret is listed in, and why, but for its rotation's setter.
func (l *leaver) place(v *rotationSight, read *readRecord) (entry api.LeaverEntry, part string) {
	if entry, ok := knows(v, read); ok {
		return entry, partRead
	}
	if entry, ok := l.could(v); ok {
		switch {
		case !v.rec.TrashedAt.IsZero():
			return entry, partTrash
		case l.reachesAll():
			return entry, partAll
		case l.first(v) != granted{} || slices.Contains(l.granted, granted{onSecret, v.id}):
			return entry, partGranted
		}
	}
	if l.setIt(v) {
		return api.LeaverEntry{}, partSet
	}
	return api.LeaverEntry{}, partNone
}

// setIt says whether it set how the secret is rotated, and nobody has since.
func (l *leaver) setIt(v *rotationSight) bool { return v.set && v.rotation.SetBy.ID == l.id }

// sights are the secrets and their rotations out of items, with the projects that they are in.
func (l *leaver) sights(ctx context.Context, ids []uuid.UUID, items map[table.Key]table.Item) ([]rotationSight, error) {
	sights := make([]rotationSight, len(ids))
	var projects collection
	for i, id := range ids {
		r, err := l.q.rotationIn(id, sight{items: items})
		if err != nil {
			return nil, err
		}
		sights[i] = r
		projects.add(r.rec.Projects...)
	}
	records, err := l.q.projectsByID(ctx, projects.ids)
	for i := range sights {
		sights[i].projects = maps.Clone(records)
	}
	return sights, err
}

// knows says that who read up to a version knows a value that works: the current one, or one that works until it is retired.
func knows(v *rotationSight, read *readRecord) (entry api.LeaverEntry, ok bool) {
	switch {
	case read.Count == 0:
		return entry, false
	case read.Version >= v.rec.Version:
		return api.LeaverEntry{Read: true, Because: fmt.Sprintf("read or set version %d, the current one", read.Version)}, true
	case v.set && v.state.Run.Unretired() && read.Version >= v.state.Run.From:
		return api.LeaverEntry{
			Read: true, Because: fmt.Sprintf("read or set version %d, which works until it is retired", read.Version),
		}, true
	}
	return entry, false
}

// could says that it could have read the current value, by what was granted to it.
func (l *leaver) could(v *rotationSight) (entry api.LeaverEntry, ok bool) {
	since := v.rec.CreatedAt
	if v.set && v.state.LastVersion == v.rec.Version && v.state.LastVersion != 0 {
		since = v.state.LastRotatedAt
	}
	if !l.left.IsZero() && since.After(l.left) {
		return entry, false
	}
	// As of the moment when the value was made: so a grant that has ended since counts.
	d := access.Evaluate(access.Request{Principal: l.principal(), Action: access.ReadSecret, Secret: v.beforeTrash(), Now: since})
	if !d.Allowed {
		return entry, false
	}
	name := func(id uuid.UUID) string {
		if p, ok := v.projects[id]; ok {
			return p.Name
		}
		if id == v.id {
			return v.rec.Name
		}
		return l.names[id]
	}
	words := make([]string, len(d.Reasons))
	for i, r := range d.Reasons {
		words[i] = r.Words(name)
	}
	return api.LeaverEntry{Reachable: true, Because: "could read it: " + clip(strings.Join(words, "; "), maxReason)}, true
}

// beforeTrash is the secret as package access wants it, as if it and its projects were not in the trash.
func (v *secretSight) beforeTrash() *access.Secret {
	secret := v.access()
	secret.Live = true
	for i, p := range secret.Projects {
		rec := v.projects[p.ID]
		rec.TrashedAt = time.Time{}
		secret.Projects[i] = rec.access(p.ID)
	}
	return secret
}

// first is the first of the granted projects that the secret is in; nothing where it was granted itself alone.
func (l *leaver) first(v *rotationSight) granted {
	for _, g := range l.granted {
		if g.kind == onProject && slices.Contains(v.rec.Projects, g.id) {
			return g
		}
	}
	return granted{}
}
