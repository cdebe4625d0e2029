package secrets

import (
	"context"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/table"
)

// missingReaders are those who have not read the version that the secret's rotation made: they read an older one, and not longer
// ago than its settings say, and they may read the secret still. The worker that made it is none of them, nor is who set the
// value that it replaced and never read it: nothing says that they use it, and nothing would have them come. In the order of
// their ids; none for a secret in the trash, which nobody may read.
//
// They come from what is summed up of reads, which the table's stream brings: whoever read the new version a moment ago may be
// missing still. That is on the safe side. Whoever read an older one for the first time a moment ago is not known yet: that is
// what [rotation.Readers].Grace is for.
func (q *request) missingReaders(ctx context.Context, v *rotationSight) ([]api.RotationReader, error) {
	candidates, err := q.readersOfOlder(ctx, v.id, &v.state.Run, q.now().Add(-v.state.Config.Readers.Within))
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	ids := make([]uuid.UUID, len(candidates))
	for i, c := range candidates {
		ids[i] = c.ID
	}
	records, err := q.principalRecords(ctx, ids)
	if err != nil {
		return nil, err
	}
	var missing []api.RotationReader
	for _, c := range candidates {
		rec, found := records[c.ID]
		if !found {
			continue // deleted
		}
		may := access.Request{Principal: rec.access(c.ID), Action: access.ReadSecret, Secret: v.access(), Now: q.now()}
		if access.Evaluate(may).Allowed {
			c.Kind, c.Name = rec.Kind, rec.Name
			missing = append(missing, c)
		}
	}
	return missing, nil
}

// readersOfOlder are all who read an older version than the run's, since then, but for its worker.
func (q *request) readersOfOlder(ctx context.Context, secret uuid.UUID, run *rotation.Run, since time.Time) (
	readers []api.RotationReader, err error,
) {
	query := table.Query{PK: secretPK(secret), Prefix: readPrefix}
	for {
		page, err := q.table.Query(ctx, query)
		if err != nil {
			return nil, err
		}
		ids, records, err := readsIn(page)
		if err != nil {
			return nil, err
		}
		for i, read := range records {
			if read.Version < run.Version && !read.onlyWrote() && !read.Last.Before(since) && ids[i] != run.Lease.Holder {
				readers = append(readers, api.RotationReader{Kind: read.Kind, ID: ids[i], Version: read.Version, Last: read.Last})
			}
		}
		if page.Next.IsZero() {
			return readers, nil
		}
		query.After = page.Next
	}
}

// showReaders are readers of a secret by their ids, with what they read and what they are called now.
func (q *request) showReaders(ctx context.Context, secret uuid.UUID, ids []uuid.UUID) ([]api.RotationReader, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var keys []table.Key
	for _, id := range ids {
		keys = append(keys, secretReadKey(secret, id), principalKey(id))
	}
	items, err := q.table.BatchGet(ctx, keys)
	if err != nil {
		return nil, err
	}
	readers := make([]api.RotationReader, len(ids))
	for i, id := range ids {
		var read readRecord
		if item, found := items[secretReadKey(secret, id)]; found {
			if err := fromItem(item, &read); err != nil {
				return nil, err
			}
		}
		rec, err := principalIn(items, id)
		if err != nil {
			return nil, err
		}
		readers[i] = api.RotationReader{Kind: read.Kind, ID: id, Version: read.Version, Last: read.Last}
		if rec.exists() {
			readers[i].Name = rec.Name
		}
	}
	return readers, nil
}
