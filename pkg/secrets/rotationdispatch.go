package secrets

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/table"
)

const (
	// dispatchTime is how long a run takes at most: two runs seldom meet, a minute apart.
	dispatchTime = 50 * time.Second
	// leaversShare is the part of that time which is kept for what those knew who left: one in so many.
	leaversShare = 5
	// dispatchPage is how many due rotations are looked up at once, in each shard of their index.
	dispatchPage = 100
	// trashPause is for how long the rotation of a secret in the trash, or of one whose settings are refused, is put off at a
	// time: so much later than that it goes on when the secret comes back.
	trashPause = time.Hour
)

// DispatchRotations does what is due about rotations: it asks for workers, whose coming is not waited for, and gives up what
// nobody came for. It begins with what has been due for longest. What a run does not come to is due still when the next one
// looks, and several runs at once do no harm: each moves a rotation by compare-and-swap from what it saw, or finds it moved. The
// time that is left, and a part of the run's that is kept for it, is for what those knew who left.
func (s *Service) DispatchRotations(ctx context.Context) (RunSummary, error) {
	ctx, cancel := context.WithTimeout(ctx, dispatchTime)
	defer cancel()
	r := s.newRun(operation.DispatchRotations)
	r.dispatchFirst(ctx)
	r.leavings(ctx)
	return r.end()
}

// dispatchFirst does what is due, but for so long that time is left for who left: there may always be more that is due.
func (r *run) dispatchFirst(ctx context.Context) {
	if deadline, ok := ctx.Deadline(); ok {
		earlier, cancel := context.WithDeadline(ctx, deadline.Add((timeToEnd-time.Until(deadline))/leaversShare))
		defer cancel()
		ctx = earlier
	}
	if err := r.dispatchDue(ctx); err != nil {
		r.failed(ctx, err)
	}
}

// dispatchDue does what is due, page by page.
func (r *run) dispatchDue(ctx context.Context) error {
	positions := make([]*table.Position, dueShards) // nil where a shard has nothing more
	for shard := range positions {
		positions[shard] = &table.Position{}
	}
	for more, first := true, true; more && !r.outOfTime(ctx); first = false {
		more = false
		var due []uuid.UUID
		late := time.Duration(0)
		for shard, at := range positions {
			if at == nil {
				continue
			}
			page, err := r.due(ctx, shard, *at)
			if err != nil {
				return err
			}
			due, positions[shard] = append(due, page.secrets...), page.next
			late, more = max(late, page.late), more || page.next != nil
		}
		if first { // which has those that are due for longest
			metric.Add(ctx, metric.RotationLateSeconds, late.Seconds())
		}
		_ = r.each(ctx, len(due), func(ctx context.Context, i int) error { // which has noted what failed
			moved, err := r.dispatch(ctx, due[i])
			if err != nil {
				return fmt.Errorf("the rotation of secret %s: %w", due[i], err)
			}
			if moved {
				r.did()
			}
			return nil
		})
	}
	return nil
}

// A duePage is a page of a shard of the due index: the secrets whose rotations are due, for how long the first is, and where the
// next page begins, if it may have more.
type duePage struct {
	secrets []uuid.UUID
	late    time.Duration
	next    *table.Position
}

func (r *run) due(ctx context.Context, shard int, after table.Position) (due duePage, err error) {
	page, err := r.table.Query(ctx, table.Query{Index: table.Index1, PK: duePK(shard), After: after, Limit: dispatchPage})
	if err != nil {
		return due, err
	}
	now := r.now().UnixMilli()
	for i, item := range page.Items {
		at, secret, err := dueIn(item.Index1.SK)
		if err != nil {
			return due, err
		}
		if at > now {
			return due, nil
		}
		if i == 0 {
			due.late = time.Duration(now-at) * time.Millisecond
		}
		due.secrets = append(due.secrets, secret)
	}
	if !page.Next.IsZero() {
		due.next = &page.Next
	}
	return due, nil
}

// dueIn takes a sort key of the due index apart: milliseconds, and the secret.
func dueIn(sk string) (at int64, secret uuid.UUID, err error) {
	before, after, _ := strings.Cut(sk, "#")
	if at, err = strconv.ParseInt(before, 10, 64); err == nil {
		secret, err = uuid.Parse(after)
	}
	return at, secret, err
}

// dispatch does what is due about the rotation of one secret, and says whether anything was. The index may lag behind what is
// read here.
func (r *run) dispatch(ctx context.Context, secret uuid.UUID) (moved bool, err error) {
	q, id := r.beginSystem(r.name, ""), orNew(nil)
	err = q.change(ctx, func(ctx context.Context, _ lost) (plan, error) {
		moved = false
		v, err := q.lookRotation(ctx, secret)
		if err != nil || !v.set {
			return plan{}, err
		}
		now, due := q.now(), v.state.Due()
		switch {
		case !v.found || v.rec.Purged: // all of it is about to go
			var gone plan
			q.planUnset(&gone, &v)
			return plan{}, unlessMet(q.write(ctx, gone.writes...))
		case !v.rec.TrashedAt.IsZero():
			v.state.PutOff()
			return plan{}, q.putOff(ctx, &v, now.Add(trashPause))
		case due.IsZero() || due.After(now):
			if v.items[rotationKey(secret)].Index1 == dueKey(secret, due) {
				return plan{}, nil
			}
			return plan{}, q.putOff(ctx, &v, due)
		}
		p, err := q.move(ctx, &v, id)
		moved = !p.done()
		return p, err
	})
	return moved && err == nil, err
}

// putOff has the dispatcher look at a rotation again then. Nothing is told of it, since nothing else changes; where somebody else
// came first, it is theirs.
func (q *request) putOff(ctx context.Context, v *rotationSight, until time.Time) error {
	read := v.rotation.revision
	v.rotation.keep(v.state)
	v.rotation.revision = table.NextRevision(read, q.Service.now())
	return unlessMet(q.write(ctx, table.Put(rotationItem(v.id, &v.rotation, until), table.IfRevision(read))))
}

// move takes a rotation that is due on, and says in the request's cause why. id is that of a run that begins.
func (q *request) move(ctx context.Context, v *rotationSight, id uuid.UUID) (plan, error) {
	if v.wrong != nil {
		return q.moveRefused(ctx, v)
	}
	if v.state.Run.State == api.RotationWaiting {
		return q.moveWaiting(ctx, v)
	}
	before, now := v.state.Run, q.now()
	ask := v.state.Dispatch(id, now)
	switch run := &v.state.Run; {
	case ask:
		q.cause = asking(&before, run)
		p := q.planRotation(v, rotationDue)
		if before.State == api.RotationRunning { // an attempt failed of which nobody else tells
			p.act.rotationReason = run.Reason
		}
		return p, nil
	case run.State == api.RotationFailed:
		q.cause = run.Reason
		return q.planRotation(v, rotationFailed), nil
	}
	return plan{}, fmt.Errorf("a rotation that is %s was due, and nothing is to be done about it", before.State)
}

// moveRefused gives up a run under way that this version refuses as it is set, since no worker can go on with it. No other one begins
// until somebody sets it anew.
func (q *request) moveRefused(ctx context.Context, v *rotationSight) (plan, error) {
	slog.ErrorContext(ctx, "a secret is not rotated", "error", v.wrong)
	if !v.state.Run.Active() {
		return plan{}, q.putOff(ctx, v, q.now().Add(trashPause))
	}
	q.cause = clip(v.wrong.Error(), api.MaxRotationFailure)
	v.state.Failed(q.cause, true, q.now())
	return q.planRotation(v, rotationFailed), nil
}

// moveWaiting looks who has read the new version. Looking in vain is not told of.
func (q *request) moveWaiting(ctx context.Context, v *rotationSight) (plan, error) {
	missing, err := q.missingReaders(ctx, v)
	if err != nil {
		return plan{}, err
	}
	ids := make([]uuid.UUID, len(missing))
	for i, reader := range missing {
		ids[i] = reader.ID
	}
	if !v.state.Check(ids, q.now()) {
		if len(missing) > 0 {
			metric.Add(ctx, metric.RotationsWaiting, 1)
		}
		return plan{}, q.putOff(ctx, v, v.state.Due())
	}
	q.cause = v.retiring(missing)
	return q.planRotation(v, rotationDue), nil
}

// asking is why a worker is asked for, in words.
func asking(before, run *rotation.Run) string {
	switch {
	case before.ID != run.ID && run.Cause.Kind == api.CauseSchedule:
		return "it is time, by its schedule"
	case before.ID != run.ID:
		return run.Cause.Because
	case before.State == api.RotationRunning:
		return run.Reason
	case before.State == api.RotationFailed:
		return "the old value works still; it is tried again to retire it: " + run.Reason
	case before.TryAt.After(before.AskedAt):
		return "it failed and is tried again: " + run.Reason
	}
	return "no worker has come yet"
}

// retiring is why the old value is retired, in words: with how many never came, and as many of their names as there is place for
// in an event. get-rotation has more.
func (r *rotationSight) retiring(missing []api.RotationReader) string {
	if len(missing) == 0 {
		const all = "everybody who is known to use an older version has read version %d"
		if version := r.state.Run.Version; version != r.rec.Version {
			return fmt.Sprintf(all+" or a later one; version %d is the current one", version, r.rec.Version)
		}
		return fmt.Sprintf(all, r.state.Run.Version)
	}
	words := fmt.Sprintf("the time to wait is over, and %d readers never came", len(missing))
	if len(missing) == 1 {
		words = "the time to wait is over, and one reader never came"
	}
	names := make([]string, len(missing))
	for i, reader := range missing {
		names[i] = fmt.Sprintf("%s (%s)", reader.Name, reader.ID)
	}
	if all := words + ": " + strings.Join(names, ", "); len(all) <= maxReason {
		return all
	}
	words += ", among them " + names[0]
	for _, name := range names[1:] {
		if len(words)+len(", ")+len(name) > maxReason {
			break
		}
		words += ", " + name
	}
	return words
}
