package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) secretCopy() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "copy REF PROJECT/NAME [--yes]", Short: "make a new secret with the value and the note of another", Args: exactly("REF", "PROJECT/NAME"),
		Long: "Make a new secret with the current value and the note of another.\n\n" + references + "\n\n" +
			"  strongroom secret copy demo/DATABASE_URL staging/DATABASE_URL\n\n" +
			"From then on the two have nothing to do with each other. A project whose values are encrypted here and one\n" +
			"whose values the server encrypts have no secrets in common: between them a copy is the way. Where the server\n" +
			"would see a value that it could not read before, you are asked.",
		RunE: func(c *cobra.Command, args []string) error { return m.copy(c.Context(), args[0], args[1], yes) },
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return c
}

func (m *Main) copy(ctx context.Context, from, to string, yes bool) error {
	s, source, err := m.connectTo(ctx, from)
	if err != nil {
		return err
	}
	target, err := s.named(ctx, to)
	if err != nil {
		return err
	}
	project, err := s.there(ctx, target.project)
	if err != nil {
		return err
	}
	old, err := s.Get(ctx, source.text)
	if err != nil {
		return err
	}
	if err := m.askToShow(old, source, project, yes); err != nil {
		return err
	}
	made, err := s.Create(ctx, client.NewSecret{Project: target.project, Name: target.name, Value: old.Value, Note: old.Note})
	if errors.Is(err, client.ErrConflict) {
		return fmt.Errorf("%w; `strongroom secret set` gives a secret that is there another value", err)
	}
	if err != nil {
		return err
	}
	return m.changed(s, made, fmt.Sprintf("%s: created, version %d, with the value of %s", target.text, made.Version, source.text))
}

// askToShow asks before the server is shown what it could not read, and says where it knows a value already.
func (m *Main) askToShow(old client.Secret, source secretRef, to client.Project, yes bool) error {
	switch {
	case old.Encryption == to.Encryption:
		return nil
	case to.Encryption == api.EncryptionServer:
		m.sayf("values in %s are encrypted by the server alone: it could read the copy, and can't read %s", to.Name, source.text)
		return m.confirm(fmt.Sprintf("copy %s to where the server can read it?", source.text), "--yes", yes)
	}
	m.sayf("the server has seen the value of %s; it can't read what is set in %s from now on", source.text, to.Name)
	return nil
}
