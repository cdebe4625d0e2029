package cli

import (
	"context"

	"github.com/spf13/cobra"

	"strongroom/pkg/access"
)

func (m *Main) secretEvents() *cobra.Command {
	return &cobra.Command{
		Use: "events REF", Short: "list who changed a secret, and how", Args: exactly("REF"),
		Long: "List who changed a secret, how and when, newest first: its value, its name, its projects and its grants. Who read\n" +
			"it is listed by `strongroom access read-by`. It takes manage on the secret, or the role auditor.\n\n" + references + "\n\n" +
			"  strongroom secret events payroll/DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error { return m.listSecretEvents(c.Context(), args[0]) },
	}
}

func (m *Main) listSecretEvents(ctx context.Context, text string) error {
	s, id, err := m.connectToID(ctx, text)
	if err != nil {
		return err
	}
	events, err := collect(s.SecretEvents(ctx, id))
	if err != nil {
		return err
	}
	names := eventNames{}
	if me, err := s.Whoami(ctx); err == nil && me.Principal.Kind == access.KindUser { // others see no names, and would be recorded for asking
		names = s.namesIn(ctx, events)
	}
	return m.show(s.settings, eventListing(events, names))
}
