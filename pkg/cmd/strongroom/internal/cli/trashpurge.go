package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func (m *Main) trashPurge() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "purge ID… [--yes]", Short: "remove for good what is in the trash", Args: atLeast("ID"),
		Long: "Remove for good what is in the trash, and say of each what became of it. It takes the role admin or owner, and ids\n" +
			"alone: `strongroom trash list` has them. Nothing brings back what was purged. Secrets that are in a purged\n" +
			"project and in no other go with it; what else is left is removed within the hour.\n\n" +
			"What is in the trash is purged by itself when its time there is over.\n\n" +
			"  strongroom trash purge 01940000-0000-7000-8000-000000000000",
		RunE: func(c *cobra.Command, args []string) error {
			for _, text := range args {
				if id, err := uuid.Parse(text); err != nil || id.String() != text {
					return usage("%q is no id; what is purged is named by its id: `strongroom trash list` has them", text)
				}
			}
			return m.purgeTrash(c.Context(), args, yes)
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return c
}

func (m *Main) purgeTrash(ctx context.Context, named []string, yes bool) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	all, err := s.findTrashed(ctx, named)
	if err != nil {
		return err
	}
	if err := m.confirm(askToPurge(all), "--yes", yes); err != nil {
		return err
	}
	results, err := s.PurgeTrash(ctx, found(all)...)
	if err := m.noteAll(all, results, err); err != nil {
		return err
	}
	return m.showTrashed(s, all, "purged")
}

func askToPurge(all []trashed) string {
	words := make([]string, len(all))
	for i, t := range all {
		words[i] = t.called()
		if t.Kind == "project" {
			words[i] += " with the secrets that are in no other project"
		}
	}
	return fmt.Sprintf("remove for good, so that nothing brings it back: %s?", strings.Join(words, ", "))
}
