package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// How people manage the rotation of a secret. Seeing and setting it are asked for as seeing and changing its grants are: who
// manages a secret decides what becomes of its value. To have it rotated now is to change its value.

// PutRotation is a request to set how a secret is rotated.
type PutRotation struct {
	ID    uuid.UUID
	Match IfMatch
	api.PutRotation
}

// DeleteRotation is a request to have a secret rotated no more.
type DeleteRotation struct {
	ID uuid.UUID
	// Force gives up a rotation that is under way. A pending version becomes one of the old ones.
	Force bool
}

// GetRotation shows how a secret is rotated and how that goes, and who is waited for.
func (s *Service) GetRotation(ctx context.Context, by Caller, id uuid.UUID) (answer api.Rotation, err error) {
	q := s.begin(by, operation.GetRotation)
	r, err := q.lookRotation(ctx, id)
	if err != nil {
		return answer, err
	}
	if err := q.decideSecret(ctx, &r.secretSight, access.SeeSecretAccess); err != nil {
		return answer, err
	}
	if !r.set {
		return answer, api.Errorf(api.CodeNotFound, "no rotation is set for the secret")
	}
	r.tells = true
	answer = r.show()
	if err := q.showLeft(ctx, answer.SetBy); err != nil {
		return answer, err
	}
	if answer.Run == nil {
		answer.ETag = r.tag(left(answer.SetBy)...)
		return answer, nil
	}
	if r.wrong != nil {
		answer.Run.Reason = r.wrong.Error()
	} else if r.state.Run.State == api.RotationWaiting {
		missing, err := q.missingReaders(ctx, &r)
		if err != nil {
			return answer, err
		}
		answer.Run.Missing, answer.Run.WaitingFor = int64(len(missing)), missing[:min(len(missing), api.MaxRotationReaders)]
		if r.rec.Version != r.state.Run.Version {
			answer.Run.Reason = fmt.Sprintf("version %d was set since and is the current one, in the place of version %d", r.rec.Version, r.state.Run.Version)
		}
	}
	if answer.Run.NeverCame, err = q.showReaders(ctx, id, r.state.Run.NeverCame); err != nil {
		return answer, err
	}
	answer.ETag = r.tag(append(left(answer.SetBy), answer.Run.Missing, answer.Run.WaitingFor, answer.Run.NeverCame, answer.Run.Reason)...)
	return answer, nil
}

// left is what of a setter the rotation's item doesn't say, for the digest of its ETag.
func left(by *api.RotationSetter) []any {
	if by == nil || by.Left == "" {
		return nil
	}
	return []any{by.Left}
}

// show is the rotation as it is shown, but for who is waited for and who never came.
func (r *rotationSight) show() api.Rotation {
	rec := &r.rotation
	shown := api.Rotation{
		SecretID: r.id, Every: rec.Every, Window: rec.Window, Rotator: rec.Rotator, Settings: rec.settings(),
		CreatedAt: rec.CreatedAt, NextAt: orNever(rec.NextAt), LastRotatedAt: orNever(rec.LastRotatedAt), LastVersion: rec.LastVersion, ETag: r.tag(),
	}
	shown.SetBy, shown.SetAt = rec.setter()
	if r.wrong == nil && r.state.Config.Settings.Keeps() {
		shown.Readers = r.state.Config.Readers.API()
	}
	if r.state.Run.ID != uuid.Nil {
		run := r.showRun()
		shown.Run = &run
	}
	return shown
}

// tag is the ETag. It counts what put-rotation changes, so that a rotation under way keeps nobody from changing that; how it goes
// is in the digest.
func (r *rotationSight) tag(view ...any) string {
	return etag(r.rotation.Tag, append([]any{r.rotation.revision}, view...)...)
}

// PutRotation sets how a secret is rotated from now on.
func (s *Service) PutRotation(ctx context.Context, by Caller, in PutRotation) (answer api.Rotation, err error) {
	q := s.begin(by, operation.PutRotation)
	config, err := rotation.ParseConfig(in.PutRotation)
	if err != nil {
		return answer, wrongConfig(err)
	}
	if in.PutRotation, err = rotation.Normal(in.PutRotation, config); err != nil {
		return answer, err
	}
	err = q.change(ctx, func(ctx context.Context, _ lost) (plan, error) {
		r, err := q.lookRotation(ctx, in.ID)
		if err != nil {
			return plan{}, err
		}
		if err := q.decideSecret(ctx, &r.secretSight, access.ChangeSecretAccess); err != nil {
			return plan{}, err
		}
		if err := q.decideNamed(ctx, in.ID, config); err != nil {
			return plan{}, err
		}
		p, err := q.putRotation(&r, in, config)
		if err != nil {
			return plan{}, err
		}
		r.tells = true
		answer = r.show()
		return p, nil
	})
	return answer, err
}

// wrongConfig tells the caller what is wrong with a rotation, field by field.
func wrongConfig(err error) error {
	var wrong rotation.ConfigError
	if !errors.As(err, &wrong) {
		return err
	}
	p := make(problems, len(wrong))
	for i, one := range wrong {
		p[i] = api.Detail{Field: one.Field, Message: one.Message}
	}
	return p.err()
}

// decideNamed decides whether the caller may read the further secrets that the settings name. The worker reads them and uses them
// as the settings say: without this, whoever manages one secret could name the secret of any database's admin, and have the worker
// send its password to a host of theirs. It is asked for again whenever anything is set, so that nobody else turns what was set
// before against the secret that it names.
func (q *request) decideNamed(ctx context.Context, id uuid.UUID, config rotation.Config) error {
	for _, named := range config.Named() {
		if named.ID == id {
			return api.FieldError(api.CodeInvalid, named.Field, "is the secret that is rotated; name another one")
		}
		v, err := q.lookSecret(ctx, named.ID, nil)
		if err != nil {
			return err
		}
		question := v.ask(access.ReadSecret)
		question.gone = api.FieldError(api.CodeNotFound, named.Field, "no such secret, or none that you may see")
		if err := q.decide(ctx, v.who, question); err != nil {
			return err
		}
	}
	return nil
}

// putRotation says what is to be written so that the secret is rotated so; nothing where it is already, by the caller's own word.
// Where it is by somebody else's, the caller has looked at it, and it is the caller's now.
func (q *request) putRotation(r *rotationSight, in PutRotation, config rotation.Config) (plan, error) {
	rec, now, before := &r.rotation, q.now(), r.rotation.SetBy.ID
	same := r.set && rec.asks(in.PutRotation)
	if same && before == r.who.Principal {
		return plan{}, nil
	}
	if !same {
		if err := q.configure(r, in, config, now); err != nil {
			return plan{}, err
		}
	}
	rec.SetBy, rec.SetAt = r.who.actor(), now
	rec.Tag++
	p := q.planRotation(r, rotationSet)
	p.act.rotation = uuid.Nil // it is about all of them
	q.planSetter(&p, r.id, before, rec.SetBy.ID)
	return p, nil
}

// configure has the secret be rotated otherwise than it was.
func (q *request) configure(r *rotationSight, in PutRotation, config rotation.Config, now time.Time) error {
	rec := &r.rotation
	if err := in.Match.check(rec.Tag); err != nil {
		return err
	}
	if !r.set {
		r.state = &rotation.Record{Secret: r.id}
		rec.CreatedAt = now
		rec.Tag = now.UnixMilli() // and so no ETag comes back where one was deleted and another is set
	} else if err := r.retarget(in.PutRotation); err != nil {
		return err
	}
	rec.ask(in.PutRotation)
	r.state.Set(config, now)
	r.state.Rewait(now)
	return nil
}

// retarget is nil where what is rotated, and where, may be set as asked for. What has begun in one place can't be ended in another;
// with settings that this version refuses, which nobody can use, it can't be ended at all but by others of the same rotator.
func (r *rotationSight) retarget(in api.PutRotation) error {
	rec := &r.rotation
	if !r.open() || rec.sameTarget(in) {
		return nil
	}
	_, refused := rotation.ParseSettings(rotation.Kind(rec.Rotator), rec.Settings)
	switch {
	case refused != nil && rec.Rotator == in.Rotator:
		return nil
	case refused != nil:
		return api.Errorf(api.CodeConflict, "%s, and this version refuses its settings; set others of the same rotator, or give it up with "+
			"delete-rotation with force=true and set it anew", r.what())
	}
	return api.Errorf(api.CodeConflict, "%s; only the schedule and the readers can be changed now: "+
		"change the rotator and its settings when it is over, or after delete-rotation with force=true", r.what())
}

// asks says whether put-rotation was asked for just that.
func (rec *rotationRecord) asks(in api.PutRotation) bool {
	is := rec.asked()
	return rec.sameTarget(in) && is.Every == in.Every && is.Window == in.Window && valueOr(is.Readers) == valueOr(in.Readers)
}

// sameTarget says whether what is rotated, and where, is as it was.
func (rec *rotationRecord) sameTarget(in api.PutRotation) bool {
	return rec.Rotator == in.Rotator && bytes.Equal(rec.Settings, in.Settings)
}

// open says whether a rotation is under way, or has left a pending version that the target may have or an old value that works.
func (r *rotationSight) open() bool {
	return r.state.Run.Active() || r.state.Run.Unretired() || r.rec.Pending != 0
}

// what says why it is open.
func (r *rotationSight) what() string {
	if r.state.Run.Active() {
		return fmt.Sprintf("a rotation of the secret is under way (%s, at the step %s)", r.state.Run.State, r.state.Run.Step)
	}
	if r.state.Run.Unretired() {
		return fmt.Sprintf("the last rotation failed to retire version %d, which may work still", r.state.Run.From)
	}
	return fmt.Sprintf("the last rotation failed and left version %d pending, which the target may have", r.rec.Pending)
}

// DeleteRotation has a secret rotated no more. Where it is not, nothing changes. A pending version, which the target may have and
// nobody else, is kept as an old one: who finds that to be so restores it.
func (s *Service) DeleteRotation(ctx context.Context, by Caller, in DeleteRotation) error {
	q := s.begin(by, operation.DeleteRotation)
	return q.change(ctx, func(ctx context.Context, _ lost) (plan, error) {
		r, err := q.lookRotation(ctx, in.ID)
		if err != nil {
			return plan{}, err
		}
		if err := q.decideSecret(ctx, &r.secretSight, access.ChangeSecretAccess); err != nil || !r.set {
			return plan{}, err
		}
		if r.open() && !in.Force {
			return plan{}, api.Errorf(api.CodeConflict, "%s; repeat with force=true to give that up; "+
				"a pending version is kept as an old one, to be restored where the target has it", r.what())
		}
		p := plan{act: r.actOn(rotationSet)}
		q.planUnset(&p, &r)
		q.unsetPending(&p, &r.secretSight)
		return p, nil
	})
}

// RotateSecret has a secret rotated now, and answers that rotation: the one that is under way already, where there is one. One that
// failed and is tried again later is tried now, for one that no worker has taken one is asked for again, and one that has made its
// value already is followed by another.
func (s *Service) RotateSecret(ctx context.Context, by Caller, id uuid.UUID, in api.RotateSecret) (answer api.RotationRun, err error) {
	q := s.begin(by, operation.RotateSecret)
	var wrong problems
	wrong.newID("id", in.ID, q.clientNow())
	if err := wrong.err(); err != nil {
		return answer, err
	}
	run := orNew(in.ID)
	err = q.work(ctx, id, func(_ context.Context, r *rotationSight) (plan, error) {
		p := q.rotate(r, run, in.Leaked)
		answer = r.showRun()
		return p, nil
	})
	return answer, err
}

// rotate asks for a rotation under that id.
func (q *request) rotate(r *rotationSight, id uuid.UUID, leaked bool) plan {
	by := fmt.Sprintf("%s %s", r.who.Kind, r.who.Name)
	cause := rotation.Cause{Kind: api.CauseRequest, Because: "asked for by " + by}
	if leaked {
		cause = rotation.Cause{Kind: api.CauseLeak, Because: "said to be known to others by " + by}
	}
	p, _ := q.askRotation(r, id, cause, true)
	return p
}

// askRotation asks for a rotation under that id, whoever or whatever wants it, and says whether anything more is to be rotated now
// than before. hasten has a run that failed and is tried again later be tried now. For a secret in the trash no worker is asked: its
// run is put off until it is restored.
func (q *request) askRotation(r *rotationSight, id uuid.UUID, cause rotation.Cause, hasten bool) (p plan, moved bool) {
	now, repeated := q.now(), r.state.Run.ID == id
	moved = r.state.Request(id, cause, now)
	hastened := hasten && !repeated && r.state.Hasten(now)
	switch {
	case r.state.Asked(now) && (moved || hastened) && r.rec.TrashedAt.IsZero():
		return q.planRotation(r, rotationDue), moved
	case moved:
		return q.planRotation(r, rotationFollows), moved
	}
	return plan{}, false
}
