package secrets

import (
	"context"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/table"
)

// Who set how a secret is rotated has said where its new values go, and that holds on when it leaves. So each rotation keeps who
// that was, until somebody else sets it, if only to the same again; and under each principal there is an item for every rotation
// that it set, by which a leaver's are found. These items are written and removed with the rotation's, under its revision, and so
// are right at every moment; nothing decides by them all the same: what is listed is read from the rotation itself.

// A setterRecord says that a principal set how a secret is rotated; its key says which.
type setterRecord struct{ header }

// planSetter notes under the principals that one has set the rotation, where another had before; either may be nobody.
func (q *request) planSetter(p *plan, secret, before, after uuid.UUID) {
	if before == after {
		return
	}
	if before != uuid.Nil {
		p.delete(setterKey(before, secret), table.Unconditional())
	}
	if after != uuid.Nil {
		p.put(toItem(setterKey(after, secret), table.NextRevision(0, q.Service.now()), &setterRecord{}), table.Unconditional())
	}
}

// planUnset has no rotation be set for the secret any more, nor anybody have set it.
func (q *request) planUnset(p *plan, r *rotationSight) {
	p.delete(rotationKey(r.id), table.IfRevision(r.rotation.revision))
	q.planSetter(p, r.id, r.rotation.SetBy.ID, uuid.Nil)
}

// setter is who set it, and when, as it is shown; nothing where nobody knows.
func (rec *rotationRecord) setter() (by *api.RotationSetter, at *time.Time) {
	if rec.SetBy.ID == uuid.Nil {
		return nil, nil
	}
	return &api.RotationSetter{Actor: rec.SetBy.api()}, orNever(rec.SetAt)
}

// showLeft says of setters how they left. The caller has not.
func (q *request) showLeft(ctx context.Context, setters ...*api.RotationSetter) error {
	var keys []table.Key
	for _, by := range setters {
		if by != nil && by.ID != q.who.Principal {
			keys = append(keys, principalKey(by.ID))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	items, err := q.table.BatchGet(ctx, distinct(keys))
	if err != nil {
		return err
	}
	for _, by := range setters {
		if by == nil || by.ID == q.who.Principal {
			continue
		}
		rec, err := principalIn(items, by.ID)
		if err != nil {
			return err
		}
		by.Left = rec.departure()
	}
	return nil
}

// departure is how a principal left; empty while it is there.
func (rec *principalRecord) departure() api.Departure {
	switch {
	case !rec.exists():
		return api.LeftDeleted
	case rec.Disabled:
		return api.LeftDisabled
	}
	return ""
}
