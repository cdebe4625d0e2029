package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"strongroom/pkg/api"
)

// A failure is why an attempt failed.
type failure struct {
	// reason is for people. Values are still to be blanked out of it.
	reason string
	// outline says the same in fixed words alone, in which no value has any part: for where the reason is withheld. Where it is empty,
	// nothing is known but the step.
	outline string
	// permanent says that another attempt would not help.
	permanent bool
	// uncertain says that the pending version may have become the current one, or may still.
	uncertain bool
}

func (f *failure) Error() string { return f.reason }

// asking is the failure to ask Strongroom; nil for none.
func asking(what string, err error) error {
	if err == nil {
		return nil
	}
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	outline := "Strongroom could not be asked " + what
	return &failure{reason: fmt.Sprintf("%s: %s", outline, err), outline: outline}
}

func isUncertain(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.uncertain
}

// failed ends an attempt that failed. ctx is the hold's: where that has ended, another worker goes on, and nothing is written.
func (a *attempt) failed(ctx context.Context, err error) (Outcome, error) {
	if ctx.Err() != nil {
		return a.lost(ctx)
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{reason: "the worker could not do the rotation"}
	}
	a.values.Instead(a.outline(f))
	switch {
	case a.retiring() && f.permanent:
		return a.report(ctx, api.OutcomeFailed, Failed, f.reason)
	case a.retiring():
		return a.retry(ctx, f.reason)
	case !f.permanent && !a.task.Last:
		return a.postpone(ctx, f)
	}
	return a.giveUp(ctx, f)
}

// outline is a failure in fixed words.
func (a *attempt) outline(f *failure) string {
	if f.outline != "" {
		return f.outline
	}
	return "the attempt failed at the step " + string(cmp.Or(a.hold.step, a.task.Run.Step))
}

// lost is the outcome without the lease.
func (a *attempt) lost(ctx context.Context) (Outcome, error) {
	if errors.Is(context.Cause(ctx), errLost) {
		return Lost, nil
	}
	return Lost, context.Cause(ctx)
}

// giveUp takes back what was done, and then discards the pending version: in this order, so that nobody forgets what the target
// may have.
func (a *attempt) giveUp(ctx context.Context, f *failure) (Outcome, error) {
	if err := a.takeBack(ctx, f); err != nil {
		if ctx.Err() != nil {
			return a.lost(ctx)
		}
		reason := fmt.Sprintf("%s; taking it back failed: %s", f.reason, err)
		var undone *failure
		if !a.task.Last && !(errors.As(err, &undone) && undone.permanent) {
			return a.retry(ctx, reason)
		}
		return a.report(ctx, api.OutcomeFailed, Failed, reason)
	}
	return a.end(ctx, Discarded, f.reason, func(reason string) error {
		return a.worker.Server.Discard(ctx, a.secret, api.DiscardPendingVersion{RotationLease: a.hold.lease, Reason: reason})
	})
}

// postpone leaves the rotation to another attempt, with its pending version. Where the old value does not work beside the new one,
// and the target may have been told of the new one, it takes the old one again until then, as well as that can be done.
func (a *attempt) postpone(ctx context.Context, f *failure) (Outcome, error) {
	if !a.told || a.t.Settings.Keeps() {
		return a.retry(ctx, f.reason)
	}
	err := a.takeBack(ctx, f)
	switch {
	case ctx.Err() != nil:
		return a.lost(ctx)
	case err != nil:
		return a.retry(ctx, fmt.Sprintf("%s; taking it back until then failed: %s", f.reason, err))
	}
	return a.retry(ctx, f.reason)
}

// takeBack undoes what was done in the target, once nothing can make the pending version the current one any more.
func (a *attempt) takeBack(ctx context.Context, f *failure) error {
	if f.uncertain {
		select {
		case <-a.worker.clock().After(Settle):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := a.undo(ctx)
	var undone *failure
	if errors.As(err, &undone) {
		a.values.Instead("taking it back failed: " + a.outline(undone))
	}
	return err
}

// undo has the target take the current value again, which may be another one than at first.
func (a *attempt) undo(ctx context.Context) error {
	if err := a.hold.sure(ctx); err != nil {
		return err
	}
	if a.t.Pending == nil && a.t.Note == "" && a.task.Run.Version == 0 {
		return nil // nothing was done
	}
	if a.t.Settings == nil {
		return &failure{reason: "without its settings the target can't be told", permanent: true}
	}
	if _, err := a.current(ctx); err != nil {
		return err
	}
	if a.t.Pending == nil && a.task.Run.Version != 0 {
		if err := a.create(ctx); err != nil { // which reads it
			return err
		}
	}
	if err := a.further(ctx); err != nil {
		return err
	}
	return a.do(ctx, "take back the new value", func(ctx context.Context) error { return a.worker.Rotator.Undo(ctx, &a.t) })
}

// retry says that another attempt is to be made; of the last one, that the rotation has failed.
func (a *attempt) retry(ctx context.Context, reason string) (Outcome, error) {
	outcome := Retry
	if a.task.Last {
		outcome = Failed
	}
	return a.report(ctx, api.OutcomeRetry, outcome, reason)
}

func (a *attempt) report(ctx context.Context, as api.RotationOutcome, outcome Outcome, reason string) (Outcome, error) {
	return a.end(ctx, outcome, reason, func(reason string) error {
		return a.worker.Server.Report(ctx, a.secret, api.ReportRotation{RotationLease: a.hold.lease, Outcome: as, Reason: reason})
	})
}

// unfit is the reason where Strongroom does not take the one that there is.
const unfit = "the worker has a reason that Strongroom does not take"

// end tells Strongroom how the attempt ended, and why. That it ended counts for more than why: where the reason is not taken, it is
// told without.
func (a *attempt) end(ctx context.Context, outcome Outcome, reason string, tell func(reason string) error) (Outcome, error) {
	err := tell(a.values.Blank(reason, api.MaxRotationFailure))
	if errors.Is(err, ErrInvalid) {
		slog.WarnContext(ctx, "the reason of a failure is not taken", "secret", a.secret, "rotation", a.task.Run.ID, "error", err)
		err = tell(unfit)
	}
	return a.said(ctx, outcome, err)
}

// said is the outcome, once Strongroom was told of it. Where it refuses, another worker has the rotation.
func (a *attempt) said(ctx context.Context, outcome Outcome, err error) (Outcome, error) {
	var refused *RefusedError
	switch {
	case err == nil:
		return outcome, nil
	case errors.As(err, &refused):
		return Lost, nil
	case ctx.Err() != nil:
		return a.lost(ctx)
	}
	return outcome, fmt.Errorf("Strongroom could not be told that the attempt ended with %s: %w", outcome, err) //nolint:staticcheck // a name
}
