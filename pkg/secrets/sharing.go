package secrets

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// A sharing is a project or a secret that grants are on, as one attempt to change them saw it.
type sharing struct {
	kind string
	id   uuid.UUID
	who  identityRecord
	// grants are those that are there, and tag counts their changes.
	grants access.Grants
	tag    int64
	// rights are what the caller has on it if its grants are these.
	rights func(access.Grants) access.Rights
	// plan says what is to be written so that its grants become these.
	plan func(access.Grants) plan
}

// lookSharedProject reads a project and decides whether the caller may do all of that to it.
func (q *request) lookSharedProject(ctx context.Context, id uuid.UUID, actions ...access.Action) (sharing, error) {
	v, err := q.lookProject(ctx, id)
	if err != nil {
		return sharing{}, err
	}
	for _, action := range actions {
		if err := q.decideProject(ctx, &v, action); err != nil {
			return sharing{}, err
		}
	}
	old := v.rec
	return sharing{
		kind: onProject, id: id, who: v.who, grants: old.Grants, tag: old.AccessTag,
		rights: func(grants access.Grants) access.Rights {
			return access.ProjectRights(v.who.principal(), access.Project{ID: id, Live: true, Grants: grants}, q.now())
		},
		plan: func(grants access.Grants) plan {
			v.rec.Grants, v.rec.AccessTag = grants, old.AccessTag+1
			v.rec.Writes = old.Writes.with(q.writeID)
			p := q.planProject(id, old, &v.rec)
			q.planReach(&p, onProject, id, access.Changed(old.Grants, grants))
			return p
		},
	}, nil
}

// lookSharedSecret reads a secret and decides whether the caller may do all of that to it.
func (q *request) lookSharedSecret(ctx context.Context, id uuid.UUID, actions ...access.Action) (sharing, error) {
	v, err := q.lookSecret(ctx, id, nil)
	if err != nil {
		return sharing{}, err
	}
	for _, action := range actions {
		if err := q.decideSecret(ctx, &v, action); err != nil {
			return sharing{}, err
		}
	}
	old := v.rec
	return sharing{
		kind: onSecret, id: id, who: v.who, grants: old.Grants, tag: old.AccessTag,
		rights: func(grants access.Grants) access.Rights {
			secret := *v.access()
			secret.Grants = grants
			return access.SecretRights(v.who.principal(), secret, q.now())
		},
		plan: func(grants access.Grants) plan {
			v.rec.Grants, v.rec.AccessTag = grants, old.AccessTag+1
			v.rec.Writes = old.Writes.with(q.writeID)
			p := q.planSecret(&secretChange{id: id, old: &old, new: &v.rec})
			q.planReach(&p, onSecret, id, access.Changed(old.Grants, grants))
			return p
		},
	}, nil
}
