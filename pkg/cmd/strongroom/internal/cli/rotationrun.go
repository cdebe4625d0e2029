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
	rotating "strongroom/pkg/rotation"
)

// rotateFlags are what `rotation run` takes.
type rotateFlags struct {
	leaked, noWait bool
	timeout        string
	patience       time.Duration // that is timeout
}

// runPatience is how long `rotation run` waits for a worker, where nobody says otherwise.
const runPatience = 2 * time.Minute

func (m *Main) rotationRun() *cobra.Command {
	var flags rotateFlags
	c := &cobra.Command{
		Use: "run REF [--leaked] [--no-wait | --timeout TIME]", Short: "rotate a secret now, and see it through", Args: exactly("REF"),
		Long: "Rotate a secret now, and say step by step how that goes, until it is done, waits for readers, who are named, or has\n" +
			"failed; the exit status is 1 where it failed, and where no worker comes for the TIME of --timeout: the rotation goes on\n" +
			"then all the same. One that is under way already is joined, and that is said; where it has its new value already,\n" +
			"another one follows it. It takes write on the secret, and to see how it goes manage.\n\n" +
			"--leaked says that others know the value: the old one is retired at once, whoever has not read the new one, and that is\n" +
			"seen through.\n\n" + references + "\n\n" +
			"  strongroom rotation run demo/DATABASE_URL\n" +
			"  strongroom rotation run demo/DATABASE_URL --leaked --no-wait",
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if flags.patience, err = rotating.ParseDuration(flags.timeout); err != nil || flags.patience == 0 {
				return usage("--timeout must be a time such as 2m, not %q", flags.timeout)
			}
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			err = m.runRotation(ctx, args[0], flags)
			if errors.Is(err, context.Canceled) {
				return interrupted("the rotation goes on; `%s` shows how", pasted("rotation", "get", args[0]))
			}
			return err
		},
	}
	c.Flags().BoolVar(&flags.leaked, "leaked", false, "others know the value: retire it at once")
	c.Flags().BoolVar(&flags.noWait, "no-wait", false, "ask for it, and see nothing through")
	c.Flags().StringVar(&flags.timeout, "timeout", rotating.FormatDuration(runPatience), "give up looking after that `TIME` without a worker, as in 10m")
	c.MarkFlagsMutuallyExclusive("no-wait", "timeout")
	return c
}

func (m *Main) runRotation(ctx context.Context, text string, flags rotateFlags) error {
	s, id, err := m.connectToID(ctx, text)
	if err != nil {
		return err
	}
	asked, err := uuid.NewV7()
	if err != nil {
		return err
	}
	run, err := s.RotateSecret(ctx, id, api.RotateSecret{ID: &asked, Leaked: flags.leaked})
	if err != nil {
		return inCommands(err, text)
	}
	m.sayf("%s: rotation %s", text, run.ID)
	if run.ID != asked {
		m.sayf("%s: that one is under way since %s, and %s", text, moment(run.RequestedAt), joined(run, flags.leaked))
	}
	if !flags.noWait {
		w := rotationWatch{
			m: m, text: text, run: run, leaked: flags.leaked, follows: flags.leaked && run.ID != asked && follows(run, true), patience: flags.patience,
			look:   func(ctx context.Context) (api.Rotation, error) { return s.Rotation(ctx, id) },
			events: func(ctx context.Context) iter.Seq2[api.Event, error] { return s.SecretEvents(ctx, id) },
			hint: func(ctx context.Context, r api.Rotation) error {
				kind := rotating.Kind(r.Rotator)
				return m.sayWorker(ctx, s, text, id, worker{kind: kind, name: workerOf(s.URL(), kind)})
			},
		}
		if run, err = w.watch(ctx); err != nil {
			return err
		}
	}
	if err := m.showChanged(s, run); err != nil {
		return err
	}
	switch {
	case run.State != api.RotationFailed:
		return nil
	case run.Step == api.StepRetire:
		return fmt.Errorf("%s has its new value, version %d, and version %d, the old one, may work still: %s", text, run.Version, run.From, run.Reason)
	default:
		return fmt.Errorf("%s was not rotated: %s", text, run.Reason)
	}
}

// joined says what becomes of a request that was answered with a rotation that is under way (rotation.Record.Request).
func joined(run api.RotationRun, leaked bool) string {
	switch {
	case !follows(run, leaked):
		return "nothing new was begun"
	case leaked && run.State == api.RotationWaiting:
		return "its old value is retired at once, and another one follows it"
	}
	return "another one follows it"
}

// follows says whether another rotation follows one that is under way, since that has its value already.
func follows(run api.RotationRun, leaked bool) bool {
	return run.Version > 0 || leaked && run.State == api.RotationRunning
}
