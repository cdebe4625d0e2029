package secrets_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// newKey is a project key as a client sends it.
func newKey() api.NewProjectKey {
	id := uuid.New()
	return api.NewProjectKey{ID: id, Wrapped: []byte("wrapped " + id.String())}
}

func TestANewProjectKeyIsRefused(t *testing.T) {
	w := newWorld(t)
	project, plain, trashed := w.ClientProject("demo"), w.ServerProject("plain"), w.ClientProject("trashed")
	w.Trash(trashed.ID)
	by := map[access.Permission]secrets.Caller{}
	for _, permission := range []access.Permission{access.None, access.Read, access.Write, access.Manage} {
		user, caller := w.User("with-"+permission.String(), access.RoleMember)
		if by[permission] = caller; permission != access.None {
			w.Grant(project.ID, permission, user)
			w.Grant(plain, permission, user)
		}
	}
	_, asAuditor := w.User("auditor", access.RoleAuditor)
	long := newKey()
	long.Wrapped = []byte(strings.Repeat("x", 1025))
	for name, c := range map[string]struct {
		by      secrets.Caller
		project uuid.UUID
		match   secrets.IfMatch
		key     api.NewProjectKey
		want    api.Code
		says    string
	}{
		"without a grant":       {by[access.None], project.ID, "", newKey(), api.CodeNotFound, "project"},
		"with read":             {by[access.Read], project.ID, "", newKey(), api.CodeForbidden, "manage"},
		"with write":            {by[access.Write], project.ID, "", newKey(), api.CodeForbidden, "manage"},
		"to an auditor":         {asAuditor, project.ID, "", newKey(), api.CodeForbidden, "auditor"},
		"to a stranger":         {secretstest.Caller("stranger"), project.ID, "", newKey(), api.CodeForbidden, "bound to nobody"},
		"in a server project":   {by[access.Manage], plain, "", newKey(), api.CodeInvalid, "server project"},
		"there with write":      {by[access.Write], plain, "", newKey(), api.CodeForbidden, "manage"},
		"in the trash":          {w.Owner, trashed.ID, "", newKey(), api.CodeNotFound, "project"},
		"in an unknown project": {w.Owner, uuid.New(), "", newKey(), api.CodeNotFound, "project"},
		"without an id":         {w.Owner, project.ID, "", api.NewProjectKey{Wrapped: []byte("x")}, api.CodeInvalid, "id: "},
		"without its bytes":     {w.Owner, project.ID, "", api.NewProjectKey{ID: uuid.New()}, api.CodeInvalid, "wrapped: "},
		"of 1,025 bytes":        {w.Owner, project.ID, "", long, api.CodeInvalid, "1024"},
		"after another change":  {w.Owner, project.ID, `"7"`, newKey(), api.CodePreconditionFailed, `"1"`},
		"with another's id":     {w.Owner, project.ID, "", api.NewProjectKey{ID: project.Key.ID, Wrapped: []byte("other")}, api.CodeConflict, "id: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.AddProjectKey(t.Context(), c.by, c.project, c.match, c.key)
			wantCode(t, err, c.want)
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("the message does not say %q: %v", c.says, err)
			}
		})
	}
	if shown, err := w.GetProject(t.Context(), w.Owner, project.ID); err != nil || len(*shown.Keys) != 1 {
		t.Errorf("after all that the project is %+v, %v", shown, err)
	}
	_, err := w.AddProjectKey(t.Context(), by[access.Manage], project.ID, `"1"`, newKey())
	wantCode(t, err, "")
}

func TestAProjectHasAtMostTwentyKeys(t *testing.T) {
	w := newWorld(t)
	project := w.ClientProject("demo")
	key := newKey()
	for range 19 {
		key = newKey()
		_, err := w.AddProjectKey(t.Context(), w.Owner, project.ID, "", key)
		wantCode(t, err, "")
	}
	_, err := w.AddProjectKey(t.Context(), w.Owner, project.ID, "", newKey())
	wantCode(t, err, api.CodeInvalid)
	if !strings.Contains(err.Error(), "20") {
		t.Errorf("the message does not say how many: %v", err)
	}
	answer, err := w.AddProjectKey(t.Context(), w.Owner, project.ID, "", key)
	if err != nil || len(*answer.Keys) != 20 || !(*answer.Keys)[19].Current {
		t.Errorf("the twentieth once more: %+v, %v", answer, err)
	}
}

// TestKeysAddedAtOnceAreAllThere: without a condition everybody's key is added, one after the other; with one, the first
// comer's alone.
func TestKeysAddedAtOnceAreAllThere(t *testing.T) {
	onBothAdapters(t, func(t *testing.T, a adapter) {
		w := secretstest.New(t, a)
		project, strict := w.ClientProject("demo"), w.ClientProject("strict")
		keys := make([]uuid.UUID, 8)
		var won, lost atomic.Int64
		sideBySide(len(keys), func(i int) {
			key := newKey()
			keys[i] = key.ID
			answer, err := w.AddProjectKey(t.Context(), w.Owner, project.ID, "", key)
			if err != nil || (*answer.Keys)[len(*answer.Keys)-1].ID != key.ID {
				t.Errorf("client %d: %+v, %v", i, answer, err)
			}
			_, err = w.AddProjectKey(t.Context(), w.Owner, strict.ID, `"1"`, key)
			switch secretstest.Code(err) {
			case "":
				won.Add(1)
			case api.CodePreconditionFailed:
				lost.Add(1)
			default:
				t.Errorf("client %d: %v", i, err)
			}
		})
		shown, err := w.GetProject(t.Context(), w.Owner, project.ID)
		wantCode(t, err, "")
		var got []uuid.UUID
		for i, key := range *shown.Keys {
			got = append(got, key.ID)
			if key.Current != (i == len(keys)) {
				t.Errorf("key %d is current: %v", i, key.Current)
			}
		}
		byText := func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) }
		slices.SortFunc(got[1:], byText)
		slices.SortFunc(keys, byText)
		if diff := cmp.Diff(append([]uuid.UUID{project.Key.ID}, keys...), got); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
		if won.Load() != 1 || lost.Load() != int64(len(keys))-1 {
			t.Errorf("with a condition %d won and %d lost", won.Load(), lost.Load())
		}
	})
}
