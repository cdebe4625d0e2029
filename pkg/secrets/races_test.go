package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// A countingTable counts transactions, and lets a test step in before any call.
type countingTable struct {
	table.Table
	calls    atomic.Int64
	writes   atomic.Int64
	before   func(call int64)
	transact func(context.Context, table.Transaction) error
}

func (c *countingTable) step() {
	if n := c.calls.Add(1); c.before != nil {
		c.before(n)
	}
}

func (c *countingTable) Get(ctx context.Context, key table.Key) (table.Item, bool, error) {
	c.step()
	return c.Table.Get(ctx, key)
}

func (c *countingTable) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	c.step()
	return c.Table.BatchGet(ctx, keys)
}

func (c *countingTable) TransactGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	c.step()
	return c.Table.TransactGet(ctx, keys)
}

func (c *countingTable) Query(ctx context.Context, q table.Query) (table.Page, error) {
	c.step()
	return c.Table.Query(ctx, q)
}

func (c *countingTable) Transact(ctx context.Context, t table.Transaction) error {
	c.writes.Add(1)
	if c.transact != nil {
		return c.transact(ctx, t)
	}
	return c.Table.Transact(ctx, t)
}

// A torn table answers the keys of a batch one after the other, as DynamoDB may, and lets a test step in between.
type tornTable struct {
	*countingTable
	reversed bool
}

func (c tornTable) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	items := map[table.Key]table.Item{}
	for i := range keys {
		key := keys[i]
		if c.reversed {
			key = keys[len(keys)-1-i]
		}
		item, found, err := c.countingTable.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		if found {
			items[key] = item
		}
	}
	return items, nil
}

// TestNoNewValueIsShownUnderAnOldGrant revokes a grant and then sets a new value between any two reads of a request
// that began before: the request may answer the old value, or nothing, but never the new one.
func TestNoNewValueIsShownUnderAnOldGrant(t *testing.T) {
	type reader func(w *secretstest.World, by secrets.Caller, secret, project uuid.UUID) (value string, err error)
	readers := map[string]reader{
		"get-secret": func(w *secretstest.World, by secrets.Caller, secret, _ uuid.UUID) (string, error) {
			s, err := w.GetSecret(w.Context(), by, secret, nil)
			return s.Value + s.Note, err
		},
		"get-secret, hinted": func(w *secretstest.World, by secrets.Caller, secret, project uuid.UUID) (string, error) {
			s, err := w.GetSecret(w.Context(), by, secret, []uuid.UUID{project})
			return s.Value + s.Note, err
		},
		"get-secret-by-name": func(w *secretstest.World, by secrets.Caller, _, project uuid.UUID) (string, error) {
			s, err := w.GetSecretByName(w.Context(), by, project, "A")
			return s.Value + s.Note, err
		},
		"get-secrets-by-ids": func(w *secretstest.World, by secrets.Caller, secret, _ uuid.UUID) (string, error) {
			s, err := w.GetSecretsByIDs(w.Context(), by, api.IDs{IDs: []uuid.UUID{secret}})
			if err != nil || len(s.Data) == 0 {
				return "", err
			}
			return s.Data[0].Value + s.Data[0].Note, nil
		},
		"get-project-values": func(w *secretstest.World, by secrets.Caller, _, project uuid.UUID) (string, error) {
			list, err := w.GetProjectValues(w.Context(), by, secrets.GetProjectValues{Project: project})
			if err != nil || len(list.Data) == 0 {
				return "", err
			}
			return list.Data[0].Value, nil
		},
		"get-secret-version": func(w *secretstest.World, by secrets.Caller, secret, _ uuid.UUID) (string, error) {
			v, err := w.GetSecretVersion(w.Context(), by, secret, 2)
			if err != nil || v.Value == nil {
				return "", err
			}
			return *v.Value, nil
		},
		"update-secret that changes nothing": func(w *secretstest.World, by secrets.Caller, secret, _ uuid.UUID) (string, error) {
			s, err := w.UpdateSecret(w.Context(), by, secrets.UpdateSecret{ID: secret})
			return s.Value + s.Note, err
		},
	}
	revocations := map[string]func(w *secretstest.World, user, project uuid.UUID){
		"grant revoked": func(w *secretstest.World, _, project uuid.UUID) {
			if _, err := w.PutProjectAccess(w.Context(), w.Owner, secrets.PutAccess{ID: project, Grants: []api.Grant{}}); err != nil {
				w.Fatal(err)
			}
		},
		"disabled": func(w *secretstest.World, user, _ uuid.UUID) {
			if _, err := w.SetDisabled(w.Context(), w.Owner, user, true); err != nil {
				w.Fatal(err)
			}
		},
	}
	points := 0
	for name, read := range readers {
		for how, revoke := range revocations {
			for _, reversed := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, reversed %v", name, how, reversed), func(t *testing.T) {
					for point := int64(1); ; point++ {
						if point > 100 {
							t.Fatal("the request never ends")
						}
						w := newWorld(t)
						w.TB = t
						project := w.ServerProject("plain")
						secret := w.Secret("A", "old", project)
						user, asUser := w.User("developer", access.RoleMember)
						w.Grant(project, access.Write, user)
						w.Clock.Advance(time.Minute)
						counting := &countingTable{}
						counting.before = func(call int64) {
							if call == point {
								revoke(w, user, project)
								_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{
									ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("NEW"), Note: ptr("NEW")},
								})
								wantCode(t, err, "")
							}
						}
						again := w.Again(func(inner table.Table) table.Table {
							counting.Table = inner
							return tornTable{counting, reversed}
						})
						value, err := read(again, asUser, secret.ID, project)
						if counting.calls.Load() < point {
							break // the request was over before
						}
						points++
						if err == nil && value != "" && value != "old" {
							t.Fatalf("stepping in before read %d, the request shows %q", point, value)
						}
						if secretstest.Code(err) == api.CodeInternal {
							t.Fatal(err)
						}
					}
				})
			}
		}
	}
	if points < 100 {
		t.Errorf("only %d points were tried", points)
	}
}

// TestAnAnswerThatGotLostActsOnce loses the answer of a transaction that happened, and of one that did not: either way
// the request is done once.
func TestAnAnswerThatGotLostActsOnce(t *testing.T) {
	lost := errors.New("connection lost")
	for _, happened := range []bool{true, false} {
		t.Run(fmt.Sprintf("happened %v", happened), func(t *testing.T) {
			w := newWorld(t)
			project := w.ServerProject("plain")
			counting := &countingTable{}
			var once sync.Once
			counting.transact = func(ctx context.Context, tx table.Transaction) (err error) {
				answered := true
				once.Do(func() { answered = false })
				if answered || happened {
					err = counting.Table.Transact(ctx, tx)
				}
				if !answered {
					return lost
				}
				return err
			}
			again := w.Again(func(inner table.Table) table.Table { counting.Table = inner; return counting })
			secret, created, err := again.CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{
				Name: "A", Value: ptr("one"), ProjectIDs: []uuid.UUID{project},
			})
			if err != nil || !created {
				t.Fatal(created, err)
			}
			once = sync.Once{}
			updated, err := again.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{
				ID: secret.ID, Match: `"1"`, UpdateSecret: api.UpdateSecret{Value: ptr("two")},
			})
			if err != nil || updated.Version != 2 {
				t.Fatalf("updated: %+v, %v", updated, err)
			}
			once = sync.Once{}
			restored, err := again.RestoreSecretVersion(t.Context(), w.Owner, secret.ID, `"2"`, 1)
			if err != nil || restored.Version != 3 {
				t.Fatalf("restored: %+v, %v", restored, err)
			}
			once = sync.Once{}
			if _, err := again.UpdateProject(t.Context(), w.Owner, project, `"1"`, api.UpdateProject{Name: ptr("renamed")}); err != nil {
				t.Fatal(err)
			}
			client := w.ClientProject("client")
			once = sync.Once{}
			added, err := again.AddProjectKey(t.Context(), w.Owner, client.ID, `"1"`, api.NewProjectKey{ID: uuid.New(), Wrapped: []byte("new")})
			if err != nil || len(*added.Keys) != 2 {
				t.Fatalf("a key was added: %+v, %v", added, err)
			}
			if got := get(t, w, w.Owner, secret.ID); got.Version != 3 || got.Value != "one" {
				t.Errorf("in the end it is %+v", got)
			}
		})
	}
}

// TestNoGoroutineOutlivesItsRequest runs what works side by side, allowed and refused: Lambda freezes what goes on after
// an answer, and it would go on in somebody else's request.
func TestNoGoroutineOutlivesItsRequest(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	var ids api.IDs
	for i := range 20 {
		ids.IDs = append(ids.IDs, w.Secret(fmt.Sprint(i), "value", project).ID)
	}
	client, key := w.ClientProject("client"), api.NewProjectKey{ID: uuid.New(), Wrapped: []byte("wrapped")}
	user, asUser := w.User("developer", access.RoleMember)
	w.Grant(project, access.Read, user)
	w.Grant(client.ID, access.Manage, user)
	_, asNobody := w.User("nobody", access.RoleMember)
	all := func() {
		for _, by := range []secrets.Caller{asUser, asNobody, secretstest.Caller("stranger")} {
			_, _ = w.GetProjectValues(t.Context(), by, secrets.GetProjectValues{Project: project})
			_, _ = w.ListProjectSecrets(t.Context(), by, project, secrets.ListSecrets{Page: page})
			_, _ = w.ListSecrets(t.Context(), by, w.Organization, secrets.ListSecrets{Page: page})
			_, _ = w.ListSecretVersions(t.Context(), by, ids.IDs[0], page)
			_, _ = w.GetSecretsByIDs(t.Context(), by, ids)
			_, _ = w.AddProjectKey(t.Context(), by, client.ID, "", key)
			_, _ = w.DeleteSecrets(t.Context(), by, ids)
		}
	}
	all()
	before := runtime.NumGoroutine()
	for range 20 {
		all()
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before and %d after", before, after)
	}
}
