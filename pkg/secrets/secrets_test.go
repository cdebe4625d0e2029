package secrets_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// newBolt makes a table in a bolt file of its own.
func newBolt(t testing.TB) table.Table {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "table.bolt"), bolt.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// newWorld makes an organization in a bolt file of its own.
func newWorld(t testing.TB) *secretstest.World {
	t.Helper()
	return secretstest.New(t, newBolt(t))
}

func wantCode(t testing.TB, err error, want api.Code) {
	t.Helper()
	if got := secretstest.Code(err); got != want {
		t.Fatalf("got error %v (%s), want code %q", err, got, want)
	}
}

func ptr[T any](v T) *T { return &v }

func get(t testing.TB, w *secretstest.World, by secrets.Caller, id uuid.UUID) api.Secret {
	t.Helper()
	s, err := w.GetSecret(t.Context(), by, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASecretIsStoredReadChangedAndRestored(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	developer, asDeveloper := w.User("developer", access.RoleMember)
	ci, asCI := w.ServiceAccount("ci")
	w.Grant(project, access.Write, developer)
	w.Grant(project, access.Read, ci)

	value := "postgres://app:first@db/app"
	made, created, err := w.CreateSecret(t.Context(), asDeveloper, w.Organization, api.CreateSecret{
		Name: "DATABASE_URL", Value: &value, Note: ptr("the main database"), ProjectIDs: []uuid.UUID{project},
	})
	if err != nil || !created {
		t.Fatalf("created %v: %v", created, err)
	}
	read := get(t, w, asCI, made.ID)
	if read.Value != value || read.Note != "the main database" || read.Version != 1 || !read.Read || read.Write {
		t.Errorf("the service account reads %+v", read)
	}
	if read.CreatedBy.Name != "developer" || len(read.Projects) != 1 || read.Projects[0].Name != "plain" {
		t.Errorf("the service account reads %+v", read)
	}

	w.Clock.Advance(time.Minute)
	second, err := w.UpdateSecret(t.Context(), asDeveloper, secrets.UpdateSecret{
		ID: made.ID, UpdateSecret: api.UpdateSecret{Value: ptr("second")},
	})
	if err != nil || second.Version != 2 || second.Value != "second" || !second.UpdatedAt.After(second.CreatedAt) {
		t.Fatalf("updated: %+v, %v", second, err)
	}
	w.Clock.Advance(time.Minute)
	third, err := w.RestoreSecretVersion(t.Context(), asDeveloper, made.ID, "", 1)
	if err != nil || third.Version != 3 || third.Value != value {
		t.Fatalf("restored: %+v, %v", third, err)
	}
	versions, err := w.ListSecretVersions(t.Context(), asCI, made.ID, api.Page{Limit: 10})
	if err != nil || len(versions.Data) != 3 {
		t.Fatalf("versions: %+v, %v", versions, err)
	}
	if v := versions.Data[0]; v.Version != 3 || v.RestoredFrom != 1 || v.Stage != api.StageCurrent || v.Value != nil {
		t.Errorf("newest version: %+v", v)
	}
	if v := versions.Data[1]; v.Stage != api.StagePrevious || v.CreatedBy.Name != "developer" {
		t.Errorf("previous version: %+v", v)
	}
	old, err := w.GetSecretVersion(t.Context(), asCI, made.ID, 2)
	if err != nil || old.Value == nil || *old.Value != "second" {
		t.Errorf("version 2: %+v, %v", old, err)
	}
	_, err = w.UpdateSecret(t.Context(), asCI, secrets.UpdateSecret{ID: made.ID, UpdateSecret: api.UpdateSecret{Value: ptr("x")}})
	wantCode(t, err, api.CodeForbidden)
	_, err = w.GetSecret(t.Context(), secretstest.Caller("stranger"), made.ID, nil)
	wantCode(t, err, api.CodeForbidden)
	if !strings.Contains(err.Error(), "role/stranger") && !strings.Contains(err.Error(), "assumed-role/stranger") {
		t.Errorf("a stranger is not told its ARN: %v", err)
	}
}
