package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

// shareFlags are what grant and revoke take.
type shareFlags struct {
	lasting, until string
	force, noKMS   bool
	arns           []string
}

func (f *shareFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.noKMS, "no-kms", false, "turn Strongroom's lock alone: IAM policies do what KMS grants do (see access policy)")
	c.Flags().BoolVar(&f.force, "force", false, "even if you can no longer manage it then")
}

func (m *Main) accessGrant() *cobra.Command {
	var flags shareFlags
	c := &cobra.Command{
		Use: "grant PRINCIPAL read|write|manage RESOURCE [--for TIME | --until TIME] [--arn ARN]… [--no-kms] [--force]", Short: "share a project or a secret, in Strongroom and in KMS",
		Args: exactly("PRINCIPAL", "read|write|manage", "RESOURCE"),
		Long: "Share a project or a secret: Strongroom's lock first, then, where clients encrypt, KMS's, which takes your own\n" +
			"kms:ListGrants and kms:CreateGrant on the client key. It replaces what the principal was granted there before.\n" +
			"Doing it again is harmless. Done by half, it says which lock is open and what to run, and ends with status 1.\n\n" +
			"read sees values, write creates and changes secrets, manage shares and changes the project. The key of a project\n" +
			"opens all of it: with a grant on one secret, Strongroom's lock alone keeps the others. Who has no more than that\n" +
			"names the secret by its id, which `strongroom secret list` shows, or by its name where its project is pinned.\n\n" +
			"  strongroom access grant ci read demo\n" +
			"  strongroom access grant group:backend write demo --for 8h\n" +
			"  strongroom access grant alice read demo/DATABASE_URL --until 2027-01-31T18:00:00Z\n" +
			"  strongroom access grant ci read demo --arn arn:aws:iam::111122223333:role/ci",
		RunE: func(c *cobra.Command, args []string) error { return m.grant(c.Context(), args, flags) },
	}
	flags.add(c)
	c.Flags().StringVar(&flags.lasting, "for", "", "end it after that `TIME`: 90m, 8h, 30d")
	c.Flags().StringVar(&flags.until, "until", "", "end it at that `TIME`: 2027-01-31T18:00:00Z")
	c.Flags().StringArrayVar(&flags.arns, "arn", nil, "the `ARN` that KMS's lock is opened for, repeated for several: for no others, whatever Strongroom says")
	c.MarkFlagsMutuallyExclusive("for", "until")
	c.MarkFlagsMutuallyExclusive("arn", "no-kms")
	return c
}

func (m *Main) accessRevoke() *cobra.Command {
	var flags shareFlags
	c := &cobra.Command{
		Use: "revoke PRINCIPAL RESOURCE [--no-kms] [--force]", Short: "stop sharing a project or a secret, in Strongroom and in KMS",
		Args: exactly("PRINCIPAL", "RESOURCE"),
		Long: "Stop sharing a project or a secret: Strongroom's lock first, which is closed from the next request on, then KMS's,\n" +
			"unless another grant, through a group or on another secret of the project, still wants it open. That takes your\n" +
			"own kms:ListGrants and kms:RevokeGrant on the client key, and kms:CreateGrant where a narrower grant takes the place\n" +
			"of a wider one. What somebody read, they know: rotate it.\n\n" +
			"  strongroom access revoke ci demo\n" +
			"  strongroom access revoke user:alice demo/DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error { return m.revoke(c.Context(), args, flags) },
	}
	flags.add(c)
	return c
}

func (m *Main) grant(ctx context.Context, args []string, flags shareFlags) error {
	permission, err := access.ParsePermission(args[1])
	if err != nil {
		return usage("the permission must be read, write or manage, not %q", args[1])
	}
	if _, err := flags.expiry(time.Now()); err != nil { // before anything is sent
		return err
	}
	s, p, r, err := m.parties(ctx, args[0], args[2])
	if err != nil {
		return err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	expires, err := flags.expiry(now)
	if err != nil {
		return err
	}
	if err := s.checkARNs(ctx, r, flags); err != nil {
		return err
	}
	g := api.Grant{Principal: principalOf(p), Permission: permission, ExpiresAt: expires}
	before, err := s.Grant(ctx, r.Resource, g, flags.force)
	if err != nil {
		return forced(err)
	}
	return m.turn(ctx, s, turning{principal: p, resource: r, Before: before, Grant: &g, shareFlags: flags})
}

// checkARNs refuses --arn where there is no second lock for it.
func (s *session) checkARNs(ctx context.Context, r resource, flags shareFlags) error {
	for _, id := range r.projects {
		if p, err := s.Resolve(ctx, id.String()); len(flags.arns) > 0 && err == nil && p.Encryption != api.EncryptionClient {
			return usage("--arn is for KMS's lock, and the values of %q are encrypted by the server: it has none", p.Name)
		}
	}
	return nil
}

func (m *Main) revoke(ctx context.Context, args []string, flags shareFlags) error {
	s, p, r, err := m.parties(ctx, args[0], args[1])
	if err != nil {
		return err
	}
	before, err := s.Revoke(ctx, r.Resource, p.ID, flags.force)
	if err != nil {
		return forced(err)
	}
	return m.turn(ctx, s, turning{principal: p, resource: r, Before: before, shareFlags: flags})
}

// parties finds with whom what is shared.
func (m *Main) parties(ctx context.Context, who, what string) (*session, api.Principal, resource, error) {
	s, err := m.connect(ctx)
	if err != nil {
		return nil, api.Principal{}, resource{}, err
	}
	p, err := s.principal(ctx, who)
	if err != nil {
		return nil, api.Principal{}, resource{}, err
	}
	r, err := s.resource(ctx, what)
	return s, p, r, err
}

func principalOf(p api.Principal) api.GrantPrincipal {
	return api.GrantPrincipal{Kind: p.Kind, ID: p.ID, Name: p.Name}
}

// forced says how to insist where Strongroom asks for that.
func forced(err error) error {
	if errors.Is(err, client.ErrConflict) && strings.Contains(err.Error(), "force=true") {
		return fmt.Errorf("%w: here, --force", err)
	}
	return err
}

// expiry is when the grant is to end; nil is never.
func (f shareFlags) expiry(now time.Time) (*time.Time, error) {
	switch {
	case f.until != "":
		at, err := time.Parse(time.RFC3339, f.until)
		if err != nil {
			return nil, usage("--until must be a time as in 2027-01-31T18:00:00Z, not %q", f.until)
		}
		if !at.After(now) {
			return nil, usage("--until %s is past", f.until)
		}
		return &at, nil
	case f.lasting != "":
		lasting, err := parseLasting(f.lasting)
		if err != nil || lasting <= 0 {
			return nil, usage("--for must be a time as in 90m, 8h or 30d, not %q", f.lasting)
		}
		at := now.Add(lasting).UTC().Truncate(time.Millisecond)
		return &at, nil
	}
	return nil, nil
}

// maxLasting is a hundred years, in hours; who means longer means for good.
const maxLasting = 100 * 365 * 24

// parseLasting is time.ParseDuration that also knows days.
func parseLasting(text string) (time.Duration, error) {
	if number, ok := strings.CutSuffix(text, "d"); ok {
		days, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return 0, err
		}
		text = strconv.FormatUint(days*24, 10) + "h"
	}
	lasting, err := time.ParseDuration(text)
	if err == nil && lasting.Hours() > maxLasting {
		err = errors.New("too long")
	}
	return lasting, err
}
