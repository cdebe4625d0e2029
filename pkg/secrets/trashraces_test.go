package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// stepping is the same organization as a container sees it, where a test steps in before every transaction.
func stepping(w *secretstest.World, step func()) *secretstest.World {
	c := &countingTable{}
	var once sync.Once
	c.transact = func(ctx context.Context, tx table.Transaction) error {
		once.Do(step)
		return c.Table.Transact(ctx, tx)
	}
	return w.Again(func(inner table.Table) table.Table { c.Table = inner; return c })
}

func TestTheTrashInRaces(t *testing.T) {
	type race func(t *testing.T, w trashWorld, project, secret uuid.UUID)
	bulk := func(results api.BulkResults, err error) func(t *testing.T, want api.Code) {
		return func(t *testing.T, want api.Code) { t.Helper(); wantBulk(t, results, err, want) }
	}
	ids := func(id uuid.UUID) []uuid.UUID { return []uuid.UUID{id} }
	for name, run := range map[string]race{
		"a restore, and a create of the name": func(t *testing.T, w trashWorld, project, secret uuid.UUID) {
			w.delete(secret)
			again := stepping(w.World, func() { w.Secret("A", "other", project) })
			bulk(again.RestoreFromTrash(t.Context(), w.Owner, w.Organization, api.RestoreFromTrash{IDs: ids(secret)}))(t, api.CodeConflict)
			if code := w.restore(secret, ptr("B")); code != "" {
				t.Errorf("with another name it answers %q", code)
			}
		},
		"a create, and a restore of the name": func(t *testing.T, w trashWorld, project, secret uuid.UUID) {
			w.delete(secret)
			again := stepping(w.World, func() { w.restore(secret, nil) })
			_, _, err := again.CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{Name: "A", Value: ptr("x"), ProjectIDs: ids(project)})
			wantCode(t, err, api.CodeConflict)
			get(t, w.World, w.Owner, secret)
		},
		"a purge, and a restore": func(t *testing.T, w trashWorld, _, secret uuid.UUID) {
			w.delete(secret)
			again := stepping(w.World, func() { w.restore(secret, nil) })
			bulk(again.PurgeTrash(t.Context(), w.Owner, w.Organization, api.IDs{IDs: ids(secret)}))(t, api.CodeConflict)
			get(t, w.World, w.Owner, secret)
		},
		"a restore, and a purge": func(t *testing.T, w trashWorld, _, secret uuid.UUID) {
			w.delete(secret)
			again := stepping(w.World, func() { w.purge(secret) })
			bulk(again.RestoreFromTrash(t.Context(), w.Owner, w.Organization, api.RestoreFromTrash{IDs: ids(secret)}))(t, api.CodeNotFound)
		},
		"a purge of a project, and its restore": func(t *testing.T, w trashWorld, project, secret uuid.UUID) {
			w.delete(project)
			again := stepping(w.World, func() { w.restore(project, nil) })
			bulk(again.PurgeTrash(t.Context(), w.Owner, w.Organization, api.IDs{IDs: ids(project)}))(t, api.CodeConflict)
			w.sweepOnce()
			get(t, w.World, w.Owner, secret)
		},
		"the end of its time, and a restore": func(t *testing.T, w trashWorld, _, secret uuid.UUID) {
			w.delete(secret)
			w.Clock.Advance(31 * 24 * time.Hour)
			again := stepping(w.World, func() { w.restore(secret, nil) })
			done, err := again.PurgeExpiredTrash(t.Context())
			if err != nil || done.Failed > 0 {
				t.Error(done, err)
			}
			get(t, w.World, w.Owner, secret)
		},
		"an update of a secret, and the purge of its only project": func(t *testing.T, w trashWorld, project, secret uuid.UUID) {
			again := stepping(w.World, func() { w.delete(project); w.purge(project); w.sweepOnce() })
			_, err := again.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret, UpdateSecret: api.UpdateSecret{Value: ptr("x")}})
			wantCode(t, err, api.CodeNotFound)
		},
		"an update of a secret, and the purge of one of its projects": func(t *testing.T, w trashWorld, project, secret uuid.UUID) {
			other := w.ServerProject("other")
			_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret, UpdateSecret: api.UpdateSecret{AddProjectIDs: ids(other)}})
			wantCode(t, err, "")
			again := stepping(w.World, func() { w.delete(project); w.purge(project); w.sweepOnce() })
			after, err := again.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret, UpdateSecret: api.UpdateSecret{Value: ptr("x")}})
			if err != nil || after.Value != "x" || len(after.Projects) != 1 || after.Projects[0].ID != other {
				t.Errorf("it is %+v, %v", after, err)
			}
		},
		"a create in a project, and the purge of it": func(t *testing.T, w trashWorld, project, _ uuid.UUID) {
			again := stepping(w.World, func() { w.delete(project); w.purge(project); w.sweepOnce() })
			made, _, err := again.CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{Name: "B", Value: ptr("x"), ProjectIDs: ids(project)})
			wantCode(t, err, "") // harmless: nobody sees it there
			w.sweep()
			_, err = w.GetSecret(t.Context(), w.Owner, made.ID, nil)
			wantCode(t, err, api.CodeNotFound)
		},
		"a sweep, and another": func(t *testing.T, w trashWorld, project, _ uuid.UUID) {
			for i := range 30 {
				w.Secret(fmt.Sprint("S", i), "x", project)
			}
			w.delete(project)
			w.purge(project)
			var group sync.WaitGroup
			for range 4 {
				again := w.Again(nil)
				group.Go(func() {
					if _, err := again.SweepDeleted(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if told := events(w.World, of(operation.SweepDeleted)); len(told) != 31 {
				t.Errorf("%d events of 31 secrets", len(told))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTrashWorld(t)
			project := w.ServerProject("plain")
			run(t, w, project, w.Secret("A", "v", project).ID)
			wantWholeAfter(t, w)
		})
	}
}

// wantWholeAfter sweeps, and looks at what is left.
func wantWholeAfter(t *testing.T, w trashWorld) {
	t.Helper()
	w.sweep()
	wantWhole(t, w.Organization, w.recording.all())
}

func TestALostAnswerOfTheTrashActsOnce(t *testing.T) {
	for name, do := range map[string]func(w *secretstest.World, id uuid.UUID) (api.BulkResults, error){
		"restore": func(w *secretstest.World, id uuid.UUID) (api.BulkResults, error) {
			return w.RestoreFromTrash(w.Context(), w.Owner, w.Organization, api.RestoreFromTrash{IDs: []uuid.UUID{id}})
		},
		"purge": func(w *secretstest.World, id uuid.UUID) (api.BulkResults, error) {
			return w.PurgeTrash(w.Context(), w.Owner, w.Organization, api.IDs{IDs: []uuid.UUID{id}})
		},
	} {
		for _, project := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, a project %v", name, project), func(t *testing.T) {
				w := newTrashWorld(t)
				id := w.ServerProject("plain")
				if !project {
					id = w.Secret("A", "v", id).ID
				}
				w.delete(id)
				results, err := do(losing(w.World, nil), id)
				wantBulk(t, results, err, "")
				told := append(events(w.World, of(operation.RestoreFromTrash)), events(w.World, of(operation.PurgeTrash))...)
				if len(told) != 1 {
					t.Errorf("it is told %d times", len(told))
				}
				wantWholeAfter(t, w)
			})
		}
	}
}

// TestASweepGoesOnWhereAnotherFailed lets every transaction of a sweep fail once.
func TestASweepGoesOnWhereAnotherFailed(t *testing.T) {
	w := newTrashWorld(t)
	project, other := w.ServerProject("plain"), w.ServerProject("other")
	user, _ := w.User("developer", access.RoleMember)
	w.Grant(project, access.Read, user)
	for i := range 20 {
		w.Secret(fmt.Sprint("S", i), "x", project)
		w.Secret(fmt.Sprint("BOTH", i), "x", project, other)
	}
	w.delete(project)
	w.purge(project)
	wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, user), "")
	runs := 0
	for again := w.World; ; runs++ {
		c := &countingTable{}
		c.transact = func(ctx context.Context, tx table.Transaction) error {
			if c.writes.Load() > 3 {
				return errors.New("out of order")
			}
			return c.Table.Transact(ctx, tx)
		}
		again = again.Again(nil)
		broken := w.Again(func(inner table.Table) table.Table { c.Table = inner; return c })
		done, err := broken.SweepDeleted(t.Context())
		if err == nil && !done.Unfinished {
			break
		}
		if done.Failed == 0 || !done.Unfinished || runs > 200 {
			t.Fatalf("run %d: %+v, %v", runs, done, err)
		}
	}
	if runs < 10 {
		t.Errorf("only %d runs failed", runs)
	}
	if told := events(w.World, of(operation.SweepDeleted)); len(told) != 40 {
		t.Errorf("%d events of 40 secrets", len(told))
	}
	wantWholeAfter(t, w)
}

func TestARunEndsBeforeItsTimeIsUp(t *testing.T) {
	w := newTrashWorld(t)
	w.delete(w.Secret("A", "v").ID)
	w.Clock.Advance(40 * 24 * time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	for name, run := range map[string]func(context.Context) (secrets.RunSummary, error){
		"sweep-deleted": w.SweepDeleted, "purge-expired-trash": w.PurgeExpiredTrash,
	} {
		if done, err := run(ctx); err != nil || done != (secrets.RunSummary{Unfinished: true}) {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
	}
}
