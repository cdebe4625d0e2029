package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/envelope"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// losing is the same organization as a container sees it whose first transaction happens, is followed by what after
// does, and whose answer then gets lost.
func losing(w *secretstest.World, after func()) *secretstest.World {
	c := &countingTable{}
	c.transact = func(ctx context.Context, tx table.Transaction) error {
		err := c.Table.Transact(ctx, tx)
		if c.writes.Load() > 1 {
			return err
		}
		if after != nil {
			after()
		}
		return errors.New("connection lost")
	}
	return w.Again(func(inner table.Table) table.Table { c.Table = inner; return c })
}

// TestALostAnswerIsASuccessEvenWhereItEndedOnesOwnRight: the request did what was asked, so that is what is answered.
func TestALostAnswerIsASuccessEvenWhereItEndedOnesOwnRight(t *testing.T) {
	cases := map[string]func(w *secretstest.World) error{
		"giving up manage": func(w *secretstest.World) error {
			project := w.ServerProject("plain")
			asUser := asMember(w, project)
			_, err := losing(w, nil).PutProjectAccess(w.Context(), asUser, secrets.PutAccess{ID: project, Force: true, Grants: []api.Grant{}})
			return err
		},
		"moving a secret away": func(w *secretstest.World) error {
			from, to := w.ServerProject("from"), w.ServerProject("to")
			user, asUser := w.User("developer", access.RoleMember)
			w.Grant(from, access.Manage, user)
			w.Grant(to, access.Write, user)
			secret := w.Secret("A", "v", from)
			_, err := losing(w, nil).UpdateSecret(w.Context(), asUser, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{
				AddProjectIDs: []uuid.UUID{to}, RemoveProjectIDs: []uuid.UUID{from},
			}})
			return err
		},
		"demoting oneself": func(w *secretstest.World) error {
			user, asUser := w.User("admin", access.RoleAdmin)
			_, err := losing(w, nil).UpdatePrincipal(w.Context(), asUser, user, "", api.UpdatePrincipal{Role: ptr(access.RoleMember)})
			return err
		},
		"disabling oneself": func(w *secretstest.World) error {
			user, asUser := w.User("admin", access.RoleAdmin)
			_, err := losing(w, nil).SetDisabled(w.Context(), asUser, user, true)
			return err
		},
		"deleting oneself": func(w *secretstest.World) error {
			user, asUser := w.User("admin", access.RoleAdmin)
			return losing(w, nil).DeletePrincipal(w.Context(), asUser, user)
		},
	}
	for name, do := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.TB = t
			wantCode(t, do(w), "")
		})
	}
}

func TestALostAnswerActsOnceThoughOthersCameAfter(t *testing.T) {
	w := newWorld(t)
	user := w.Principal(access.KindUser, "ada", access.RoleMember)
	group := w.Group("team")
	again := losing(w, func() {
		_, err := w.ChangeGroupMembers(t.Context(), w.Owner, group, api.ChangeGroupMembers{Remove: []uuid.UUID{user}})
		wantCode(t, err, "")
	})
	results, err := again.ChangeGroupMembers(t.Context(), w.Owner, group, api.ChangeGroupMembers{Add: []uuid.UUID{user}})
	if err != nil || results.Data[0].Error != nil {
		t.Fatal(results, err)
	}
	list, err := w.ListGroupMembers(t.Context(), w.Owner, group, page)
	if err != nil || len(list.Data) != 0 {
		t.Errorf("the member that was removed since is back: %+v, %v", list.Data, err)
	}
}

// TestALostAnswerIsFoundAmongMany: a secret remembers the last eight requests that changed it.
func TestALostAnswerIsFoundAmongMany(t *testing.T) {
	w := newWorld(t)
	const others = 20
	secret := w.Secret("A", "one", w.ServerProject("plain"))
	again := losing(w, func() {
		for i := range others {
			_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr(fmt.Sprint(i))}})
			wantCode(t, err, "")
		}
	})
	updated, err := again.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{
		ID: secret.ID, Match: `"1"`, UpdateSecret: api.UpdateSecret{Value: ptr("two")},
	})
	if err != nil || updated.Version != 2 {
		t.Errorf("updated: %+v, %v", updated, err)
	}
	if got := get(t, w, w.Owner, secret.ID); got.Version != 2+others || got.Value != fmt.Sprint(others-1) {
		t.Errorf("in the end it is %+v", got)
	}
}

func TestALostAnswerShowsNothingThatCameAfter(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	user, asUser := w.User("developer", access.RoleMember)
	w.Grant(project, access.Write, user)
	id := w.NewID()
	again := losing(w, func() {
		_, err := w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: project, Grants: []api.Grant{}})
		wantCode(t, err, "")
		_, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: id, UpdateSecret: api.UpdateSecret{Value: ptr("NEW")}})
		wantCode(t, err, "")
	})
	secret, created, err := again.CreateSecret(t.Context(), asUser, w.Organization, api.CreateSecret{
		ID: &id, Name: "A", Value: ptr("old"), ProjectIDs: []uuid.UUID{project},
	})
	if err != nil || !created || secret.Value != "old" {
		t.Errorf("created %v: %+v, %v", created, secret, err)
	}
}

func TestATableThatIsOutOfOrderIsNotAskedForever(t *testing.T) {
	w := newWorld(t)
	c := &countingTable{}
	c.transact = func(context.Context, table.Transaction) error { return errors.New("access denied") }
	again := w.Again(func(inner table.Table) table.Table { c.Table = inner; return c })
	_, _, err := again.CreatePrincipal(t.Context(), w.Owner, w.Organization, api.CreatePrincipal{Kind: access.KindUser, Name: "x"})
	wantCode(t, err, api.CodeUnavailable)
	if n := c.writes.Load(); n != 3 {
		t.Errorf("%d attempts were made", n)
	}
}

// slowKeys take eight seconds to unwrap a key.
type slowKeys struct{ *secretstest.World }

func (k slowKeys) Decrypt(ctx context.Context, wrapped []byte, keyContext map[string]string) ([]byte, error) {
	k.Clock.Advance(8 * time.Second)
	return k.Keys.Decrypt(ctx, wrapped, keyContext)
}

func (k slowKeys) GenerateDataKey(ctx context.Context, keyContext map[string]string) (envelope.DataKeyMaterial, error) {
	return k.Keys.GenerateDataKey(ctx, keyContext)
}

// TestAStampIsMadeJustBeforeItIsSent has a note under another data key than the value, in a container that knows neither.
func TestAStampIsMadeJustBeforeItIsSent(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("A", "v")
	_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Note: ptr("note")}})
	wantCode(t, err, "")
	material, err := w.Keys.GenerateDataKey(t.Context(), envelope.KeyContext(w.Organization, 2))
	wantCode(t, err, "")
	key := table.Key{PK: "ORG#" + w.Organization.String(), SK: "DATAKEY#0000000002"}
	err = w.Table().Transact(t.Context(), table.Transaction{Writes: []table.Write{table.Put(
		table.Item{Key: key, Attributes: map[string]any{"v": int64(1), "wrapped": material.Wrapped}}, table.IfAbsent(),
	)}})
	wantCode(t, err, "")
	var sentAt time.Time
	c := &countingTable{Table: w.Table()}
	c.transact = func(ctx context.Context, tx table.Transaction) error {
		sentAt = w.Clock.Now()
		return c.Table.Transact(ctx, tx)
	}
	slow := secrets.New(secrets.Config{
		Table: c, Keys: slowKeys{w}, Organization: w.Organization, Account: secretstest.Account, Now: w.Clock.Now,
	})
	_, err = slow.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("NEW")}})
	wantCode(t, err, "")
	item, _, err := w.Table().Get(t.Context(), secretItem(secret.ID))
	wantCode(t, err, "")
	stamp := time.UnixMilli(item.Attributes["changedAt"].(int64))
	if age := sentAt.Sub(stamp); age > time.Second {
		t.Errorf("the stamp was %v old when it was sent", age)
	}
}

// late is the same organization as a container sees it whose first transaction happens late: the connection breaks, the
// request looks for its own mark, and before it reads for the next attempt it happens, followed by what then does.
func late(w *secretstest.World, then func()) *secretstest.World {
	c := &countingTable{}
	var first *table.Transaction
	reads := 0
	c.transact = func(ctx context.Context, tx table.Transaction) error {
		if c.writes.Load() > 1 {
			return c.Table.Transact(ctx, tx)
		}
		first = &tx
		return errors.New("connection lost")
	}
	c.before = func(int64) {
		if first == nil {
			return
		}
		if reads++; reads == 2 {
			if err := c.Table.Transact(w.Context(), *first); err != nil {
				w.Error(err)
			}
			first = nil
			then()
		}
	}
	return w.Again(func(inner table.Table) table.Table { c.Table = inner; return c })
}

// TestAnAttemptThatHappensLateActsOnce: it is found in what the next attempt reads.
func TestAnAttemptThatHappensLateActsOnce(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	id := w.NewID()
	_, created, err := late(w, func() {}).CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{
		ID: &id, Name: "A", Value: ptr("one"), ProjectIDs: []uuid.UUID{project},
	})
	if err != nil || !created {
		t.Errorf("created %v, %v", created, err)
	}
	again := late(w, func() {
		_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: id, UpdateSecret: api.UpdateSecret{Value: ptr("other")}})
		wantCode(t, err, "")
	})
	updated, err := again.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{
		ID: id, Match: `"1"`, UpdateSecret: api.UpdateSecret{Value: ptr("two")},
	})
	if err != nil || updated.Version != 2 || updated.Value != "two" {
		t.Errorf("updated: %+v, %v", updated, err)
	}
	if got := get(t, w, w.Owner, id); got.Version != 3 || got.Value != "other" {
		t.Errorf("in the end it is %+v", got)
	}
}
