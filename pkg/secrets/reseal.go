package secrets

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/api"
	"strongroom/pkg/table"
)

// Timing of resealing.
const (
	// resealEnds is how long before its context's deadline a run begins nothing more.
	resealEnds = 10 * time.Second
	// resealSecretTime is how long a run tries to write one secret before it leaves it to the next walk.
	resealSecretTime = 20 * time.Second
	// resealRest is how long nothing is walked after a walk that left something behind: each walk reads everything.
	resealRest = 24 * time.Hour
)

// resealPage is how many secrets are resealed between two notes of how far that has come.
const resealPage = 100

// reseal walks over all secrets and seals anew what is under older data keys, from where the run before ended.
func (r *keyRotation) reseal(ctx context.Context) error {
	for !r.timeIsUp(ctx) {
		current, err := r.currentKey(ctx)
		if err != nil || current.Generation() != r.told.Generation { // or another was made just now
			return unavailable(err)
		}
		w, err := r.resume(ctx, current.Generation())
		if err != nil {
			return err
		}
		resting := w.RestUntil.After(r.now())
		if !resting && !w.Done {
			err = w.step(ctx)
		}
		r.told.Damaged, r.told.Failed, r.told.Unfinished = int(w.Damaged), int(w.Failed), !w.Done
		if r.timeIsUp(ctx) {
			return nil
		}
		if err != nil || resting || w.Done {
			return err
		}
	}
	return nil
}

// timeIsUp says whether nothing more is to be begun.
func (r *keyRotation) timeIsUp(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || (ok && time.Until(deadline) <= resealEnds)
}

// A resealWalk goes over all secrets, in parts: those of each shard of index 2 by name, then the trash by time. Whatever is
// created on the way is under the current key; what goes into the trash on the way comes last there. A secret that is renamed
// or restored on the way may move from what is ahead to what was passed; so only a walk that finds nothing is the last.
type resealWalk struct {
	*keyRotation
	// generation is that of the current data key.
	generation uint32

	mu sync.Mutex
	resealRecord
}

// Each shard of index 2 is one part of a walk.
const (
	resealTrash = secretShards
	resealEnd   = resealTrash + 1
)

// resume is the walk where it is, or a new one where there is none for this data key.
func (r *keyRotation) resume(ctx context.Context, generation uint32) (*resealWalk, error) {
	w := &resealWalk{keyRotation: r, generation: generation}
	item, found, err := r.table.Get(ctx, resealKey(r.organization))
	if err != nil {
		return w, err
	}
	if found {
		if err := fromItem(item, &w.resealRecord); err != nil {
			return w, err
		}
	}
	if w.Generation != int64(generation) {
		w.resealRecord = resealRecord{header: w.header, Generation: int64(generation)}
	}
	w.revision = item.Revision
	if !w.RestUntil.IsZero() && !w.RestUntil.After(r.now()) {
		w.restart()
	}
	return w, nil
}

// restart puts the walk to its beginning.
func (w *resealWalk) restart() {
	w.Part, w.After, w.Found, w.Damaged, w.Failed, w.RestUntil = 0, "", false, 0, 0, time.Time{}
}

// step reseals the next secrets and notes that they are done. Where another run was first to note something, it does not.
func (w *resealWalk) step(ctx context.Context) error {
	ids, next, err := w.next(ctx)
	if err != nil {
		return err
	}
	if err = w.resealAll(ctx, ids); err == nil && !w.timeIsUp(ctx) {
		if w.After = next; next == "" {
			w.Part++
		}
		if w.Part < resealEnd {
			err = w.note(ctx)
		} else {
			err = w.end(ctx)
		}
	}
	if errors.Is(err, errOtherRun) {
		return nil
	}
	return err
}

// end is what follows a whole walk: another one, after a rest where something had to be left, or that older keys are retired.
func (w *resealWalk) end(ctx context.Context) error {
	switch {
	case w.Damaged+w.Failed > 0:
		w.RestUntil = w.now().Add(resealRest)
		return w.note(ctx)
	case w.Found:
		w.restart()
		return w.note(ctx)
	}
	return w.retire(ctx, w.resealRecord)
}

// next are the next secrets of the walk, and the sort key of the last; empty where this part has no more.
func (w *resealWalk) next(ctx context.Context) (ids []uuid.UUID, after string, err error) {
	query := table.Query{PK: trashPK(w.organization), Limit: resealPage, After: table.Position{SK: w.After}}
	if w.Part < resealTrash {
		query.Index, query.PK = table.Index2, secretIndexPK(w.organization, int(w.Part))
		if w.After != "" {
			id, err := uuid.Parse(w.After[strings.LastIndexByte(w.After, 0)+1:])
			if err != nil {
				return nil, "", err
			}
			query.After.Key = secretKey(id)
		}
	}
	page, err := w.table.Query(ctx, query)
	if err != nil {
		return nil, "", err
	}
	for _, item := range page.Items {
		text, ok := strings.CutPrefix(item.Key.PK, secretPrefix)
		if !ok { // in the trash; a project there is no secret, and so nothing is found under its id
			_, text, _ = strings.Cut(item.Key.SK, "#")
		}
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, "", err
		}
		ids = append(ids, id)
	}
	return ids, page.Next.SK, nil
}

// resealAll reseals secrets, several at once. What can't be done about one of them keeps nothing else from being done.
func (w *resealWalk) resealAll(ctx context.Context, ids []uuid.UUID) error {
	var damaged, failed int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxChangesAtOnce)
	for _, id := range ids {
		group.Go(func() error {
			if w.timeIsUp(ctx) {
				return nil
			}
			one := resealing{resealWalk: w, id: id}
			err := one.reseal(ctx)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told.Resealed += one.done
			damaged += int64(one.damaged)
			if err == nil || !ofOneSecret(err) {
				return err
			}
			failed++
			slog.Error("a secret could not be sealed anew", "secret", id, "error", err)
			return nil
		})
	}
	err := group.Wait()
	w.Damaged, w.Failed = w.Damaged+damaged, w.Failed+failed
	return err
}

// ofOneSecret says of an error that it lies in what is stored of a secret, or in who else writes that, and not in the table,
// the key service or the run.
func ofOneSecret(err error) bool {
	var known *api.Error
	var unmet *table.ConditionError
	switch {
	case errors.Is(err, errOtherRun):
		return false
	case errors.Is(err, errDerived), errors.As(err, &unmet), errors.Is(err, table.ErrConflict):
		return true
	}
	return !errors.As(err, &known) && !errors.Is(err, context.Canceled)
}

// find notes that something was found, before it is sealed anew: where the run ends in between, this walk is not the last.
func (w *resealWalk) find(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Found {
		return nil
	}
	w.Found = true
	return w.note(ctx)
}

// errOtherRun: another run noted something first, or this one did and was not told. What is stored says how it goes on.
var errOtherRun = errors.New("another run was first")

// note stores where the walk is.
func (w *resealWalk) note(ctx context.Context) error {
	before, tried := w.revision, false
	w.revision = table.NextRevision(before, w.Service.now())
	return w.quietly(ctx, func(ctx context.Context) (p plan, err error) {
		if tried {
			item, _, err := w.table.Get(ctx, resealKey(w.organization))
			if err != nil || item.Revision != before {
				return p, errors.Join(errOtherRun, err)
			}
		}
		tried = true
		p.put(toItem(resealKey(w.organization), w.revision, &w.resealRecord), table.IfRevision(before))
		return p, nil
	})
}
