package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) secretDelete() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "delete REF… [--yes]", Short: "put secrets into the trash",
		Long: "Put secrets into the trash, and say of each what became of it.\n\n" + references + "\n\n" +
			"  strongroom secret delete demo/DATABASE_URL\n" +
			"  strongroom secret delete --yes demo/A demo/B 01940000-0000-7000-8000-000000000000\n\n" +
			"A secret leaves all of its projects, and its name is free. The trash keeps it with its history:\n" +
			"`strongroom trash restore` brings it back, until the time is over that `strongroom trash list` shows.",
		Args: atLeast("REF"),
		RunE: func(c *cobra.Command, args []string) error { return m.deleteSecrets(c.Context(), args, yes) },
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return c
}

// A deletion is a secret that is to go into the trash, and how it went.
type deletion struct {
	Secret string         `json:"secret"`
	ID     *uuid.UUID     `json:"id,omitempty"`
	Error  *api.BulkError `json:"error,omitempty"`
}

func (m *Main) deleteSecrets(ctx context.Context, texts []string, yes bool) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	all, err := s.lookUp(ctx, texts)
	if err != nil {
		return err
	}
	var ids []uuid.UUID
	for _, d := range all {
		if d.ID != nil && !slices.Contains(ids, *d.ID) {
			ids = append(ids, *d.ID)
		}
	}
	if len(ids) > 0 {
		if err := m.confirm(askToDelete(all, len(ids)), "--yes", yes); err != nil {
			return err
		}
		results, err := s.Delete(ctx, ids...)
		note(all, results)
		if len(results) == 0 && err != nil {
			return err
		}
		if err != nil { // what was done is shown too
			m.say(explain(err).Error())
		}
	}
	return m.showDeletions(s, all)
}

// lookUp finds what is named. What is not there is noted; anything else that goes wrong ends it before anything is done.
func (s *session) lookUp(ctx context.Context, texts []string) ([]deletion, error) {
	refs := make([]secretRef, len(texts))
	for i, text := range texts {
		ref, err := s.ref(ctx, text)
		if err != nil {
			return nil, err
		}
		refs[i] = ref
	}
	all := make([]deletion, len(refs))
	for i, ref := range refs {
		all[i].Secret = ref.text
		id, err := s.Lookup(ctx, ref.text)
		var answered *client.Error
		switch {
		case errors.As(err, &answered) && answered.API.Code == api.CodeNotFound:
			all[i].Error = &api.BulkError{Code: answered.API.Code, Message: answered.API.Message}
		case err != nil:
			return nil, err
		default:
			all[i].ID = &id
		}
	}
	return all, nil
}

func askToDelete(all []deletion, n int) string {
	if n > 1 {
		return fmt.Sprintf("put %d secrets into the trash?", n)
	}
	i := slices.IndexFunc(all, func(d deletion) bool { return d.ID != nil })
	return fmt.Sprintf("put %s into the trash?", all[i].Secret)
}

// note notes what was answered for each id, and for which nothing was.
func note(all []deletion, results []api.BulkResult) {
	for i, d := range all {
		if d.ID == nil {
			continue
		}
		answered := slices.IndexFunc(results, func(r api.BulkResult) bool { return r.ID == *d.ID })
		if answered < 0 {
			all[i].Error = &api.BulkError{Code: api.CodeUnavailable, Message: "no answer; delete it again"}
			continue
		}
		all[i].Error = results[answered].Error
	}
}

// showDeletions shows what is in the trash, and says what is not, and why.
func (m *Main) showDeletions(s *session, all []deletion) error {
	var rows [][]string
	for _, d := range all {
		if d.Error == nil {
			rows = append(rows, []string{d.Secret, "in the trash"})
			continue
		}
		m.sayf("%s is not deleted: %s: %s", d.Secret, d.Error.Code, d.Error.Message)
	}
	failed := len(all) - len(rows)
	if err := m.show(s.settings, listing{rows: rows, data: all}); err != nil || failed == 0 {
		return err
	}
	return fmt.Errorf("%d of %s not deleted", failed, counted(len(all), "secret was", "secrets were"))
}
