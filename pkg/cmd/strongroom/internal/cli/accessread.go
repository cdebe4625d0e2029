package cli

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
)

func (m *Main) accessReadBy() *cobra.Command {
	return &cobra.Command{
		Use: "read-by REF", Short: "list who has read a secret", Args: exactly("REF"),
		Long: "List who knows a secret's value, the last reader first: the users and service accounts that read or wrote it, the\n" +
			"newest version that they had, how often, first and last. Who lost access keeps what they read: rotate it.\n" +
			"A read is listed within seconds. It takes manage on the secret, or the role auditor.\n\n" + references + "\n\n" +
			"  strongroom access read-by payroll/DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error { return m.readBy(c.Context(), args[0]) },
	}
}

func (m *Main) readBy(ctx context.Context, text string) error {
	s, ref, err := m.connectTo(ctx, text)
	if err != nil {
		return err
	}
	id, err := s.Lookup(ctx, ref.text)
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
		Use: "reads PRINCIPAL", Short: "list the secrets that a principal has read", Args: exactly("PRINCIPAL"),
		Long: "List the secrets whose values a user or a service account knows, the last one first: those that it read or wrote,\n" +
			"the newest version that it had, how often, first and last. That is what to rotate when somebody leaves; one that\n" +
			"was deleted is named by its id. A read is listed within seconds. It takes the role owner, admin or auditor.\n\n" +
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
	l := listing{header: []string{"SECRET", "VERSION", "TIMES", "FIRST", "LAST", "ID"}, data: all}
	for _, r := range all {
		l.rows = append(l.rows, []string{
			cmp.Or(r.Secret.Name, "(gone)"), strconv.FormatInt(r.Version, 10), strconv.FormatInt(r.Count, 10),
			moment(r.First), moment(r.Last), r.Secret.ID.String(),
		})
	}
	return m.show(s.settings, l)
}
