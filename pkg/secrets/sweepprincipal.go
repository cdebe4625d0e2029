package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/table"
)

// principal takes away what was granted to a deleted principal; a later pass finds what was granted just then. What is
// noted of its reads stays, as does the tombstone: what a leaver knows is asked long after.
func (w *sweep) principal(ctx context.Context, q *request) error {
	items, err := q.table.BatchGet(ctx, []table.Key{principalKey(w.id)})
	if err != nil {
		return err
	}
	rec, err := principalIn(items, w.id)
	if err != nil || rec.revision == 0 || rec.exists() {
		return err
	}
	query := table.Query{PK: principalPK(w.id), Prefix: reachPrefix}
	for {
		page, err := q.table.Query(ctx, query)
		if err != nil {
			return err
		}
		if err := w.revokeAll(ctx, q.cause, page.Items); err != nil {
			return err
		}
		if page.Next.IsZero() {
			break
		}
		query.After = page.Next
	}
	return nil
}

// revokeAll takes away the grants that those reach items tell of.
func (w *sweep) revokeAll(ctx context.Context, cause string, reach []table.Item) error {
	return w.each(ctx, len(reach), func(ctx context.Context, i int) error {
		if err := w.beginSystem(w.name, cause).revoke(ctx, w.id, reach[i]); err != nil {
			return fmt.Errorf("%s of principal %s: %w", reach[i].Key.SK, w.id, err)
		}
		return nil
	})
}

// revoke takes away the grant that a reach item tells of, and the item. Where there is no such grant, the item alone goes,
// unless the grant was made since.
func (q *request) revoke(ctx context.Context, principal uuid.UUID, reach table.Item) error {
	kind, text, _ := strings.Cut(strings.TrimPrefix(reach.Key.SK, reachPrefix), "#")
	id, err := uuid.Parse(text)
	if err != nil {
		return err
	}
	revoked := false
	err = q.change(ctx, func(ctx context.Context, _ lost) (p plan, err error) {
		if kind == onProject {
			p, err = q.revokeOnProject(ctx, id, principal)
		} else {
			p, err = q.revokeOnSecret(ctx, id, principal)
		}
		revoked = !p.done()
		return p, err
	})
	if err != nil || revoked {
		return err
	}
	return unlessMet(q.write(ctx, table.Delete(reach.Key, table.IfRevision(reach.Revision))))
}

func (q *request) revokeOnProject(ctx context.Context, id, principal uuid.UUID) (plan, error) {
	v, err := q.lookProject(ctx, id)
	if err != nil || v.rec.Purged {
		return plan{}, err
	}
	old := v.rec
	rest, held := without(old.Grants, principal)
	if !held {
		return plan{}, nil
	}
	v.rec.Grants = rest
	v.rec.AccessTag++
	v.rec.Writes = old.Writes.with(q.writeID)
	p := q.planProject(id, old, &v.rec)
	q.planReach(&p, onProject, id, access.Changed(old.Grants, rest))
	return p, nil
}

func (q *request) revokeOnSecret(ctx context.Context, id, principal uuid.UUID) (plan, error) {
	v, err := q.lookSecret(ctx, id, nil)
	if err != nil || v.rec.Purged {
		return plan{}, err
	}
	old := v.rec
	rest, held := without(old.Grants, principal)
	if !held {
		return plan{}, nil
	}
	v.rec.Grants = rest
	v.rec.AccessTag++
	v.rec.Writes = old.Writes.with(q.writeID)
	p := q.planSecret(&secretChange{id: id, old: &old, new: &v.rec})
	q.planReach(&p, onSecret, id, access.Changed(old.Grants, rest))
	return p, nil
}

// without is the grants but for a principal's, and whether it had one.
func without(grants access.Grants, principal uuid.UUID) (access.Grants, bool) {
	rest := slices.DeleteFunc(slices.Clone(grants), func(g access.Grant) bool { return g.Principal == principal })
	return rest, len(rest) < len(grants)
}
