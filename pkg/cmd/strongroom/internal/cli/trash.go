package cli

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
)

func (m *Main) trash() *cobra.Command {
	return group(&cobra.Command{
		Use: "trash", Short: "show, restore and remove for good what was deleted",
		Long: "The trash keeps deleted projects and secrets, with their history, for as long as the organization says: 30 days,\n" +
			"if nothing else. Their names are free meanwhile. Whoever could have deleted something may bring it back.",
	}, m.trashList(), m.trashRestore(), m.trashPurge())
}

func (m *Main) trashList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list what is in the trash", Args: none,
		Long: "List what is in the trash, newest first: who put it there, and until when it can be restored. Owners, admins and\n" +
			"auditors see all of it, others what they could have deleted.\n\n" +
			"  strongroom trash list",
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			entries, err := collect(s.Trash(c.Context()))
			if err != nil {
				return err
			}
			l := listing{header: []string{"KIND", "NAME", "DELETED", "BY", "KEPT UNTIL", "ID"}, data: entries}
			for _, e := range entries {
				l.rows = append(l.rows, []string{e.Kind, e.Name, moment(e.TrashedAt), e.TrashedBy.Name, moment(e.PurgeAt), e.ID.String()})
			}
			return m.show(s.settings, l)
		},
	}
}

// A trashed is something in the trash as it was named, and how it went with it.
type trashed struct {
	Named string         `json:"named"`
	Kind  string         `json:"kind,omitempty"`
	Name  string         `json:"name,omitempty"`
	ID    *uuid.UUID     `json:"id,omitempty"`
	Error *api.BulkError `json:"error,omitempty"`
}

// called is how it is spoken of.
func (t trashed) called() string {
	if t.Name == "" {
		return t.Named
	}
	return fmt.Sprintf("%s %q", t.Kind, t.Name)
}

// findTrashed finds what is named: by its id, whether or not the trash has it, or by its name.
func (s *session) findTrashed(ctx context.Context, named []string) ([]trashed, error) {
	entries, err := collect(s.Trash(ctx))
	if err != nil {
		return nil, err
	}
	all := make([]trashed, len(named))
	for i, text := range named {
		all[i].Named = text
		var found []api.TrashEntry
		for _, e := range entries {
			if e.ID.String() == text || e.Name == text {
				found = append(found, e)
			}
		}
		id, err := uuid.Parse(text)
		switch {
		case len(found) == 1:
			all[i].Kind, all[i].Name, all[i].ID = found[0].Kind, found[0].Name, &found[0].ID
		case len(found) > 1:
			return nil, usage("the trash has %d things that are called %q; name one by its id: %s", len(found), text, idsOfTrash(found))
		case err == nil && id.String() == text:
			all[i].ID = &id
		default:
			all[i].Error = &api.BulkError{Code: api.CodeNotFound, Message: "nothing in the trash is called so, or nothing that you may see there"}
		}
	}
	return all, nil
}

func idsOfTrash(entries []api.TrashEntry) string {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = fmt.Sprintf("%s (%s, deleted %s)", e.ID, e.Kind, moment(e.TrashedAt))
	}
	return strings.Join(ids, ", ")
}

// found are the ids of what was found, each once.
func found(all []trashed) []uuid.UUID {
	var ids []uuid.UUID
	seen := map[uuid.UUID]bool{}
	for _, t := range all {
		if t.ID != nil && !seen[*t.ID] {
			seen[*t.ID] = true
			ids = append(ids, *t.ID)
		}
	}
	return ids
}

// noteAll notes how it went, and says why where only a part was answered. Where nothing was, it is an error.
func (m *Main) noteAll(all []trashed, results []api.BulkResult, err error) error {
	noteResults(all, results)
	if err != nil && len(results) > 0 { // what was done is shown too
		m.say(explain(err).Error())
		return nil
	}
	return err
}

// noteResults notes what was answered for each id, and for which nothing was.
func noteResults(all []trashed, results []api.BulkResult) {
	answered := map[uuid.UUID]api.BulkResult{}
	for _, r := range results {
		answered[r.ID] = r
	}
	for i, t := range all {
		if t.ID == nil {
			continue
		}
		if r, ok := answered[*t.ID]; ok {
			all[i].Error = r.Error
		} else {
			all[i].Error = &api.BulkError{Code: api.CodeUnavailable, Message: "no answer; try it again"}
		}
	}
}

// showTrashed shows of what it was done, and says of what it was not, and why.
func (m *Main) showTrashed(s *session, all []trashed, done string) error {
	var rows [][]string
	for _, t := range all {
		if t.Error == nil {
			rows = append(rows, []string{t.called(), done})
			continue
		}
		m.sayf("%s is not %s: %s: %s", t.called(), done, t.Error.Code, t.Error.Message)
	}
	failed := len(all) - len(rows)
	if err := m.show(s.settings, listing{rows: rows, data: all}); err != nil || failed == 0 {
		return err
	}
	return fmt.Errorf("%d of %s not %s", failed, counted(len(all), "thing was", "things were"), done)
}

// completeTrash offers the names of what is in the trash.
func (m *Main) completeTrash(ctx context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return m.complete(ctx, begun, trashWords(func(e api.TrashEntry) string { return e.Name }))
}

// completeTrashID offers the ids of what is in the trash.
func (m *Main) completeTrashID(ctx context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return m.complete(ctx, begun, trashWords(func(e api.TrashEntry) string { return e.ID.String() }))
}

func trashWords(word func(api.TrashEntry) string) func(context.Context, *session) iter.Seq2[string, error] {
	return func(ctx context.Context, s *session) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for e, err := range s.Trash(ctx) {
				if !yield(word(e), err) {
					return
				}
			}
		}
	}
}
