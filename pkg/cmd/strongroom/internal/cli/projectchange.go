package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"strongroom/pkg/client/config"
)

func (m *Main) projectRename() *cobra.Command {
	return &cobra.Command{
		Use: "rename PROJECT NEW", Short: "rename a project", Args: exactly("PROJECT", "NEW"),
		Long: "Rename a project, and change your own pin of it. Others who have pinned the old name are told so when they use\n" +
			"it, as is whoever has a repository whose file still has the old name. What is granted and the values stay.\n\n" +
			"  strongroom project rename shop webshop",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			p, err := s.Resolve(c.Context(), args[0])
			if err != nil {
				return err
			}
			renamed, err := s.RenameProject(c.Context(), p.ID, args[1], "")
			if err != nil {
				return err
			}
			if p.Name == args[1] {
				return m.did(s, renamed, "project %q: unchanged, it is called so already", p.Name)
			}
			m.sayf("project %q is now called %q", p.Name, args[1])
			m.leftPinned(s.settings, p.Name, s.settings.Repin(p.Name, args[1]))
			return m.showChanged(s, renamed)
		},
	}
}

func (m *Main) projectDelete() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "delete PROJECT [--yes]", Short: "put a project into the trash", Args: exactly("PROJECT"),
		Long: "Put a project into the trash, and remove your own pin of it. Its secrets can't be seen any longer but where\n" +
			"another project has them, too. Its name is free. `strongroom trash restore` brings it back with its secrets, until\n" +
			"the time is over that `strongroom trash list` shows.\n\n" +
			"  strongroom project delete shop",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			p, err := s.Resolve(c.Context(), args[0])
			if err != nil {
				return err
			}
			if err := m.confirm(fmt.Sprintf("put the project %q (%s) with its secrets into the trash?", p.Name, p.ID), "--yes", yes); err != nil {
				return err
			}
			results, err := s.DeleteProjects(c.Context(), p.ID)
			switch {
			case err != nil:
				return err
			case len(results) != 1:
				return errors.New("the server does not say whether it was done")
			case results[0].Error != nil:
				return fmt.Errorf("project %q is not deleted: %s: %s", p.Name, results[0].Error.Code, results[0].Error.Message)
			}
			m.sayf("project %q is in the trash", p.Name)
			m.leftPinned(s.settings, p.Name, s.settings.Unpin(p.Name))
			return m.showChanged(s, results)
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return c
}

// leftPinned says where a project is pinned still by a name that it has no longer. The project itself is changed.
func (m *Main) leftPinned(settings *config.Config, name string, err error) {
	if err == nil {
		return
	}
	if pinned, unclear := settings.Pinned(); unclear == nil {
		for _, p := range pinned {
			if p.Name == "projects."+name {
				m.sayf("%q is pinned still: change it by hand in %s", name, p.Origin)
				return
			}
		}
	}
	m.sayf("a pin is to be changed by hand: %s", err)
}
