package cli

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

// atOnce is how many requests are under way at a time in long work.
const atOnce = 8

// A shownProject is a project as it is printed.
type shownProject struct {
	api.Project
	// StaleValues is how many values are under older project keys; absent for who may not see it.
	StaleValues *int `json:"staleValues,omitempty"`
}

func (m *Main) projectList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list projects", Args: none,
		Long: "List the projects that you may see: how their values are encrypted, what you may do, how many project keys\n" +
			"there are, and how many values are still under older ones (see rotate-key).\n\n" +
			"  strongroom project list\n" +
			"  strongroom project list --output json",
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			all, err := s.shownProjects(c.Context())
			if err != nil {
				return err
			}
			l := listing{header: []string{"NAME", "ENCRYPTION", "RIGHTS", "KEYS", "UNDER OLDER KEYS", "ID"}, data: all}
			for _, p := range all {
				count := ""
				if p.Encryption == api.EncryptionClient {
					count = strconv.Itoa(len(keys(p.Project)))
				}
				l.rows = append(l.rows, []string{p.Name, string(p.Encryption), rights(p.Project), count, p.stale(), p.ID.String()})
			}
			return m.show(s.settings, l)
		},
	}
}

// shownProjects are all that the caller may see.
func (s *session) shownProjects(ctx context.Context) ([]shownProject, error) {
	projects, err := collect(s.Projects(ctx))
	if err != nil {
		return nil, err
	}
	all := make([]shownProject, len(projects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, p := range projects {
		group.Go(func() error {
			all[i] = shownProject{Project: p}
			return s.countStale(ctx, &all[i])
		})
	}
	return all, group.Wait()
}

// countStale counts the values that are under older keys, where there are any and the caller may see it.
func (s *session) countStale(ctx context.Context, p *shownProject) error {
	if p.Encryption != api.EncryptionClient {
		return nil
	}
	count := 0
	if len(keys(p.Project)) > 1 {
		for _, err := range s.Stale(ctx, p.ID.String()) {
			if errors.Is(err, client.ErrForbidden) {
				return nil
			}
			if err != nil {
				return err
			}
			count++
		}
	}
	p.StaleValues = &count
	return nil
}

func (p shownProject) stale() string {
	if p.StaleValues == nil {
		return ""
	}
	return strconv.Itoa(*p.StaleValues)
}

// keys are a project's; one whose values the server encrypts has none.
func keys(p api.Project) []api.ProjectKey {
	if p.Keys == nil {
		return nil
	}
	return *p.Keys
}

// rights is the most that the caller may do.
func rights(p api.Project) string {
	switch {
	case p.Manage:
		return "manage"
	case p.Write:
		return "write"
	case p.Read:
		return "read"
	}
	return "" // an auditor's: to see it
}

func (m *Main) projectShow() *cobra.Command {
	return &cobra.Command{
		Use: "show PROJECT", Short: "show a project", Args: exactly("PROJECT"),
		Long: "Show a project, named by its name or its id: how its values are encrypted, what you may do, its project keys,\n" +
			"and how many values are still under older ones (see rotate-key).\n\n" +
			"  strongroom project show demo",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			p, err := s.Project(c.Context(), args[0])
			if err != nil {
				return err
			}
			return m.showProject(c.Context(), s, p)
		},
	}
}

func (m *Main) showProject(ctx context.Context, s *session, p api.Project) error {
	shown := shownProject{Project: p}
	if err := s.countStale(ctx, &shown); err != nil {
		return err
	}
	rows := [][]string{
		{"name", p.Name}, {"id", p.ID.String()}, {"encryption", string(p.Encryption)}, {"rights", rights(p)}, {"created", moment(p.CreatedAt)},
	}
	for _, key := range keys(p) {
		which := "older key"
		if key.Current {
			which = "current key"
		}
		rows = append(rows, []string{which, key.ID.String() + ", made " + moment(key.CreatedAt)})
	}
	if shown.StaleValues != nil {
		rows = append(rows, []string{"under older keys", counted(*shown.StaleValues, "value", "values")})
	}
	return m.show(s.settings, listing{rows: rows, data: shown})
}
