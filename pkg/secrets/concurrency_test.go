package secrets_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

const clients = 16

// sideBySide lets that many clients each do their part.
func sideBySide(n int, do func(client int)) {
	var group sync.WaitGroup
	for client := range n {
		group.Go(func() { do(client) })
	}
	group.Wait()
}

func TestManyClientsLoseNothing(t *testing.T) {
	creates := 2000
	if testing.Short() {
		creates = 200
	}
	onBothAdapters(t, func(t *testing.T, a adapter) {
		w := secretstest.New(t, a)
		project := w.ServerProject("plain")
		sideBySide(clients, func(client int) {
			for i := client; i < creates; i += clients {
				_, created, err := w.CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{
					Name: fmt.Sprintf("S%04d", i), Value: ptr(fmt.Sprint(i)), ProjectIDs: []uuid.UUID{project},
				})
				if err != nil || !created {
					t.Errorf("secret %d: created %v, %v", i, created, err)
				}
			}
		})
		if n := countSecrets(t, w, project); n != creates {
			t.Errorf("%d secrets of %d are listed", n, creates)
		}
		t.Logf("%d creates by %d clients: %d transactions cancelled", creates, clients, w.Cancelled())
		before := w.Cancelled()

		const updates = 10
		shared := w.Secret("SHARED", "0", project)
		sideBySide(clients, func(client int) {
			for i := range updates {
				_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: shared.ID, UpdateSecret: api.UpdateSecret{
					Value: ptr(fmt.Sprintf("%d of client %d", i, client)),
				}})
				if err != nil {
					t.Errorf("update %d of client %d: %v", i, client, err)
				}
			}
		})
		if got := get(t, w, w.Owner, shared.ID); got.Version != 1+clients*updates {
			t.Errorf("%d updates made version %d", clients*updates, got.Version)
		}
		versions, err := w.ListSecretVersions(t.Context(), w.Owner, shared.ID, api.Page{Limit: 500})
		if err != nil || len(versions.Data) != 100 {
			t.Errorf("%d versions are kept: %v", len(versions.Data), err)
		}
		t.Logf("%d updates of one secret by %d clients: %d transactions cancelled", clients*updates, clients, w.Cancelled()-before)
	})
}

func countSecrets(t *testing.T, w *secretstest.World, project uuid.UUID) int {
	t.Helper()
	in, n := secrets.ListSecrets{Page: api.Page{Limit: 500}}, 0
	for {
		list, err := w.ListProjectSecrets(t.Context(), w.Owner, project, in)
		if err != nil {
			t.Fatal(err)
		}
		n += len(list.Data)
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			return n
		}
	}
}

func TestAProjectDeletedUnderCreatesShowsNothingAfterwards(t *testing.T) {
	onBothAdapters(t, func(t *testing.T, a adapter) {
		w := secretstest.New(t, a)
		project := w.ServerProject("plain")
		var made atomic.Int64
		sideBySide(8, func(client int) {
			for i := range 20 {
				if client == 0 && i == 5 {
					w.Trash(project)
				}
				_, _, err := w.CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{
					Name: fmt.Sprintf("S%d-%d", client, i), Value: ptr("x"), ProjectIDs: []uuid.UUID{project},
				})
				switch secretstest.Code(err) {
				case "":
					made.Add(1)
				case api.CodeNotFound:
				default:
					t.Errorf("create: %v", err)
				}
			}
		})
		_, err := w.ListProjectSecrets(t.Context(), w.Owner, project, secrets.ListSecrets{Page: page})
		wantCode(t, err, api.CodeNotFound)
		_, err = w.GetProjectValues(t.Context(), w.Owner, secrets.GetProjectValues{Project: project})
		wantCode(t, err, api.CodeNotFound)
		if made.Load() == 0 {
			t.Error("no create came before the deletion")
		}
	})
}

// TestTakersOfOneNameLeaveOne lets clients race for a name: one gets it, the others are told.
func TestTakersOfOneNameLeaveOne(t *testing.T) {
	onBothAdapters(t, func(t *testing.T, a adapter) {
		w := secretstest.New(t, a)
		project := w.ServerProject("plain")
		var won atomic.Int64
		sideBySide(clients, func(int) {
			_, _, err := w.CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{
				Name: "ONE", Value: ptr("x"), ProjectIDs: []uuid.UUID{project},
			})
			switch secretstest.Code(err) {
			case "":
				won.Add(1)
			case api.CodeConflict:
			default:
				t.Errorf("create: %v", err)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d clients got the name", won.Load())
		}
	})
}
