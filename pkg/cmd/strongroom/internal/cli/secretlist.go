package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
)

func (m *Main) secretList() *cobra.Command {
	var (
		prefix  string
		oldKeys bool
	)
	c := &cobra.Command{
		Use: "list [PROJECT] [--prefix P] [--old-keys]", Short: "list secrets, without values", Args: between(0, "PROJECT"),
		Long: "List a project's secrets, or every secret that you may see, by name and without values.\n\n" +
			"  strongroom secret list\n" +
			"  strongroom secret list demo --prefix DB_\n" +
			"  strongroom secret list demo --old-keys\n\n" +
			"--old-keys lists those of a project whose current value is not under the project's current key yet, as after\n" +
			"`strongroom project rotate-key`.",
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 1:
				return m.listProject(c.Context(), args[0], prefix, oldKeys)
			case oldKeys:
				return usage("--old-keys needs PROJECT")
			}
			return m.listSecrets(c.Context(), prefix)
		},
	}
	c.Flags().StringVar(&prefix, "prefix", "", "only those whose names begin with `P`")
	c.Flags().BoolVar(&oldKeys, "old-keys", false, "only those that are due for re-encryption")
	return c
}

func (m *Main) listProject(ctx context.Context, project, prefix string, oldKeys bool) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	list := s.ProjectSecrets(ctx, project, prefix)
	if oldKeys {
		list = s.Stale(ctx, project)
	}
	entries, err := collect(list)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e api.ProjectSecret) bool { return !strings.HasPrefix(e.Name, prefix) })
	rows := make([][]string, len(entries))
	for i, e := range entries {
		rows[i] = []string{e.Name, strconv.FormatInt(e.Version, 10), moment(e.UpdatedAt), e.ID.String()}
	}
	return m.show(s.settings, listing{header: []string{"NAME", "VERSION", "UPDATED", "ID"}, rows: rows, data: entries})
}

func (m *Main) listSecrets(ctx context.Context, prefix string) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	entries, err := collect(s.Secrets(ctx, prefix))
	if err != nil {
		return err
	}
	rows := make([][]string, len(entries))
	for i, e := range entries {
		rows[i] = []string{e.Name, names(e.Projects), e.ID.String()}
	}
	return m.show(s.settings, listing{header: []string{"NAME", "PROJECTS", "ID"}, rows: rows, data: entries})
}
