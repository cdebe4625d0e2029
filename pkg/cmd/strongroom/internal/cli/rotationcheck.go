package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/client"
	rotating "strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/awslambda"
	"strongroom/pkg/rotation/rotators/iamkey"
	"strongroom/pkg/rotation/rotators/mysql"
	"strongroom/pkg/rotation/rotators/postgresql"
	"strongroom/pkg/rotation/rotators/random"
	"strongroom/pkg/rotation/rotators/webhook"
)

// checkers are the rotators, with the caller's own AWS configuration.
var checkers = map[rotating.Kind]func(aws.Config) rotators.Rotator{
	rotating.PostgreSQL: func(aws.Config) rotators.Rotator { return postgresql.New() },
	rotating.MySQL:      func(aws.Config) rotators.Rotator { return mysql.New() },
	rotating.Random:     func(aws.Config) rotators.Rotator { return random.New() },
	rotating.HTTP:       func(aws.Config) rotators.Rotator { return webhook.New(webhook.Options{Now: time.Now, Loopback: true}) },
	rotating.IAMAccessKey: func(c aws.Config) rotators.Rotator {
		return iamkey.New(iamkey.Options{Config: c, Now: time.Now, Sleep: sleep})
	},
	rotating.Lambda: func(c aws.Config) rotators.Rotator { return awslambda.New(c) },
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *Main) rotationCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check REF", Short: "try a rotation's settings from here, and change nothing", Args: exactly("REF"),
		Long: "Try the settings of a secret's rotation from this machine, with your own rights, and change nothing: the target is\n" +
			"asked with the secret's current value, and with those of the secrets that the settings name, which you must be allowed\n" +
			"to read. What works from here may not work from where the worker is. It takes manage on the secret.\n\n" + references + "\n\n" +
			"  strongroom rotation check demo/DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error { return m.checkRotation(c.Context(), args[0]) },
	}
}

func (m *Main) checkRotation(ctx context.Context, text string) error {
	s, id, err := m.connectToID(ctx, text)
	if err != nil {
		return err
	}
	r, err := s.Rotation(ctx, id)
	if err != nil {
		return err
	}
	kind := rotating.Kind(r.Rotator)
	open := checkers[kind]
	if open == nil {
		return fmt.Errorf("the rotator %s can't be tried from here", kind)
	}
	settings, err := rotating.ParseSettings(kind, r.Settings)
	if err != nil {
		return err
	}
	task := rotators.Task{Secret: id, Settings: settings, Further: map[uuid.UUID]string{}}
	if task.Current, err = s.value(ctx, id); err != nil {
		return err
	}
	for _, further := range settings.Secrets() {
		if task.Further[further], err = s.value(ctx, further); err != nil {
			return fmt.Errorf("the secret %s, which the settings name: %w", further, err)
		}
	}
	c, err := client.FromSettings(ctx, s.settings)
	if err != nil {
		return err
	}
	if err := open(c.AWS).Check(ctx, &task); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	m.sayf("%s: the settings work from here", text)
	return nil
}

// value is a secret's current value.
func (s *session) value(ctx context.Context, id uuid.UUID) (string, error) {
	got, err := s.Get(ctx, id.String())
	return got.Value.Reveal(), err
}
