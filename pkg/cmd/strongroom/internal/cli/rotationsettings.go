package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	rotating "strongroom/pkg/rotation"
)

func (m *Main) rotationSettings() *cobra.Command {
	return &cobra.Command{
		Use: "settings [KIND]", Short: "list the settings of a rotator, and the values that it rotates", Args: between(0, "KIND"),
		Long: "List the settings of a rotator, for --setting of `strongroom rotation set`: what each can be, what holds without it, and\n" +
			"what it is for; what the secret's value must look like; and an example. Without KIND, those of all are listed. Nothing\n" +
			"is sent. KIND is one of\n\n" + rotatorTable() + "\n" +
			"  strongroom rotation settings postgresql\n" +
			"  strongroom rotation settings --output json",
		RunE: func(_ *cobra.Command, args []string) error {
			kinds := rotating.Kinds()
			if len(args) == 1 {
				if !slices.Contains(kinds, rotating.Kind(args[0])) {
					return usage("there is no rotator %q; KIND is one of %s", args[0], listed(kinds, kindText))
				}
				kinds = []rotating.Kind{rotating.Kind(args[0])}
			}
			return m.showManuals(kinds)
		},
	}
}

func (m *Main) showManuals(kinds []rotating.Kind) error {
	settings, err := m.load()
	if err != nil {
		return err
	}
	manuals := make([]rotating.Manual, len(kinds))
	for i, kind := range kinds {
		manuals[i] = kind.Manual()
	}
	if m.wantsJSON(settings) {
		return m.showJSON(manuals)
	}
	for i, manual := range manuals {
		if i > 0 {
			if _, err := fmt.Fprintln(m.Stdout); err != nil {
				return err
			}
		}
		if err := m.showManual(manual); err != nil {
			return err
		}
	}
	return nil
}

func (m *Main) showManual(r rotating.Manual) error {
	if _, err := fmt.Fprintf(m.Stdout, "%s rotates %s.\n\n", r.Kind, r.Summary); err != nil {
		return err
	}
	l := listing{header: []string{"SETTING", "TYPE", "WITHOUT IT", "LIMITS", "MEANING"}}
	for _, s := range r.Settings {
		without := s.Default
		if s.Needed {
			without = "(needed)"
		}
		l.rows = append(l.rows, []string{s.Name, s.Type, without, s.Limits, s.Meaning})
	}
	if err := m.showTable(l); err != nil {
		return err
	}
	text := "\nThe secret's value is " + strings.TrimSuffix(r.Value, ".") + ".\n"
	if r.Protocol != "" {
		text += "\n" + r.Protocol + "\n"
	}
	_, err := fmt.Fprintf(m.Stdout, "%s\n%s%s\n", text, indented, exampleOf(r))
	return err
}

// exampleOf is a manual's example as a command.
func exampleOf(r rotating.Manual) string {
	words := []string{"rotation", "set", "demo/NAME", "--rotator", string(r.Kind)}
	for _, pair := range r.Example {
		words = append(words, "--setting", pair)
	}
	return pasted(words...)
}

// completeSetting offers the settings of the rotator that was said before; without one, those of all.
func completeSetting(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	kinds := rotating.Kinds()
	if kind, err := c.Flags().GetString("rotator"); err == nil && slices.Contains(kinds, rotating.Kind(kind)) {
		kinds = []rotating.Kind{rotating.Kind(kind)}
	}
	var names []string
	for _, kind := range kinds {
		for _, s := range kind.Manual().Settings {
			if name := s.Name + "="; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	offered, directive := oneOf(names...)(context.Background(), begun)
	return offered, directive | cobra.ShellCompDirectiveNoSpace
}
