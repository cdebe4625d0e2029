package secrets

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/envelope"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// What a worker does. All of it needs write on the secret, as whoever changes the value by hand does, and but for the claim the
// lease: what comes from a worker that lost it changes nothing.

// ClaimRotation takes a rotation for a worker, or renews its lease.
func (s *Service) ClaimRotation(ctx context.Context, by Caller, id uuid.UUID, in api.ClaimRotation) (task api.RotationTask, err error) {
	q := s.begin(by, operation.ClaimRotation)
	if err := checkClaim(in); err != nil {
		return task, err
	}
	err = q.work(ctx, id, func(_ context.Context, r *rotationSight) (plan, error) {
		run, now := &r.state.Run, q.now()
		renewed := run.State == api.RotationRunning && run.Lease.ID == in.Lease
		if err := r.state.Claim(in.RotationLease, r.who.Principal, r.rec.Version, now); err != nil {
			return plan{}, refused(err)
		}
		r.state.At(in.Step)
		if in.Note != nil {
			run.Note = *in.Note
		}
		p := q.planRotation(r, rotationClaimed)
		p.untold = renewed
		task = r.task()
		return p, nil
	})
	return task, err
}

func checkClaim(in api.ClaimRotation) error {
	var p problems
	p.lease(in.RotationLease)
	if in.Note != nil {
		p.text("note", *in.Note, api.MaxRotationNote)
	}
	switch in.Step {
	case "", api.StepCreate, api.StepSet, api.StepTest, api.StepFinish, api.StepRetire:
	default:
		p.add("step", "must be %s, %s, %s, %s or %s", api.StepCreate, api.StepSet, api.StepTest, api.StepFinish, api.StepRetire)
	}
	return p.err()
}

// lease checks what every request of a worker names.
func (p *problems) lease(in api.RotationLease) {
	if in.ID == uuid.Nil {
		p.add("id", "%s; name the rotation", missingID)
	}
	if in.Lease == uuid.Nil {
		p.add("lease", "%s; name the lease, an id of the worker's own making", missingID)
	}
}

// task is what the worker is told.
func (r *rotationSight) task() api.RotationTask {
	return api.RotationTask{
		SecretID: r.id, Rotator: r.rotation.Rotator, Settings: r.rotation.settings(), Run: r.showRun(),
		Until: r.state.Run.Lease.Until, Last: r.state.Last(), Note: r.state.Run.Note,
	}
}

// work makes a change of a rotation by a worker, or by who else may change the value.
func (q *request) work(ctx context.Context, id uuid.UUID, attempt func(context.Context, *rotationSight) (plan, error)) error {
	return q.change(ctx, func(ctx context.Context, _ lost) (plan, error) {
		r, err := q.lookRotation(ctx, id)
		if err != nil {
			return plan{}, err
		}
		if err := q.decideSecret(ctx, &r.secretSight, access.WriteSecret); err != nil {
			return plan{}, err
		}
		r.tells = q.judge(r.who, r.ask(access.SeeSecretAccess)).Allowed
		if err := r.movable(); err != nil {
			return plan{}, err
		}
		return attempt(ctx, &r)
	})
}

// PutPendingVersion stores the value that a rotation made as the secret's pending version: nobody is answered it who does not
// ask for that version. One that was there, of the same rotation, is replaced.
func (s *Service) PutPendingVersion(ctx context.Context, by Caller, id uuid.UUID, in api.PutPendingVersion) (answer api.SecretVersion, err error) {
	q := s.begin(by, operation.PutPendingVersion)
	if err := checkPending(in); err != nil {
		return answer, err
	}
	err = q.work(ctx, id, func(ctx context.Context, r *rotationSight) (plan, error) {
		if err := r.state.Held(in.RotationLease); err != nil {
			return plan{}, refused(err)
		}
		if r.state.Run.Step == api.StepRetire {
			return plan{}, refusedStep(r)
		}
		if in.Base != r.rec.Version {
			return plan{}, api.FieldError(api.CodeConflict, "base", "%s", overtaken(r, in.Base))
		}
		if err := q.checkValue(&r.secretSight, &r.rec, *in.Value); err != nil {
			return plan{}, err
		}
		if r.rec.Pending != 0 && r.rec.Pending == r.state.Run.Version && in.Base == r.state.Run.From {
			same, version, err := q.isPending(ctx, &r.secretSight, *in.Value)
			if same || err != nil {
				answer = version
				return plan{}, err
			}
		}
		p, version, err := q.putPending(ctx, r, in)
		answer = version
		return p, err
	})
	return answer, err
}

func checkPending(in api.PutPendingVersion) error {
	var p problems
	p.lease(in.RotationLease)
	p.number("base", in.Base, "the version that was read")
	if in.Value == nil {
		p.add("value", "is missing")
	} else {
		p.text("value", *in.Value, maxClientValue)
	}
	if in.PublicID != "" {
		p.name("publicId", in.PublicID, api.MaxPublicID)
	}
	return p.err()
}

func refusedStep(r *rotationSight) error {
	return api.Errorf(api.CodeConflict, "the rotation is at the step %s; this is done no more", r.state.Run.Step)
}

// number checks the number of a version.
func (p *problems) number(field string, n int64, what string) {
	if n < 1 {
		p.add(field, "must be a version's number, from 1; name %s", what)
	}
}

// overtaken says why a value is refused that was made to replace another version than the current one.
func overtaken(r *rotationSight, base int64) string {
	return fmt.Sprintf("version %d is the current one and not %d, which was to be replaced: the secret got another"+
		" value while it was rotated; read it, and put the pending version anew or discard it", r.rec.Version, base)
}

// isPending says whether the pending version has that value already, and which version that is.
func (q *request) isPending(ctx context.Context, v *secretSight, value string) (bool, api.SecretVersion, error) {
	number := v.rec.Pending
	items, err := q.table.BatchGet(ctx, versionKeys(v.id, number))
	if err != nil {
		return false, api.SecretVersion{}, err
	}
	stored, err := q.openVersion(ctx, v.id, number, items[versionValueKey(v.id, number)])
	if err != nil {
		return false, api.SecretVersion{}, err
	}
	version, err := v.version(number, items[versionKey(v.id, number)])
	return stored == value, version, err
}

// putPending says what is written for a new pending version. The secret shows nothing of it yet: neither its tag nor what is
// derived from it changes.
func (q *request) putPending(ctx context.Context, r *rotationSight, in api.PutPendingVersion) (plan, api.SecretVersion, error) {
	old, replaced := r.rec, r.rec.Pending
	number := r.rec.nextNumber()
	r.rec.Discarded = max(r.rec.Discarded, replaced)
	r.rec.Pending = number
	r.rec.forget(number)
	sealed, err := q.seal(ctx, q.place(r.id, envelope.PurposeValue, number), *in.Value)
	if err != nil {
		return plan{}, api.SecretVersion{}, err
	}
	now := q.now()
	if in.PublicID != "" || replaced == 0 || replaced != r.state.Run.Version { // else it is the same value, put anew
		r.rotation.PendingID = in.PublicID
	}
	r.state.Created(number, in.Base)
	p := q.planRotation(r, rotationPending)
	p.act.reveals(r.id, number) // who wrote it knows it
	p.with(q.planSecret(&secretChange{id: r.id, old: &old, new: &r.rec}))
	record := &versionRecord{CreatedAt: now, CreatedBy: r.who.actor(), Write: q.writeID[:]}
	p.put(toItem(versionKey(r.id, number), r.rec.revision, record), table.IfAbsent())
	p.put(toItem(versionValueKey(r.id, number), r.rec.revision, &versionValueRecord{Value: sealed, ChangedAt: r.rec.ChangedAt}), table.IfAbsent())
	p.dropVersion(r.id, replaced)
	return p, api.SecretVersion{
		SecretID: r.id, Version: number, CreatedAt: now, CreatedBy: record.CreatedBy.api(), Stage: api.StagePending,
	}, nil
}

// PromoteVersion makes the pending version the current one.
func (s *Service) PromoteVersion(ctx context.Context, by Caller, id uuid.UUID, in api.PromoteVersion) (answer api.SecretVersion, err error) {
	q := s.begin(by, operation.PromoteVersion)
	if err := checkPromote(in); err != nil {
		return answer, err
	}
	err = q.work(ctx, id, func(ctx context.Context, r *rotationSight) (plan, error) {
		run := &r.state.Run
		if run.ID == in.ID && run.Ended == in.Lease && run.Version == in.Version && run.Version == r.state.LastVersion {
			answer, err = q.shownVersion(ctx, &r.secretSight, run.Version)
			return plan{}, err
		}
		if err := r.state.Held(in.RotationLease); err != nil {
			return plan{}, refused(err)
		}
		number := r.rec.Pending
		switch {
		case run.Step == api.StepRetire:
			return plan{}, refusedStep(r)
		case number == 0 || number != run.Version:
			return plan{}, api.Errorf(api.CodeConflict, "the rotation has no pending version; put one first")
		case number != in.Version:
			return plan{}, api.FieldError(api.CodeConflict, "version",
				"version %d is the pending one and not %d: another worker has put it since; go on with that", number, in.Version)
		case run.From != r.rec.Version:
			return plan{}, api.Errorf(api.CodeConflict, "%s", overtaken(r, run.From))
		}
		p, version, err := q.promote(ctx, r, number)
		answer = version
		return p, err
	})
	return answer, err
}

func checkPromote(in api.PromoteVersion) error {
	var p problems
	p.lease(in.RotationLease)
	p.number("version", in.Version, "the one that was put")
	return p.err()
}

// shownVersion is a version as it is shown, without its value.
func (q *request) shownVersion(ctx context.Context, v *secretSight, number int64) (api.SecretVersion, error) {
	items, err := q.table.BatchGet(ctx, versionKeys(v.id, number)[:1])
	if err != nil {
		return api.SecretVersion{}, err
	}
	return v.version(number, items[versionKey(v.id, number)])
}

// promote says what is written to make the pending version the current one. A client-encrypted value that does not fit the
// secret any more would be one that nobody opens.
func (q *request) promote(ctx context.Context, r *rotationSight, number int64) (p plan, answer api.SecretVersion, err error) {
	items, err := q.table.BatchGet(ctx, versionKeys(r.id, number))
	if err != nil {
		return p, answer, err
	}
	var stored versionValueRecord
	if err := fromItem(items[versionValueKey(r.id, number)], &stored); err != nil {
		return p, answer, err
	}
	if r.rec.Encryption == api.EncryptionClient {
		value, err := q.open(ctx, q.place(r.id, envelope.PurposeValue, number), stored.Value)
		if err != nil {
			return p, answer, err
		}
		if err := q.checkEncrypted(&r.secretSight, &r.rec, value); err != nil {
			return p, answer, api.Errorf(api.CodeConflict, "the pending value fits the secret no more: %s; put it anew", err)
		}
	}
	old := r.rec
	r.rec.Previous, r.rec.Version, r.rec.Pending = old.Version, number, 0
	r.rec.Value, r.rec.Keys, r.rec.UpdatedBy = stored.Value, r.currentKeys(), r.who.actor()
	r.rec.changed(q, q.now())
	known := r.rotation.knownAs(old.Version)
	r.state.Finished(q.now())
	if r.state.Run.Unretired() {
		r.rotation.OldID = cmp.Or(known, r.rotation.OldID) // of one that was kept
	} else {
		r.rotation.OldID = ""
	}
	r.rotation.PublicID, r.rotation.PendingID = r.rotation.PendingID, ""
	p = q.planRotation(r, rotationFinished)
	c := &secretChange{id: r.id, old: &old, new: &r.rec, promoted: true}
	p.act.changed = append(p.act.changed, c.act(&old).changed...)
	p.act.reveals(r.id, number)
	p.with(q.planSecret(c))
	answer, err = r.version(number, items[versionKey(r.id, number)])
	return p, answer, err
}

// DiscardPendingVersion gives a rotation up, whose worker has taken back what it did: the pending version is none any more.
func (s *Service) DiscardPendingVersion(ctx context.Context, by Caller, id uuid.UUID, in api.DiscardPendingVersion) (
	answer api.RotationRun, err error,
) {
	q := s.begin(by, operation.DiscardPendingVersion)
	var wrong problems
	wrong.lease(in.RotationLease)
	wrong.failure(in.Reason)
	if err := wrong.err(); err != nil {
		return answer, err
	}
	err = q.work(ctx, id, func(_ context.Context, r *rotationSight) (plan, error) {
		run := &r.state.Run
		if run.ID == in.ID && run.Ended == in.Lease && run.State == api.RotationFailed {
			answer = r.showRun()
			return plan{}, nil
		}
		if err := r.state.Held(in.RotationLease); err != nil {
			return plan{}, refused(err)
		}
		if run.Step == api.StepRetire {
			return plan{}, refusedStep(r)
		}
		r.state.Discarded(in.Reason, q.now())
		p := q.discard(r, rotationFailed)
		answer = r.showRun()
		return p, nil
	})
	return answer, err
}

// discard says what is written to have no pending version any more, with the rotation as its state is now.
func (q *request) discard(r *rotationSight, changed ...string) plan {
	r.rotation.PendingID = ""
	p := q.planRotation(r, changed...)
	q.dropPending(&p, &r.secretSight)
	return p
}

// dropPending has the secret have no pending version any more, where it has one.
func (q *request) dropPending(p *plan, v *secretSight) {
	p.dropVersion(v.id, q.unsetPending(p, v))
}

// unsetPending makes the secret's pending version, where it has one, an old one, and answers its number: zero for none.
func (q *request) unsetPending(p *plan, v *secretSight) int64 {
	old, number := v.rec, v.rec.Pending
	if number != 0 {
		v.rec.Pending, v.rec.Discarded = 0, max(v.rec.Discarded, number)
		p.with(q.planSecret(&secretChange{id: v.id, old: &old, new: &v.rec}))
	}
	return number
}

// ReportRotation ends an attempt: it failed, or has retired the old value, or found that one to be current again.
func (s *Service) ReportRotation(ctx context.Context, by Caller, id uuid.UUID, in api.ReportRotation) (answer api.RotationRun, err error) {
	q := s.begin(by, operation.ReportRotation)
	if err := checkReport(in); err != nil {
		return answer, err
	}
	err = q.work(ctx, id, func(_ context.Context, r *rotationSight) (plan, error) {
		run := &r.state.Run
		if run.ID == in.ID && run.Ended == in.Lease {
			answer = r.showRun()
			return plan{}, nil
		}
		if err := r.state.Held(in.RotationLease); err != nil {
			return plan{}, refused(err)
		}
		changed, err := r.reported(in, q.now())
		if err != nil {
			return plan{}, err
		}
		p := q.planRotation(r, changed)
		answer = r.showRun()
		return p, nil
	})
	return answer, err
}

func checkReport(in api.ReportRotation) error {
	var p problems
	p.lease(in.RotationLease)
	switch in.Outcome {
	case api.OutcomeRetired:
		if in.Reason != "" {
			p.failure(in.Reason)
		}
	case api.OutcomeRetry, api.OutcomeFailed, api.OutcomeKept:
		p.failure(in.Reason)
	default:
		p.add("outcome", "must be %s, %s, %s or %s", api.OutcomeRetry, api.OutcomeFailed, api.OutcomeRetired, api.OutcomeKept)
	}
	return p.err()
}

// failure checks why a worker says that it failed.
func (p *problems) failure(reason string) {
	if reason == "" {
		p.add("reason", "is missing; say why it failed or was not done, without any value")
		return
	}
	p.name("reason", reason, api.MaxRotationFailure)
}

// reported moves the rotation by what its worker reports, and says what is told of it.
func (r *rotationSight) reported(in api.ReportRotation, now time.Time) (string, error) {
	kept := in.Outcome == api.OutcomeKept
	if kept || in.Outcome == api.OutcomeRetired {
		if r.state.Run.Step != api.StepRetire {
			return "", refusedStep(r)
		}
		r.state.Settled(in.Reason, now)
		if kept {
			return rotationKept, nil
		}
		r.rotation.OldID = ""
		return rotationRetired, nil
	}
	if r.state.Failed(in.Reason, in.Outcome == api.OutcomeFailed, now) {
		return rotationFailed, nil
	}
	return rotationDelayed, nil
}
