package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
)

func (m *Main) accessWho() *cobra.Command {
	return &cobra.Command{
		Use: "who REF", Short: "list who can reach a secret, how far, and through what", Args: exactly("REF"),
		Long: "List the users and service accounts that can reach a secret, how far, and through what: a role, or grants on the\n" +
			"secret and on its projects, to themselves or to groups. Auditors see a secret, and no value. It takes manage on the\n" +
			"secret, or the role auditor; of projects that you may not see only the number is shown.\n\n" + references + "\n\n" +
			"  strongroom access who payroll/DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error { return m.who(c.Context(), args[0]) },
	}
}

func (m *Main) who(ctx context.Context, text string) error {
	s, id, err := m.connectToID(ctx, text)
	if err != nil {
		return err
	}
	all, err := collect(s.SecretPrincipals(ctx, id))
	if err != nil {
		return err
	}
	l := listing{header: []string{"PRINCIPAL", "KIND", "REACH", "UNTIL", "THROUGH"}, data: all}
	for _, p := range all {
		ways := because(p.Reasons)
		if n := int(p.HiddenReasons); n > 0 {
			ways = append(ways, "projects that you may not see ("+counted(n, "grant", "grants")+")")
		}
		l.rows = append(l.rows, []string{
			p.Principal.Name, noun(p.Principal.Kind), string(p.Reach), orNever(p.ExpiresAt), strings.Join(ways, "; "),
		})
	}
	return m.show(s.settings, l)
}

// because is reasons in words.
func because(reasons []api.AccessReason) []string {
	words := make([]string, len(reasons))
	for i, r := range reasons {
		words[i] = reasonInWords(r)
	}
	return words
}

func reasonInWords(r api.AccessReason) string {
	switch r.Cause { //nolint:exhaustive // the others have no parts
	case access.CauseRole:
		return "role " + string(r.Role)
	case access.CauseGrant:
		return grantInWords(r)
	case access.CauseDisabled:
		return "it is disabled"
	}
	return string(r.Cause)
}

func grantInWords(r api.AccessReason) string {
	if r.Permission == nil || r.Resource == nil {
		return string(r.Cause) // from a server that says less
	}
	words := r.Permission.String() + " on " + string(r.Resource.Kind) + " " + r.Resource.Name
	if r.Group != nil {
		words += " through group " + r.Group.Name
	}
	if r.ExpiresAt != nil {
		words += " until " + moment(*r.ExpiresAt)
	}
	return words
}

// orNever is a time as tables show it; empty for what does not end.
func orNever(at *time.Time) string {
	if at == nil {
		return ""
	}
	return moment(*at)
}
