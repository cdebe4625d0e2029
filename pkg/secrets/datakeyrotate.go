package secrets

import (
	"context"
	"fmt"
	"time"

	"strongroom/pkg/envelope"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// dataKeyLife is how long a data key is the current one. The cipher would allow centuries (package envelope); what a shorter
// time limits is what one key that got out opens: at most what was written in a quarter, once everything older is resealed.
// Each change costs one write of every value and note, and so is no matter of days.
const dataKeyLife = 90 * 24 * time.Hour

// dataKeySettles is how long after a new data key was made nothing is sealed under the one before any more: a container may
// take that for the current one for envelope.Lifetime, its last request then has half a minute, and clocks differ. Resealing
// begins after that, or it would have to look everywhere once more.
const dataKeySettles = envelope.Lifetime + 5*time.Minute

// A KeyRotation says what one run of rotate-data-keys did, and what is left.
type KeyRotation struct {
	// Generation is that of the current data key; zero where there is no organization yet. Made says that this run made it.
	Generation uint32 `json:"generation"`
	Made       bool   `json:"made"`
	// Resealed counts the values and notes that this run sealed anew.
	Resealed int `json:"resealed"`
	// Damaged counts the values and notes that the walk found so far and that do not open, Failed the secrets in which
	// something could not be written: both stay as they are, and the older data keys in use, until a walk finds none.
	Damaged int `json:"damaged"`
	Failed  int `json:"failed"`
	// Retired are the generations that this run found to be in use no more.
	Retired []uint32 `json:"retired"`
	// Unfinished says that older data keys are still in use. The next runs go on.
	Unfinished bool `json:"unfinished"`
}

// RotateDataKeys makes a new data key when the current one is old, and seals anew what is under older ones, for as long as
// its context lets it. A key under which nothing is left is retired. It may be ended anywhere and run side by side with itself.
func (s *Service) RotateDataKeys(ctx context.Context) (KeyRotation, error) {
	r := &keyRotation{request: s.beginSystem(operation.RotateDataKeys, ""), told: KeyRotation{Retired: []uint32{}}}
	keys, err := r.allDataKeys(ctx)
	if err != nil || len(keys) == 0 {
		return r.told, err
	}
	newest := keys[0]
	if r.now().Sub(newest.CreatedAt) >= dataKeyLife {
		if newest, err = r.newGeneration(ctx); err != nil {
			return r.told, err
		}
		keys = append([]dataKeyRecord{newest}, keys...)
	}
	r.told.Generation = newest.generation
	r.told.Unfinished = len(inUse(keys)) > 0
	if !r.told.Unfinished || r.now().Sub(newest.CreatedAt) < r.allowing(dataKeySettles) {
		return r.told, nil
	}
	err = r.reseal(ctx)
	return r.told, err
}

// A keyRotation is one run.
type keyRotation struct {
	*request
	told KeyRotation
}

// inUse are those of the keys, which are in order, that were replaced and are not retired.
func inUse(keys []dataKeyRecord) []dataKeyRecord {
	var old []dataKeyRecord
	for _, key := range keys[1:] {
		if key.RetiredAt.IsZero() {
			old = append(old, key)
		}
	}
	return old
}

// newGeneration makes the next data key, unless somebody else just has, and answers the newest.
func (r *keyRotation) newGeneration(ctx context.Context) (newest dataKeyRecord, err error) {
	err = r.change(ctx, func(ctx context.Context, _ lost) (p plan, err error) {
		r.told.Made = false
		keys, err := r.allDataKeys(ctx)
		if err != nil {
			return p, err
		}
		newest = keys[0]
		if r.now().Sub(newest.CreatedAt) < dataKeyLife {
			return p, nil
		}
		if err := r.planDataKey(ctx, &p, newest.generation+1); err != nil {
			return p, err
		}
		if newest, err = dataKeyOf(p.writes[0].Item); err != nil {
			return p, err
		}
		r.told.Made, r.cause = true, "the data key before is as old as one may be"
		p.act, err = r.aboutKeys(ctx, "dataKey", newest)
		return p, err
	})
	return newest, err
}

// planDataKey makes the data key of a generation and says that it is to be written.
func (q *request) planDataKey(ctx context.Context, p *plan, generation uint32) error {
	key, err := q.keyring.NewDataKey(ctx, generation)
	if err != nil {
		return unavailable(err)
	}
	now := q.now()
	p.put(toItem(dataKeyKey(q.organization, generation), table.NextRevision(0, now),
		&dataKeyRecord{Wrapped: key.Wrapped, CreatedAt: now}), table.IfAbsent())
	return nil
}

// retire notes, in one transaction with the end of the walk that found nothing, that the older data keys are in use no more.
// They stay in the table, wrapped: whatever a backup brings back, or a walk missed, opens.
func (r *keyRotation) retire(ctx context.Context, walked resealRecord) error {
	walked.Done = true
	return r.change(ctx, func(ctx context.Context, _ lost) (p plan, err error) {
		r.told.Retired = []uint32{}
		item, _, err := r.table.Get(ctx, resealKey(r.organization))
		if err != nil || item.Revision != walked.revision { // another run was first, or this one and was not told
			return p, err
		}
		keys, err := r.allDataKeys(ctx)
		if err != nil {
			return p, err
		}
		old, now := inUse(keys), r.now()
		r.cause = "nothing was found under it any more"
		p.put(toItem(item.Key, table.NextRevision(item.Revision, now), &walked), table.IfRevision(item.Revision))
		for _, key := range old {
			key.RetiredAt = now
			next := toItem(dataKeyKey(r.organization, key.generation), table.NextRevision(key.revision, now), &key)
			p.put(next, table.IfRevision(key.revision))
			r.told.Retired = append(r.told.Retired, key.generation)
		}
		p.act, err = r.aboutKeys(ctx, "dataKeyRetired", old...)
		return p, err
	})
}

// aboutKeys tells what became of data keys.
func (r *keyRotation) aboutKeys(ctx context.Context, what string, keys ...dataKeyRecord) (*act, error) {
	item, _, err := r.table.Get(ctx, organizationKey(r.organization))
	if err != nil {
		return nil, err
	}
	var rec organizationRecord
	err = fromItem(item, &rec)
	a := &act{on: aboutOrganization(r.organization, rec.Name)}
	for _, key := range keys {
		a.note(true, fmt.Sprintf("%s: %d", what, key.generation))
	}
	return a, err
}
