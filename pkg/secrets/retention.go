package secrets

import (
	"context"
	"errors"
	"fmt"
	"time"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/audit/evidence"
	"strongroom/pkg/table"
)

// retain removes the hours whose events are older than they are kept, by whole days: first a removal is signed and put,
// then hour by hour the events go, their index, and last the seal. So an hour that has its seal is still to be removed, and
// a run that was stopped is gone on with by the next. It removes nothing where events are said to be kept for longer or
// shorter than anybody can set: whoever wrote that wrote the table, and no removal of theirs is signed.
func (z *sealer) retain(ctx context.Context) error {
	if z.days < api.MinEventRetentionDays || z.days > api.MaxEventRetentionDays {
		return fmt.Errorf("nothing is removed: events are kept for %d days in the table, and can be for %d to %d",
			z.days, api.MinEventRetentionDays, api.MaxEventRetentionDays)
	}
	oldest, err := z.oldestSeal(ctx)
	if err != nil || oldest == nil {
		return err
	}
	removal, err := z.lastRemoval(ctx)
	if err == nil && removal != nil {
		err = z.keepRemoval(ctx, removal)
	}
	if err != nil {
		return err
	}
	if removal == nil || oldest.Hour > removal.To {
		if removal, err = z.planRemoval(ctx, oldest.Hour, removal); err != nil || removal == nil {
			return err
		}
		if err := z.keepRemoval(ctx, removal); err != nil {
			return err
		}
	}
	for oldest != nil && oldest.Hour <= removal.To && !z.late(ctx) {
		if err := z.removeHour(ctx, *oldest); err != nil {
			return fmt.Errorf("removing %s: %w", oldest.Hour, err)
		}
		z.report.Removed++
		if oldest, err = z.oldestSeal(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A storedRemoval is a removal, and how and where it is stored.
type storedRemoval struct {
	audit.Removal
	statement audit.Statement
	key       table.Key
}

// keepRemoval sees to it that a removal is archived, before hours are removed for its sake or another names it: that it is
// ours and that the archive has no other, since whoever can write the table can put anything there.
func (z *sealer) keepRemoval(ctx context.Context, r *storedRemoval) error {
	name := archivedRemoval + string(r.From) + ".json"
	archived, err := z.inArchive(ctx, name, evidence.ReadRemovalLine)
	if err != nil {
		return err
	}
	if archived != nil && !archived.Is(r.statement) {
		return fmt.Errorf("item %s / %s is not the removal that the archive has from that hour on", r.key.PK, r.key.SK)
	}
	if err := z.checkRemoval(r, archived != nil); err != nil {
		return fmt.Errorf("item %s / %s is not a removal of ours: %w", r.key.PK, r.key.SK, err)
	}
	if archived != nil {
		return nil
	}
	return z.keep(ctx, name, evidence.RemovalLine(r.statement))
}

// checkRemoval says what is wrong with a removal.
func (z *sealer) checkRemoval(r *storedRemoval, archived bool) error {
	switch {
	case r.key != removalKey(r.From):
		return fmt.Errorf("it begins with %s", r.From)
	case r.Organization != z.organization:
		return fmt.Errorf("it is of the organization %s, not of %s", r.Organization, z.organization)
	}
	return z.checkSignature(r.statement, r.PublicKey, archived)
}

func (z *sealer) oldestSeal(ctx context.Context) (*audit.Seal, error) {
	page, err := z.table.Query(ctx, table.Query{PK: sealPK, Limit: 1})
	if err != nil || len(page.Items) == 0 {
		return nil, err
	}
	_, seal, err := sealOf(page.Items[0])
	return &seal, err
}

func sealOf(item table.Item) (audit.Statement, audit.Seal, error) {
	statement, err := statementOf(item)
	if err != nil {
		return statement, audit.Seal{}, err
	}
	seal, err := statement.Seal()
	if err != nil {
		err = fmt.Errorf("reading item %s / %s: %w", item.Key.PK, item.Key.SK, err)
	}
	return statement, seal, err
}

func (q *request) lastRemoval(ctx context.Context) (*storedRemoval, error) {
	page, err := q.table.Query(ctx, table.Query{PK: removalPK, Limit: 1, Descending: true})
	if err != nil || len(page.Items) == 0 {
		return nil, err
	}
	return removalOf(page.Items[0])
}

func removalOf(item table.Item) (*storedRemoval, error) {
	statement, err := statementOf(item)
	if err != nil {
		return nil, err
	}
	removal, err := statement.Removal()
	if err != nil {
		err = fmt.Errorf("reading item %s / %s: %w", item.Key.PK, item.Key.SK, err)
	}
	return &storedRemoval{removal, statement, item.Key}, err
}

// planRemoval signs and puts a removal of the hours from one on to the end of the last day that is old enough; nil where none
// is. The newest seal stays, since the next one names it.
func (z *sealer) planRemoval(ctx context.Context, from audit.Hour, before *storedRemoval) (*storedRemoval, error) {
	const day = 24 * time.Hour
	end := z.now().Add(-time.Duration(z.days) * day).Truncate(day)
	to := audit.HourOf(end.Add(-time.Hour))
	if to >= z.report.Through {
		to = audit.HourOf(z.report.Through.Start().Add(-time.Hour))
	}
	if to < from {
		return nil, nil //nolint:nilnil // there is nothing to remove, which is the usual case
	}
	r := audit.Removal{
		Organization: z.organization, From: from, To: to, RemovedAt: z.now(), Days: z.days, KeyARN: z.signer.ARN(), PublicKey: z.public,
	}
	if before != nil {
		hash := before.statement.Hash()
		r.Previous = &hash
	}
	if err := z.countRemoved(ctx, &r); err != nil {
		return nil, err
	}
	statement, err := z.sign(ctx, r.Encode())
	if err != nil {
		return nil, err
	}
	if ours, err := z.putOnce(ctx, statementItem(removalKey(from), statement)); err != nil || ours {
		return &storedRemoval{r, statement, removalKey(from)}, err
	}
	item, found, err := z.table.Get(ctx, removalKey(from)) // another run's, which was first
	if err != nil || !found {
		return nil, errors.Join(err, errors.New("another removal was put and is gone"))
	}
	return removalOf(item)
}

// countRemoved reads the seals of the hours to be removed: how many events these have, and the hash of the last.
func (z *sealer) countRemoved(ctx context.Context, r *audit.Removal) error {
	query := table.Query{PK: sealPK}
	for {
		page, err := z.table.Query(ctx, query)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			statement, seal, err := sealOf(item)
			if err != nil || seal.Hour > r.To {
				return err
			}
			r.Events += seal.Events()
			r.Last = statement.Hash()
		}
		if query.After = page.Next; page.Next.IsZero() {
			return nil
		}
	}
}

// removeHour removes an hour's events, its index and, last, its seal.
func (z *sealer) removeHour(ctx context.Context, seal audit.Seal) error {
	partitions := []string{sealIndexPK(seal.Hour)}
	for _, shard := range shardsOf(seal) {
		partitions = append(partitions, eventPK(seal.Hour, shard))
	}
	for _, pk := range partitions {
		if err := z.removePartition(ctx, pk); err != nil {
			return err
		}
	}
	return z.remove(ctx, sealKey(seal.Hour))
}

// removePartition deletes all items of a partition, one by one: a transaction would cost twice as much.
func (z *sealer) removePartition(ctx context.Context, pk string) error {
	for {
		page, err := z.table.Query(ctx, table.Query{PK: pk})
		if err != nil || len(page.Items) == 0 {
			return err
		}
		err = z.sideBySide(ctx, len(page.Items), func(ctx context.Context, i int) error {
			return z.remove(ctx, page.Items[i].Key)
		})
		if err != nil {
			return err
		}
	}
}

func (z *sealer) remove(ctx context.Context, key table.Key) error {
	return unavailable(z.table.Transact(ctx, table.Transaction{Writes: []table.Write{table.Delete(key, table.Unconditional())}}))
}
