package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
)

func (m *Main) accessReach() *cobra.Command {
	return &cobra.Command{
		Use: "reach PRINCIPAL", Short: "list what a principal can reach, how far, and through what", Args: exactly("PRINCIPAL"),
		Long: "List what a user, a service account or the members of a group can reach, how far, and through what: projects, with\n" +
			"all that is in them, and secrets that were granted themselves. Owners, admins and auditors reach everything by role.\n" +
			"Everybody may ask about themselves, and owners, admins and auditors about others.\n\n" +
			"  strongroom access reach ci\n" +
			"  strongroom access reach group:deployers --output json",
		RunE: func(c *cobra.Command, args []string) error { return m.reach(c.Context(), args[0]) },
	}
}

func (m *Main) reach(ctx context.Context, text string) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	p, err := s.subject(ctx, text)
	if err != nil {
		return err
	}
	all, err := collect(s.PrincipalAccess(ctx, p.ID))
	if err != nil {
		return err
	}
	slices.SortFunc(all, compareReached)
	l := listing{header: []string{"RESOURCE", "KIND", "REACH", "UNTIL", "ID", "THROUGH"}, data: all}
	for _, entry := range all {
		row := []string{"everything", "", string(entry.Reach), orNever(entry.ExpiresAt), "", strings.Join(because(entry.Reasons), "; ")}
		if r := entry.Resource; r != nil {
			row[0], row[1], row[4] = r.Name, string(r.Kind), r.ID.String()
		}
		l.rows = append(l.rows, row)
	}
	if len(all) == 0 {
		m.sayf("%s %q reaches nothing: nothing is granted to it", noun(p.Kind), p.Name)
	}
	return m.show(s.settings, l)
}

// compareReached orders projects before secrets, and each by name.
func compareReached(a, b api.PrincipalAccess) int {
	if a.Resource == nil || b.Resource == nil {
		return 0 // everything is alone
	}
	return cmp.Or(cmp.Compare(a.Resource.Kind, b.Resource.Kind), cmp.Compare(a.Resource.Name, b.Resource.Name),
		cmp.Compare(a.Resource.ID.String(), b.Resource.ID.String()))
}
