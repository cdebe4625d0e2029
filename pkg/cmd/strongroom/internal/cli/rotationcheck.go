package cli

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/rotator"
	rotating "strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

func (m *Main) rotationCheck() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "check REF [--yes]", Short: "try a rotation's settings from here, and change nothing", Args: exactly("REF"),
		Long: "Try the settings of a secret's rotation from this machine, with your own rights, and change nothing: the target is\n" +
			"asked with the secret's current value, and with those of the secrets that the settings name, which you must be allowed\n" +
			"to read: so you are one of its readers from then on, for whom rotations wait where the old value goes on working. What\n" +
			"works from here may not work from where the worker is. It takes manage on the secret.\n\n" +
			"Which target that is, is the server's word. It is said first, and for values that clients encrypt you are asked whether\n" +
			"to send them there; --yes is for where nobody can be asked.\n\n" + references + "\n\n" +
			"  strongroom rotation check demo/DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error { return m.checkRotation(c.Context(), args[0], yes) },
	}
	c.Flags().BoolVar(&yes, "yes", false, "send the target the values without asking")
	return c
}

func (m *Main) checkRotation(ctx context.Context, text string, yes bool) error {
	s, id, err := m.connectToID(ctx, text)
	if err != nil {
		return err
	}
	r, err := s.Rotation(ctx, id)
	if err != nil {
		return inCommands(err, text)
	}
	kind := rotating.Kind(r.Rotator)
	open := rotator.Open[kind]
	if open == nil {
		return fmt.Errorf("the rotator %s can't be tried from here", kind)
	}
	settings, err := rotating.ParseSettings(kind, r.Settings)
	if err != nil {
		return err
	}
	task := rotators.Task{Secret: id, Settings: settings, Further: map[uuid.UUID]string{}}
	got, err := s.Get(ctx, id.String())
	if err != nil {
		return err
	}
	task.Current = got.Value.Reveal()
	version := got.Version
	sealed := got.Encryption == api.EncryptionClient
	for _, further := range settings.Secrets() {
		if got, err = s.Get(ctx, further.String()); err != nil {
			return fmt.Errorf("the secret %s, which the settings name: %w", further, err)
		}
		task.Further[further] = got.Value.Reveal()
		sealed = sealed || got.Encryption == api.EncryptionClient
	}
	if err := m.confirmTarget(text, kind, settings.Target(), sealed, yes); err != nil {
		return err
	}
	c, err := client.FromSettings(ctx, s.settings)
	if err != nil {
		return err
	}
	if err := open(c.AWS).Check(ctx, &task); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	if err := m.did(s, rotationChecked{id, kind, settings.Target(), version}, "%s: the settings work from here", text); err != nil {
		return err
	}
	if settings.Keeps() {
		m.sayf("%s: you have read version %d for that: the next rotation waits for you too, until you read the new one or its deadline is over",
			text, version)
	}
	return nil
}

// A rotationChecked is settings that work, as --output json shows them.
type rotationChecked struct {
	SecretID uuid.UUID     `json:"secretId"`
	Rotator  rotating.Kind `json:"rotator"`
	Target   string        `json:"target,omitempty"`
	// Version is the one that it was tried with.
	Version int64 `json:"version"`
}

// confirmTarget says what values are sent to, and asks whether those that clients encrypt are to be.
func (m *Main) confirmTarget(text string, kind rotating.Kind, target string, sealed, yes bool) error {
	if target == "" {
		return nil
	}
	m.sayf("%s: its target is %s, by the rotator %s", text, target, kind)
	if !sealed {
		return nil
	}
	return m.confirm(fmt.Sprintf("send values that clients encrypt to %s?", target), "--yes", yes)
}
