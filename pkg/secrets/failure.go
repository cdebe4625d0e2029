package secrets

import (
	"context"
	"errors"

	"strongroom/pkg/api"
	"strongroom/pkg/envelope"
	"strongroom/pkg/table"
)

// A failure is an error whose cause is for the log and whose api.Error is for the caller.
type failure struct {
	shown *api.Error
	cause error
}

func (f *failure) Error() string { return f.shown.Error() + ": " + f.cause.Error() }

func (f *failure) Unwrap() []error { return []error{f.shown, f.cause} }

// unavailable makes what the caller sees of a store or a key service that does not answer.
func unavailable(err error) error {
	var known *api.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, table.ErrThrottled):
		return &failure{api.Errorf(api.CodeThrottled, "too many requests at once; try again in a moment"), err}
	case damaged(err), errors.Is(err, table.ErrInvalid), errors.Is(err, errNoDataKey), errors.Is(err, ErrArchived):
		return err // what is stored, or this program, is damaged: an internal error
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, table.ErrConflict):
		return &failure{api.Errorf(api.CodeUnavailable, "could not be done in time; try again"), err}
	}
	return &failure{api.Errorf(api.CodeUnavailable, "a service that Strongroom relies on does not answer; try again"), err}
}

func notFound(noun string) *api.Error {
	return api.Errorf(api.CodeNotFound, "no such %s, or none that you may see", noun)
}

// reads is the table as use cases read it: with errors that a caller may see.
type reads struct{ table.Table }

func (r reads) Get(ctx context.Context, key table.Key) (table.Item, bool, error) {
	item, ok, err := r.Table.Get(ctx, key)
	return item, ok, unavailable(err)
}

func (r reads) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	items, err := r.Table.BatchGet(ctx, keys)
	return items, unavailable(err)
}

func (r reads) TransactGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	items, err := r.Table.TransactGet(ctx, keys)
	return items, unavailable(err)
}

func (r reads) Query(ctx context.Context, q table.Query) (table.Page, error) {
	page, err := r.Table.Query(ctx, q)
	return page, unavailable(err)
}

// damaged says that what is stored does not open.
func damaged(err error) bool {
	return errors.Is(err, envelope.ErrOpen) || errors.Is(err, envelope.ErrFormat)
}
