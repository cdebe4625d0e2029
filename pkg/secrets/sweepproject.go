package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/table"
)

// project takes the secrets out of a purged project, then removes what is left there. Secrets that it shares with other
// projects stay in these; the others are purged. In a later pass it finds secrets whose creation, or move into the project,
// had begun before it went into the trash.
func (w *sweep) project(ctx context.Context, q *request) error {
	v, err := q.lookProject(ctx, w.id)
	if err != nil || !v.rec.Purged {
		return err
	}
	query := table.Query{PK: projectPK(w.id), Prefix: secretPrefix}
	for {
		page, err := q.table.Query(ctx, query)
		if err != nil {
			return err
		}
		if err := w.takeOut(ctx, q.cause, page.Items); err != nil {
			return err
		}
		if page.Next.IsZero() {
			break
		}
		query.After = page.Next
	}
	if err := w.unreach(ctx, q, v.rec.Grants); err != nil {
		return err
	}
	if err := w.remove(ctx, q, []table.Write{table.Delete(changedKey(w.id), table.Unconditional())}); err != nil {
		return err
	}
	return w.empty(ctx, q, projectPK(w.id), func(sk string) bool {
		// Entries and copies go with their secrets alone, which remember them.
		return sk == "PROJECT" || strings.HasPrefix(sk, secretPrefix) || strings.HasPrefix(sk, valuePrefix)
	})
}

// takeOut takes the secrets of those entries out of the project.
func (w *sweep) takeOut(ctx context.Context, cause string, entries []table.Item) error {
	return w.each(ctx, len(entries), func(ctx context.Context, i int) error {
		var entry entryRecord
		if err := fromItem(entries[i], &entry); err != nil {
			return err
		}
		if err := w.beginSystem(w.name, cause).leaveProject(ctx, entry.ID, w.id); err != nil {
			return fmt.Errorf("secret %s in project %s: %w", entry.ID, w.id, err)
		}
		return nil
	})
}

// leaveProject takes a secret out of a purged project; it goes for good where no other one is left.
func (q *request) leaveProject(ctx context.Context, secret, project uuid.UUID) error {
	return q.change(ctx, func(ctx context.Context, _ lost) (plan, error) {
		v, err := q.lookSecret(ctx, secret, []uuid.UUID{project})
		if err != nil || !v.rec.TrashedAt.IsZero() || !slices.Contains(v.rec.Projects, project) {
			return plan{}, err
		}
		old := v.rec
		v.rec.keep(func(id uuid.UUID) bool { return !v.projects[id].Purged })
		if len(v.rec.Projects) == 0 {
			v.rec = old
			return q.purgeSecret(&v), nil
		}
		// Nobody changed it, and nobody saw it there: it keeps who changed it last, and when.
		v.rec.changed(q, old.UpdatedAt)
		return q.planSecret(&secretChange{id: secret, old: &old, new: &v.rec}), nil
	})
}
