package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"strongroom/pkg/client"
)

func (m *Main) secretRestore() *cobra.Command {
	var version int64
	c := &cobra.Command{
		Use: "restore REF [N] [--version N]", Short: "give a secret the value of an older version again",
		Long: "Give a secret the value of an older version again, as a new version.\n\n" + references + "\n\n" +
			"  strongroom secret history demo/DATABASE_URL\n" +
			"  strongroom secret restore demo/DATABASE_URL --version 3\n" +
			"  strongroom secret restore demo/DATABASE_URL 3\n\n" +
			"Where it is the current value already, nothing changes.",
		Args: between(1, "REF", "N"),
		RunE: func(c *cobra.Command, args []string) error {
			flag := c.Flags().Changed("version")
			if flag == (len(args) == 2) {
				return usage("restore needs REF and one --version N; `strongroom secret history` lists them")
			}
			if !flag {
				number, err := strconv.ParseInt(args[1], 10, 64)
				if err != nil {
					return usage("the version must be a number, not %q", args[1])
				}
				version = number
			}
			if version < 1 {
				return usage("the version must be a number, 1 or more")
			}
			return m.restore(c.Context(), args[0], version)
		},
	}
	c.Flags().Int64Var(&version, "version", 0, "the `NUMBER` of the version whose value is to be the current one")
	return c
}

func (m *Main) restore(ctx context.Context, text string, number int64) error {
	s, ref, err := m.connectTo(ctx, text)
	if err != nil {
		return err
	}
	before, after, err := s.changing(ctx, ref, func(old client.Secret) (client.Change, error) {
		v, err := s.Version(ctx, old, number)
		if err != nil {
			return client.Change{}, err
		}
		m.sayOtherName(old, v)
		return client.Change{Value: &v.Value, RestoredFrom: number}, nil
	})
	switch {
	case err != nil:
		return err
	case before.Version == after.Version:
		return m.changed(s, after, fmt.Sprintf("%s: unchanged, version %d has that value already", ref.text, after.Version))
	}
	return m.changed(s, after, fmt.Sprintf("%s: version %d, with the value of version %d", ref.text, after.Version, number))
}
