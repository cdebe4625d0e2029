package secrets

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/api"
	"strongroom/pkg/table"
)

// bulk does the same with each id, a few at a time, and answers per id. An internal error of one fails the request:
// it may be repeated, and does nothing twice.
func (s *Service) bulk(ctx context.Context, by Caller, in api.IDs, do func(context.Context, *request, uuid.UUID) error) (
	api.BulkResults, error,
) {
	if err := checkIDs(in); err != nil {
		return api.BulkResults{}, err
	}
	results := api.BulkResults{Data: make([]api.BulkResult, len(in.IDs))}
	one := func(i int) (err error) {
		results.Data[i].ID = in.IDs[i]
		results.Data[i].Error, err = bulkError(do(ctx, s.begin(by), in.IDs[i]))
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
	}
	return nil, err
}

// planTrash notes in the trash what is put there now.
func (q *request) planTrash(p *plan, kind string, id uuid.UUID, name string) {
	now := q.now()
	p.put(toItem(trashKey(q.organization, now.UnixMilli(), id), table.NextRevision(0, now),
		&markRecord{Kind: kind, ID: id, Name: name, At: now}), table.IfAbsent())
}

// DeleteSecrets puts secrets into the trash, each for itself: their names are free at once.
func (s *Service) DeleteSecrets(ctx context.Context, by Caller, in api.IDs) (api.BulkResults, error) {
	return s.bulk(ctx, by, in, func(ctx context.Context, q *request, id uuid.UUID) error {
		return q.change(ctx, func(ctx context.Context, _ lost) (plan, error) { return q.trashSecret(ctx, id) })
	})
}

func (q *request) trashSecret(ctx context.Context, id uuid.UUID) (plan, error) {
	v, err := q.lookSecret(ctx, id, nil)
	if err != nil {
		return plan{}, err
	}
	if err := q.decideDelete(&v); err != nil || !v.rec.TrashedAt.IsZero() {
		return plan{}, err
	}
	old, now := v.rec, q.now()
	v.rec.TrashedAt = now
	v.rec.UpdatedBy = v.who.actor()
	v.rec.changed(q, now)
	p := q.planSecret(secretChange{id: id, old: &old, new: &v.rec})
	q.planTrash(&p, onSecret, id, v.rec.Name)
	return p, nil
}
