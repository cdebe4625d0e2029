package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client/config"
)

// A kind is a kind of principals and the words of its commands, which are the same for all three but for what a kind
// does not have: groups have no identities and can't be disabled, only users have roles, only groups members.
type kind struct {
	access.Kind
	command, noun string
}

var kinds = []kind{
	{access.KindUser, "user", "user"},
	{access.KindGroup, "group", "group"},
	{access.KindServiceAccount, "service-account", "service account"},
}

func (k kind) long() string {
	switch k.Kind {
	case access.KindUser:
		return "Users are people. A user is recognized by the IAM identities that are bound to it, and has a role:\n" +
			"owner, admin, member or auditor.\n\n" +
			"  strongroom user create alice --email alice@example.com\n" +
			"  strongroom user bind alice arn:aws:iam::111122223333:user/alice\n" +
			"  strongroom user role alice admin"
	case access.KindGroup:
		return "Groups are users who are granted the same. They sign nothing themselves.\n\n" +
			"  strongroom group create backend\n" +
			"  strongroom group add-member backend alice bob"
	case access.KindServiceAccount:
		return "Service accounts are workloads. One is recognized by the IAM roles that are bound to it.\n\n" +
			"  strongroom service-account create billing\n" +
			"  strongroom service-account bind billing arn:aws:iam::111122223333:role/billing"
	}
	return ""
}

// principal makes the commands of one kind.
func (m *Main) principal(k kind) *cobra.Command {
	c := group(&cobra.Command{Use: k.command, Short: "make, show and change " + k.noun + "s", Long: k.long()},
		m.principalCreate(k), m.principalList(k), m.principalShow(k), m.principalRename(k), m.principalDelete(k))
	if k.Kind == access.KindGroup {
		c.AddCommand(m.members(k), m.changeMembers(k, "add-member"), m.changeMembers(k, "remove-member"))
		return c
	}
	c.AddCommand(m.bind(k), m.unbind(k), m.able(k, "disable"), m.able(k, "enable"))
	if k.Kind == access.KindUser {
		c.AddCommand(m.role(k))
	}
	return c
}

func (m *Main) principalCreate(k kind) *cobra.Command {
	var email, role string
	use := "create NAME"
	if k.Kind == access.KindUser {
		use += " [--email ADDRESS] [--role ROLE]"
	}
	c := &cobra.Command{
		Use: use, Short: "make a " + k.noun, Args: exactly("NAME"),
		Long: "Make a " + k.noun + ". Names are unique among " + k.noun + "s. What was made is printed.\n\n" +
			"  strongroom " + k.command + " create " + k.sample(),
		RunE: func(c *cobra.Command, args []string) error {
			in := api.CreatePrincipal{Kind: k.Kind, Name: args[0]}
			if email != "" {
				in.Email = &email
			}
			if role != "" {
				chosen, err := parseRole(role)
				if err != nil {
					return err
				}
				in.Role = &chosen
			}
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			made, err := s.CreatePrincipal(c.Context(), in)
			if err != nil {
				return err
			}
			return doneBut(m.showPrincipal(s.settings, made))
		},
	}
	if k.Kind == access.KindUser {
		c.Flags().StringVar(&email, "email", "", "the user's e-mail `ADDRESS`, for people to see")
		c.Flags().StringVar(&role, "role", "", "the user's `ROLE`: owner, admin, member (the default) or auditor")
	}
	return c
}

// sample is a name for examples.
func (k kind) sample() string {
	switch k.Kind {
	case access.KindUser:
		return "alice"
	case access.KindGroup:
		return "backend"
	case access.KindServiceAccount:
	}
	return "billing"
}

// sampleARN is one that it could be bound to.
func (k kind) sampleARN() string {
	if k.Kind == access.KindUser {
		return "arn:aws:iam::111122223333:user/" + k.sample()
	}
	return "arn:aws:iam::111122223333:role/" + k.sample()
}

func (m *Main) principalList(k kind) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list the " + k.noun + "s", Args: none,
		Long: "List the " + k.noun + "s by name.\n\n  strongroom " + k.command + " list --output json",
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			all, err := collect(s.Principals(c.Context(), k.Kind))
			if err != nil {
				return err
			}
			return m.show(s.settings, principalListing(k.Kind, all))
		},
	}
}

// principalListing is a table of principals of one kind.
func principalListing(of access.Kind, all []api.Principal) listing {
	l := listing{data: all}
	switch of {
	case access.KindUser:
		l.header = []string{"NAME", "ROLE", "STATE", "IDENTITIES", "E-MAIL", "ID"}
	case access.KindGroup:
		l.header = []string{"NAME", "ID"}
	case access.KindServiceAccount:
		l.header = []string{"NAME", "STATE", "IDENTITIES", "ID"}
	}
	for _, p := range all {
		cells := map[string]string{
			"NAME": p.Name, "ROLE": string(p.Role), "STATE": state(p), "IDENTITIES": strconv.Itoa(len(identities(p))),
			"E-MAIL": p.Email, "ID": p.ID.String(),
		}
		row := make([]string, len(l.header))
		for i, column := range l.header {
			row[i] = cells[column]
		}
		l.rows = append(l.rows, row)
	}
	return l
}

func state(p api.Principal) string {
	if p.Disabled != nil && *p.Disabled {
		return "disabled"
	}
	return "enabled"
}

// identities are a principal's; a group has none.
func identities(p api.Principal) []api.Identity {
	if p.Identities == nil {
		return nil
	}
	return *p.Identities
}

func (m *Main) principalShow(k kind) *cobra.Command {
	c := m.withPrincipal(k, "show NAME", "show a "+k.noun, func(_ context.Context, s *session, p api.Principal) error {
		return m.showPrincipal(s.settings, p)
	})
	c.Long = "Show a " + k.noun + ", named by its name or its id.\n\n  strongroom " + k.command + " show " + k.sample()
	return c
}

// withPrincipal makes a command about the principal that its one argument names.
func (m *Main) withPrincipal(k kind, use, short string, do func(context.Context, *session, api.Principal) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: exactly("NAME"), ValidArgsFunction: completes(m.completePrincipal(k.Kind)),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			p, err := s.FindPrincipal(c.Context(), k.Kind, args[0])
			if err != nil {
				return err
			}
			return do(c.Context(), s, p)
		},
	}
}

// showPrincipal prints all that is known of one principal.
func (m *Main) showPrincipal(settings *config.Config, p api.Principal) error {
	rows := [][]string{{"name", p.Name}, {"id", p.ID.String()}}
	if p.Kind == access.KindUser {
		rows = append(rows, []string{"role", string(p.Role)}, []string{"e-mail", p.Email})
	}
	if p.Kind != access.KindGroup {
		rows = append(rows, []string{"state", state(p)})
	}
	rows = append(rows, []string{"created", moment(p.CreatedAt)})
	for _, i := range identities(p) {
		rows = append(rows, []string{"identity", strings.TrimSpace(i.ARN + " " + i.UniqueID)})
	}
	if p.Groups != nil {
		for _, g := range *p.Groups {
			rows = append(rows, []string{"group", g.Name})
		}
	}
	return m.show(settings, listing{rows: rows, data: p})
}
