package secrets

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/envelope"
	"strongroom/pkg/table"
)

// A resealing is one secret whose values and note are sealed anew. What they are does not change, and so nothing of the secret
// does that anybody is shown: not its tag or version, not when it was updated or by whom. It keeps its ChangedAt, which says
// since when the value can be seen, and the write ids of those who changed it.
type resealing struct {
	*resealWalk
	id uuid.UUID
	// done counts what was sealed anew, damaged what does not open.
	done, damaged int
}

func (o *resealing) reseal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, resealSecretTime)
	defer cancel()
	if err := o.versions(ctx); err != nil {
		return err
	}
	return o.secret(ctx)
}

// versions reseals the values of all versions, each in a write of its own.
func (o *resealing) versions(ctx context.Context) error {
	query := table.Query{PK: secretPK(o.id), Prefix: versionValuePrefix}
	for {
		page, err := o.table.Query(ctx, query)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := o.version(ctx, item); err != nil {
				return err
			}
		}
		if query.After = page.Next; query.After.IsZero() {
			return nil
		}
	}
}

// version reseals the value of a version. One that was dropped meanwhile stays dropped.
func (o *resealing) version(ctx context.Context, item table.Item) error {
	number, err := strconv.ParseInt(strings.TrimPrefix(item.Key.SK, versionValuePrefix), 10, 64)
	if err != nil {
		return err
	}
	found, tried := true, false
	var n resealTally
	err = o.quietly(ctx, func(ctx context.Context) (p plan, err error) {
		if tried {
			if item, found, err = o.table.Get(ctx, item.Key); err != nil || !found {
				return p, err
			}
		}
		tried, n = true, resealTally{}
		var rec versionValueRecord
		if err := fromItem(item, &rec); err != nil {
			return p, err
		}
		rec.Value, err = o.anew(ctx, o.place(o.id, envelope.PurposeValue, number), rec.Value, &n)
		if err == nil && n.done > 0 {
			p.put(toItem(item.Key, table.NextRevision(item.Revision, o.Service.now()), &rec), table.IfRevision(item.Revision))
		}
		return p, err
	})
	return o.add(n, err)
}

// secret reseals the current value, with its copies, and the note, in one transaction that loses against every other change.
func (o *resealing) secret(ctx context.Context) error {
	var n resealTally
	wrong := map[int64]int{} // by the secret's revision
	err := o.patiently(ctx, func() error {
		n = resealTally{}
		item, found, err := o.table.Get(ctx, secretKey(o.id))
		if err != nil || !found {
			return err
		}
		p, err := o.planSecretAnew(ctx, item, &n)
		if err != nil || len(p.writes) == 0 {
			return err
		}
		unmet, err := o.send(ctx, p)
		if err == nil || errors.Is(err, table.ErrInvalid) {
			return err
		}
		if len(unmet) > 0 && !unmet[item.Key] {
			if wrong[item.Revision]++; wrong[item.Revision] == maxFailures {
				return errors.Join(errDerived, err)
			}
		}
		return errors.Join(errAgain, err)
	})
	return o.add(n, err)
}

// errDerived: a secret was what was read, and what is derived from it was not, though nobody writes one without the other.
var errDerived = errors.New("what is derived from the secret is not what it remembers of that")

// planSecretAnew says what of the secret is to be written.
func (o *resealing) planSecretAnew(ctx context.Context, item table.Item, n *resealTally) (p plan, err error) {
	old := secretRecord{resource: resource{revision: item.Revision}}
	if err := fromItem(item, &old); err != nil {
		return p, err
	}
	rec := old
	if rec.Value, err = o.anew(ctx, o.place(o.id, envelope.PurposeValue, rec.Version), rec.Value, n); err != nil {
		return p, err
	}
	valueToo := n.done > 0
	if rec.Note, err = o.anew(ctx, o.place(o.id, envelope.PurposeNote, rec.NoteNumber), rec.Note, n); err != nil || n.done == 0 {
		return p, err
	}
	rec.revision = table.NextRevision(old.revision, o.Service.now())
	if valueToo {
		rec.Derived = rec.revision
	}
	p.put(o.secretItem(o.id, &rec), table.IfRevision(old.revision))
	if valueToo { // list entries go with the copies: all that is derived has one revision
		o.planEntries(&p, o.id, &old, &rec)
		o.planCopies(&p, o.id, &old, &rec)
	}
	return p, nil
}

// A resealTally counts what was sealed anew and what does not open, in one attempt.
type resealTally struct{ done, damaged int }

// add counts what came of attempts, of which the last is told.
func (o *resealing) add(n resealTally, err error) error {
	o.damaged += n.damaged
	if err == nil {
		o.done += n.done
	}
	return err
}

// anew seals a message under the current key, or answers it as it is where it is under that already, there is none, or it
// does not open: then it is left for who can still replace it, and told in the log by its place alone.
func (o *resealing) anew(ctx context.Context, place envelope.Place, sealed []byte, n *resealTally) ([]byte, error) {
	if len(sealed) == 0 {
		return sealed, nil
	}
	generation, err := envelope.Generation(sealed)
	if err == nil && generation == o.generation {
		return sealed, nil
	}
	var plaintext string
	if err == nil {
		plaintext, err = o.open(ctx, place, sealed)
	}
	switch {
	case damaged(err) || errors.Is(err, errNoDataKey):
		n.damaged++
		slog.Error("what is stored does not open and can't be sealed anew",
			"secret", place.Secret, "purpose", place.Purpose, "number", place.Number, "error", err)
		return sealed, nil
	case err != nil:
		return sealed, err
	}
	if err := o.find(ctx); err != nil {
		return sealed, err
	}
	n.done++
	return o.seal(ctx, place, plaintext)
}
