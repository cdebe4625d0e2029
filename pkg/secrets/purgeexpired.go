package secrets

import (
	"context"
	"fmt"

	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// PurgeExpiredTrash purges what has been in the trash for as long as was promised when it was put there.
func (s *Service) PurgeExpiredTrash(ctx context.Context) (RunSummary, error) {
	r := s.newRun(operation.PurgeExpiredTrash)
	query := table.Query{PK: trashPK(s.organization)}
	for !r.outOfTime(ctx) {
		page, err := r.table.Query(ctx, query)
		if err != nil {
			return r.told, err
		}
		var due []trashRecord
		for _, item := range page.Items {
			var entry trashRecord
			if err := fromItem(item, &entry); err != nil {
				r.failed(ctx, err)
			} else if !entry.PurgeAt.After(s.now()) {
				due = append(due, entry)
			}
		}
		_ = r.each(ctx, len(due), func(ctx context.Context, i int) error { // which has noted what failed
			if err := r.purgeExpired(ctx, due[i]); err != nil {
				return fmt.Errorf("%s %s: %w", due[i].Kind, due[i].ID, err)
			}
			r.did()
			return nil
		})
		if page.Next.IsZero() {
			break
		}
		query.After = page.Next
	}
	return r.end()
}

// purgeExpired purges what the entry is of, unless it has left the trash since, or went there another time.
func (r *run) purgeExpired(ctx context.Context, entry trashRecord) error {
	q := r.beginSystem(r.name, "its time in the trash is over")
	return q.change(ctx, func(ctx context.Context, _ lost) (plan, error) {
		if entry.Kind == onProject {
			v, err := q.lookProject(ctx, entry.ID)
			if err != nil || v.rec.Purged || !v.rec.TrashedAt.Equal(entry.At) {
				return plan{}, err
			}
			return q.purgeProject(&v), nil
		}
		v, err := q.lookSecret(ctx, entry.ID, nil)
		if err != nil || v.rec.Purged || !v.rec.TrashedAt.Equal(entry.At) {
			return plan{}, err
		}
		return q.purgeSecret(&v), nil
	})
}
