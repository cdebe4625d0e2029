package secrets

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// planTrash notes in the trash what is put there now.
func (q *request) planTrash(p *plan, kind string, id uuid.UUID, name string) {
	now := q.now()
	p.put(toItem(trashKey(q.organization, now.UnixMilli(), id), table.NextRevision(0, now),
		&markRecord{Kind: kind, ID: id, Name: name, At: now}), table.IfAbsent())
}

// DeleteSecrets puts secrets into the trash, each for itself: their names are free at once.
func (s *Service) DeleteSecrets(ctx context.Context, by Caller, in api.IDs) (api.BulkResults, error) {
	begin := func() *request { return s.begin(by, operation.DeleteSecrets) }
	return s.bulk(ctx, begin, in, func(ctx context.Context, q *request, id uuid.UUID) error {
		return q.change(ctx, func(ctx context.Context, _ lost) (plan, error) { return q.trashSecret(ctx, id) })
	})
}

func (q *request) trashSecret(ctx context.Context, id uuid.UUID) (plan, error) {
	v, err := q.lookSecret(ctx, id, nil)
	if err != nil {
		return plan{}, err
	}
	if err := q.decideDelete(ctx, &v); err != nil || !v.rec.TrashedAt.IsZero() {
		return plan{}, err
	}
	old, now := v.rec, q.now()
	v.rec.TrashedAt = now
	v.rec.UpdatedBy = v.who.actor()
	v.rec.changed(q, now)
	p := q.planSecret(&secretChange{id: id, old: &old, new: &v.rec})
	q.planTrash(&p, onSecret, id, v.rec.Name)
	return p, nil
}

// decideDelete decides about putting a secret into the trash; for what is there already, or whose tombstone is left,
// who could have put it there may do it again.
func (q *request) decideDelete(ctx context.Context, v *secretSight) error {
	question := v.ask(access.DeleteSecret)
	question.evenTrashed = !v.rec.TrashedAt.IsZero()
	return q.decide(ctx, v.who, question)
}
