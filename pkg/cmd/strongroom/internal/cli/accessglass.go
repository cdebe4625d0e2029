package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
)

// glassFlags are what break-glass takes.
type glassFlags struct {
	permission, reason string
	shareFlags
}

func (m *Main) accessBreakGlass() *cobra.Command {
	flags := glassFlags{permission: access.Read.String()}
	c := &cobra.Command{
		Use:   "break-glass RESOURCE --for TIME --reason TEXT [--permission read|write|manage] [--no-kms]",
		Short: "give yourself access in an emergency, which is recorded as such", Args: exactly("RESOURCE"),
		Long: "Give yourself access to a project or a secret in an emergency, for 12 hours at most. It takes an owner or admin,\n" +
			"and a reason of at least 10 characters, which stands in the record and is announced with it. Owners and admins\n" +
			"may do everything in Strongroom, but KMS gives the project's key to those alone who have a grant: where clients\n" +
			"encrypt, that is made too, which takes your own kms:ListGrants and kms:CreateGrant on the client key. Where you\n" +
			"lack them, it says so, and who has them runs `strongroom access sync`.\n\n" +
			"Doing it again before it ends extends it. Where you have as much already, nothing is changed, and nothing recorded.\n\n" +
			"  strongroom access break-glass payroll --for 1h --reason \"payroll of November did not run\"\n" +
			"  strongroom access break-glass demo/DATABASE_URL --permission write --for 30m --reason \"password was leaked\"",
		RunE: func(c *cobra.Command, args []string) error { return m.breakGlass(c.Context(), args[0], flags) },
	}
	c.Flags().StringVar(&flags.lasting, "for", "", "end it after that `TIME`, of 12h at most: 30m, 4h")
	c.Flags().StringVar(&flags.reason, "reason", "", "why, a `TEXT` for who reads the record")
	c.Flags().StringVar(&flags.permission, "permission", flags.permission, "the `PERMISSION`: read, write or manage")
	c.Flags().BoolVar(&flags.noKMS, "no-kms", false, "turn Strongroom's lock alone: IAM policies do what KMS grants do (see access policy)")
	for _, needed := range []string{"for", "reason"} {
		if err := c.MarkFlagRequired(needed); err != nil {
			panic(err)
		}
	}
	return c
}

// request is what the flags ask for.
func (f glassFlags) request(now time.Time) (in api.BreakGlass, err error) {
	permission, err := access.ParsePermission(f.permission)
	if err != nil {
		return in, usage("the permission must be read, write or manage, not %q", f.permission)
	}
	expires, err := f.expiry(now)
	switch {
	case err != nil:
		return in, err
	case expires == nil || expires.After(now.Add(api.MaxBreakGlass)):
		return in, usage("--for must be 12h at most; what is for longer is granted, not broken into: see access grant")
	}
	return api.BreakGlass{Permission: &permission, ExpiresAt: *expires, Reason: f.reason}, nil
}

func (m *Main) breakGlass(ctx context.Context, what string, flags glassFlags) error {
	if _, err := flags.request(time.Now()); err != nil { // before anything is sent
		return err
	}
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	me, err := s.Whoami(ctx)
	if err != nil {
		return err
	}
	p, err := s.Principal(ctx, me.Principal.ID)
	if err != nil {
		return err
	}
	r, err := s.resource(ctx, what)
	if err != nil {
		return err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	in, err := flags.request(now)
	if err != nil {
		return err
	}
	given, err := s.BreakGlass(ctx, r.Resource, in)
	if err != nil {
		return err
	}
	t := turning{principal: p, resource: r, Grant: &given, shareFlags: flags.shareFlags}
	if given.Permission == *in.Permission && given.ExpiresAt != nil && given.ExpiresAt.Equal(in.ExpiresAt) {
		m.sayf("recorded, with the reason: you have %s on %s", permission(given), r.name)
	} else {
		m.sayf("nothing was changed, and so nothing recorded: you have %s on %s already", permission(given), r.name)
		t.Before = &given
	}
	return m.turn(ctx, s, t)
}
