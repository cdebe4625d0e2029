package cli

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
)

func (m *Main) trashRestore() *cobra.Command {
	var name string
	c := &cobra.Command{
		Use: "restore DELETED… [--name NEW]", Short: "bring back what was deleted", Args: atLeast("DELETED"),
		Long: "Bring back projects and secrets from the trash, named by name or by id, and say of each what became of it.\n\n" +
			"A secret comes back with its history, into those of its projects that are there: restore its project first, or\n" +
			"together with it. Where none is, it is in no project then, but a client-encrypted one can't be. Where its name\n" +
			"was taken meanwhile, --name gives another one; not to a client-encrypted secret, whose value is bound to it.\n\n" +
			"  strongroom trash restore shop\n" +
			"  strongroom trash restore shop DATABASE_URL 01940000-0000-7000-8000-000000000000\n" +
			"  strongroom trash restore DATABASE_URL --name OLD_DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error {
			if name != "" && len(args) > 1 {
				return usage("--name goes with one thing that is restored, not with %d", len(args))
			}
			return m.restoreTrash(c.Context(), args, name)
		},
	}
	c.Flags().StringVar(&name, "name", "", "call it `NEW` from now on")
	return c
}

func (m *Main) restoreTrash(ctx context.Context, named []string, name string) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	all, err := s.findTrashed(ctx, named)
	if err != nil {
		return err
	}
	if ids := found(all); len(ids) > 0 {
		results, err := s.RestoreFromTrash(ctx, name, ids...)
		if err := m.noteAll(all, results, err); err != nil {
			return err
		}
		m.sayWhatFollows(ctx, s, all)
	}
	return m.showTrashed(s, all, "restored")
}

// sayWhatFollows says what is to be done for restored things whose values clients encrypt: KMS knows nothing of the trash,
// and values that were written, or keys that were made, meanwhile leave some under the wrong keys.
func (m *Main) sayWhatFollows(ctx context.Context, s *session, all []trashed) {
	secrets, projects, err := s.back(ctx, all)
	for _, id := range projects {
		var p api.Project
		if p, err = s.Project(ctx, id.String()); err != nil {
			break
		}
		if p.Encryption != api.EncryptionClient {
			continue
		}
		m.sayf("project %q: KMS grants may lag behind; `%s` makes them as they should be", p.Name, pasted("access", "sync", p.Name))
		stale := 0
		for secret, problem := range s.Stale(ctx, id.String()) {
			if err = problem; err != nil {
				break
			}
			if len(secrets[id]) == 0 || slices.Contains(secrets[id], secret.ID) {
				stale++
			}
		}
		if stale > 0 {
			m.sayf("project %q: %s not under its current key; `%s` encrypts what is not anew", p.Name,
				counted(stale, "restored value is", "restored values are"), pasted("project", "rotate-key", p.Name, "--resume"))
		}
	}
	if err != nil {
		m.sayf("what follows for keys is not known: %s", err)
	}
}

// back are the projects that are restored, or that restored secrets are in; these secrets by project, none where the project
// itself is back.
func (s *session) back(ctx context.Context, all []trashed) (secrets map[uuid.UUID][]uuid.UUID, projects []uuid.UUID, err error) {
	secrets = map[uuid.UUID][]uuid.UUID{}
	for _, t := range all {
		if t.Error == nil && t.Kind == "project" && !slices.Contains(projects, *t.ID) {
			projects = append(projects, *t.ID)
		}
	}
	restored := slices.Clone(projects)
	for _, t := range all {
		if t.Error != nil || t.Kind != "secret" {
			continue
		}
		entry, err := s.FindSecret(ctx, t.ID.String())
		if err != nil {
			return secrets, projects, err
		}
		for _, p := range entry.Projects {
			if slices.Contains(restored, p.ID) {
				continue
			}
			secrets[p.ID] = append(secrets[p.ID], *t.ID)
			if !slices.Contains(projects, p.ID) {
				projects = append(projects, p.ID)
			}
		}
	}
	return secrets, projects, nil
}
