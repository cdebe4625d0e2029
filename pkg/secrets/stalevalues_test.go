package secrets_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto/clientcryptotest"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// stale asks how many values are not under the project's current key, by sending that key once more.
func stale(t *testing.T, w *secretstest.World, p secretstest.ClientProject) int64 {
	t.Helper()
	shown, err := w.GetProject(t.Context(), w.Owner, p.ID)
	wantCode(t, err, "")
	last := (*shown.Keys)[len(*shown.Keys)-1]
	answer, err := w.AddProjectKey(t.Context(), w.Owner, p.ID, "", api.NewProjectKey{ID: last.ID, Wrapped: last.Wrapped})
	wantCode(t, err, "")
	return answer.StaleValues
}

// keysOf are the project keys that list-project-secrets shows, by the secrets' names.
func keysOf(t *testing.T, w *secretstest.World, project uuid.UUID) map[string]uuid.UUID {
	t.Helper()
	list, err := w.ListProjectSecrets(t.Context(), w.Owner, project, secrets.ListSecrets{Page: api.Page{Limit: 500}})
	wantCode(t, err, "")
	keys := map[string]uuid.UUID{}
	for _, s := range list.Data {
		if keys[s.Name] = uuid.Nil; s.KeyID != nil {
			keys[s.Name] = *s.KeyID
		}
	}
	return keys
}

// setValue sends a secret's value once more, encrypted for those projects as they are known.
func setValue(w *secretstest.World, id uuid.UUID, name string, projects ...secretstest.ClientProject) error {
	value := w.Encrypt(id, name, "again", projects...)
	_, err := w.UpdateSecret(w.Context(), w.Owner, secrets.UpdateSecret{ID: id, UpdateSecret: api.UpdateSecret{Value: &value}})
	return err
}

// TestValuesAreStaleUntilTheyAreEncryptedAnew goes through what a client does after a project got a new key, and what
// others do meanwhile.
func TestValuesAreStaleUntilTheyAreEncryptedAnew(t *testing.T) {
	onBothAdapters(t, func(t *testing.T, a adapter) {
		w := secretstest.New(t, a)
		old := w.ClientProject("demo")
		one, two := w.ClientSecret("ONE", "1", old), w.ClientSecret("TWO", "2", old)
		key := newKey()
		added, err := w.AddProjectKey(t.Context(), w.Owner, old.ID, `"1"`, key)
		wantCode(t, err, "")
		if added.StaleValues != 2 || len(*added.Keys) != 2 || !added.Manage || added.Name != "demo" {
			t.Errorf("added: %+v", added)
		}
		shown, err := w.GetProject(t.Context(), w.Owner, old.ID)
		wantCode(t, err, "")
		if diff := cmp.Diff(shown, added.Project); diff != "" {
			t.Errorf("get-project and the answer (-get +answer):\n%s", diff)
		}
		if last := (*shown.Keys)[1]; last.ID != key.ID || !last.Current || (*shown.Keys)[0].Current || string(last.Wrapped) != string(key.Wrapped) {
			t.Errorf("the keys are %+v", *shown.Keys)
		}
		project := secretstest.ClientProject{ID: old.ID, Key: clientcryptotest.NewKey(key.ID)}
		wantKeys := func(n int64, want map[string]uuid.UUID) {
			t.Helper()
			if diff := cmp.Diff(want, keysOf(t, w, project.ID)); diff != "" {
				t.Errorf("keys of values (-want +got):\n%s", diff)
			}
			if got := stale(t, w, project); got != n {
				t.Errorf("%d values are stale, not %d", got, n)
			}
		}
		wantKeys(2, map[string]uuid.UUID{"ONE": old.Key.ID, "TWO": old.Key.ID})
		// A value that is set anew is under the new key, a new note alone is not a value.
		wantCode(t, setValue(w, one.ID, "ONE", project), "")
		_, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: two.ID, UpdateSecret: api.UpdateSecret{Note: ptr("note")}})
		wantCode(t, err, "")
		wantKeys(1, map[string]uuid.UUID{"ONE": project.Key.ID, "TWO": old.Key.ID})
		w.ClientSecret("THREE", "3", project)
		wantCode(t, setValue(w, two.ID, "TWO", old), api.CodeInvalid)
		wantKeys(1, map[string]uuid.UUID{"ONE": project.Key.ID, "TWO": old.Key.ID, "THREE": project.Key.ID})
		// The old key, sent once more, does not become current again.
		again, err := w.AddProjectKey(t.Context(), w.Owner, old.ID, `"1"`, api.NewProjectKey{ID: old.Key.ID, Wrapped: []byte("wrapped demo")})
		if err != nil || again.StaleValues != 1 || !(*again.Keys)[1].Current || again.ETag != added.ETag {
			t.Errorf("the old key once more: %+v, %v", again, err)
		}
		renamed := w.Encrypt(two.ID, "ZWEI", "2", project)
		_, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: two.ID, UpdateSecret: api.UpdateSecret{Name: ptr("ZWEI"), Value: &renamed}})
		wantCode(t, err, "")
		wantKeys(0, map[string]uuid.UUID{"ONE": project.Key.ID, "ZWEI": project.Key.ID, "THREE": project.Key.ID})
	})
}

func TestWhatIsInTheTrashIsNotStale(t *testing.T) {
	w := newWorld(t)
	project := w.ClientProject("demo")
	secret := w.ClientSecret("A", "1", project)
	w.ClientSecret("B", "2", project)
	for range 2 {
		w.NewKey(project)
		if n := stale(t, w, project); n != 2 {
			t.Errorf("%d values are stale", n)
		}
	}
	results, err := w.DeleteSecrets(t.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{secret.ID}})
	if err != nil || results.Data[0].Error != nil {
		t.Fatal(results, err)
	}
	if n := stale(t, w, project); n != 1 {
		t.Errorf("with one in the trash %d values are stale", n)
	}
}

// TestARestoredValueIsUnderTheKeyItHas restores from a value of which it is not known.
func TestARestoredValueIsUnderTheKeyItHas(t *testing.T) {
	w := newWorld(t)
	project := w.ClientProject("demo")
	secret := w.ClientSecret("A", "1", project)
	wantCode(t, setValue(w, secret.ID, "A", project), "")
	rewrite(t, w, secretItem(secret.ID), func(attributes map[string]any) { delete(attributes, "keys") })
	_, err := w.RestoreSecretVersion(t.Context(), w.Owner, secret.ID, "", 1)
	wantCode(t, err, "")
	if keys := keysOf(t, w, project.ID); keys["A"] != project.Key.ID {
		t.Errorf("restored under the current key it is shown under %s", keys["A"])
	}
	renewed := w.NewKey(project)
	_, err = w.RestoreSecretVersion(t.Context(), w.Owner, secret.ID, "", 2)
	wantCode(t, err, api.CodeConflict)
	if n := stale(t, w, renewed); n != 1 {
		t.Errorf("%d values are stale", n)
	}
}

func TestEachProjectOfASecretHasItsOwnKey(t *testing.T) {
	w := newWorld(t)
	one, two := w.ClientProject("one"), w.ClientProject("two")
	secret := w.ClientSecret("A", "1", one, two)
	wantBoth := func(first, second uuid.UUID) {
		t.Helper()
		if a, b := keysOf(t, w, one.ID)["A"], keysOf(t, w, two.ID)["A"]; a != first || b != second {
			t.Errorf("the keys are %s and %s, not %s and %s", a, b, first, second)
		}
	}
	wantBoth(one.Key.ID, two.Key.ID)
	oldOne := one
	one = w.NewKey(one)
	wantBoth(oldOne.Key.ID, two.Key.ID)
	wantCode(t, setValue(w, secret.ID, "A", oldOne, two), api.CodeInvalid)
	wantCode(t, setValue(w, secret.ID, "A", one, two), "")
	wantBoth(one.Key.ID, two.Key.ID)
	if n := stale(t, w, one); n != 0 {
		t.Errorf("%d values are stale", n)
	}
	value := w.Encrypt(secret.ID, "A", "1", two)
	_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{
		Value: &value, RemoveProjectIDs: []uuid.UUID{one.ID},
	}})
	wantCode(t, err, "")
	if keys := keysOf(t, w, one.ID); len(keys) != 0 || keysOf(t, w, two.ID)["A"] != two.Key.ID {
		t.Errorf("after it left the first project: %v there, %v in the second", keys, keysOf(t, w, two.ID))
	}
}

// TestAValueWrittenWhileItsProjectWasInTheTrashIsStale: it has no recipient for that project. Nothing restores projects
// yet, so that the table is changed behind the service's back.
func TestAValueWrittenWhileItsProjectWasInTheTrashIsStale(t *testing.T) {
	w := newWorld(t)
	live, trashed := w.ClientProject("live"), w.ClientProject("trashed")
	secret := w.ClientSecret("A", "1", live, trashed)
	w.ClientSecret("B", "1", trashed)
	w.Trash(trashed.ID)
	_, err := w.AddProjectKey(t.Context(), w.Owner, trashed.ID, "", newKey())
	wantCode(t, err, api.CodeNotFound)
	wantCode(t, setValue(w, secret.ID, "A", live), "")
	rewrite(t, w, table.Key{PK: "PROJECT#" + trashed.ID.String(), SK: "PROJECT"}, func(attributes map[string]any) {
		delete(attributes, "trashed")
	})
	if diff := cmp.Diff(map[string]uuid.UUID{"A": uuid.Nil, "B": trashed.Key.ID}, keysOf(t, w, trashed.ID)); diff != "" {
		t.Errorf("keys of values (-want +got):\n%s", diff)
	}
	if n := stale(t, w, trashed); n != 1 {
		t.Errorf("%d values are stale", n)
	}
}

// TestAValueOfUnknownKeyIsStale has a secret as it was stored before keys were noted.
func TestAValueOfUnknownKeyIsStale(t *testing.T) {
	w := newWorld(t)
	project := w.NewKey(w.ClientProject("demo"))
	secret := w.ClientSecret("A", "1", project)
	rewrite(t, w, secretItem(secret.ID), func(attributes map[string]any) { delete(attributes, "keys") })
	rewrite(t, w, table.Key{PK: "PROJECT#" + project.ID.String(), SK: "SECRET#A"}, func(attributes map[string]any) { delete(attributes, "k") })
	for _, note := range []string{"one", "two"} {
		if keys := keysOf(t, w, project.ID); keys["A"] != uuid.Nil || stale(t, w, project) != 1 {
			t.Errorf("it is under %s", keys["A"])
		}
		_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Note: &note}})
		wantCode(t, err, "")
	}
	wantCode(t, setValue(w, secret.ID, "A", project), "")
	if keys := keysOf(t, w, project.ID); keys["A"] != project.Key.ID || stale(t, w, project) != 0 {
		t.Errorf("encrypted anew it is under %s", keys["A"])
	}
}

func TestSecretsOfServerProjectsHaveNoKey(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	w.Secret("A", "value", project)
	list, err := w.ListProjectSecrets(t.Context(), w.Owner, project, secrets.ListSecrets{Page: page})
	if err != nil || len(list.Data) != 1 || list.Data[0].KeyID != nil {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestAWriteThatRacesWithANewKeyIsStale lets a key be added between the reading and the writing of a write: it lands under
// the old key, and is counted.
func TestAWriteThatRacesWithANewKeyIsStale(t *testing.T) {
	for name, write := range map[string]func(*secretstest.World, uuid.UUID, secretstest.ClientProject) error{
		"create": func(w *secretstest.World, _ uuid.UUID, project secretstest.ClientProject) error {
			id := w.NewID()
			return createClient(w, &id, "B", w.Encrypt(id, "B", "x", project), project)
		},
		"update": func(w *secretstest.World, secret uuid.UUID, project secretstest.ClientProject) error {
			return setValue(w, secret, "A", project)
		},
	} {
		w := newWorld(t)
		project := w.ClientProject("demo")
		secret := w.ClientSecret("A", "1", project).ID
		var renewed secretstest.ClientProject
		comeFirst := func() {
			renewed = w.NewKey(project)
			w.ClientSecret("C", "1", renewed)
		}
		c := &countingTable{}
		c.transact = func(ctx context.Context, tx table.Transaction) error {
			comeFirst()
			return c.Table.Transact(ctx, tx)
		}
		wantCode(t, write(w.Again(func(inner table.Table) table.Table { c.Table = inner; return c }), secret, project), "")
		keys := keysOf(t, w, project.ID)
		if keys["C"] != renewed.Key.ID || stale(t, w, renewed) != int64(len(keys)-1) {
			t.Errorf("%s: with the keys %v %d values are stale", name, keys, stale(t, w, renewed))
		}
		wantCode(t, write(w, secret, project), api.CodeInvalid)
	}
}

// TestACountGoesOverPages has entries of more than a megabyte together.
func TestACountGoesOverPages(t *testing.T) {
	onBothAdapters(t, func(t *testing.T, a adapter) {
		w := secretstest.New(t, a)
		project := w.NewKey(w.ClientProject("demo"))
		const entries, fresh = 2000, 5
		var writes []table.Write
		for i := range entries {
			key := table.Key{PK: "PROJECT#" + project.ID.String(), SK: fmt.Sprintf("SECRET#%0512d", i)}
			attributes := map[string]any{"v": int64(1), "id": make([]byte, 16), "n": int64(1)}
			if i%(entries/fresh) == 0 {
				attributes["k"] = project.Key.ID[:]
			}
			writes = append(writes, table.Put(table.Item{Key: key, Revision: 1, Attributes: attributes}, table.IfAbsent()))
		}
		for chunk := range slices.Chunk(writes, 100) {
			wantCode(t, w.Table().Transact(t.Context(), table.Transaction{Writes: chunk}), "")
		}
		c := &countingTable{}
		again := w.Again(func(inner table.Table) table.Table { c.Table = inner; return c })
		if n := stale(t, again, project); n != entries-fresh {
			t.Errorf("%d of %d are stale, not %d", n, entries, entries-fresh)
		}
		if n := c.calls.Load(); n < 4 { // the project, once more with the key, and two pages
			t.Errorf("all were counted in %d reads", n)
		}
	})
}

// TestAnEntryIsSmall: list entries, project keys included, are what counting and listing read.
func TestAnEntryIsSmall(t *testing.T) {
	w := newWorld(t)
	project := w.ClientProject("demo")
	for _, length := range []int{20, 64} {
		name := strings.Repeat("N", length)
		secret := w.ClientSecret(name, strings.Repeat("x", 4096), project)
		wantCode(t, setValue(w, secret.ID, name, project), "")
		item, found, err := w.Table().Get(t.Context(), table.Key{PK: "PROJECT#" + project.ID.String(), SK: "SECRET#" + name})
		if err != nil || !found {
			t.Fatal(found, err)
		}
		if size := table.ItemSize(item); size >= 200 || size-length > 128 {
			t.Errorf("an entry with a name of %d bytes has %d", length, size)
		} else {
			t.Logf("an entry has %d bytes and the name", size-length)
		}
	}
}
