package secrets_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/identity"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// rewrite changes an item in the table behind the service's back.
func rewrite(t *testing.T, w *secretstest.World, key table.Key, change func(attributes map[string]any)) {
	t.Helper()
	item, found, err := w.Table().Get(t.Context(), key)
	if err != nil || !found {
		t.Fatalf("%v: found %v, %v", key, found, err)
	}
	change(item.Attributes)
	err = w.Table().Transact(t.Context(), table.Transaction{Writes: []table.Write{table.Put(item, table.Unconditional())}})
	if err != nil {
		t.Fatal(err)
	}
}

func secretItem(id uuid.UUID) table.Key { return table.Key{PK: "SECRET#" + id.String(), SK: "SECRET"} }

func TestAnAttributeOfTheFutureSurvivesARewrite(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("A", "one", w.ServerProject("plain"))
	rewrite(t, w, secretItem(secret.ID), func(attributes map[string]any) { attributes["ofTheFuture"] = "kept" })
	_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("two")}})
	wantCode(t, err, "")
	item, _, err := w.Table().Get(t.Context(), secretItem(secret.ID))
	if err != nil || item.Attributes["ofTheFuture"] != "kept" {
		t.Errorf("after an update the attribute is %v, %v", item.Attributes["ofTheFuture"], err)
	}
}

func TestAnItemOfANewerSchemaIsRefused(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("A", "one", w.ServerProject("plain"))
	rewrite(t, w, secretItem(secret.ID), func(attributes map[string]any) {
		attributes["v"] = int64(2)
		attributes["projects"] = []byte("of another type by then")
	})
	_, err := w.GetSecret(t.Context(), w.Owner, secret.ID, nil)
	wantCode(t, err, api.CodeUnavailable)
	_, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("two")}})
	wantCode(t, err, api.CodeUnavailable)
}

func TestAValueUnderAnOldProjectKeyIsReadButNotWritten(t *testing.T) {
	w := newWorld(t)
	project := w.ClientProject("demo")
	id := w.NewID()
	old := w.Encrypt(id, "A", "x", project)
	wantCode(t, createClient(w, &id, "A", old, project), "")
	renewed := w.NewKey(project)
	if got := get(t, w, w.Owner, id); got.Value != old {
		t.Errorf("the value under the old key is read as %q", got.Value)
	}
	update := func(value string) error {
		_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: id, UpdateSecret: api.UpdateSecret{Value: &value}})
		return err
	}
	wantCode(t, update(w.Encrypt(id, "A", "y", project)), api.CodeInvalid)
	wantCode(t, update(w.Encrypt(id, "A", "y", renewed)), "")
	_, err := w.RestoreSecretVersion(t.Context(), w.Owner, id, "", 1)
	wantCode(t, err, api.CodeConflict)
}

func TestValuesThatWereMovedInTheTableDoNotOpen(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	one, two := w.Secret("ONE", "one", project), w.Secret("TWO", "two", project)
	stolen, _, err := w.Table().Get(t.Context(), secretItem(two.ID))
	wantCode(t, err, "")
	rewrite(t, w, secretItem(one.ID), func(attributes map[string]any) { attributes["value"] = stolen.Attributes["value"] })
	_, err = w.GetSecret(t.Context(), w.Owner, one.ID, nil)
	wantCode(t, err, api.CodeInternal)
	var known *api.Error
	if errors.As(err, &known) {
		t.Errorf("the caller is told %v", known)
	}
}

func TestASecondOrganizationIsRefused(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateOrganization(t.Context(), api.CreateOrganization{
		Name: "other", OwnerName: "owner", OwnerARN: "arn:aws:iam::" + secretstest.Account + ":role/owner",
	})
	wantCode(t, err, api.CodeConflict)
	_, err = w.CreateOrganization(t.Context(), api.CreateOrganization{
		Name: "demo", OwnerName: "owner", OwnerARN: "arn:aws:iam::" + secretstest.Account + ":role/thief",
	})
	wantCode(t, err, api.CodeConflict)
	_, err = w.GetOrganization(t.Context(), w.Owner, uuid.New())
	wantCode(t, err, api.CodeNotFound)
}

// A person of IAM Identity Center is the first owner as that person: with a session, which pins the role's unique id.
func TestAPersonOfIdentityCenterFounds(t *testing.T) {
	const session = "arn:aws:sts::" + secretstest.Account + ":assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ada"
	w := secrets.New(secrets.Config{
		Table: newBolt(t), Keys: secretstest.NewKeys(), Organization: uuid.New(), Account: secretstest.Account, ClientKeyARN: "arn:key",
	})
	in := api.CreateOrganization{Name: "demo", OwnerName: "ada", OwnerARN: session}
	_, err := w.CreateOrganization(t.Context(), in)
	wantCode(t, err, api.CodeInvalid)
	in.UniqueID = secretstest.UniqueID
	for range 2 { // it may be repeated
		_, err = w.CreateOrganization(t.Context(), in)
		wantCode(t, err, "")
	}
	in.UniqueID = "AROAANOTHERANOTHER123"
	_, err = w.CreateOrganization(t.Context(), in)
	wantCode(t, err, api.CodeConflict)
	ask := func(person string) error {
		arn := "arn:aws:sts::" + secretstest.Account + ":assumed-role/AWSReservedSSO_Admin_0123456789abcdef/" + person
		caller, err := identity.FromAuthorizer(identity.Authorizer{
			AccountID: secretstest.Account, UserARN: arn, UserID: secretstest.UniqueID + ":" + person,
		}, secretstest.Account)
		wantCode(t, err, "")
		_, err = w.Whoami(t.Context(), secrets.Caller{Caller: caller})
		return err
	}
	wantCode(t, ask("ada"), "")
	wantCode(t, ask("bob"), api.CodeForbidden) // who has the same permission set
}

func TestALostOwnerIsRecovered(t *testing.T) {
	w := newWorld(t)
	user, _ := w.User("ada", access.RoleMember)
	_, err := w.SetDisabled(t.Context(), w.Owner, user, true)
	wantCode(t, err, "")
	recovery := api.CreateOrganization{RecoverOwner: "ada", ARN: "arn:aws:iam::" + secretstest.Account + ":role/rescue"}
	for range 2 { // it may be repeated
		_, err = w.CreateOrganization(t.Context(), recovery)
		wantCode(t, err, "")
	}
	me, err := w.Whoami(t.Context(), secretstest.Caller("rescue"))
	if err != nil || me.Principal.Role != access.RoleOwner || *me.Principal.Disabled || len(*me.Principal.Identities) != 2 {
		t.Errorf("recovered: %+v, %v", me, err)
	}
	recovery.RecoverOwner = "nobody"
	_, err = w.CreateOrganization(t.Context(), recovery)
	wantCode(t, err, api.CodeNotFound)
	// The first owner may go now that there is another.
	member := access.RoleMember
	_, err = w.UpdatePrincipal(t.Context(), secretstest.Caller("rescue"), w.OwnerID, "", api.UpdatePrincipal{Role: &member})
	wantCode(t, err, "")
}

func TestASecretMovesBetweenProjectsAndOutOfAll(t *testing.T) {
	w := newWorld(t)
	one, two := w.ServerProject("one"), w.ServerProject("two")
	secret := w.Secret("A", "value", one)
	taken := w.Secret("A", "other", two)
	names := func(project uuid.UUID) (n []string) {
		list, err := w.ListProjectSecrets(t.Context(), w.Owner, project, secrets.ListSecrets{Page: page})
		wantCode(t, err, "")
		values, err := w.GetProjectValues(t.Context(), w.Owner, secrets.GetProjectValues{Project: project})
		wantCode(t, err, "")
		if len(values.Data) != len(list.Data) {
			t.Errorf("%d entries and %d values", len(list.Data), len(values.Data))
		}
		for _, s := range list.Data {
			n = append(n, s.Name)
		}
		return n
	}
	update := func(in api.UpdateSecret) error {
		_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: in})
		return err
	}
	err := update(api.UpdateSecret{AddProjectIDs: []uuid.UUID{two}})
	wantCode(t, err, api.CodeConflict)
	wantCode(t, update(api.UpdateSecret{AddProjectIDs: []uuid.UUID{two}, Name: ptr("B")}), "")
	if a, b := names(one), names(two); len(a) != 1 || a[0] != "B" || len(b) != 2 {
		t.Errorf("after moving: %v, %v", a, b)
	}
	wantCode(t, update(api.UpdateSecret{RemoveProjectIDs: []uuid.UUID{one, two}}), "")
	if a, b := names(one), names(two); len(a) != 0 || len(b) != 1 {
		t.Errorf("after leaving: %v, %v", a, b)
	}
	if got := get(t, w, w.Owner, secret.ID); len(got.Projects) != 0 || got.Value != "value" || got.Version != 1 {
		t.Errorf("in no project: %+v", got)
	}
	_, err = w.GetSecretByName(t.Context(), w.Owner, one, "B")
	wantCode(t, err, api.CodeNotFound)
	// A deleted secret's name is free at once, and so is a deleted project's.
	results, err := w.DeleteSecrets(t.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{taken.ID}})
	if err != nil || results.Data[0].Error != nil {
		t.Fatal(results, err)
	}
	w.Secret("A", "again", two)
	w.Trash(one)
	w.ServerProject("one")
}
