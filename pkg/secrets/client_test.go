package secrets_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto/clientcryptotest"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

func createClient(w *secretstest.World, id *uuid.UUID, name, value string, projects ...secretstest.ClientProject) error {
	in := api.CreateSecret{ID: id, Name: name, Value: &value}
	for _, p := range projects {
		in.ProjectIDs = append(in.ProjectIDs, p.ID)
	}
	_, _, err := w.CreateSecret(w.Context(), w.Owner, w.Organization, in)
	return err
}

func TestAClientProjectTakesOnlyValuesMadeForTheirPlace(t *testing.T) {
	w := newWorld(t)
	project, other := w.ClientProject("demo"), w.ClientProject("other")
	stale := secretstest.ClientProject{ID: project.ID, Key: clientcryptotest.NewKey(uuid.New())}
	id := w.NewID()
	for name, value := range map[string]string{
		"plaintext":                  "postgres://app:plaintext@db/app",
		"another secret's":           w.Encrypt(w.NewID(), "A", "x", project),
		"another name's":             w.Encrypt(id, "B", "x", project),
		"another project's":          w.Encrypt(id, "A", "x", other),
		"one for a project too many": w.Encrypt(id, "A", "x", project, other),
		"one with a key of the past": w.Encrypt(id, "A", "x", stale),
		"one without any project":    w.Encrypt(id, "A", "x", secretstest.ClientProject{ID: uuid.New(), Key: project.Key}),
	} {
		t.Run(name, func(t *testing.T) {
			err := createClient(w, &id, "A", value, project)
			wantCode(t, err, api.CodeInvalid)
			if !strings.HasPrefix(err.Error(), "invalid: value:") {
				t.Errorf("the message does not name the field: %v", err)
			}
			if strings.Contains(err.Error(), "postgres") {
				t.Errorf("the message repeats the value: %v", err)
			}
		})
	}
	err := createClient(w, &id, "A", "plaintext", project)
	if err == nil || !strings.Contains(err.Error(), "JWE") {
		t.Errorf("plaintext is refused without a word of JWE: %v", err)
	}
	value := w.Encrypt(id, "A", "x", project)
	wantCode(t, createClient(w, nil, "A", value, project), api.CodeInvalid)
	wantCode(t, createClient(w, &id, "A", value, project), "")
	if got := get(t, w, w.Owner, id); got.Value != value || got.Encryption != api.EncryptionClient {
		t.Errorf("read back: %+v", got)
	}
}

func TestAClientSecretNeedsANewValueToMove(t *testing.T) {
	w := newWorld(t)
	project, other := w.ClientProject("demo"), w.ClientProject("other")
	plain := w.ServerProject("plain")
	id := w.NewID()
	first := w.Encrypt(id, "A", "x", project)
	wantCode(t, createClient(w, &id, "A", first, project), "")
	update := func(in api.UpdateSecret) error {
		_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: id, UpdateSecret: in})
		return err
	}
	both := w.Encrypt(id, "B", "x", project, other)
	wantCode(t, update(api.UpdateSecret{Name: ptr("B")}), api.CodeInvalid)
	wantCode(t, update(api.UpdateSecret{AddProjectIDs: []uuid.UUID{other.ID}}), api.CodeInvalid)
	wantCode(t, update(api.UpdateSecret{AddProjectIDs: []uuid.UUID{plain}, Value: &both}), api.CodeInvalid)
	wantCode(t, update(api.UpdateSecret{RemoveProjectIDs: []uuid.UUID{project.ID}, Value: &both}), api.CodeInvalid)
	wantCode(t, update(api.UpdateSecret{Name: ptr("B"), AddProjectIDs: []uuid.UUID{other.ID}, Value: &both}), "")
	if got := get(t, w, w.Owner, id); got.Version != 2 || len(got.Projects) != 2 || got.Name != "B" {
		t.Errorf("moved: %+v", got)
	}
	// The old version was made for another place, so that only a client can bring it back.
	_, err := w.RestoreSecretVersion(t.Context(), w.Owner, id, "", 1)
	wantCode(t, err, api.CodeConflict)
	again := w.Encrypt(id, "B", "x", project, other)
	wantCode(t, update(api.UpdateSecret{Value: &again, RestoredFrom: ptr(int64(1))}), "")
	versions, err := w.ListSecretVersions(t.Context(), w.Owner, id, page)
	if err != nil || versions.Data[0].RestoredFrom != 1 {
		t.Errorf("versions: %+v, %v", versions, err)
	}
	// Another ciphertext is another value, even of the same plaintext.
	if versions.Data[0].Version != 3 {
		t.Errorf("a new ciphertext made version %d", versions.Data[0].Version)
	}
	wantCode(t, update(api.UpdateSecret{Value: &again, RestoredFrom: ptr(int64(9))}), "")
	wantCode(t, update(api.UpdateSecret{Value: ptr(w.Encrypt(id, "B", "y", project, other)), RestoredFrom: ptr(int64(9))}), api.CodeNotFound)
}

func TestASecretIsNeverInProjectsOfBothKinds(t *testing.T) {
	w := newWorld(t)
	client, server := w.ClientProject("demo"), w.ServerProject("plain")
	_, _, err := w.CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{
		Name: "A", Value: ptr("x"), ProjectIDs: []uuid.UUID{client.ID, server},
	})
	wantCode(t, err, api.CodeInvalid)
	secret := w.Secret("A", "x", server)
	_, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{
		AddProjectIDs: []uuid.UUID{client.ID},
	}})
	wantCode(t, err, api.CodeInvalid)
}

func TestAMismatchNamesNoProjectThatTheCallerCannotSee(t *testing.T) {
	w := newWorld(t)
	seen, hidden := w.ClientProject("seen"), w.ClientProject("hidden")
	user, asUser := w.User("developer", access.RoleMember)
	w.Grant(seen.ID, access.Write, user)
	id := w.NewID()
	wantCode(t, createClient(w, &id, "A", w.Encrypt(id, "A", "x", seen, hidden), seen, hidden), "")
	_, err := w.UpdateSecret(t.Context(), asUser, secrets.UpdateSecret{ID: id, UpdateSecret: api.UpdateSecret{
		Value: ptr(w.Encrypt(id, "A", "y", seen)),
	}})
	wantCode(t, err, api.CodeInvalid)
	if strings.Contains(err.Error(), hidden.ID.String()) || strings.Contains(err.Error(), hidden.Key.ID.String()) {
		t.Errorf("the message names the hidden project: %v", err)
	}
}
