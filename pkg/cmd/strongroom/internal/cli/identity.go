package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) bind(k kind) *cobra.Command {
	var uniqueID string
	c := &cobra.Command{
		Use: "bind NAME ARN [--unique-id ID]", Short: "let an IAM user or role in as a " + k.noun,
		Long: "Let an IAM user or role in as a " + k.noun + ": whoever signs with it is that " + k.noun + " from then on. It can be\n" +
			"bound to one only. ARN is a user's or a role's; or, of a role that IAM Identity Center made, a session's,\n" +
			"which is a person's and takes --unique-id.\n\n" +
			"  strongroom " + k.command + " bind " + k.sample() + " " + k.sampleARN(),
		Args: exactly("NAME", "ARN"), ValidArgsFunction: completes(m.completePrincipal(k.Kind)),
		RunE: func(c *cobra.Command, args []string) error {
			return m.changeIdentities(c.Context(), k, args, "is bound to", func(_ api.Principal, have []api.Identity) ([]api.Identity, error) {
				bound := api.Identity{ARN: args[1], UniqueID: uniqueID}
				if i := slices.IndexFunc(have, of(args[1])); i >= 0 && uniqueID == "" {
					bound = have[i] // doing it again takes no pin away
				}
				return append(slices.DeleteFunc(slices.Clone(have), of(args[1])), bound), nil
			})
		},
	}
	c.Flags().StringVar(&uniqueID, "unique-id", "", "pin the user's or role's unique `ID` (AIDA…, AROA…), so that another one of its name is not let in")
	return c
}

func (m *Main) unbind(k kind) *cobra.Command {
	return &cobra.Command{
		Use: "unbind NAME ARN", Short: "let an IAM user or role in as a " + k.noun + " no longer",
		Long: "Let an IAM user or role in as a " + k.noun + " no longer, from the next request on.\n" +
			"`strongroom " + k.command + " show` has the ARNs.\n\n" +
			"  strongroom " + k.command + " unbind " + k.sample() + " " + k.sampleARN(),
		Args: exactly("NAME", "ARN"),
		RunE: func(c *cobra.Command, args []string) error {
			return m.changeIdentities(c.Context(), k, args, "is no longer bound to", func(p api.Principal, have []api.Identity) ([]api.Identity, error) {
				rest := slices.DeleteFunc(slices.Clone(have), of(args[1]))
				if len(rest) == len(have) { // a slip would leave somebody in
					return nil, notBound(k, p, args[1])
				}
				return rest, nil
			})
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			arns := completer(nil)
			if len(args) == 1 {
				arns = m.completeIdentity(k, args[0])
			}
			return completes(m.completePrincipal(k.Kind), arns)(c, args, begun)
		},
	}
}

// of says whether an identity is that ARN's.
func of(arn string) func(api.Identity) bool {
	return func(i api.Identity) bool { return i.ARN == arn }
}

func notBound(k kind, p api.Principal, arn string) error {
	bound := make([]string, 0, len(identities(p)))
	for _, i := range identities(p) {
		bound = append(bound, i.ARN)
	}
	if len(bound) == 0 {
		bound = []string{"nothing"}
	}
	return errors.New(k.noun + " \"" + p.Name + "\" is not bound to " + arn + "; it is bound to " + strings.Join(bound, ", "))
}

// changeIdentities replaces the identities of the principal that the first argument names, as they are then. Where
// somebody else changes them at the same time, it looks again.
func (m *Main) changeIdentities(
	ctx context.Context, k kind, args []string, done string, change func(api.Principal, []api.Identity) ([]api.Identity, error),
) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	var p api.Principal
	err = s.Racing(ctx, func() (lost bool, err error) {
		if p, err = s.FindPrincipal(ctx, k.Kind, args[0]); err != nil {
			return false, err
		}
		next, err := change(p, identities(p))
		if err != nil {
			return false, err
		}
		p, err = s.PutIdentities(ctx, p.ID, next, p.ETag)
		return errors.Is(err, client.ErrPreconditionFailed), err
	})
	if err != nil {
		return err
	}
	return m.did(s, p, "%s %q %s %s%s", k.noun, p.Name, done, args[1], followed)
}
