package secrets

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/table"
)

// A rotationSight is a secret and its rotation as one request saw them.
type rotationSight struct {
	secretSight
	set      bool // a rotation is set
	rotation rotationRecord
	// state is what package rotation moves; keep stores it.
	state *rotation.Record
	// wrong says that this version refuses how it is set: it can be seen, set anew and deleted, and nothing else.
	wrong error
	// tells says that the caller may see how the secret is rotated, and so who left or what leaked. Who may only write the secret,
	// as a worker, is told what is to be done.
	tells bool
}

// lookRotation reads a secret with how it is rotated, even where this version refuses that.
func (q *request) lookRotation(ctx context.Context, id uuid.UUID) (rotationSight, error) {
	v, err := q.lookSecret(ctx, id, nil, rotationKey(id))
	if err != nil {
		return rotationSight{secretSight: v}, err
	}
	return q.withRotation(v)
}

// rotationIn reads a secret and its rotation out of items, without the projects.
func (q *request) rotationIn(id uuid.UUID, seen sight) (rotationSight, error) {
	v, err := secretIn(id, seen)
	if err != nil {
		return rotationSight{secretSight: v}, err
	}
	return q.withRotation(v)
}

// withRotation is a secret with its rotation, whose item was read with it.
func (q *request) withRotation(v secretSight) (r rotationSight, err error) {
	r.secretSight = v
	item, found := r.items[rotationKey(r.id)]
	if !found {
		return r, nil
	}
	r.set = true
	if r.rotation, err = rotationOf(item); err != nil {
		return r, err
	}
	r.state, r.wrong = r.rotation.state(r.id)
	r.state.Pace = q.pace
	return r, nil
}

// planRotation says that the rotation is to be stored as its state is now, under the revision that was read, and what is told of
// it. It begins a plan: the rotation's item remembers the request.
func (q *request) planRotation(r *rotationSight, changed ...string) plan {
	p := plan{act: r.actOn(changed...)}
	read := r.rotation.revision
	r.rotation.keep(r.state)
	r.rotation.Writes = r.rotation.Writes.with(q.writeID)
	r.rotation.revision = table.NextRevision(read, q.Service.now())
	p.put(rotationItem(r.id, &r.rotation, r.state.Due()), table.IfRevision(read))
	return p
}

// actOn is what is told of the secret's rotation.
func (r *rotationSight) actOn(changed ...string) *act {
	a := &act{on: r.about(), changed: changed, rotation: r.state.Run.ID, rotator: r.rotation.Rotator}
	for _, end := range []string{rotationFailed, rotationDelayed, rotationRetired, rotationKept} {
		if slices.Contains(changed, end) {
			a.rotationReason = r.state.Run.Reason
		}
	}
	return a
}

// movable is nil where a rotation is set that this version can move.
func (r *rotationSight) movable() error {
	switch {
	case !r.set:
		return api.Errorf(api.CodeConflict, "no rotation is set for the secret; set one with put-rotation")
	case r.wrong != nil && !r.tells:
		return api.Errorf(api.CodeConflict, "this version refuses how the rotation of the secret is set; "+
			"who manages the secret sees why, and sets it anew with put-rotation")
	case r.wrong != nil:
		return api.Errorf(api.CodeConflict, "%s", r.wrong)
	}
	return nil
}

// refused is what the caller is told where package rotation refuses something.
func refused(err error) error {
	var no *rotation.RefusedError
	if errors.As(err, &no) {
		return api.Errorf(api.CodeConflict, "%s", no.Message)
	}
	return err
}
