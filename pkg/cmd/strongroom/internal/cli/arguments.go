package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/cmd/strongroom/internal/local"
)

// exactly takes these arguments, and names them where some are missing or too many.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return needed(c, "", names)
		}
		return notEmpty(c, args, names)
	}
}

// atLeast is exactly that takes the last one several times.
func atLeast(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return needed(c, "at least ", names)
		}
		return notEmpty(c, args, names)
	}
}

// between is exactly whose arguments may be left out, all but the first least ones.
func between(least int, names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return needed(c, "at least ", names[:least])
		case len(args) > len(names):
			return usage("%s at most: %s%s", counted(len(names), "argument", "arguments"), strings.Join(names, " "), seeHelp(c))
		}
		return notEmpty(c, args, names)
	}
}

// notEmpty refuses arguments without anything in them, as variables that are not set leave them.
func notEmpty(c *cobra.Command, args, names []string) error {
	for i, arg := range args {
		if arg == "" {
			return usage("%s is empty%s", names[min(i, len(names)-1)], seeHelp(c))
		}
	}
	return nil
}

// none takes no arguments. What there is may be a mistyped command, if there are some.
func none(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case c.HasSubCommands():
		return noCommand(c, args[0])
	}
	return usage("%s takes no arguments%s", c.Name(), seeHelp(c))
}

func needed(c *cobra.Command, least string, names []string) error {
	if len(names) == 1 {
		return usage("%sone argument is needed: %s%s", least, names[0], seeHelp(c))
	}
	return usage("%s%d arguments are needed: %s%s", least, len(names), strings.Join(names, " "), seeHelp(c))
}

// seeHelp ends an error about how a command is called.
func seeHelp(c *cobra.Command) string { return "; see `" + c.CommandPath() + " --help`" }

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
		return noCommand(c, args[0])
	}
	return c
}

// noCommand says that a command has none of that name beneath it, and which may be meant.
func noCommand(c *cobra.Command, name string) error {
	return usage("%s has no command %q%s; `%s --help` lists them", c.Name(), name, meant(c, name), c.CommandPath())
}

func meant(c *cobra.Command, name string) string {
	close := c.SuggestionsFor(name)
	if len(close) == 0 {
		return ""
	}
	return fmt.Sprintf("; is %s meant?", strings.Join(close, " or "))
}
