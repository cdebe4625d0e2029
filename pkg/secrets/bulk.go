package secrets

import (
	"context"
	"errors"
	"log/slog"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/api"
)

// bulk does the same with each id, a few at a time, and answers per id. An internal error of one fails the request:
// it may be repeated, and does nothing twice. Each id is a request of its own, with its own event.
func (s *Service) bulk(
	ctx context.Context, begin func() *request, in api.IDs, do func(context.Context, *request, uuid.UUID) error,
) (api.BulkResults, error) {
	if err := checkIDs(in); err != nil {
		return api.BulkResults{}, err
	}
	results := api.BulkResults{Data: make([]api.BulkResult, len(in.IDs))}
	one := func(i int) (err error) {
		results.Data[i].ID = in.IDs[i]
		results.Data[i].Error, err = bulkError(do(ctx, begin(), in.IDs[i]))
		return err
	}
	// The first alone finds out whether the caller is anybody at all.
	if err := one(0); err != nil {
		return api.BulkResults{}, err
	}
	var group errgroup.Group
	group.SetLimit(maxChangesAtOnce)
	for i := 1; i < len(in.IDs); i++ {
		group.Go(func() error { return one(i) })
	}
	return results, group.Wait()
}

func checkIDs(in api.IDs) error {
	var wrong problems
	wrong.ids("ids", in.IDs, 1, api.MaxIDs)
	return wrong.err()
}

// bulkError tells what belongs into the answer from what fails the request: internal errors, and a caller who may do
// nothing at all.
func bulkError(err error) (*api.BulkError, error) {
	var known *api.Error
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(err, errNobody):
		return nil, err
	case errors.As(err, &known) && known.Code != api.CodeInternal:
		return &api.BulkError{Code: known.Code, Message: known.Message}, nil
	case damaged(err):
		slog.Error("what is stored does not open", "error", err)
		return &api.BulkError{Code: api.CodeInternal, Message: "what is stored does not open; the log has more"}, nil
	}
	return nil, err
}
