package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
)

// followed ends what is said after a change of who is who: Strongroom's own lock has turned, the second one follows.
const followed = "; KMS grants follow with `strongroom access sync`"

var roles = []access.Role{access.RoleOwner, access.RoleAdmin, access.RoleMember, access.RoleAuditor}

func parseRole(text string) (access.Role, error) {
	if role := access.Role(text); role.Valid() {
		return role, nil
	}
	return "", usage("a role is owner, admin, member or auditor, not %q", text)
}

func (m *Main) principalRename(k kind) *cobra.Command {
	return m.principalUpdate(k, "rename NAME NEW", "rename a "+k.noun,
		"Rename a "+k.noun+". What it is granted stays.\n\n  strongroom "+k.command+" rename "+k.sample()+" "+k.sample()+"-2",
		completes(m.completePrincipal(k.Kind)),
		func(p api.Principal, to string) (in api.UpdatePrincipal, done string, err error) {
			return api.UpdatePrincipal{Name: &to}, fmt.Sprintf("%s %q is now called %q", k.noun, p.Name, to), nil
		})
}

// role is a user's alone.
func (m *Main) role(k kind) *cobra.Command {
	return m.principalUpdate(k, "role NAME ROLE", "give a user another role",
		"Give a user another role: owner, admin, member or auditor. Only an owner gives or takes owner, and the last\n"+
			"one stays.\n\n  strongroom user role alice auditor",
		completes(m.completePrincipal(k.Kind), oneOf(roles...)),
		func(p api.Principal, to string) (in api.UpdatePrincipal, done string, err error) {
			role, err := parseRole(to)
			done = fmt.Sprintf("user %q has the role %s", p.Name, role)
			if p.Role == access.RoleAuditor || role == access.RoleAuditor { // to whom grants give nothing
				done += followed
			}
			return api.UpdatePrincipal{Role: &role}, done, err
		})
}

// principalUpdate makes a command that gives a principal its second argument. Doing it again changes nothing.
func (m *Main) principalUpdate(
	k kind, use, short, long string, complete cobra.CompletionFunc, change func(api.Principal, string) (api.UpdatePrincipal, string, error),
) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Args: exactly(strings.Fields(use)[1:]...), ValidArgsFunction: complete,
		RunE: func(c *cobra.Command, args []string) error {
			if _, _, err := change(api.Principal{}, args[1]); err != nil { // before anything is sent
				return err
			}
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			p, err := s.FindPrincipal(c.Context(), k.Kind, args[0])
			if err != nil {
				return err
			}
			in, done, err := change(p, args[1])
			if err != nil {
				return err
			}
			changed, err := s.UpdatePrincipal(c.Context(), p.ID, in, "")
			switch {
			case err != nil:
				return err
			case changed.ETag == p.ETag:
				done = fmt.Sprintf("%s %q: unchanged", k.noun, p.Name)
			}
			return m.did(s, changed, "%s", done)
		},
	}
}

func (m *Main) principalDelete(k kind) *cobra.Command {
	var yes bool
	c := m.withPrincipal(k, "delete NAME [--yes]", "delete a "+k.noun+" for good", func(ctx context.Context, s *session, p api.Principal) error {
		if err := m.confirm(fmt.Sprintf("delete the %s %q (%s) for good?", k.noun, p.Name, p.ID), "--yes", yes); err != nil {
			return err
		}
		if err := s.DeletePrincipal(ctx, p.ID); err != nil {
			return err
		}
		m.sayf("%s %q is deleted%s", k.noun, p.Name, followed)
		return nil
	})
	c.Long = "Delete a " + k.noun + " with all that it is granted. There is no way back"
	if k.Kind == access.KindGroup {
		c.Long += "; a group must have no members any\nlonger"
	} else {
		c.Long += ";\n" + k.command + " disable has one"
	}
	c.Long += ". Nothing is printed.\n\n  strongroom " + k.command + " delete " + k.sample()
	c.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return c
}

// able makes the commands disable and enable.
func (m *Main) able(k kind, verb string) *cobra.Command {
	c := m.withPrincipal(k, verb+" NAME", verb+" a "+k.noun, func(ctx context.Context, s *session, p api.Principal) error {
		change := s.DisablePrincipal
		if verb == "enable" {
			change = s.EnablePrincipal
		}
		changed, err := change(ctx, p.ID)
		if err != nil {
			return err
		}
		return m.did(s, changed, "%s %q is %sd%s", k.noun, p.Name, verb, followed)
	})
	c.Long = "Refuse a " + k.noun + " everything, from the next request on. What it is granted stays, for enable.\n\n"
	if verb == "enable" {
		c.Long = "Let a " + k.noun + " that was disabled in again.\n\n"
	}
	c.Long += "  strongroom " + k.command + " " + verb + " " + k.sample()
	return c
}
