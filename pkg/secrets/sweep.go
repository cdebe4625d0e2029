package secrets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// sweepPasses is when, counted from the purge or deletion, what is left of it is looked for: at once; after an hour, when
// every write that had begun before is long over; and after a day, which is as far as the table's stream lags at most
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html), so that what its consumers wrote late is
// found too.
var sweepPasses = []time.Duration{0, time.Hour, 24 * time.Hour}

// planSweep notes what is left to be done about what is purged or deleted now.
func (q *request) planSweep(p *plan, kind string, id uuid.UUID, now time.Time) {
	p.put(toItem(sweepKey(q.organization, kind, id), table.NextRevision(0, now), &sweepRecord{At: now}), table.Unconditional())
}

// A sweep is one pass over what is left of one thing.
type sweep struct {
	*run
	sweepRecord
	kind string
	id   uuid.UUID
}

// last says whether this is the last pass.
func (w *sweep) last() bool { return int(w.Pass) >= len(sweepPasses)-1 }

func (r *run) sweepOf(item table.Item) (sweep, error) {
	w := sweep{run: r, sweepRecord: sweepRecord{revision: item.Revision}}
	if err := fromItem(item, &w.sweepRecord); err != nil {
		return w, err
	}
	kind, text, _ := strings.Cut(strings.TrimPrefix(item.Key.SK, sweepPrefix), "#")
	id, err := uuid.Parse(text)
	w.kind, w.id = kind, id
	return w, err
}

// SweepDeleted removes what purged projects and secrets and deleted principals left. It looks for what is left, so that it
// goes on wherever an earlier run ended, in whatever way, and so that several runs at once do no harm.
func (s *Service) SweepDeleted(ctx context.Context) (RunSummary, error) {
	r := s.newRun(operation.SweepDeleted)
	// Secrets come last, among them those that went with their projects just now.
	for _, kind := range []string{onPrincipal, onProject, onSecret} {
		if err := r.sweepAll(ctx, kind); err != nil {
			return r.told, err
		}
	}
	return r.end()
}

// sweepAll does what is due about all things of a kind.
func (r *run) sweepAll(ctx context.Context, kind string) error {
	query := table.Query{PK: organizationPK(r.organization), Prefix: sweepPrefix + kind + "#", Limit: sweepsAtOnce}
	for !r.outOfTime(ctx) {
		page, err := r.table.Query(ctx, query)
		if err != nil {
			return err
		}
		var due []sweep
		for _, item := range page.Items {
			w, err := r.sweepOf(item)
			if err != nil {
				r.failed(ctx, err)
			} else if !w.Due.After(r.now()) {
				due = append(due, w)
			}
		}
		_ = r.each(ctx, len(due), func(ctx context.Context, i int) error { // which has noted what failed
			if err := due[i].pass(ctx); err != nil {
				return fmt.Errorf("%s %s: %w", due[i].kind, due[i].id, err)
			}
			r.did()
			return nil
		})
		if page.Next.IsZero() {
			break
		}
		query.After = page.Next
	}
	return nil
}

// sweepsAtOnce is how many sweep items are read with one query.
const sweepsAtOnce = 100

// pass does what is due, then notes that it is done.
func (w *sweep) pass(ctx context.Context) (err error) {
	q := w.beginSystem(w.name, w.kind+" "+w.id.String()+w.fate())
	switch w.kind {
	case onPrincipal:
		err = w.principal(ctx, q)
	case onProject:
		err = w.project(ctx, q)
	case onSecret:
		err = w.secret(ctx, q)
	}
	if err != nil {
		return err
	}
	key, cond := sweepKey(w.organization, w.kind, w.id), table.IfRevision(w.revision)
	next := table.Delete(key, cond)
	if !w.last() {
		rec := w.sweepRecord
		rec.Pass++
		rec.Due = rec.At.Add(w.allowing(sweepPasses[rec.Pass]))
		next = table.Put(toItem(key, table.NextRevision(w.revision, w.now()), &rec), cond)
	}
	return unlessMet(q.write(ctx, next))
}

func (w *sweep) fate() string {
	if w.kind == onPrincipal {
		return " was deleted"
	}
	return " was purged"
}

// unlessMet is nil where a condition was not met: somebody else came first, and did it.
func unlessMet(err error) error {
	var unmet *table.ConditionError
	if errors.As(err, &unmet) {
		return nil
	}
	return err
}

// secret removes what is left of a purged secret: all in its partition but the tombstone, and what principals have of it.
func (w *sweep) secret(ctx context.Context, q *request) error {
	v, err := q.lookSecret(ctx, w.id, nil)
	if err != nil || !v.rec.Purged {
		return err
	}
	if err := w.unreach(ctx, q, v.rec.Grants); err != nil {
		return err
	}
	return w.empty(ctx, q, secretPK(w.id), func(sk string) bool { return sk == "SECRET" })
}

// unreach removes what is noted of the grants on a thing that was purged. A tombstone's grants never change, so the first pass
// has found all.
func (w *sweep) unreach(ctx context.Context, q *request, grants access.Grants) error {
	if w.Pass > 0 {
		return nil
	}
	var writes []table.Write
	for _, g := range grants {
		writes = append(writes, table.Delete(reachKey(g.Principal, w.kind, w.id), table.Unconditional()))
	}
	return w.remove(ctx, q, writes)
}

// empty removes all of a partition but what stays. A page has a megabyte at most, and so has what is removed together.
func (w *sweep) empty(ctx context.Context, q *request, pk string, stays func(sk string) bool) error {
	query := table.Query{PK: pk}
	for {
		page, err := q.table.Query(ctx, query)
		if err != nil {
			return err
		}
		var writes []table.Write
		for _, item := range page.Items {
			if stays(item.Key.SK) {
				continue
			}
			writes = append(writes, table.Delete(item.Key, table.Unconditional()))
			other, ok, err := w.otherEnd(item)
			if err != nil {
				return err
			}
			if ok {
				writes = append(writes, table.Delete(other, table.Unconditional()))
			}
		}
		if err := w.remove(ctx, q, writes); err != nil || page.Next.IsZero() {
			return err
		}
		query.After = page.Next
	}
}

// otherEnd is what stands elsewhere about an item of a secret's partition: of a roll-up its reader's, which says that it read the
// secret, and of the rotation its setter's.
func (w *sweep) otherEnd(item table.Item) (key table.Key, ok bool, err error) {
	if w.kind != onSecret {
		return key, false, nil
	}
	if item.Key == rotationKey(w.id) {
		rec, err := rotationOf(item)
		return setterKey(rec.SetBy.ID, w.id), rec.SetBy.ID != uuid.Nil, err
	}
	text, ok := strings.CutPrefix(item.Key.SK, readPrefix)
	reader, wrong := uuid.Parse(text)
	return principalReadKey(reader, w.id), ok && wrong == nil, nil
}

// remove does deletes in transactions.
func (w *sweep) remove(ctx context.Context, q *request, writes []table.Write) error {
	for part := range slices.Chunk(writes, table.MaxTransactionItems) {
		if w.outOfTime(ctx) {
			return errUnfinished
		}
		if err := q.write(ctx, part...); err != nil {
			return err
		}
	}
	return nil
}
