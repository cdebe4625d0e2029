package secrets

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/table"
)

// Timing of writes. Values are stamped just before an attempt is sent, and an attempt that takes longer than
// attemptTime is abandoned, so that a stamp is never much older than the write.
const (
	attemptTime = 2 * time.Second
	firstPause  = 5 * time.Millisecond
	longPause   = 250 * time.Millisecond
)

// maxFailures is how many attempts of unknown outcome are made before the table is taken to be out of order.
const maxFailures = 3

// A plan is what an attempt wants written, and what is recorded of it.
type plan struct {
	writes []table.Write
	// act is what the plan's event tells. A plan with writes has one; one without writes has it where the answer holds a
	// value all the same.
	act *act
	// untold says that no event tells of the writes: what only keeps a thing as it is.
	untold bool
	// until is when the plan is too old to be sent: its values were stamped when it was made. Zero is never.
	until time.Time
}

// done says that nothing is to be written, and no event.
func (p *plan) done() bool { return len(p.writes) == 0 && p.act == nil }

func (p *plan) put(item table.Item, cond table.Condition) {
	p.writes = append(p.writes, table.Put(item, cond))
}

func (p *plan) delete(key table.Key, cond table.Condition) {
	p.writes = append(p.writes, table.Delete(key, cond))
}

// with adds the writes of another plan, which are to happen together with p's; what is told of them is p's act.
func (p *plan) with(other plan) {
	p.writes = append(p.writes, other.writes...)
	if p.until.IsZero() || (!other.until.IsZero() && other.until.Before(p.until)) {
		p.until = other.until
	}
}

// lost holds the keys whose conditions were not met in the attempt before, where there was one.
type lost map[table.Key]bool

// change makes attempts until one is written, says that nothing is to be written, or fails. Every attempt reads and
// decides anew, and puts the item that remembers write ids first in its plan; the event goes last. An attempt of unknown
// outcome that turns out to have happened was the request: its answer stands, and nothing is decided or written again. It
// may happen late: so what the next attempt reads is looked at too, before it decides anything by that (seen).
func (q *request) change(ctx context.Context, attempt func(context.Context, lost) (plan, error)) error {
	var before lost
	var unknown []table.Key // what shows whether an attempt of unknown outcome happened
	var failures []error
	var sent *act // what the last attempt tells
	return q.patiently(ctx, func() error {
		if unknown != nil {
			if done, err := q.wrote(ctx, unknown); done || err != nil {
				if done {
					countRotation(ctx, sent)
				}
				return err
			}
		}
		if len(failures) == maxFailures {
			return unavailable(errors.Join(failures...))
		}
		q.allowed = nil
		p, err := attempt(ctx, before)
		if errors.Is(err, errDone) {
			countRotation(ctx, sent)
			return nil
		}
		if err != nil || p.done() {
			return err
		}
		if len(p.writes) == 0 {
			return q.record(ctx, *p.act)
		}
		if !p.untold {
			if err := q.tell(&p); err != nil {
				return err
			}
		}
		sent = p.act
		before, err = q.send(ctx, p)
		switch {
		case err == nil:
			countRotation(ctx, sent)
			return nil
		case errors.Is(err, table.ErrInvalid):
			return err
		case !nothingWritten(err):
			unknown, q.unsure = append(unknown, p.writes[0].Item.Key, p.writes[len(p.writes)-1].Item.Key), true
			failures = append(failures, err)
		}
		return errors.Join(errAgain, err)
	})
}

// quietly makes attempts until one is written, as change does, for what follows from changes and has no event of its own.
// An attempt must come to the same when it is made again after it happened.
func (q *request) quietly(ctx context.Context, attempt func(context.Context) (plan, error)) error {
	return q.patiently(ctx, func() error {
		p, err := attempt(ctx)
		if err != nil || len(p.writes) == 0 {
			return err
		}
		if _, err = q.send(ctx, p); err == nil || errors.Is(err, table.ErrInvalid) {
			return err
		}
		return errors.Join(errAgain, err)
	})
}

// wrote says whether an attempt of this request happened: by the item that it changed, or by its event beside that, when so
// many others have changed the item since that it has forgotten.
func (q *request) wrote(ctx context.Context, keys []table.Key) (bool, error) {
	items, err := q.table.BatchGet(ctx, distinct(keys))
	if err != nil {
		return false, err
	}
	for key, item := range items {
		if strings.HasPrefix(key.SK, eventPrefix) || q.wroteItem(item) {
			return true, nil
		}
	}
	return false, nil
}

// distinct are the keys, each once, in no order.
func distinct(keys []table.Key) []table.Key {
	set := make(map[table.Key]bool, len(keys))
	for _, key := range keys {
		set[key] = true
	}
	return slices.Collect(maps.Keys(set))
}

// wroteItem says whether this request is among the last that changed the item.
func (q *request) wroteItem(item table.Item) bool {
	log, _ := item.Attributes["writes"].([]byte)
	return writeLog(log).has(q.writeID)
}

// nothingWritten says whether an error of send promises that, of those after which there is another attempt.
func nothingWritten(err error) bool {
	var unmet *table.ConditionError
	return errors.As(err, &unmet) || errors.Is(err, table.ErrConflict) || errors.Is(err, table.ErrThrottled)
}

// errAgain asks patiently for another try.
var errAgain = errors.New("another write came first")

// send writes a plan, and answers which conditions were not met where that was why not.
func (q *request) send(ctx context.Context, p plan) (lost, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	if !p.until.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, p.until)
		defer cancel()
	}
	err := q.table.Transact(ctx, table.Transaction{Writes: p.writes, Token: uuid.NewString()})
	var unmet *table.ConditionError
	if !errors.As(err, &unmet) {
		if errors.Is(err, table.ErrConflict) {
			q.cancelled.Add(1)
		}
		return nil, err
	}
	q.cancelled.Add(1)
	keys := lost{}
	for _, i := range unmet.Failed {
		keys[p.writes[i].Item.Key] = true
	}
	return keys, err
}

// patiently tries until it works, pausing longer and longer with jitter where another write was in the way, and gives
// up when the request's time does.
func (q *request) patiently(ctx context.Context, try func() error) error {
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		err := try()
		var told *failure // has been given up
		if !errors.Is(err, errAgain) && (!errors.Is(err, table.ErrConflict) || errors.As(err, &told)) {
			return err
		}
		select {
		case <-ctx.Done():
			return busy(err)
		case <-time.After(rand.N(pause)): //nolint:gosec // jitter is no secret
		}
	}
}

// busy is what the caller sees when its time ran out.
func busy(err error) error {
	var unmet *table.ConditionError
	if errors.As(err, &unmet) || errors.Is(err, table.ErrConflict) || err == errAgain { //nolint:errorlint // alone, not joined
		return &failure{api.Errorf(api.CodeUnavailable, "others are changing the same thing; try again in a moment"), err}
	}
	return unavailable(err)
}
