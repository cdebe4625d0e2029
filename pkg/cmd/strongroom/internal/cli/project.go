package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) project() *cobra.Command {
	return group(&cobra.Command{
		Use: "project", Short: "make, show and change projects",
		Long: "Projects are named sets of secrets, usually one for each application and environment. Access is granted to\n" +
			"them. The values of a client project are encrypted here, and the server can't read them; those of a server\n" +
			"project are encrypted by the server.",
	}, m.projectCreate(), m.projectList(), m.projectShow(), m.projectRename(), m.projectDelete(), m.rotateKey())
}

func (m *Main) projectCreate() *cobra.Command {
	var server, noKMS bool
	c := &cobra.Command{
		Use: "create NAME [--server] [--no-kms]", Short: "make a project", Args: exactly("NAME"),
		Long: "Make a project, and print it. Its values are encrypted here, under a key that AWS KMS makes, unless --server\n" +
			"leaves it to the server; that can't be changed later.\n\n" +
			"You manage the new project. To read and write its values you also need a KMS grant on its key, which is\n" +
			"made at once. Where KMS refuses that, the project is made all the same.\n\n" +
			"  strongroom project create shop\n" +
			"  strongroom project create legacy --server",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			encryption := api.EncryptionClient
			if server {
				encryption = api.EncryptionServer
			}
			made, err := s.CreateProject(c.Context(), args[0], encryption)
			if err != nil {
				return lacksKey(err, "Nothing was made: ask who administers that key for it, have them make the project, or use --server")
			}
			if encryption == api.EncryptionClient && !noKMS {
				m.openSecondLock(c.Context(), s, made)
			}
			return doneBut(m.showProject(c.Context(), s, made))
		},
	}
	c.Flags().BoolVar(&server, "server", false, "have the server encrypt the values, which it can then read")
	c.Flags().BoolVar(&noKMS, "no-kms", false, "make no KMS grant: IAM policies give access to the key")
	return c
}

// lacksKey says what to do where KMS makes no key. What the SDK proposes, a grant on the project, does not help there.
func lacksKey(err error, todo string) error {
	var denied *client.KeyDeniedError
	if !errors.As(err, &denied) {
		return err
	}
	return fmt.Errorf("AWS KMS makes no key for the project: your IAM identity lacks %s on %s with the encryption context "+
		"strongroom:project=%s. %s", denied.Action, denied.Key, denied.Project, todo)
}

// openSecondLock gives the caller the KMS grant that goes with managing the project. What fails is said, and left at that:
// the project is there.
func (m *Main) openSecondLock(ctx context.Context, s *session, p api.Project) {
	me, err := s.Whoami(ctx)
	if err == nil {
		var plan client.KeyPlan
		if plan, err = s.PlanKeyGrants(ctx, p.ID.String(), me.Principal.ID); err == nil {
			err = s.Apply(ctx, plan, func(client.KeyGrant, bool, error) {})
		}
	}
	if err != nil {
		m.sayf("project %q is made, but its KMS grant for you is not: %s; somebody who may make grants runs `%s`",
			p.Name, err, pasted("access", "sync", p.Name))
	}
}
