package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
)

// maxMemberChanges is how many changes of members the API takes in one request.
const maxMemberChanges = 30

func (m *Main) members(k kind) *cobra.Command {
	c := m.withPrincipal(k, "members NAME", "list the users in a group", func(ctx context.Context, s *session, group api.Principal) error {
		all, err := collect(s.Members(ctx, group.ID))
		if err != nil {
			return err
		}
		return m.show(s.settings, principalListing(access.KindUser, all))
	})
	c.Long = "List the users in a group.\n\n  strongroom group members backend"
	return c
}

// changeMembers makes the commands add-member and remove-member.
func (m *Main) changeMembers(k kind, verb string) *cobra.Command {
	c := &cobra.Command{
		Use: verb + " NAME USER…", Args: atLeast("NAME", "USER"),
		Short: "add users to a group", Long: "Add users to a group: they may do what it is granted from the next request on.\n\n",
		ValidArgsFunction: completesAll(m.completePrincipal(k.Kind), m.completePrincipal(access.KindUser)),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			group, err := s.FindPrincipal(c.Context(), k.Kind, args[0])
			if err != nil {
				return err
			}
			users, err := s.users(c.Context(), args[1:])
			if err != nil {
				return err
			}
			return m.sendMembers(c.Context(), s, group, users, verb == "remove-member")
		},
	}
	if verb == "remove-member" {
		c.Short = "remove users from a group"
		c.Long = "Remove users from a group: what it is granted ends for them with the next request.\n\n"
	}
	c.Long += "  strongroom group " + verb + " backend alice bob"
	return c
}

// users finds users by their names or ids, each once; all of them or an error.
func (s *session) users(ctx context.Context, named []string) ([]api.Principal, error) {
	var users []api.Principal
	for _, name := range named {
		user, err := s.FindPrincipal(ctx, access.KindUser, name)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(users, func(u api.Principal) bool { return u.ID == user.ID }) {
			users = append(users, user)
		}
	}
	return users, nil
}

func (m *Main) sendMembers(ctx context.Context, s *session, group api.Principal, users []api.Principal, remove bool) error {
	all := []api.BulkResult{}
	failed, done := 0, 0
	for chunk := range slices.Chunk(users, maxMemberChanges) {
		ids := make([]uuid.UUID, len(chunk))
		for i, user := range chunk {
			ids[i] = user.ID
		}
		in := api.ChangeGroupMembers{Add: ids}
		if remove {
			in = api.ChangeGroupMembers{Remove: ids}
		}
		results, err := s.ChangeMembers(ctx, group.ID, in)
		if err != nil {
			return err
		}
		all = append(all, results...)
		for i, result := range results {
			if result.Error != nil && i < len(chunk) {
				m.sayf("user %q: %s", chunk[i].Name, result.Error.Message)
				failed++
			} else {
				done++
			}
		}
	}
	if done > 0 {
		m.sayf("members of group %q are changed%s", group.Name, followed)
	}
	if err := m.showChanged(s, all); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d users could not be changed", failed, len(users))
	}
	return nil
}
