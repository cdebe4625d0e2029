package faulty

import (
	"context"

	"strongroom/pkg/table"
)

// Transact implements table.Table.
func (t *Table) Transact(ctx context.Context, transaction table.Transaction) error {
	if err := table.CheckTransaction(transaction); err != nil {
		return err
	}
	if err := t.pause(ctx, 1); err != nil {
		return refused(err)
	}
	fault, any := t.happens(Throttled, Conflict, TimedOut, RequestLost, AnswerLost, Late)
	switch {
	case !any:
		return t.write(ctx, transaction)
	case fault == AnswerLost:
		// A refusal that is not heard is a request that is lost.
		if t.inner.Transact(ctx, transaction) == nil {
			t.count(AnswerLost)
		} else {
			t.count(RequestLost)
		}
		return ErrLost
	case fault == Late:
		t.later(ctx, transaction)
		return ErrLost
	}
	t.count(fault)
	switch fault {
	case Throttled:
		return refused(table.ErrThrottled)
	case Conflict:
		return refused(table.ErrConflict)
	case TimedOut:
		return refused(context.DeadlineExceeded)
	default:
		return ErrLost
	}
}

// write does what is asked; an answer that comes too late is lost.
func (t *Table) write(ctx context.Context, transaction table.Transaction) error {
	if err := t.inner.Transact(ctx, transaction); err != nil {
		return err
	}
	if err := t.pause(ctx, 1); err != nil {
		t.count(AnswerLost)
		return refused(err)
	}
	return nil
}

// later does the write when the caller has been told that nobody knows.
func (t *Table) later(ctx context.Context, transaction table.Transaction) {
	ctx = context.WithoutCancel(ctx)
	t.late.Go(func() {
		const pauses = 10
		_ = t.pause(ctx, pauses) // this context never ends
		if t.inner.Transact(ctx, transaction) == nil {
			t.count(Late)
		}
	})
}
