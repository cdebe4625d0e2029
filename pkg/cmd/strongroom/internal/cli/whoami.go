package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

func (m *Main) whoami() *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: operation.MustLookup(operation.Whoami).Summary, Args: none,
		Long: "Say who you are to Strongroom: the user or service account that your AWS identity is bound to, its role, the\n" +
			"organization, the identity by which you were recognized, and your groups.\n\n" +
			"  strongroom whoami\n" +
			"  strongroom whoami --output json",
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			me, err := s.Whoami(c.Context())
			if err != nil {
				return err
			}
			return m.show(s.settings, listing{rows: describeMe(me), data: me})
		},
	}
}

func describeMe(me api.Me) [][]string {
	noun := string(me.Principal.Kind)
	if i := slices.IndexFunc(kinds, func(k kind) bool { return k.Kind == me.Principal.Kind }); i >= 0 {
		noun = kinds[i].noun
	}
	rows := [][]string{{"who", fmt.Sprintf("%s (%s)", me.Principal.Name, noun)}}
	if me.Principal.Role != "" { // a service account has none
		rows = append(rows, []string{"role", string(me.Principal.Role)})
	}
	rows = append(rows,
		[]string{"organization", fmt.Sprintf("%s (%s)", me.OrganizationName, me.OrganizationID)},
		[]string{"identity", me.Identity.ARN},
	)
	if len(me.Groups) > 0 {
		rows = append(rows, []string{"groups", names(me.Groups)})
	}
	return rows
}

// names are those of references, for a cell.
func names(references []api.Reference) string {
	list := make([]string, len(references))
	for i, r := range references {
		list[i] = r.Name
	}
	return strings.Join(list, ", ")
}
