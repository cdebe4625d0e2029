package secrets

import (
	"context"
	"errors"
	"math/rand/v2"
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

// A plan is what an attempt wants written. A plan without writes is done already.
type plan struct{ writes []table.Write }

func (p *plan) put(item table.Item, cond table.Condition) {
	p.writes = append(p.writes, table.Put(item, cond))
}

func (p *plan) delete(key table.Key, cond table.Condition) {
	p.writes = append(p.writes, table.Delete(key, cond))
}

// lost holds the keys whose conditions were not met in the attempt before, where there was one.
type lost map[table.Key]bool

// change makes attempts until one is written, says that nothing is to be written, or fails. Every attempt reads and
// decides anew; it must recognize by the request's write id that an earlier one, whose outcome was unknown, happened.
func (q *request) change(ctx context.Context, attempt func(context.Context, lost) (plan, error)) error {
	var before lost
	return q.patiently(ctx, func() error {
		p, err := attempt(ctx, before)
		if err != nil || len(p.writes) == 0 {
			return err
		}
		before, err = q.send(ctx, p)
		return err
	})
}

// errAgain asks patiently for another try.
var errAgain = errors.New("another write came first")

// send writes a plan. An error of unknown outcome is as good as a lost race: the next attempt finds out.
func (q *request) send(ctx context.Context, p plan) (lost, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	err := q.table.Transact(ctx, table.Transaction{Writes: p.writes, Token: uuid.NewString()})
	if err == nil {
		return nil, nil
	}
	if errors.Is(err, table.ErrInvalid) {
		return nil, err
	}
	q.cancelled.Add(1)
	var unmet *table.ConditionError
	if !errors.As(err, &unmet) {
		return nil, errors.Join(errAgain, err)
	}
	keys := lost{}
	for _, i := range unmet.Failed {
		keys[p.writes[i].Item.Key] = true
	}
	return keys, errAgain
}

// patiently tries until it works, pausing longer and longer with jitter where another write was in the way, and gives
// up when the request's time does.
func (q *request) patiently(ctx context.Context, try func() error) error {
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		err := try()
		if !errors.Is(err, errAgain) && !errors.Is(err, table.ErrConflict) {
			return unavailableUnlessInternal(err)
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
	if errors.Is(err, table.ErrThrottled) {
		return &failure{api.Errorf(api.CodeThrottled, "too many requests at once; try again in a moment"), err}
	}
	return &failure{api.Errorf(api.CodeUnavailable, "others are changing the same thing; try again in a moment"), err}
}

func unavailableUnlessInternal(err error) error {
	if errors.Is(err, table.ErrInvalid) {
		return err
	}
	return unavailable(err)
}
