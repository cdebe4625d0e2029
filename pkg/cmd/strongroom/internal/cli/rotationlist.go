package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

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
			"Strongroom has something to do now: begin one, ask for a worker again, look for readers. STATE due is another thing: a\n" +
			"worker was asked for, and has not come or failed. It takes the role owner, admin or auditor.\n\n" +
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
			l := listing{header: []string{"SECRET", "ROTATOR", "EVERY", "NEXT", "LAST", "STATE", "SET BY", "REASON", "ID"}, data: all}
			places := m.places(c.Context(), s, all)
			for _, e := range all {
				l.rows = append(l.rows, []string{
					places.name(e), e.Rotator, e.Every, orNever(e.NextAt), orNever(e.LastRotatedAt), string(e.State), setter(e.SetBy), e.Reason,
					e.Secret.ID.String(),
				})
			}
			return m.show(s.settings, l)
		},
	}
	c.Flags().BoolVar(&due, "due", false, "only those about which Strongroom has something to do now")
	return c
}

// places are secrets as commands name them, by project and name, where that is known.
type places map[uuid.UUID]string

// places finds where secrets are, in one listing of all. That it can't be had is no error: names and ids say something, too, and so
// does the JSON, which has both.
func (m *Main) places(ctx context.Context, s *session, all []api.RotationEntry) places {
	found := places{}
	if len(all) == 0 || m.wantsJSON(s.settings) {
		return found
	}
	for entry, err := range s.Secrets(ctx, "") {
		if err != nil {
			break
		}
		for _, p := range entry.Projects {
			if !strings.Contains(p.Name, "/") { // that would be cut there
				found[entry.ID] = p.Name + "/" + entry.Name
				break
			}
		}
	}
	return found
}

// name is what a secret is called in a table; its id where it has no name any more.
func (p places) name(e api.RotationEntry) string {
	return cmp.Or(p[e.Secret.ID], e.Secret.Name, e.Secret.ID.String())
}

// leaverFlags are what of a leaver's secrets is rotated.
type leaverFlags struct{ rotate, reachable bool }

func (m *Main) rotationLeaver() *cobra.Command {
	var flags leaverFlags
	c := &cobra.Command{
		Use: "leaver PRINCIPAL [--rotate [--reachable]]", Short: "list what somebody who leaves knows, or could, or set", Args: exactly("PRINCIPAL"),
		Long: "List the secrets whose present values a user or a service account knows, which it read since they were rotated last,\n" +
			"and those that it could have read: with why, and by what they are rotated. Besides those whose rotation it set, which\n" +
			"sends their new values where it said: look at the target, and set them again with `strongroom rotation set`.\n\n" +
			"--rotate has those rotated that it read, and for which a rotation is set, whoever set that: the value that stays is one\n" +
			"that it knows for certain. --reachable has those rotated too that it could have read. The others are for you to change.\n" +
			"Each that is asked for is named. It takes the role owner, admin or auditor, and to rotate write.\n\n" +
			"  strongroom rotation leaver alice\n" +
			"  strongroom rotation leaver alice --rotate\n" +
			"  strongroom rotation leaver alice --rotate --reachable",
		RunE: func(c *cobra.Command, args []string) error {
			if flags.reachable && !flags.rotate {
				return usage("--reachable says what --rotate rotates, and is for that alone")
			}
			return m.leaver(c.Context(), args[0], flags)
		},
	}
	c.Flags().BoolVar(&flags.rotate, "rotate", false, "rotate those that it read, where they have a rotator")
	c.Flags().BoolVar(&flags.reachable, "reachable", false, "rotate those too that it could have read")
	return c
}

func (m *Main) leaver(ctx context.Context, who string, flags leaverFlags) error {
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
	places := m.places(ctx, s, known)
	if err := m.show(s.settings, leaverListing(known, places)); err != nil || !flags.rotate {
		return err
	}
	return m.rotateAll(ctx, s, known, places, flags.reachable)
}

// leaverListing is a table of what somebody knows.
func leaverListing(known []api.RotationEntry, places places) listing {
	l := listing{header: []string{"SECRET", "KNOWN", "VERSION", "LAST READ", "ROTATOR", "WHY", "ID"}, data: known}
	for _, e := range known {
		row := []string{places.name(e), "", "", "", e.Rotator, "", e.Secret.ID.String()}
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

// rotateAll asks for a rotation of each that was read, or could have been where that is wanted, and has a rotator, and says which
// have none, and of which the new value goes where who left said.
func (m *Main) rotateAll(ctx context.Context, s *session, known []api.RotationEntry, places places, reachable bool) error {
	asked, failed, left := 0, 0, 0
	for _, e := range known {
		name, of := places.name(e), e.Leaver
		if of != nil && of.Set {
			m.sayf("%s: its new values go where who left said; look at its target, and set it again", name)
		}
		switch {
		case of != nil && !of.Read && !of.Reachable:
			continue
		case of != nil && !of.Read && !reachable:
			if !of.Trashed {
				left++
			}
			continue
		case of != nil && of.Trashed:
			m.sayf("%s is in the trash, and not rotated there; rotate it when somebody restores it, or purge it", name)
			continue
		case e.Rotator == "":
			m.sayf("%s has no rotator; change it by hand, or see `strongroom rotation set --help`", name)
			continue
		}
		run, err := s.RotateSecret(ctx, e.Secret.ID, api.RotateSecret{})
		if err != nil {
			m.sayf("%s: %s", name, err)
			failed++
			continue
		}
		m.sayf("%s: rotation %s", name, run.ID)
		asked++
	}
	m.sayf("%s asked for", counted(asked, "rotation is", "rotations are"))
	if left > 0 {
		m.sayf("%s not rotated, which it could have read; --reachable takes those too", counted(left, "secret is", "secrets are"))
	}
	if failed > 0 {
		return fmt.Errorf("%s could not be rotated", counted(failed, "secret", "secrets"))
	}
	return nil
}
