package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) secretRename() *cobra.Command {
	return &cobra.Command{
		Use: "rename REF NEWNAME", Short: "give a secret another name", Args: exactly("REF", "NEWNAME"),
		Long: "Give a secret another name, the same in all of its projects.\n\n" + references + "\n\n" +
			"  strongroom secret rename demo/DB_URL DATABASE_URL\n\n" +
			"A value that is encrypted here is bound to its name, and is encrypted anew: a new version.",
		RunE: func(c *cobra.Command, args []string) error { return m.rename(c.Context(), args[0], args[1]) },
	}
}

func (m *Main) rename(ctx context.Context, text, name string) error {
	s, ref, err := m.connectTo(ctx, text)
	if err != nil {
		return err
	}
	if ref.name != "" && strings.HasPrefix(name, ref.project+"/") {
		return usage("NEWNAME is a name without a project: %q; a name that begins like its project can be given to a secret named by its id",
			strings.TrimPrefix(name, ref.project+"/"))
	}
	before, after, err := s.changing(ctx, ref, func(client.Secret) (client.Change, error) { return client.Change{Name: &name}, nil })
	switch {
	case err != nil:
		return err
	case before.ETag == after.ETag:
		return m.changed(s, after, fmt.Sprintf("%s: unchanged, it is called so already", ref.text))
	}
	return m.changed(s, after, fmt.Sprintf("%s: now called %s, version %d", ref.text, after.Name, after.Version))
}

// A movement is which projects a secret leaves and joins.
type movement struct{ keep, remove, yes bool }

func (m *Main) secretMove() *cobra.Command {
	var in movement
	c := &cobra.Command{
		Use: "move REF PROJECT [--keep|--remove] [--yes]", Short: "put a secret into another project", Args: exactly("REF", "PROJECT"),
		Long: "Put a secret into another project: it leaves the one that it was named by and joins PROJECT.\n\n" + references + "\n\n" +
			"  strongroom secret move demo/DATABASE_URL staging\n" +
			"  strongroom secret move demo/DATABASE_URL staging --keep\n" +
			"  strongroom secret move demo/DATABASE_URL staging --remove\n\n" +
			"--keep joins PROJECT and leaves none; --remove leaves PROJECT and joins none. A value that is encrypted here\n" +
			"is encrypted anew for the projects that it is in then, which takes the keys of all of them. Whoever could read\n" +
			"it in a project that it leaves may have kept it.",
		RunE: func(c *cobra.Command, args []string) error { return m.move(c.Context(), args[0], args[1], in) },
	}
	c.Flags().BoolVar(&in.keep, "keep", false, "join PROJECT, and leave none")
	c.Flags().BoolVar(&in.remove, "remove", false, "leave PROJECT, and join none")
	c.Flags().BoolVarP(&in.yes, "yes", "y", false, "don't ask")
	c.MarkFlagsMutuallyExclusive("keep", "remove")
	return c
}

func (m *Main) move(ctx context.Context, text, project string, in movement) error {
	s, ref, err := m.connectTo(ctx, text)
	if err != nil {
		return err
	}
	to, err := s.there(ctx, project)
	if err != nil {
		return err
	}
	before, after, err := s.changing(ctx, ref, func(old client.Secret) (client.Change, error) {
		if in.remove {
			return m.leave(old, ref, to, in)
		}
		return s.join(ctx, old, ref, to, in)
	})
	switch {
	case err != nil:
		return err
	case before.ETag == after.ETag:
		return m.changed(s, after, fmt.Sprintf("%s: unchanged, in %s", ref.text, orDefault(names(after.Projects), "no project")))
	}
	text = fmt.Sprintf("%s: now in %s, version %d", ref.text, orDefault(names(after.Projects), "no project"), after.Version)
	if s.sharedAlone(ctx, after) {
		text += followed
	}
	return m.changed(s, after, text)
}

// sharedAlone says whether somebody may have a grant on a client-encrypted secret itself, whose KMS grant is for the
// project that the secret was in.
func (s *session) sharedAlone(ctx context.Context, secret client.Secret) bool {
	if secret.Encryption != api.EncryptionClient {
		return false
	}
	grants, _, err := s.Access(ctx, client.Resource{Secret: secret.ID})
	return err != nil || len(grants) > 0
}

// leave is the change that takes a secret out of a project.
func (m *Main) leave(old client.Secret, ref secretRef, from client.Project, in movement) (client.Change, error) {
	if !isIn(old, from.ID) {
		return client.Change{}, nil
	}
	if len(old.Projects) == 1 && old.Encryption == api.EncryptionServer { // the other kind can't be in none
		question := fmt.Sprintf("take %s out of the last project that you see it in, and find it by its id %s alone?", ref.text, old.ID)
		if err := m.confirm(question, "--yes", in.yes); err != nil {
			return client.Change{}, err
		}
	}
	return client.Change{Remove: []string{from.ID.String()}}, nil
}

// join is the change that puts a secret into a project, and takes it out of the one that it was named by.
func (s *session) join(ctx context.Context, old client.Secret, ref secretRef, to client.Project, in movement) (client.Change, error) {
	if to.Encryption != old.Encryption {
		return client.Change{}, usage("%s is encrypted by the %s, and what is in %s by the %s; `%s` makes a copy there",
			ref.text, old.Encryption, to.Name, to.Encryption, pasted("secret", "copy", ref.text, to.Name+"/"+old.Name))
	}
	var ch client.Change
	if !isIn(old, to.ID) {
		ch.Add = []string{to.ID.String()}
	}
	if in.keep {
		return ch, nil
	}
	from, err := s.home(ctx, old, ref)
	if err != nil {
		return client.Change{}, err
	}
	if from != to.ID.String() {
		ch.Remove = []string{from}
	}
	return ch, nil
}

// home is the id of the project that a secret was named by, or its only one.
func (s *session) home(ctx context.Context, secret client.Secret, ref secretRef) (string, error) {
	if ref.name != "" {
		p, err := s.Resolve(ctx, ref.project)
		return p.ID.String(), err
	}
	if len(secret.Projects) != 1 {
		return "", usage("%s is in %d projects that you see; name it as project/name to say which one it leaves, or say --keep",
			ref.text, len(secret.Projects))
	}
	return secret.Projects[0].ID.String(), nil
}
