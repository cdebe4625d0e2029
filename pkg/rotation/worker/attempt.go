package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// maxPuts is how often the pending value is put anew at most, while the secret changes beneath it.
const maxPuts = 3

// An attempt is one at a rotation.
type attempt struct {
	worker *Worker
	hold   *hold
	secret uuid.UUID
	task   api.RotationTask

	t        rotators.Task
	publicID string
	base     int64 // the version that t.Current is of
	pending  int64 // and t.Pending
	values   rotators.Values
	// told says that the target may have been told of the pending value, in this attempt.
	told bool
}

// work does the steps. Its error is a *failure, or one of the context's.
func (a *attempt) work(ctx context.Context) (Outcome, error) {
	if err := a.prepare(ctx); err != nil {
		return "", err
	}
	if a.retiring() {
		return a.retire(ctx)
	}
	for _, step := range []func(context.Context) error{a.create, a.set, a.test, a.finish} {
		if err := step(ctx); err != nil {
			return "", err
		}
	}
	return Rotated, nil
}

func (a *attempt) retiring() bool { return a.task.Run.Step == api.StepRetire }

// prepare reads what every step needs.
func (a *attempt) prepare(ctx context.Context) error {
	if a.task.Rotator != string(a.worker.Kind) {
		return &failure{reason: fmt.Sprintf("this worker is one of the rotator %s, and the secret's is %s now", a.worker.Kind, a.task.Rotator)}
	}
	settings, err := rotation.ParseSettings(a.worker.Kind, a.task.Settings)
	if err != nil {
		return &failure{reason: "this worker can't use the settings: " + err.Error(), permanent: true}
	}
	a.worker = a.worker.telling(settings.Target())
	a.t = rotators.Task{
		Secret: a.secret, Rotation: a.task.Run.ID, Attempt: a.hold.lease.Lease, Settings: settings, Note: a.task.Note, SaveNote: a.saveNote, At: a.worker.At,
		Further: map[uuid.UUID]string{},
	}
	current, err := a.current(ctx)
	if err != nil {
		return err
	}
	if !a.retiring() && current.Version != a.task.Run.From {
		from, err := a.worker.Server.Version(ctx, a.secret, a.task.Run.From)
		if err != nil {
			return asking("for the value that is replaced", err)
		}
		if from.Text != current.Text {
			return a.overtaken(current.Version)
		}
	}
	return a.further(ctx)
}

// further reads the secrets that the settings name.
func (a *attempt) further(ctx context.Context) error {
	for _, id := range a.t.Settings.Secrets() {
		if _, read := a.t.Further[id]; read {
			continue
		}
		further, err := a.worker.Server.Current(ctx, id)
		if err != nil {
			return asking("for the secret "+id.String()+", which the settings name", err)
		}
		a.values.Add(further.Text)
		a.t.Further[id] = further.Text
	}
	return nil
}

// current reads the current value, into the task.
func (a *attempt) current(ctx context.Context) (Value, error) {
	current, err := a.worker.Server.Current(ctx, a.secret)
	if err != nil {
		return current, asking("for the current value", err)
	}
	a.values.Add(current.Text)
	a.t.Current, a.base = current.Text, current.Version
	return current, nil
}

// overtaken is the failure of a rotation of a value that is not the current one any more. A new version alone does not make it
// one: a client-encrypted value is written anew when its secret gets another name. Before there is a pending version, another
// attempt begins with the other value.
func (a *attempt) overtaken(current int64) error {
	return &failure{
		reason:    fmt.Sprintf("the secret got another value while it was rotated: version %d instead of %d", current, a.task.Run.From),
		permanent: a.task.Run.Version != 0 || a.t.Pending != nil,
	}
}

// create has a new value made and stored; where that was done before, it is read.
func (a *attempt) create(ctx context.Context) error {
	if version := a.task.Run.Version; version != 0 {
		pending, err := a.worker.Server.Version(ctx, a.secret, version)
		if err != nil {
			return asking("for the pending value", err)
		}
		a.values.Add(pending.Text)
		a.t.Pending, a.pending = &pending.Text, version
		return nil
	}
	var made rotators.Created
	err := a.do(ctx, "make a new value", func(ctx context.Context) (err error) {
		made, err = a.worker.Rotator.Create(ctx, &a.t)
		return err
	})
	if err != nil {
		return err
	}
	a.values.Add(made.Value)
	if made.Value == a.t.Current {
		return &failure{reason: "the rotator made the value that is current already"}
	}
	a.t.Pending, a.publicID = &made.Value, made.PublicID
	return a.put(ctx)
}

// put stores the pending value.
func (a *attempt) put(ctx context.Context) error {
	in := api.PutPendingVersion{RotationLease: a.hold.lease, Base: a.base, Value: a.t.Pending, PublicID: a.publicID}
	version, err := a.worker.Server.PutPending(ctx, a.secret, in)
	if err == nil {
		a.pending = version
	}
	return asking("to store the new value", err)
}

func (a *attempt) set(ctx context.Context) error {
	if err := a.hold.at(ctx, api.StepSet); err != nil {
		return err
	}
	a.told = true
	return a.do(ctx, "set the new value", func(ctx context.Context) error { return a.worker.Rotator.Set(ctx, &a.t) })
}

func (a *attempt) test(ctx context.Context) error {
	if err := a.hold.at(ctx, api.StepTest); err != nil {
		return err
	}
	return a.do(ctx, "test the new value", func(ctx context.Context) error { return a.worker.Rotator.Test(ctx, &a.t) })
}

// finish makes the pending version the current one. Where that is refused though the lease holds, the secret has changed: another
// value is not overwritten; for another name, other projects or keys the pending value is put anew.
func (a *attempt) finish(ctx context.Context) error {
	if err := a.hold.at(ctx, api.StepFinish); err != nil {
		return err
	}
	var refused *RefusedError
	for range maxPuts {
		err := a.worker.Server.Promote(ctx, a.secret, api.PromoteVersion{RotationLease: a.hold.lease, Version: a.pending})
		if err == nil {
			a.tell(ctx)
			return nil
		}
		if !errors.As(err, &refused) {
			return &failure{reason: "Strongroom could not be asked to make the new value the current one: " + err.Error(), uncertain: true}
		}
		task, err := a.hold.claim(ctx, nil)
		if err != nil {
			return asking("to renew the lease", err)
		}
		if task.Run.Version != a.pending {
			return &failure{reason: fmt.Sprintf("another worker has put version %d since, in the place of %d", task.Run.Version, a.pending)}
		}
		before := a.t.Current
		current, err := a.current(ctx)
		if err != nil {
			return err
		}
		if current.Text != before {
			return a.overtaken(current.Version)
		}
		if err := a.put(ctx); err != nil {
			return err
		}
	}
	return &failure{reason: "Strongroom does not make the new value the current one: " + refused.Message}
}

// tell tells a rotator that wants to know it that the pending value is the current one. What comes of that changes nothing.
func (a *attempt) tell(ctx context.Context) {
	finisher, wants := a.worker.Rotator.(rotators.Finisher)
	if !wants {
		return
	}
	t, old := a.t, a.t.Current
	t.Current, t.Old, t.Pending = *a.t.Pending, &old, nil
	_ = a.do(ctx, "take note of its end", func(ctx context.Context) error { return finisher.Finish(ctx, &t) })
}

// retire has the old value stop working. Where it is the current one again, it goes on.
func (a *attempt) retire(ctx context.Context) (Outcome, error) {
	old, err := a.worker.Server.Version(ctx, a.secret, a.task.Run.From)
	if err != nil {
		return "", asking("for the old value", err)
	}
	a.values.Add(old.Text)
	if old.Text == a.t.Current {
		return a.keep(ctx)
	}
	a.t.Old = &old.Text
	if err := a.hold.at(ctx, api.StepRetire); err != nil {
		return "", err
	}
	if err := a.retireOld(ctx, old.Text); err != nil {
		return "", err
	}
	in := api.ReportRotation{RotationLease: a.hold.lease, Outcome: api.OutcomeRetired}
	if in.Reason, err = a.replaced(ctx); err != nil {
		return "", err
	}
	return Retired, asking("to note that the old value is retired", a.worker.Server.Report(ctx, a.secret, in))
}

// keep leaves the old value as it is, which is the current one again.
func (a *attempt) keep(ctx context.Context) (Outcome, error) {
	reason := fmt.Sprintf("version %d was not retired, since its value is the current one again, as version %d; version %d, which the rotation made,"+
		" may work too: to be rid of it, rotate again, or end it by hand", a.task.Run.From, a.base, a.task.Run.Version)
	in := api.ReportRotation{RotationLease: a.hold.lease, Outcome: api.OutcomeKept, Reason: a.values.Blank(reason, api.MaxRotationFailure)}
	return Kept, asking("to note that the old value is kept", a.worker.Server.Report(ctx, a.secret, in))
}

// replaced says that the value which the rotation made is not the current one any more; nothing where it is. A new version alone does
// not make it so, as overtaken says.
func (a *attempt) replaced(ctx context.Context) (string, error) {
	if a.base == a.task.Run.Version {
		return "", nil
	}
	made, err := a.worker.Server.Version(ctx, a.secret, a.task.Run.Version)
	if err != nil {
		return "", asking("for the value that the rotation made", err)
	}
	if made.Text == a.t.Current {
		return "", nil
	}
	a.values.Add(made.Text)
	reason := fmt.Sprintf("version %d was set since, in the place of version %d, which the rotation made and which may work still:"+
		" to be rid of it, rotate again, or end it by hand", a.base, a.task.Run.Version)
	return a.values.Blank(reason, api.MaxRotationFailure), nil
}

// retireOld retires a value that is not the current one. Somebody may make it that again at any time: before, nothing is done; while
// it is done, it is taken back, and a further attempt finds nothing left to retire.
func (a *attempt) retireOld(ctx context.Context, old string) error {
	current := a.t.Current
	if now, err := a.current(ctx); err != nil || now.Text != current {
		return cmp.Or(err, errChangedWhileRetiring)
	}
	retire := func(ctx context.Context) error { return a.worker.Rotator.Retire(ctx, &a.t) }
	if err := a.do(ctx, "retire the old value", retire); err != nil {
		return err
	}
	if now, err := a.current(ctx); err != nil || now.Text != old {
		return err
	}
	a.t.Old = nil
	undo := func(ctx context.Context) error { return a.worker.Rotator.Undo(ctx, &a.t) }
	if err := a.do(ctx, "have the old value work again, which is current again", undo); err != nil {
		return err
	}
	return errChangedWhileRetiring
}

// errChangedWhileRetiring is the failure of a retirement during which somebody gave the secret another value.
var errChangedWhileRetiring error = &failure{reason: "the secret got another value while its old one was retired"}

// saveNote stores a rotator's note.
func (a *attempt) saveNote(ctx context.Context, note string) error {
	if a.values.In(note) {
		return errors.New("the note holds a value, and is not stored")
	}
	_, err := a.hold.claim(ctx, &note)
	if err == nil {
		a.t.Note = note
	}
	return err
}

// do calls the rotator, whose failures it tells apart: what it says in an *Error is for people, anything else is not shown.
func (a *attempt) do(ctx context.Context, what string, call func(context.Context) error) (err error) {
	defer func() {
		if broke := recover(); broke != nil { // what it broke with may hold a value
			err = &failure{reason: "the rotator broke down when it was to " + what}
		}
	}()
	if err := ctx.Err(); err != nil {
		return &failure{reason: "the worker was ended before it was to " + what}
	}
	err = call(ctx)
	var said *rotators.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said):
		return &failure{reason: said.Reason, permanent: said.Permanent, outline: a.outlineOf(what, said)}
	}
	return &failure{reason: "the rotator could not " + what}
}

// outlineOf says in fixed words what a rotator could not do, and where.
func (a *attempt) outlineOf(what string, said *rotators.Error) string {
	where, passes := "", "which may pass"
	for _, r := range rotation.Rotators {
		if r.Kind == a.worker.Kind && r.Where != "" {
			where = " at " + r.Where
		}
	}
	if said.Permanent {
		passes = "which does not pass by itself"
	}
	return fmt.Sprintf("the rotator could not %s%s, %s", what, where, passes)
}
