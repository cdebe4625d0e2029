package secrets

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// planTrash notes in the trash what is put there now, by who was seen, and until when the organization, which was read
// too, keeps it there.
func (q *request) planTrash(p *plan, seen sight, rec trashRecord) error {
	organization, err := q.organizationIn(seen.items)
	rec.By, rec.PurgeAt = seen.who.actor(), rec.At.Add(organization.trashRetention())
	p.put(toItem(trashKey(q.organization, rec.At, rec.ID), table.NextRevision(0, rec.At), &rec), table.IfAbsent())
	return err
}

// DeleteSecrets puts secrets into the trash, each for itself: their names are free at once.
func (s *Service) DeleteSecrets(ctx context.Context, by Caller, in api.IDs) (api.BulkResults, error) {
	begin := func() *request { return s.begin(by, operation.DeleteSecrets) }
	return s.bulk(ctx, begin, in, func(ctx context.Context, q *request, id uuid.UUID) error {
		return q.change(ctx, func(ctx context.Context, _ lost) (plan, error) { return q.trashSecret(ctx, id) })
	})
}

func (q *request) trashSecret(ctx context.Context, id uuid.UUID) (plan, error) {
	v, err := q.lookSecret(ctx, id, nil, organizationKey(q.organization))
	if err != nil {
		return plan{}, err
	}
	if err := q.decide(ctx, v.who, v.askDelete()); err != nil || !v.rec.TrashedAt.IsZero() {
		return plan{}, err
	}
	old, now := v.rec, q.now()
	v.rec.TrashedAt = now
	v.rec.UpdatedBy = v.who.actor()
	v.rec.changed(q, now)
	p := q.planSecret(&secretChange{id: id, old: &old, new: &v.rec})
	err = q.planTrash(&p, v.sight, trashRecord{Kind: onSecret, ID: id, Name: v.rec.Name, At: now})
	return p, err
}

// askDelete is the question about putting the secret into the trash; for what is there already, or whose tombstone is left,
// who could have put it there may do it again.
func (v *secretSight) askDelete() ask {
	question := v.ask(access.DeleteSecret)
	question.evenTrashed = !v.rec.TrashedAt.IsZero()
	return question
}
