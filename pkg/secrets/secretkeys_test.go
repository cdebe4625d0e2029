package secrets_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/clientcrypto/clientcryptotest"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// keysIn are those of a project's keys, as get-project shows them to the owner.
func keysIn(t *testing.T, w *secretstest.World, project uuid.UUID, ids ...uuid.UUID) []api.SecretKey {
	t.Helper()
	shown, err := w.GetProject(t.Context(), w.Owner, project)
	wantCode(t, err, "")
	var keys []api.SecretKey
	for _, key := range *shown.Keys {
		if slices.Contains(ids, key.ID) {
			keys = append(keys, api.SecretKey{ProjectID: project, ProjectKey: key})
		}
	}
	if len(keys) != len(ids) {
		t.Fatalf("%d keys of %v", len(keys), ids)
	}
	return keys
}

func wantSecretKeys(t *testing.T, what string, got *[]api.SecretKey, want ...[]api.SecretKey) {
	t.Helper()
	all := append([]api.SecretKey{}, slices.Concat(want...)...)
	slices.SortStableFunc(all, func(a, b api.SecretKey) int { return strings.Compare(a.ProjectID.String(), b.ProjectID.String()) })
	if got == nil {
		t.Errorf("%s comes without keys", what)
	} else if diff := cmp.Diff(all, *got); diff != "" {
		t.Errorf("%s: keys (-want +got):\n%s", what, diff)
	}
}

// readings are all ways to a secret's value by its id.
func readings(w *secretstest.World, by secrets.Caller, id uuid.UUID) map[string]func() (string, *[]api.SecretKey, error) {
	return map[string]func() (string, *[]api.SecretKey, error){
		"get-secret": func() (string, *[]api.SecretKey, error) {
			s, err := w.GetSecret(w.Context(), by, id, nil)
			return s.Value, s.Keys, err
		},
		"get-secret-version": func() (string, *[]api.SecretKey, error) {
			v, err := w.GetSecretVersion(w.Context(), by, id, 1)
			if err != nil {
				return "", nil, err
			}
			return *v.Value, v.Keys, nil
		},
		"get-secrets-by-ids": func() (string, *[]api.SecretKey, error) {
			found, err := w.GetSecretsByIDs(w.Context(), by, api.IDs{IDs: []uuid.UUID{id}})
			if err == nil && len(found.Errors) == 1 {
				err = api.Errorf(found.Errors[0].Error.Code, "%s", found.Errors[0].Error.Message)
			}
			if err != nil {
				return "", nil, err
			}
			return found.Data[0].Value, found.Data[0].Keys, nil
		},
	}
}

func TestAGrantOnOneClientSecretIsEnoughToOpenIt(t *testing.T) {
	w := newWorld(t)
	one, two := w.ClientProject("one"), w.ClientProject("two")
	secret, other := w.ClientSecret("A", "plaintext", one, two), w.ClientSecret("B", "other", one)
	user, asUser := w.User("reader", access.RoleMember)
	_, asNobody := w.User("nobody", access.RoleMember)
	w.GrantSecret(secret.ID, access.Read, user)
	_, err := w.GetProject(t.Context(), asUser, one.ID)
	wantCode(t, err, api.CodeNotFound)
	for name, read := range readings(w, asUser, secret.ID) {
		value, keys, err := read()
		wantCode(t, err, "")
		wantSecretKeys(t, name, keys, keysIn(t, w, one.ID, one.Key.ID), keysIn(t, w, two.ID, two.Key.ID))
		// KMS unwraps what was answered; here the bytes follow from the id.
		for _, key := range *keys {
			unwrapped := []clientcrypto.ProjectKey{clientcryptotest.NewKey(key.ID).Of(key.ProjectID)}
			opened, err := clientcrypto.Open(value, unwrapped, clientcrypto.Expectation{
				Organization: w.Organization, Secret: secret.ID, Name: "A", Project: key.ProjectID,
			})
			if err != nil || string(opened.Plaintext) != "plaintext" {
				t.Errorf("%s: it does not open with what was answered: %v", name, err)
			}
		}
	}
	for name, read := range readings(w, asNobody, secret.ID) {
		value, keys, err := read()
		if wantCode(t, err, api.CodeNotFound); value != "" || keys != nil {
			t.Errorf("%s: answered to who has no grant", name)
		}
	}
	for name, read := range readings(w, asUser, other.ID) {
		if _, keys, err := read(); secretstest.Code(err) != api.CodeNotFound || keys != nil {
			t.Errorf("%s: another secret of the project: %v, %v", name, keys, err)
		}
	}
}

// TestAGrantOnOneClientSecretIsEnoughToReplaceIt writes after the project got a new key, knowing no more of it than what
// was answered with the secret.
func TestAGrantOnOneClientSecretIsEnoughToReplaceIt(t *testing.T) {
	w := newWorld(t)
	project := w.ClientProject("demo")
	secret := w.ClientSecret("A", "first", project)
	user, asUser := w.User("writer", access.RoleMember)
	w.GrantSecret(secret.ID, access.Write, user)
	w.NewKey(project)
	keys := *get(t, w, asUser, secret.ID).Keys
	current := keys[slices.IndexFunc(keys, func(k api.SecretKey) bool { return k.Current })]
	value := w.Encrypt(secret.ID, "A", "second", secretstest.ClientProject{
		ID: current.ProjectID, Key: clientcryptotest.NewKey(current.ID),
	})
	answer, err := w.UpdateSecret(t.Context(), asUser, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: &value}})
	wantCode(t, err, "")
	wantSecretKeys(t, "the new value", answer.Keys, keysIn(t, w, project.ID, current.ID))
}

// TestTheKeysAreThoseOfTheValueAndTheCurrentOnes follows a secret in two projects, one of which gets new keys and the
// other goes into the trash.
func TestTheKeysAreThoseOfTheValueAndTheCurrentOnes(t *testing.T) {
	w := newWorld(t)
	first, steady := w.ClientProject("demo"), w.ClientProject("steady")
	ofSteady := keysIn(t, w, steady.ID, steady.Key.ID)
	secret := w.ClientSecret("A", "1", first, steady)
	wantSecretKeys(t, "created", secret.Keys, keysIn(t, w, first.ID, first.Key.ID), ofSteady)
	second := w.NewKey(first)
	third := w.NewKey(second)
	wantSecretKeys(t, "after two rotations", get(t, w, w.Owner, secret.ID).Keys, keysIn(t, w, first.ID, first.Key.ID, third.Key.ID), ofSteady)
	value := w.Encrypt(secret.ID, "A", "2", third, steady)
	updated, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: &value}})
	wantCode(t, err, "")
	wantSecretKeys(t, "encrypted anew", updated.Keys, keysIn(t, w, first.ID, third.Key.ID), ofSteady)
	old, err := w.GetSecretVersion(t.Context(), w.Owner, secret.ID, 1)
	wantCode(t, err, "")
	wantSecretKeys(t, "the first version", old.Keys, keysIn(t, w, first.ID, first.Key.ID, third.Key.ID), ofSteady)
	again, err := w.RestoreSecretVersion(t.Context(), w.Owner, secret.ID, "", 2)
	wantCode(t, err, "")
	wantSecretKeys(t, "the current version restored", again.Keys, keysIn(t, w, first.ID, third.Key.ID), ofSteady)
	byName, err := w.GetSecretByName(t.Context(), w.Owner, first.ID, "A")
	wantCode(t, err, "")
	if diff := cmp.Diff(again, byName); diff != "" {
		t.Errorf("restored and by name (-restored +by name):\n%s", diff)
	}
	ofFirst := keysIn(t, w, first.ID, third.Key.ID)
	w.Trash(steady.ID)
	wantSecretKeys(t, "with a project in the trash", get(t, w, w.Owner, secret.ID).Keys, ofFirst)
	w.Trash(first.ID)
	wantSecretKeys(t, "with all in the trash", get(t, w, w.Owner, secret.ID).Keys, []api.SecretKey{})
}

// TestAValueThatIsNoJWEComesWithTheCurrentKeys has a value as only other rules could have stored it.
func TestAValueThatIsNoJWEComesWithTheCurrentKeys(t *testing.T) {
	w := newWorld(t)
	old := w.ClientProject("demo")
	model, odd := w.ClientSecret("A", "1", old), w.Secret("B", "no JWE", w.ServerProject("plain"))
	project := w.NewKey(old)
	item, _, err := w.Table().Get(t.Context(), secretItem(model.ID))
	wantCode(t, err, "")
	rewrite(t, w, secretItem(odd.ID), func(attributes map[string]any) {
		attributes["encryption"], attributes["projects"] = item.Attributes["encryption"], item.Attributes["projects"]
	})
	got := get(t, w, w.Owner, odd.ID)
	if got.Value != "no JWE" || got.Encryption != api.EncryptionClient {
		t.Fatalf("read %+v", got)
	}
	wantSecretKeys(t, "it", got.Keys, keysIn(t, w, project.ID, project.Key.ID))
}

func TestOnlyClientEncryptedValuesComeWithKeys(t *testing.T) {
	w := newWorld(t)
	plain := w.Secret("A", "value", w.ServerProject("plain"))
	for name, read := range readings(w, w.Owner, plain.ID) {
		if value, keys, err := read(); err != nil || value != "value" || keys != nil {
			t.Errorf("%s: %q with keys %v, %v", name, value, keys, err)
		}
	}
	sealed := w.ClientSecret("B", "value", w.ClientProject("demo"))
	versions, err := w.ListSecretVersions(t.Context(), w.Owner, sealed.ID, page)
	if err != nil || len(versions.Data) != 1 || versions.Data[0].Keys != nil || versions.Data[0].Value != nil {
		t.Errorf("the list of versions is %+v, %v", versions, err)
	}
}

// TestANewProjectKeyIsAnotherAnswer but no change of the secret.
func TestANewProjectKeyIsAnotherAnswer(t *testing.T) {
	w := newWorld(t)
	project := w.ClientProject("demo")
	secret := w.ClientSecret("A", "1", project)
	before := get(t, w, w.Owner, secret.ID)
	if again := get(t, w, w.Owner, secret.ID); again.ETag != before.ETag {
		t.Errorf("the tag was %s and is %s, and nothing has changed", before.ETag, again.ETag)
	}
	w.NewKey(project)
	after := get(t, w, w.Owner, secret.ID)
	counter, _, _ := strings.Cut(before.ETag, ".")
	if after.ETag == before.ETag || !strings.HasPrefix(after.ETag, counter+".") {
		t.Errorf("the tag was %s and is %s", before.ETag, after.ETag)
	}
	_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{
		ID: secret.ID, Match: secrets.IfMatch(before.ETag), UpdateSecret: api.UpdateSecret{Note: ptr("a note")},
	})
	wantCode(t, err, "")
}

// TestKeysCountInABulkRead has secrets in ten projects each, whose keys are as long as can be: without them all would
// fit into an answer.
func TestKeysCountInABulkRead(t *testing.T) {
	w := newWorld(t)
	var old, renewed []secretstest.ClientProject
	for i := range 10 {
		project := secretstest.ClientProject{ID: w.NewID(), Key: clientcryptotest.NewKey(uuid.New())}
		_, _, err := w.CreateProject(t.Context(), w.Owner, w.Organization, api.CreateProject{
			ID: &project.ID, Name: fmt.Sprint(i), Key: longKey(project),
		})
		wantCode(t, err, "")
		old = append(old, project)
	}
	value := strings.Repeat("x", 14<<10)
	var ids api.IDs
	for i := range api.MaxIDs {
		ids.IDs = append(ids.IDs, w.ClientSecret(fmt.Sprint(i), value, old...).ID)
	}
	for _, project := range old {
		project.Key = clientcryptotest.NewKey(uuid.New())
		_, err := w.AddProjectKey(t.Context(), w.Owner, project.ID, "", *longKey(project))
		wantCode(t, err, "")
		renewed = append(renewed, project)
	}
	w.Clock.Advance(time.Minute)
	found, err := w.GetSecretsByIDs(t.Context(), w.Owner, ids)
	wantCode(t, err, "")
	if len(found.Data)+len(found.Errors) != len(ids.IDs) || len(found.Errors) == 0 || found.Errors[0].Error.Code != api.CodeTooLarge {
		t.Errorf("%d values and %d errors", len(found.Data), len(found.Errors))
	}
	if n := len(*found.Data[0].Keys); n != len(old)+len(renewed) {
		t.Errorf("%d keys", n)
	}
	if n := sizeOfAnswer(t, found); n > api.MaxAnswer {
		t.Errorf("the answer has %d bytes", n)
	}
	for i := range found.Data {
		found.Data[i].Keys = nil
	}
	if n := sizeOfAnswer(t, found) / len(found.Data) * len(ids.IDs); n > api.MaxAnswer*9/10 {
		t.Errorf("without keys all together have %d bytes: the test shows nothing", n)
	}
}

func longKey(p secretstest.ClientProject) *api.NewProjectKey {
	return &api.NewProjectKey{ID: p.Key.ID, Wrapped: []byte(strings.Repeat("w", 1024))}
}

// sizeOfAnswer is how long an answer is as a function hands it over: JSON within JSON.
func sizeOfAnswer(t *testing.T, answer any) int {
	t.Helper()
	text := answer
	for range 2 {
		var b strings.Builder
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		wantCode(t, encoder.Encode(text), "")
		text = b.String()
	}
	return len(text.(string))
}
