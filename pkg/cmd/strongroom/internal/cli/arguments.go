package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/cmd/strongroom/internal/local"
)

// exactly takes these arguments, and names them where some are missing or too many.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return needed("", names)
		}
		return nil
	}
}

// atLeast is exactly that takes the last one several times.
func atLeast(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return needed("at least ", names)
		}
		return nil
	}
}

func needed(least string, names []string) error {
	if len(names) == 1 {
		return usage("%sone argument is needed: %s", least, names[0])
	}
	return usage("%s%d arguments are needed: %s", least, len(names), strings.Join(names, " "))
}

// pasted is a command of this program, for a shell.
func pasted(words ...string) string {
	line := "strongroom"
	for _, word := range words {
		line += " " + local.Quote(word)
	}
	return line
}

// group makes a command that only has others beneath it. Without one of them, or with one that is not there, it says
// what there is to do.
func group(c *cobra.Command, under ...*cobra.Command) *cobra.Command {
	c.AddCommand(under...)
	c.SuggestionsMinimumDistance = 2
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("%s needs one of its commands; `%s --help` lists them", c.Name(), c.CommandPath())
		}
		meant := ""
		if close := c.SuggestionsFor(args[0]); len(close) > 0 {
			meant = fmt.Sprintf("; is %s meant?", strings.Join(close, " or "))
		}
		return usage("%s has no command %q%s; `%s --help` lists them", c.Name(), args[0], meant, c.CommandPath())
	}
	return c
}
