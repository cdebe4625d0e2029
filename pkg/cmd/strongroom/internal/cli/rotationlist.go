package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) rotationList() *cobra.Command {
	var due bool
	c := &cobra.Command{
		Use: "list [--due]", Short: "list the secrets that are rotated, and when next", Args: none,
		Long: "List the secrets that are rotated, those first about which something is to be done first: by what they are rotated, how\n" +
			"often, when next, when last, how the latest rotation went, who set it so, and why it failed. What somebody set who left\n" +
			"goes on sending new values where they said: look at the target, and set it again. --due lists those alone about which\n" +
			"something is to be done now. It takes the role owner, admin or auditor.\n\n" +
			"  strongroom rotation list\n" +
			"  strongroom rotation list --due --output json",
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			all, err := collect(s.Rotations(c.Context(), client.RotationFilter{Due: due}))
			if err != nil {
				return err
			}
			l := listing{header: []string{"SECRET", "ROTATOR", "EVERY", "NEXT", "LAST", "STATE", "SET BY", "REASON"}, data: all}
			for _, e := range all {
				l.rows = append(l.rows, []string{
					nameOf(e), e.Rotator, e.Every, orNever(e.NextAt), orNever(e.LastRotatedAt), string(e.State), setter(e.SetBy), e.Reason,
				})
			}
			return m.show(s.settings, l)
		},
	}
	c.Flags().BoolVar(&due, "due", false, "only those about which something is to be done now")
	return c
}

func nameOf(e api.RotationEntry) string { return cmp.Or(e.Secret.Name, e.Secret.ID.String()) }

func (m *Main) rotationLeaver() *cobra.Command {
	var rotate bool
	c := &cobra.Command{
		Use: "leaver PRINCIPAL [--rotate]", Short: "list what somebody who leaves knows, or could, or set", Args: exactly("PRINCIPAL"),
		Long: "List the secrets whose present values a user or a service account knows, which it read since they were rotated last,\n" +
			"and those that it could have read: with why, and by what they are rotated. Besides those whose rotation it set, which\n" +
			"sends their new values where it said: look at the target, and set them again with `strongroom rotation set`.\n\n" +
			"--rotate has those rotated that it knows, or could, and for which a rotation is set, whoever set that: the value that stays\n" +
			"is one that it knows for certain. The others are for you to change. It takes the role owner, admin or auditor, and to\n" +
			"rotate write.\n\n" +
			"  strongroom rotation leaver alice\n" +
			"  strongroom rotation leaver alice --rotate",
		RunE: func(c *cobra.Command, args []string) error { return m.leaver(c.Context(), args[0], rotate) },
	}
	c.Flags().BoolVar(&rotate, "rotate", false, "rotate those that have a rotator")
	return c
}

func (m *Main) leaver(ctx context.Context, who string, rotate bool) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(who)
	if err != nil || !isID(who) {
		p, err := s.principal(ctx, who)
		if err != nil {
			return err
		}
		id = p.ID
	}
	known, err := collect(s.Rotations(ctx, client.RotationFilter{Leaver: id}))
	if err != nil {
		return err
	}
	if err := m.show(s.settings, leaverListing(known)); err != nil || !rotate {
		return err
	}
	return m.rotateAll(ctx, s, known)
}

// leaverListing is a table of what somebody knows.
func leaverListing(known []api.RotationEntry) listing {
	l := listing{header: []string{"SECRET", "KNOWN", "VERSION", "LAST READ", "ROTATOR", "WHY", "ID"}, data: known}
	for _, e := range known {
		row := []string{nameOf(e), "", "", "", e.Rotator, "", e.Secret.ID.String()}
		if of := e.Leaver; of != nil {
			row[1], row[3], row[5] = knownInWords(of), orNever(of.Last), of.Because
			if of.Version > 0 {
				row[2] = fmt.Sprint(of.Version)
			}
		}
		l.rows = append(l.rows, row)
	}
	return l
}

// knownInWords says whether somebody knows a value.
func knownInWords(of *api.LeaverEntry) string {
	switch {
	case of.Read:
		return "read"
	case of.Set && !of.Reachable:
		return "no"
	}
	return "could be"
}

// rotateAll asks for a rotation of each that is known, or could be, and has a rotator, and says which have none, and of which the new
// value goes where who left said.
func (m *Main) rotateAll(ctx context.Context, s *session, known []api.RotationEntry) error {
	asked, failed := 0, 0
	for _, e := range known {
		if e.Rotator == "" {
			m.sayf("%s has no rotator; change it by hand, or see `strongroom rotation set --help`", nameOf(e))
			continue
		}
		if of := e.Leaver; of != nil && of.Set {
			m.sayf("%s: its new values go where who left said; look at its target, and set it again", nameOf(e))
			if !of.Read && !of.Reachable {
				continue
			}
		}
		if e.Leaver != nil && e.Leaver.Trashed {
			m.sayf("%s is in the trash, and not rotated there; rotate it when somebody restores it, or purge it", nameOf(e))
			continue
		}
		if _, err := s.RotateSecret(ctx, e.Secret.ID, api.RotateSecret{}); err != nil {
			m.sayf("%s: %s", nameOf(e), err)
			failed++
			continue
		}
		asked++
	}
	m.sayf("%s asked for", counted(asked, "rotation is", "rotations are"))
	if failed > 0 {
		return fmt.Errorf("%s could not be rotated", counted(failed, "secret", "secrets"))
	}
	return nil
}
