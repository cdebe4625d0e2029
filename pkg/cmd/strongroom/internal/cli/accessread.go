package cli

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
)

func (m *Main) accessReadBy() *cobra.Command {
	return &cobra.Command{
		Use: "read-by REF", Short: "list who knows a secret's value", Args: exactly("REF"),
		Long: "List who knows a secret's value, the last reader first: the users and service accounts that read or wrote it, the\n" +
			"newest version that they had, how often, first and last. Who lost access keeps what they read: rotate it.\n" +
			"A read is listed within seconds. It takes manage on the secret, or the role auditor.\n\n" + references + "\n\n" +
			"  strongroom access read-by payroll/DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error { return m.readBy(c.Context(), args[0]) },
	}
}

func (m *Main) readBy(ctx context.Context, text string) error {
	s, id, err := m.connectToID(ctx, text)
	if err != nil {
		return err
	}
	all, err := collect(s.SecretReaders(ctx, id))
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b api.Reader) int { return b.Last.Compare(a.Last) })
	l := listing{header: []string{"PRINCIPAL", "KIND", "VERSION", "TIMES", "FIRST", "LAST"}, data: all}
	for _, r := range all {
		l.rows = append(l.rows, []string{
			cmp.Or(r.Principal.Name, r.Principal.ID.String()), noun(r.Principal.Kind),
			strconv.FormatInt(r.Version, 10), strconv.FormatInt(r.Count, 10), moment(r.First), moment(r.Last),
		})
	}
	return m.show(s.settings, l)
}

func (m *Main) accessReads() *cobra.Command {
	return &cobra.Command{
		Use: "reads PRINCIPAL", Short: "list the secrets whose values a principal knows", Args: exactly("PRINCIPAL"),
		Long: "List the secrets whose values a user or a service account knows, the last one first: those that it read or wrote,\n" +
			"the newest version that it had, how often, first and last. That is what to rotate when somebody leaves; one that\n" +
			"was purged is shown as (gone), with its id. Where secrets have one name, their projects tell them apart. A read is\n" +
			"listed within seconds. It takes the role owner, admin or auditor.\n\n" +
			"  strongroom access reads alice",
		RunE: func(c *cobra.Command, args []string) error { return m.reads(c.Context(), args[0]) },
	}
}

func (m *Main) reads(ctx context.Context, text string) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(text)
	if err != nil || !isID(text) {
		p, err := s.principal(ctx, text)
		if err != nil {
			return err
		}
		id = p.ID
	}
	all, err := collect(s.PrincipalReads(ctx, id))
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b api.PrincipalRead) int { return b.Last.Compare(a.Last) })
	return m.show(s.settings, readListing(all, s.projectsOfNamesakes(ctx, all)))
}

// readListing is a table of what somebody read; with projects, where there are some to tell secrets of one name apart.
func readListing(all []api.PrincipalRead, projects map[uuid.UUID]string) listing {
	l := listing{header: []string{"SECRET", "VERSION", "TIMES", "FIRST", "LAST", "ID"}, data: all}
	if len(projects) > 0 {
		l.header = slices.Insert(l.header, 1, "PROJECTS")
	}
	for _, r := range all {
		row := []string{
			cmp.Or(r.Secret.Name, "(gone)"), strconv.FormatInt(r.Version, 10), strconv.FormatInt(r.Count, 10),
			moment(r.First), moment(r.Last), r.Secret.ID.String(),
		}
		if len(projects) > 0 {
			row = slices.Insert(row, 1, projects[r.Secret.ID])
		}
		l.rows = append(l.rows, row)
	}
	return l
}

// projectsOfNamesakes are the projects of all secrets, in words, where two that were read have one name. That one is not
// found, as those in the trash are not, or none is, is no error: ids tell them apart, too.
func (s *session) projectsOfNamesakes(ctx context.Context, all []api.PrincipalRead) map[uuid.UUID]string {
	times := map[string]int{}
	for _, r := range all {
		times[r.Secret.Name]++
	}
	if !slices.ContainsFunc(all, func(r api.PrincipalRead) bool { return r.Secret.Name != "" && times[r.Secret.Name] > 1 }) {
		return nil
	}
	projects := map[uuid.UUID]string{}
	for entry, err := range s.Secrets(ctx, "") {
		if err != nil {
			break
		}
		names := make([]string, len(entry.Projects))
		for i, p := range entry.Projects {
			names[i] = p.Name
		}
		projects[entry.ID] = strings.Join(names, ", ")
	}
	return projects
}
