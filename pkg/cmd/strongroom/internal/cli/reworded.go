package cli

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var (
	unknownCommand = regexp.MustCompile(`^unknown command (".*") for "`)
	allSet         = regexp.MustCompile(`\[([^\[\]]+)\] were all set$`)
	noneSet        = regexp.MustCompile(`^at least one of the flags in the group \[([^\[\]]+)\] is required$`)
	notSet         = regexp.MustCompile(`^required flag\(s\) (.+) not set$`)
)

// reworded is what cobra says of how a command is called, as this program says it.
func reworded(c *cobra.Command, err error) *exitError {
	var (
		invalid *pflag.InvalidValueError
		known   *exitError
		text    = strings.ReplaceAll(err.Error(), "\n", " ")
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &invalid):
		return usage("--%s is %s, not %q%s", invalid.GetFlag().Name, valueOf(invalid.GetFlag()), invalid.GetValue(), seeHelp(c))
	}
	if found := unknownCommand.FindStringSubmatch(text); found != nil {
		name, _ := strconv.Unquote(found[1]) // cobra quoted it so
		return usage("unknown command %q for %q%s%s", name, c.CommandPath(), meant(c, name), seeHelp(c))
	}
	if found := allSet.FindStringSubmatch(text); found != nil {
		return usage("%s can't be said together%s", flagList(strings.Fields(found[1])), seeHelp(c))
	}
	if found := noneSet.FindStringSubmatch(text); found != nil {
		return usage("at least one is needed of %s%s", flagList(strings.Fields(found[1])), seeHelp(c))
	}
	if found := notSet.FindStringSubmatch(text); found != nil {
		return usage("%s is needed%s", flagList(strings.Split(strings.ReplaceAll(found[1], `"`, ""), ", ")), seeHelp(c))
	}
	return usage("%s%s", text, seeHelp(c))
}

// valueOf says what a flag's value is.
func valueOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "int64":
		return "a number"
	}
	name, _ := pflag.UnquoteUsage(f)
	return name
}

// flagList is --a, --b and --c.
func flagList(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return "--" + names[0]
	}
	return "--" + strings.Join(names[:last], ", --") + " and --" + names[last]
}

// tightened has cobra's own commands refuse what they do not know, where they would show some help and end well.
func tightened(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			for _, shell := range c.Commands() {
				shell.Args = none
			}
			c.Args = nil
			group(c)
		case "help":
			show := c.Run
			c.Run = nil
			c.RunE = func(c *cobra.Command, args []string) error {
				if found, rest, err := root.Find(args); err != nil || len(rest) > 0 {
					return usage("there is no command %q; `%s --help` lists what there is", strings.Join(args, " "), found.CommandPath())
				}
				show(c, args)
				return nil
			}
		}
	}
}
