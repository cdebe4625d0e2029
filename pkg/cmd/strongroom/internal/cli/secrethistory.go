package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
)

func (m *Main) secretHistory() *cobra.Command {
	return &cobra.Command{
		Use: "history REF", Short: "list the versions of a secret, without values", Args: exactly("REF"),
		Long: "List the versions of a secret, newest first and without values: which are current and previous, who set them\n" +
			"and when, and which version's value one took up again.\n\n" + references + "\n\n" +
			"  strongroom secret history demo/DATABASE_URL\n\n" +
			"A hundred versions are kept.",
		RunE: func(c *cobra.Command, args []string) error { return m.history(c.Context(), args[0]) },
	}
}

func (m *Main) history(ctx context.Context, text string) error {
	s, ref, err := m.connectTo(ctx, text)
	if err != nil {
		return err
	}
	versions, err := s.history(ctx, ref)
	if err != nil {
		return err
	}
	rows := make([][]string, len(versions))
	for i, v := range versions {
		restored := ""
		if v.RestoredFrom != 0 {
			restored = strconv.FormatInt(v.RestoredFrom, 10)
		}
		rows[i] = []string{strconv.FormatInt(v.Version, 10), string(v.Stage), moment(v.CreatedAt), v.CreatedBy.Name, restored}
	}
	return m.show(s.settings, listing{header: []string{"VERSION", "STAGE", "WHEN", "WHO", "RESTORED FROM"}, rows: rows, data: versions})
}

// history is the versions of a secret, newest first. No value is read for it.
func (s *session) history(ctx context.Context, ref secretRef) ([]api.SecretVersion, error) {
	id, err := s.Lookup(ctx, ref.text)
	if err != nil {
		return nil, err
	}
	return collect(s.Versions(ctx, id))
}
