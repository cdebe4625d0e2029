package secrets

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/table"
)

// A leavingRecord is what is to be done because a principal left, or what it knew leaked. It is done in passes, as sweeps are:
// what a principal read a moment before it left is summed up a moment after, and by the last pass as late as the table's stream
// may bring it.
type leavingRecord struct {
	header
	revision  int64
	Principal uuid.UUID   `table:"principal"`
	Cause     causeRecord `table:"cause"`
	// Reachable has what it could have read rotated too.
	Reachable bool `table:"reachable"`
	// At is when it was told of, Pass counts the passes that are done, Due is when the next one is.
	At   time.Time `table:"at"`
	Pass int64     `table:"pass"`
	Due  time.Time `table:"due"`
}

func (rec *leavingRecord) cause() rotation.Cause {
	return rotation.Cause{Kind: rec.Cause.Kind, Because: rec.Cause.Because}
}

// A leaving is one pass over what one departure has rotated.
type leaving struct {
	*run
	leavingRecord
	// event is the event that told of it.
	event uuid.UUID
	count *EventSummary
}

func (r *run) leavingOf(item table.Item) (*leaving, error) {
	l := &leaving{run: r, leavingRecord: leavingRecord{revision: item.Revision}, count: &EventSummary{}}
	if err := fromItem(item, &l.leavingRecord); err != nil {
		return nil, err
	}
	var err error
	l.event, err = uuid.Parse(strings.TrimPrefix(item.Key.SK, sweepPrefix+onLeaver+"#"))
	return l, err
}

// leavings does the passes that are due. What fails keeps nothing else from being done.
func (r *run) leavings(ctx context.Context) {
	query := table.Query{PK: organizationPK(r.organization), Prefix: sweepPrefix + onLeaver + "#", Limit: sweepsAtOnce}
	for !r.outOfTime(ctx) {
		page, err := r.table.Query(ctx, query)
		if err != nil {
			r.failed(ctx, fmt.Errorf("looking up who left: %w", err))
			return
		}
		for _, item := range page.Items {
			if err := r.nextPass(ctx, item); err != nil {
				r.failed(ctx, err)
			}
		}
		if page.Next.IsZero() {
			return
		}
		query.After = page.Next
	}
}

// nextPass does the next pass over what one knew who left, if it is due.
func (r *run) nextPass(ctx context.Context, item table.Item) error {
	l, err := r.leavingOf(item)
	if err != nil {
		return fmt.Errorf("reading of a departure: %w", err)
	}
	if l.Due.After(r.now()) {
		return nil
	}
	if err := l.pass(ctx); err != nil {
		return fmt.Errorf("what principal %s knew: %w", l.Principal, err)
	}
	return nil
}

// pass asks for the rotations, then notes that it did. It may end anywhere: what was asked for is not asked for again.
func (l *leaving) pass(ctx context.Context) error {
	q := l.beginSystem(l.name, l.Cause.Because)
	items, err := q.table.BatchGet(ctx, []table.Key{principalKey(l.Principal)})
	if err != nil {
		return err
	}
	rec, err := principalIn(items, l.Principal)
	if err != nil {
		return err
	}
	who := q.leaverOf(l.Principal, rec, l.Reachable)
	who.left = l.At
	undone := false
	for at := (leaverPosition{part: partRead}); at.part != partNone; {
		if l.outOfTime(ctx) {
			return errUnfinished
		}
		found, next, err := who.page(ctx, at, leaverPage)
		if err != nil {
			return err
		}
		undone = l.each(ctx, len(found), func(ctx context.Context, i int) error { // which has noted what failed
			return l.request(ctx, &found[i])
		}) != nil || undone
		at = next
	}
	if undone {
		return errUnfinished
	}
	key, cond := sweepKey(l.organization, onLeaver, l.event), table.IfRevision(l.revision)
	next := table.Delete(key, cond)
	if int(l.Pass) < len(sweepPasses)-1 {
		rec := l.leavingRecord
		rec.Pass++
		rec.Due = rec.At.Add(l.allowing(sweepPasses[rec.Pass]))
		next = table.Put(toItem(key, table.NextRevision(l.revision, l.now()), &rec), cond)
	}
	return unlessMet(q.write(ctx, next))
}

// request asks for the rotation of a secret that is known, if one is set.
func (l *leaving) request(ctx context.Context, k *known) error {
	if !k.set {
		l.noted(func(s *EventSummary) { s.Unset++ })
		return nil
	}
	asked, err := l.requestRotation(ctx, k.id, l.event, l.cause())
	if err != nil {
		return fmt.Errorf("asking for the rotation of secret %s: %w", k.id, err)
	}
	l.noted(func(s *EventSummary) { s.add(asked) })
	if asked == requestMade {
		l.did()
	}
	return nil
}

// noted counts, for several at a time.
func (l *leaving) noted(count func(*EventSummary)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count(l.count)
}

// What became of a request for a rotation.
type requested int

const (
	requestMade    requested = iota // it is to be rotated
	requestKnown                    // it was asked for already, or one that is under way will do
	requestUnset                    // no rotation is set for the secret, or none that can be, or the secret is in the trash
	requestUnknown                  // there is no such secret
)

// requestRotation asks for a rotation of a secret because of an event, once however often the event comes: the run's id follows
// from both, and the cause says which event it was.
func (r *run) requestRotation(ctx context.Context, secret, event uuid.UUID, cause rotation.Cause) (outcome requested, err error) {
	q, id := r.beginSystem(r.name, cause.Because), uuid.NewSHA1(event, secret[:])
	err = q.change(ctx, func(ctx context.Context, _ lost) (plan, error) {
		v, err := q.lookRotation(ctx, secret)
		switch {
		case err != nil:
			return plan{}, err
		case !v.found || v.rec.Purged:
			outcome = requestUnknown
			return plan{}, nil
		case !v.set || v.wrong != nil || !v.rec.TrashedAt.IsZero():
			outcome = requestUnset
			return plan{}, nil
		}
		outcome = requestKnown
		if v.state.Run.Cause == cause {
			return plan{}, nil
		}
		// A departure, which is about many values at a time, hastens none: where they fail, it may be for one and the same reason.
		p, moved := q.askRotation(&v, id, cause, cause.Kind != api.CauseLeaver)
		if moved {
			outcome = requestMade
		}
		return p, nil
	})
	return outcome, err
}
