package secrets

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
	// Walk is how far the pass has come that is under way.
	Walk walkRecord `table:"walk"`
}

// A walkRecord is where a walk over what a leaver knows goes on; the zero value is its beginning.
type walkRecord struct {
	Part  string `table:"part"`
	In    string `table:"in"`
	After string `table:"after"`
	// Undone says that something failed before that place: the walk is done again.
	Undone bool `table:"undone"`
	// WorkedAt is when it was gone on with last: whose turn was longest ago comes first.
	WorkedAt time.Time `table:"worked"`
}

func (w *walkRecord) position() leaverPosition {
	if w.Part == partNone {
		return leaverPosition{part: partRead}
	}
	return leaverPosition{w.Part, w.In, w.After}
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

// turnPages is how many pages of a departure are walked before the next departure has its turn.
const turnPages = 10

// leavings does the passes that are due, in turns, so that one who knew much keeps nobody's waiting. What fails keeps nothing else
// from being done.
func (r *run) leavings(ctx context.Context) {
	due, err := r.dueLeavings(ctx)
	if err != nil {
		r.failed(ctx, fmt.Errorf("looking up who left: %w", err))
	}
	for len(due) > 0 && !r.outOfTime(ctx) {
		l := due[0]
		due = due[1:]
		more, err := l.turn(ctx)
		if err != nil {
			r.failed(ctx, fmt.Errorf("what principal %s knew: %w", l.Principal, err))
		}
		if more {
			due = append(due, l)
		}
	}
}

// dueLeavings are the departures of which a pass is due, those first whose turn was longest ago. With an error come those that
// were found.
func (r *run) dueLeavings(ctx context.Context) (due []*leaving, err error) {
	query := table.Query{PK: organizationPK(r.organization), Prefix: sweepPrefix + onLeaver + "#", Limit: sweepsAtOnce}
	for !r.outOfTime(ctx) {
		page, err := r.table.Query(ctx, query)
		if err != nil {
			return due, err
		}
		for _, item := range page.Items {
			l, err := r.leavingOf(item)
			if err != nil {
				r.failed(ctx, fmt.Errorf("reading of a departure: %w", err))
			} else if !l.Due.After(r.now()) {
				due = append(due, l)
			}
		}
		if page.Next.IsZero() {
			break
		}
		query.After = page.Next
	}
	slices.SortStableFunc(due, func(a, b *leaving) int { return a.Walk.WorkedAt.Compare(b.Walk.WorkedAt) })
	return due, nil
}

// pass does what is left of the pass that is due, in as many turns as there is time for.
func (l *leaving) pass(ctx context.Context) error {
	for {
		if more, err := l.turn(ctx); !more || err != nil {
			return err
		}
	}
}

// turn goes on with the pass that is due, then notes how far it came; more says that another turn may follow at once. It may end
// anywhere: what was asked for is not asked for again.
func (l *leaving) turn(ctx context.Context) (more bool, err error) {
	pass, q := l.Pass, l.beginSystem(l.name, l.Cause.Because)
	done, err := l.walk(ctx, q)
	rec, undone := &l.leavingRecord, l.Walk.Undone
	if done {
		rec.Walk = walkRecord{} // from its beginning, where something failed
	}
	rec.Walk.WorkedAt = l.now()
	if done && !undone {
		rec.Pass++
	}
	if int(rec.Pass) < len(sweepPasses) {
		rec.Due = rec.At.Add(l.allowing(sweepPasses[rec.Pass]))
	}
	saved, wrong := l.save(ctx, q)
	switch {
	case err != nil || wrong != nil:
		return false, errors.Join(err, wrong)
	case done && undone:
		return false, errUnfinished
	}
	return saved && rec.Pass == pass, nil
}

// save stores how far it came, or that nothing is left to be done. Where somebody else came first, it is theirs.
func (l *leaving) save(ctx context.Context, q *request) (saved bool, err error) {
	key, cond := sweepKey(l.organization, onLeaver, l.event), table.IfRevision(l.revision)
	next := table.Delete(key, cond)
	if int(l.Pass) < len(sweepPasses) {
		l.revision = table.NextRevision(l.revision, l.now())
		next = table.Put(toItem(key, l.revision, &l.leavingRecord), cond)
	}
	err = q.write(ctx, next)
	return err == nil, unlessMet(err)
}

// stillReading is for how long after somebody left, or a leak was told of, a read is of before: it was under way. It has the time of
// its event, however much later the table's stream brings it.
const stillReading = time.Minute

// walk goes on with the walk over what the leaver knows, for a turn, and says whether it came to its end. Nothing is left to be done
// where it didn't leave for good.
func (l *leaving) walk(ctx context.Context, q *request) (done bool, err error) {
	items, err := q.table.BatchGet(ctx, []table.Key{principalKey(l.Principal)})
	if err != nil {
		return false, err
	}
	rec, err := principalIn(items, l.Principal)
	if err != nil {
		return false, err
	}
	if l.Cause.Kind == api.CauseLeaver && rec.departure() == "" {
		slog.InfoContext(ctx, "who left is back: what it knew is rotated no more for that", "principal", l.Principal)
		l.Pass = int64(len(sweepPasses))
		return false, nil
	}
	who := q.leaverOf(l.Principal, rec, l.Reachable)
	who.left, who.reads = l.At, l.At.Add(l.allowing(stillReading))
	for range turnPages {
		if l.outOfTime(ctx) {
			return false, errUnfinished
		}
		found, next, err := who.page(ctx, l.Walk.position(), leaverPage)
		if err != nil {
			return false, err
		}
		undone := l.each(ctx, len(found), func(ctx context.Context, i int) error { // which has noted what failed
			return l.request(ctx, &found[i])
		}) != nil
		if undone && l.outOfTime(ctx) {
			return false, errUnfinished // and this page is looked at again
		}
		l.Walk.Part, l.Walk.In, l.Walk.After = next.part, next.in, next.after
		l.Walk.Undone = l.Walk.Undone || undone
		if next.part == partNone {
			return true, nil
		}
	}
	return false, nil
}

// request asks for the rotation of a secret that is known, if one is set.
func (l *leaving) request(ctx context.Context, k *known) error {
	if !k.set {
		l.noted(func(s *EventSummary) { s.Unset++ })
		return nil
	}
	asked, err := l.requestRotation(ctx, k.id, l.event, l.Pass, l.cause())
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
	requestUnset                    // no rotation is set for the secret, or none that can be
	requestUnknown                  // there is no such secret
)

// requestRotation asks for a rotation of a secret because of an event, once however often the event comes: the run's id follows
// from both, and the cause says which event it was. A later pass asks again where that run has failed to make a value: what was to
// be replaced is the current one still. What is in the trash is rotated once it is restored.
func (r *run) requestRotation(ctx context.Context, secret, event uuid.UUID, pass int64, cause rotation.Cause) (outcome requested, err error) {
	q, id := r.beginSystem(r.name, cause.Because), runID(secret, event, pass)
	err = q.change(ctx, func(ctx context.Context, _ lost) (plan, error) {
		v, err := q.lookRotation(ctx, secret)
		switch {
		case err != nil:
			return plan{}, err
		case !v.found || v.rec.Purged:
			outcome = requestUnknown
			return plan{}, nil
		case !v.set || v.wrong != nil:
			outcome = requestUnset
			return plan{}, nil
		}
		outcome = requestKnown
		run := &v.state.Run
		if again := pass > 0 && run.State == api.RotationFailed && !run.Unretired(); run.Cause == cause && !again {
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

// runID is that of the run that a pass asks for.
func runID(secret, event uuid.UUID, pass int64) uuid.UUID {
	if pass == 0 {
		return uuid.NewSHA1(event, secret[:])
	}
	return uuid.NewSHA1(event, fmt.Appendf(secret[:], "#%d", pass))
}
