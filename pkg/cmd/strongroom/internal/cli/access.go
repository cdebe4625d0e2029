package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) access() *cobra.Command {
	return group(&cobra.Command{
		Use: "access", Short: "share projects and secrets, and see with whom they are shared",
		Long: "Share projects and secrets, and see with whom they are shared.\n\n" +
			"What clients encrypt has two locks: Strongroom's, which answers the ciphertext to whom it was granted, and\n" +
			"KMS's, which unwraps the project's key for IAM users and roles. grant opens both and revoke closes both,\n" +
			"Strongroom's first: that one counts from the next request on, while KMS may take up to five minutes. sync\n" +
			"makes KMS's as Strongroom's grants, groups and identities ask for; KMS itself ends nothing that expires.\n\n" +
			"Whom KMS is told is what Strongroom says is bound to a principal. Read the ARNs, or name them with --arn.\n\n" +
			"A RESOURCE is a project, by its name or id, or a secret, as project/name or by its id. A PRINCIPAL is a user,\n" +
			"a group or a service account, by its name or id; where two kinds have one name, user:NAME, group:NAME or\n" +
			"service-account:NAME.",
	}, m.accessList(), m.accessGrant(), m.accessRevoke(), m.accessBreakGlass(), m.accessWho(), m.accessWhy(), m.accessReach(),
		m.accessReadBy(), m.accessReads(), m.accessSync(), m.accessPolicy(), m.accessIAMPolicy())
}

func (m *Main) accessList() *cobra.Command {
	return &cobra.Command{
		Use: "list RESOURCE", Short: "list the grants on a project or a secret",
		Args: exactly("RESOURCE"),
		Long: "List the grants on a project or a secret. A secret is also shared with whom its projects are shared with.\n\n" +
			"  strongroom access list demo\n" +
			"  strongroom access list demo/DATABASE_URL --output json",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			r, err := s.resource(c.Context(), args[0])
			if err != nil {
				return err
			}
			grants, _, err := s.Access(c.Context(), r.Resource)
			if err != nil {
				return err
			}
			now, err := s.Now(c.Context())
			if err != nil {
				return err
			}
			return m.show(s.settings, grantListing(grants, now))
		},
	}
}

func grantListing(grants []api.Grant, now time.Time) listing {
	l := listing{header: []string{"PRINCIPAL", "KIND", "PERMISSION", "UNTIL"}, data: api.AccessPolicy{Grants: grants}}
	for _, g := range grants {
		until := ""
		if g.ExpiresAt != nil {
			if until = moment(*g.ExpiresAt); !g.ExpiresAt.After(now) {
				until += " (expired)"
			}
		}
		l.rows = append(l.rows, []string{g.Principal.Name, noun(g.Principal.Kind), g.Permission.String(), until})
	}
	return l
}

// A resource is what grants are on, as the person named it.
type resource struct {
	client.Resource
	name string
	// projects are it itself, or those that the secret is in, the one through which it was named first.
	projects []uuid.UUID
}

// resource finds a project or a secret. Whose id it is, is looked for in lists: to ask for a project under a secret's id is denied,
// and recorded.
func (s *session) resource(ctx context.Context, text string) (resource, error) {
	project := !isID(text) && !strings.Contains(text, "/")
	if isID(text) {
		for p, err := range s.Projects(ctx) {
			if err != nil {
				return resource{}, err
			}
			if p.ID.String() == text {
				project = true
				break
			}
		}
	}
	if project {
		p, err := s.Resolve(ctx, text)
		return resource{client.Resource{Project: p.ID}, p.Name, []uuid.UUID{p.ID}}, err
	}
	found, err := s.FindSecret(ctx, text)
	if err != nil {
		return resource{}, err
	}
	r := resource{Resource: client.Resource{Secret: found.ID}, name: text}
	through, _, _ := strings.Cut(text, "/")
	for _, p := range found.Projects {
		if p.Name == through {
			r.projects = slices.Insert(r.projects, 0, p.ID)
		} else {
			r.projects = append(r.projects, p.ID)
		}
	}
	return r, nil
}

// prefix tells principals of one name apart.
func (k kind) prefix() string { return k.command + ":" }

// noun is a kind as people write it.
func noun(of access.Kind) string {
	for _, k := range kinds {
		if k.Kind == of {
			return k.noun
		}
	}
	return string(of)
}

// principal finds a user, a group or a service account.
func (s *session) principal(ctx context.Context, text string) (api.Principal, error) {
	if id, err := uuid.Parse(text); err == nil && id.String() == text {
		p, err := s.Principal(ctx, id)
		if err == nil && p.ID != id {
			return p, &client.PinError{What: "the principal that was asked for", Pinned: id.String(), Got: p.ID.String()}
		}
		return p, err
	}
	name, of := text, access.Kind("")
	for _, k := range kinds {
		if rest, ok := strings.CutPrefix(text, k.prefix()); ok {
			name, of = rest, k.Kind
		}
	}
	named, err := s.PrincipalsNamed(ctx, of, name)
	switch {
	case err != nil:
		return api.Principal{}, err
	case len(named) == 0 && of != "":
		return api.Principal{}, fmt.Errorf("there is no %s %q", noun(of), name)
	case len(named) == 0:
		return api.Principal{}, fmt.Errorf("there is no user, group or service account %q", name)
	case len(named) == 1:
		return named[0], nil
	}
	var ways []string
	for _, k := range kinds {
		if slices.ContainsFunc(named, func(p api.Principal) bool { return p.Kind == k.Kind }) {
			ways = append(ways, k.prefix()+name)
		}
	}
	return api.Principal{}, usage("%d principals are called %q; write %s", len(named), name, strings.Join(ways, " or "))
}
