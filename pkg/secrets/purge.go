package secrets

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// PurgeTrash removes for good what is in the trash, each for itself. What it leaves is swept.
func (s *Service) PurgeTrash(ctx context.Context, by Caller, organization uuid.UUID, in api.IDs) (api.BulkResults, error) {
	q := s.begin(by, operation.PurgeTrash)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return api.BulkResults{}, err
	}
	if err := checkIDs(in); err != nil {
		return api.BulkResults{}, err
	}
	return q.bulkTrash(ctx, in.IDs, trashWork{
		project: func(ctx context.Context, q *request, id uuid.UUID, _ lost) (plan, error) {
			v, err := q.lookProject(ctx, id)
			if err != nil {
				return plan{}, err
			}
			if err := q.decidePurge(ctx, v.who, v.askDelete()); err != nil || v.rec.Purged {
				return plan{}, err
			}
			if v.rec.live() {
				return plan{}, notTrashed()
			}
			return q.purgeProject(&v), nil
		},
		secret: func(ctx context.Context, q *request, id uuid.UUID, _ lost) (plan, error) {
			v, err := q.lookSecret(ctx, id, nil)
			if err != nil {
				return plan{}, err
			}
			if !v.found {
				return plan{}, q.decideNothing(ctx, id)
			}
			if err := q.decidePurge(ctx, v.who, v.askDelete()); err != nil || v.rec.Purged {
				return plan{}, err
			}
			if v.rec.TrashedAt.IsZero() {
				return plan{}, notTrashed()
			}
			return q.purgeSecret(&v), nil
		},
	})
}

func notTrashed() *api.Error {
	return api.Errorf(api.CodeConflict, "is not in the trash; delete it first")
}

// decideNothing refuses what is done to an id that is nothing at all.
func (q *request) decideNothing(ctx context.Context, id uuid.UUID) error {
	return q.recordDenied(ctx, aboutSecret(id, ""), "nothing in the trash has this id", notInTrash())
}

// decidePurge decides about removing something for good. Who may not, but could have deleted it or sees the whole trash, is
// told what is missing; to others there is no such thing.
func (q *request) decidePurge(ctx context.Context, who identityRecord, question ask) error {
	decision := q.judge(who, ask{Request: access.Request{Action: access.PurgeTrash}})
	if decision.Allowed {
		q.allowed = append(q.allowed, decision.Reasons...)
		return nil
	}
	refusal := notInTrash()
	if who.seesAll() || q.judge(who, question).Allowed {
		refusal = api.Errorf(api.CodeForbidden, "%s", decision.Missing)
	}
	return q.recordDenied(ctx, question.about, decision.String(), refusal)
}

// purgeProject makes the project a tombstone for good: what decides about it stays, so that who could have deleted it may
// say so again, and its id is never used for another.
func (q *request) purgeProject(v *projectSight) plan {
	old, now := v.rec, q.now()
	v.rec.Extra, v.rec.Name, v.rec.Keys, v.rec.Purged = nil, "", nil, true
	v.rec.changed(q, now)
	p := q.planProject(v.id, old, &v.rec)
	p.delete(trashKey(q.organization, old.TrashedAt, v.id), table.Unconditional())
	q.planSweep(&p, onProject, v.id, now)
	return p
}

// purgeSecret makes a tombstone of a secret in the trash, or of one that goes with its last project.
func (q *request) purgeSecret(v *secretSight) plan {
	old, now := v.rec, q.now()
	v.rec = secretRecord{
		resource:   resource{revision: old.revision, Writes: old.Writes, Tag: old.Tag, CreatedAt: old.CreatedAt},
		Encryption: old.Encryption, Projects: old.Projects, Grants: old.Grants, AccessTag: old.AccessTag,
		TrashedAt: old.TrashedAt, Purged: true,
	}
	v.rec.changed(q, now)
	if old.TrashedAt.IsZero() {
		v.rec.TrashedAt = now
	}
	p := q.planSecret(&secretChange{id: v.id, old: &old, new: &v.rec})
	if !old.TrashedAt.IsZero() {
		p.delete(trashKey(q.organization, old.TrashedAt, v.id), table.Unconditional())
	}
	q.planSweep(&p, onSecret, v.id, now)
	return p
}
