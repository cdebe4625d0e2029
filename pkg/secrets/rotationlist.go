package secrets

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// ListRotations asks for a page of rotations: all, those that are due by some time, or those of what a leaver knows.
type ListRotations struct {
	// Due, where not nil, has those alone about which something is to be done until then; the zero time is now.
	Due *time.Time
	// Leaver, where not nil, is a principal: then the list is of the secrets whose values it knows or could have read, whether a
	// rotation is set for them or not, and of those whose rotation it set.
	Leaver *uuid.UUID
	api.Page
}

// maxLeaverSteps is how many pages of secrets one page of a leaver's list looks at. Then it ends, perhaps empty, with a token.
const maxLeaverSteps = 20

// ListRotations lists rotations in the order in which something is to be done about them, those last about which nothing is. The
// order comes from an index, which may lag a moment; what is shown does not. Of a leaver the list has first what it read, then
// what it could have read, then what it set the rotation of and neither: see leaver for what nobody knows.
func (s *Service) ListRotations(ctx context.Context, by Caller, organization uuid.UUID, in ListRotations) (
	list api.List[api.RotationEntry], err error,
) {
	q := s.begin(by, operation.ListRotations)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return list, err
	}
	if in.Leaver != nil {
		if in.Due != nil {
			return list, api.FieldError(api.CodeInvalid, "due", "is for the list of all rotations; leave it out, or leaver")
		}
		return q.listKnown(ctx, *in.Leaver, in.Page)
	}
	at, err := position("rotations", in.ContinuationToken, 1)
	if err != nil {
		return list, err
	}
	after := ""
	if at != nil {
		after = at[0]
		if _, _, err := dueIn(after); err != nil {
			return list, malformedToken()
		}
	}
	seen, err := q.look(ctx)
	if err != nil {
		return list, err
	}
	if err := q.decideOn(ctx, seen.who, access.SeeEvents); err != nil {
		return list, err
	}
	if in.Due != nil && in.Due.IsZero() {
		in.Due = orNever(q.now())
	}
	keys, more, err := q.dueAfter(ctx, after, in.Due, in.Limit)
	if err != nil {
		return list, err
	}
	if list.Data, err = q.rotationEntries(ctx, keys); err != nil {
		return list, err
	}
	if more {
		list.ContinuationToken = token{"rotations", keys[len(keys)-1:]}.String()
	}
	return list, nil
}

// dueAfter are the next n sort keys of the due index, from all of its shards in one order, and whether there are more.
func (q *request) dueAfter(ctx context.Context, after string, until *time.Time, n int) (next []string, more bool, err error) {
	pages := make([]table.Page, dueShards)
	err = q.sideBySide(ctx, dueShards, func(ctx context.Context, shard int) (err error) {
		query := table.Query{Index: table.Index1, PK: duePK(shard), Limit: n + 1}
		if _, secret, wrong := dueIn(after); wrong == nil {
			query.After = table.Position{SK: after, Key: rotationKey(secret)}
		}
		pages[shard], err = q.table.Query(ctx, query)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	for _, page := range pages {
		for _, item := range page.Items {
			at, _, err := dueIn(item.Index1.SK)
			if err != nil {
				return nil, false, err
			}
			if until == nil || at <= until.UnixMilli() {
				next = append(next, item.Index1.SK)
			}
		}
	}
	slices.Sort(next)
	if len(next) > n {
		return next[:n], true, nil
	}
	return next, false, nil
}

// rotationEntries are the rotations that the index has under these sort keys, as they are now.
func (q *request) rotationEntries(ctx context.Context, sortKeys []string) ([]api.RotationEntry, error) {
	entries := make([]api.RotationEntry, 0, len(sortKeys))
	if len(sortKeys) == 0 {
		return entries, nil
	}
	ids, keys := make([]uuid.UUID, len(sortKeys)), make([]table.Key, 0, 2*len(sortKeys))
	for i, sk := range sortKeys {
		_, ids[i], _ = dueIn(sk) // which was read before
		keys = append(keys, secretKey(ids[i]), rotationKey(ids[i]))
	}
	items, err := q.table.BatchGet(ctx, distinct(keys))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		v, err := q.rotationIn(id, sight{items: items})
		if err != nil {
			return nil, err
		}
		if v.found && v.set && v.rec.TrashedAt.IsZero() && !v.rec.Purged {
			entries = append(entries, v.entry())
		}
	}
	return entries, q.showAllLeft(ctx, entries)
}

// showAllLeft says of all who set what is listed how they left.
func (q *request) showAllLeft(ctx context.Context, entries []api.RotationEntry) error {
	setters := make([]*api.RotationSetter, len(entries))
	for i := range entries {
		setters[i] = entries[i].SetBy
	}
	return q.showLeft(ctx, setters...)
}

// entry is the secret in a list of rotations.
func (r *rotationSight) entry() api.RotationEntry {
	e := api.RotationEntry{Secret: api.Reference{ID: r.id, Name: r.rec.Name}}
	if !r.set {
		return e
	}
	e.Rotator, e.Every, e.State, e.Reason = r.rotation.Rotator, r.rotation.Every, r.state.Run.State, r.state.Run.Reason
	e.SetBy, e.SetAt = r.rotation.setter()
	if r.wrong != nil {
		e.Reason = r.wrong.Error()
	}
	e.NextAt, e.LastRotatedAt = orNever(r.state.NextAt), orNever(r.state.LastRotatedAt)
	return e
}

// listKnown lists what a principal knows, or could.
func (q *request) listKnown(ctx context.Context, id uuid.UUID, in api.Page) (list api.List[api.RotationEntry], err error) {
	parts, err := position("leaver", in.ContinuationToken, 3)
	if err != nil {
		return list, err
	}
	at := leaverPosition{part: partRead}
	if parts != nil {
		at = leaverPosition{parts[0], parts[1], parts[2]}
		if !at.valid() {
			return list, malformedToken()
		}
	}
	seen, err := q.look(ctx, principalKey(id))
	if err != nil {
		return list, err
	}
	rec, err := principalIn(seen.items, id)
	if err != nil {
		return list, err
	}
	q.about = aboutPrincipal(id, rec.Name)
	if err := q.decideOn(ctx, seen.who, access.SeeEvents); err != nil {
		return list, err
	}
	if rec.revision == 0 { // of one that was deleted it is still asked what it knew
		return list, notFound("principal")
	}
	l := q.leaverOf(id, rec, true)
	l.settings = true
	list.Data = []api.RotationEntry{}
	for steps := 0; at.part != partNone && steps < maxLeaverSteps && len(list.Data) < in.Limit; steps++ {
		var found []known
		if found, at, err = l.page(ctx, at, min(in.Limit-len(list.Data), leaverPage)); err != nil {
			return list, err
		}
		for i := range found {
			e := found[i].rotationSight.entry()
			e.Leaver = &found[i].entry
			list.Data = append(list.Data, e)
		}
	}
	if at.part != partNone {
		list.ContinuationToken = token{"leaver", []string{at.part, at.in, at.after}}.String()
	}
	return list, q.showAllLeft(ctx, list.Data)
}

// valid says whether a position is one that this list answers.
func (p leaverPosition) valid() bool {
	isID := func(text string) bool { _, err := uuid.Parse(text); return err == nil }
	switch p.part {
	case partRead:
		return p.in == "" && isID(p.after)
	case partSet:
		return p.in == "" && (p.after == "" || isID(p.after))
	case partTrash:
		at, id, _ := strings.Cut(p.after, "#")
		_, err := strconv.ParseInt(at, 10, 64)
		return p.in == "" && (p.after == "" || err == nil && isID(id))
	case partGranted:
		return p.in == "" && p.after == "" || isGranted(p.in)
	case partAll:
		shard, id, more := strings.Cut(p.in, "#")
		return len(shard) == 1 && shard[0] >= '0' && int(shard[0]-'0') < secretShards && more == (p.after != "") && (!more || isID(id))
	}
	return false
}
