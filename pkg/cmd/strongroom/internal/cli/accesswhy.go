package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) accessWhy() *cobra.Command {
	var quiet bool
	c := &cobra.Command{
		Use: "why PRINCIPAL RESOURCE [read|write|manage] [--quiet]", Args: between(2, "PRINCIPAL", "RESOURCE", "read|write|manage"),
		Short: "say whether a principal may read, write or manage something, and why",
		Long: "Say whether a principal may read (which is asked where nothing else is), write or manage a project or a secret, and\n" +
			"why: what a request of it would be answered by Strongroom now. To read a project is to read the values in it, to\n" +
			"write it to create secrets in it. Whether an identity is bound to the principal is not asked, nor is KMS.\n" +
			"Everybody may ask about themselves, and owners, admins and auditors about others.\n\n" +
			"  strongroom access why ci payroll/DATABASE_URL\n" +
			"  strongroom access why alice payroll manage\n" +
			"  if strongroom access why ci demo write --quiet; then …\n\n" +
			"That it may not is an answer, and the exit status is 0. With --quiet nothing is printed, and it is 1 then.",
		RunE: func(c *cobra.Command, args []string) error {
			permission := access.Read
			if len(args) == 3 {
				var err error
				if permission, err = access.ParsePermission(args[2]); err != nil {
					return usage("the %w", err)
				}
			}
			return m.why(c.Context(), args[0], args[1], permission, quiet)
		},
	}
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "print nothing; the exit status is 1 where it may not")
	return c
}

func (m *Main) why(ctx context.Context, principal, on string, permission access.Permission, quiet bool) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	p, err := s.subject(ctx, principal)
	if err != nil {
		return err
	}
	r, err := s.resource(ctx, on)
	if err != nil {
		return err
	}
	explained, err := s.Explain(ctx, p.ID, r.Resource, permission)
	switch {
	case err != nil:
		return err
	case quiet && !explained.Allowed:
		return &exitError{exit: ExitError}
	case quiet:
		return nil
	case m.wantsJSON(s.settings):
		return m.showJSON(explained)
	}
	_, err = io.WriteString(m.Stdout, explanation(explained, r.name))
	return err
}

// explanation is an explanation for people, in whole lines.
func explanation(e api.Explanation, name string) string {
	if !strings.Contains(name, "/") { // an id, perhaps
		name = e.Resource.Name
	}
	if e.Resource.Kind == access.OnProject {
		name = "project " + name
	}
	may := "may"
	if !e.Allowed {
		may = "may not"
	}
	text := visible(fmt.Sprintf("%s %s %s %s: %s", e.Principal.Name, may, e.Permission, name, e.Reason)) + "\n"
	switch {
	case e.Code == api.CodeNotFound:
		text += "It is answered that there is no such " + visible(string(e.Resource.Kind)) + ", or none that it may see.\n"
	case e.Missing != "":
		text += visible("It is answered: "+e.Missing) + "\n"
	}
	return text
}

// subject finds whom a question is about. Service accounts can't look principals up, and may ask about themselves.
func (s *session) subject(ctx context.Context, text string) (api.Principal, error) {
	p, err := s.principal(ctx, text)
	if !errors.Is(err, client.ErrForbidden) {
		return p, err
	}
	me, unknown := s.Whoami(ctx)
	if unknown != nil {
		return p, err
	}
	self := me.Principal
	for _, k := range kinds {
		if self.Kind == k.Kind && (text == self.Name || text == k.prefix()+self.Name || text == self.ID.String()) {
			return self, nil
		}
	}
	return p, err
}
