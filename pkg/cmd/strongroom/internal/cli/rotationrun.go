package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/client"
	"strongroom/pkg/operation"
)

// How often a rotation that runs is looked at, and after how long without a worker that is said.
const (
	firstLook  = 100 * time.Millisecond
	longLook   = 2 * time.Second
	nobodyCame = 15 * time.Second
)

func (m *Main) rotationRun() *cobra.Command {
	var leaked, noWait bool
	c := &cobra.Command{
		Use: "run REF [--leaked] [--no-wait]", Short: "rotate a secret now, and see it through", Args: exactly("REF"),
		Long: "Rotate a secret now, and say step by step how that goes, until it is done, waits for readers, who are named, or has\n" +
			"failed; the exit status is 1 where it failed. One that is under way already is joined, and that is said; where it has\n" +
			"its new value already, another one follows it. It takes write on the secret, and to see how it goes manage. --leaked says that others know the value: the old one is retired at once, without waiting.\n\n" + references + "\n\n" +
			"  strongroom rotation run demo/DATABASE_URL\n" +
			"  strongroom rotation run demo/DATABASE_URL --leaked --no-wait",
		RunE: func(c *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			err := m.runRotation(ctx, args[0], leaked, noWait)
			if errors.Is(err, context.Canceled) {
				return interrupted("the rotation goes on; `%s` shows how", pasted("rotation", "get", args[0]))
			}
			return err
		},
	}
	c.Flags().BoolVar(&leaked, "leaked", false, "others know the value: retire it at once")
	c.Flags().BoolVar(&noWait, "no-wait", false, "ask for it, and see nothing through")
	return c
}

func (m *Main) runRotation(ctx context.Context, text string, leaked, noWait bool) error {
	s, id, err := m.connectToID(ctx, text)
	if err != nil {
		return err
	}
	asked, err := uuid.NewV7()
	if err != nil {
		return err
	}
	run, err := s.RotateSecret(ctx, id, api.RotateSecret{ID: &asked, Leaked: leaked})
	if err != nil {
		return err
	}
	m.sayf("%s: rotation %s", text, run.ID)
	if run.ID != asked {
		m.sayf("%s: that one is under way since %s, and %s", text, moment(run.RequestedAt), joined(run, leaked))
	}
	if !noWait {
		if run, err = m.watchRotation(ctx, s, text, id, run); err != nil {
			return err
		}
	}
	if err := m.showChanged(s, run); err != nil {
		return err
	}
	if run.State == api.RotationFailed {
		return fmt.Errorf("%s was not rotated: %s", text, run.Reason)
	}
	return nil
}

// joined says what becomes of a request that was answered with a rotation that is under way (rotation.Record.Request).
func joined(run api.RotationRun, leaked bool) string {
	if run.Version > 0 || leaked && run.State == api.RotationRunning {
		return "another one follows it"
	}
	return "nothing new was begun"
}

// watchRotation says what becomes of a rotation until nothing is to be seen for a while.
func (m *Main) watchRotation(ctx context.Context, s *session, text string, secret uuid.UUID, run api.RotationRun) (api.RotationRun, error) {
	said, began := "", time.Now()
	for pause := firstLook; ; pause = min(2*pause, longLook) {
		if words := stateInWords(&run); words != said {
			m.sayf("%s: %s", text, words)
			said = words
			if run.Reason != "" && run.State == api.RotationDue {
				m.sayf("%s: %s", text, run.Reason)
			}
		}
		switch run.State {
		case api.RotationDone, api.RotationFailed:
			return run, nil
		case api.RotationWaiting:
			return m.waitsFor(ctx, s, text, secret, run)
		case api.RotationDue, api.RotationRunning:
		}
		if run.StartedAt == nil && time.Since(began) > nobodyCame {
			m.sayf("%s: no worker has come yet; is one there for its rotator, and may it write the secret?", text)
			began = time.Now().Add(time.Hour)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return run, ctx.Err()
		}
		now, err := s.Rotation(ctx, secret)
		switch {
		case errors.Is(err, client.ErrForbidden):
			m.sayf("%s: it was asked for; how it goes, who manages the secret may see", text)
			return run, nil
		case err != nil:
			return run, err
		case now.Run == nil || now.Run.ID != run.ID:
			return m.overtaken(text, run, s.SecretEvents(ctx, secret))
		}
		run = *now.Run
	}
}

// waitsFor says for whom a rotation waits, where the caller may see that.
func (m *Main) waitsFor(ctx context.Context, s *session, text string, secret uuid.UUID, run api.RotationRun) (api.RotationRun, error) {
	now, err := s.Rotation(ctx, secret)
	switch {
	case errors.Is(err, client.ErrForbidden):
		m.sayf("%s: for whom it waits, who manages the secret may see", text)
		return run, nil
	case err != nil:
		return run, err
	case now.Run == nil || now.Run.ID != run.ID:
		return run, nil // over meanwhile
	}
	m.sayReaders(text, now.Run)
	return *now.Run, nil
}

// overtaken says how a rotation ended that another one followed before that was seen: by the secret's events, newest first.
func (m *Main) overtaken(text string, run api.RotationRun, events iter.Seq2[api.Event, error]) (api.RotationRun, error) {
	for e, err := range events {
		if err != nil {
			return run, err
		}
		if e.RotationID == nil || *e.RotationID != run.ID || e.Action != string(operation.PromoteVersion) || e.Decision != string(audit.Allowed) {
			continue
		}
		run.State, run.Reason = api.RotationDone, ""
		if len(e.Values) > 0 {
			run.Version = e.Values[0].Version
		}
		m.sayf("%s: %s; another rotation follows", text, stateInWords(&run))
		return run, nil
	}
	return run, fmt.Errorf("%s was not rotated by it, and another rotation follows; `%s` shows how that goes", text, pasted("rotation", "get", text))
}
