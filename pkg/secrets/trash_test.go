package secrets_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

func entryNames(entries []api.TrashEntry) []string {
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Kind+" "+e.Name)
	}
	return names
}

func TestTheTrashIsListedNewestFirstToWhoCouldHaveDeletedWhatIsThere(t *testing.T) {
	w := newTrashWorld(t)
	mine, theirs := w.ServerProject("mine"), w.ServerProject("theirs")
	user, asUser := w.User("developer", access.RoleMember)
	reader, asReader := w.User("reader", access.RoleMember)
	_, asAuditor := w.User("auditor", access.RoleAuditor)
	_, asAdmin := w.User("admin", access.RoleAdmin)
	_, asCI := w.ServiceAccount("ci")
	w.Grant(mine, access.Write, user)
	w.Grant(mine, access.Read, reader)
	both, alone := w.Secret("BOTH", "v", mine, theirs), w.Secret("ALONE", "v")
	w.GrantSecret(alone.ID, access.Manage, user)
	for _, id := range []uuid.UUID{w.Secret("MINE", "v", mine).ID, both.ID, alone.ID, w.Secret("THEIRS", "v", theirs).ID, theirs} {
		w.Clock.Advance(time.Hour)
		w.delete(id)
	}
	all := []string{"project theirs", "secret THEIRS", "secret ALONE", "secret BOTH", "secret MINE"}
	for limit := 1; limit < 7; limit++ {
		for who, c := range map[string]struct {
			by   secrets.Caller
			want []string
		}{
			"owner":   {w.Owner, all},
			"admin":   {asAdmin, all},
			"auditor": {asAuditor, all},
			// theirs is in the trash, so that write on mine is write on every live project of BOTH.
			"developer": {asUser, []string{"secret ALONE", "secret BOTH", "secret MINE"}},
			"reader":    {asReader, []string{}},
			"ci":        {asCI, []string{}},
		} {
			if diff := cmp.Diff(c.want, entryNames(trashOf(t, w.World, c.by, limit))); diff != "" {
				t.Errorf("the %s is shown, %d a page (-want +got):\n%s", who, limit, diff)
			}
		}
	}
	first := trashOf(t, w.World, w.Owner, 10)[0]
	now := w.Clock.Now().UTC().Truncate(time.Millisecond)
	want := api.TrashEntry{
		Kind: "project", ID: theirs, Name: "theirs", TrashedAt: now, PurgeAt: now.Add(30 * 24 * time.Hour),
		TrashedBy: api.Actor{Kind: access.KindUser, ID: w.OwnerID, Name: "owner"},
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("an entry (-want +got):\n%s", diff)
	}
}

// TestALongTrashIsLookedThroughPageByPage has more than one page looks at, of which somebody may see the oldest alone.
func TestALongTrashIsLookedThroughPageByPage(t *testing.T) {
	w := newTrashWorld(t)
	mine, theirs := w.ServerProject("mine"), w.ServerProject("theirs")
	user, asUser := w.User("developer", access.RoleMember)
	w.Grant(mine, access.Write, user)
	w.delete(w.Secret("MINE", "v", mine).ID)
	for i := range 250 {
		w.Clock.Advance(time.Second)
		w.delete(w.Secret(fmt.Sprint("THEIRS", i), "v", theirs).ID)
	}
	first, err := w.ListTrash(t.Context(), asUser, w.Organization, api.Page{Limit: 10})
	if err != nil || len(first.Data) != 0 || first.ContinuationToken == "" {
		t.Errorf("the first page: %+v, %v", first, err)
	}
	if got := entryNames(trashOf(t, w.World, asUser, 10)); !slices.Equal(got, []string{"secret MINE"}) {
		t.Errorf("all pages together: %v", got)
	}
	if n := len(trashOf(t, w.World, w.Owner, 100)); n != 251 {
		t.Errorf("the owner sees %d", n)
	}
}

func TestWhoMayRestoreAndWhoMayPurge(t *testing.T) {
	w := newTrashWorld(t)
	project := w.ServerProject("plain")
	user, asUser := w.User("developer", access.RoleMember)
	reader, asReader := w.User("reader", access.RoleMember)
	_, asAuditor := w.User("auditor", access.RoleAuditor)
	_, asNobody := w.User("nobody", access.RoleMember)
	w.Grant(project, access.Manage, user)
	w.Grant(project, access.Read, reader)
	other := w.ServerProject("other")
	w.Grant(other, access.Manage, user)
	secret := w.Secret("A", "v", project).ID
	w.delete(secret, other)
	both := []uuid.UUID{secret, other}
	restore := func(by secrets.Caller, id uuid.UUID) api.Code {
		results, err := w.RestoreFromTrash(t.Context(), by, w.Organization, api.RestoreFromTrash{IDs: []uuid.UUID{id}})
		return bulkCode(t, results, err)
	}
	purge := func(by secrets.Caller, id uuid.UUID) api.Code {
		results, err := w.PurgeTrash(t.Context(), by, w.Organization, api.IDs{IDs: []uuid.UUID{id}})
		return bulkCode(t, results, err)
	}
	for name, c := range map[string]struct {
		by             secrets.Caller
		restore, purge api.Code
	}{
		"reader":  {asReader, api.CodeNotFound, api.CodeNotFound},
		"nobody":  {asNobody, api.CodeNotFound, api.CodeNotFound},
		"auditor": {asAuditor, api.CodeForbidden, api.CodeForbidden},
		"manager": {asUser, "", api.CodeForbidden},
		"owner":   {w.Owner, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, id := range both {
				if got := restore(c.by, id); got != c.restore {
					t.Errorf("restoring answers %q, want %q", got, c.restore)
				}
				if c.restore == "" {
					w.delete(id)
				}
				if got := purge(c.by, id); got != c.purge {
					t.Errorf("purging answers %q, want %q", got, c.purge)
				}
			}
		})
		if c.purge == "" { // what comes after needs something in the trash
			secret = w.Secret("A", "v", project).ID
			encryption := api.EncryptionServer
			p, _, err := w.CreateProject(t.Context(), w.Owner, w.Organization, api.CreateProject{Name: "other", Encryption: &encryption})
			wantCode(t, err, "")
			w.Grant(p.ID, access.Manage, user)
			both = []uuid.UUID{secret, p.ID}
			w.delete(both...)
		}
	}
	unseen, err := w.RestoreFromTrash(t.Context(), asNobody, w.Organization, api.RestoreFromTrash{IDs: append(slices.Clone(both), project, uuid.New())})
	for _, result := range unseen.Data {
		if err != nil || result.Error == nil || *result.Error != *unseen.Data[0].Error {
			t.Errorf("what is unseen and what never was are told apart: %+v", unseen)
		}
	}
	if got := purge(w.Owner, uuid.New()); got != api.CodeNotFound {
		t.Errorf("purging what never was answers %q", got)
	}
	if got := restore(w.Owner, uuid.New()); got != api.CodeNotFound {
		t.Errorf("restoring what never was answers %q", got)
	}
	_, err = w.PurgeTrash(t.Context(), secretstest.Caller("stranger"), w.Organization, api.IDs{IDs: both})
	wantCode(t, err, api.CodeForbidden)
}

func TestProjectsAreRestoredBeforeTheirSecrets(t *testing.T) {
	w := newTrashWorld(t)
	project := w.ClientProject("demo")
	secret := w.ClientSecret("A", "v", project)
	w.delete(secret.ID, project.ID)
	if code := w.restore(secret.ID, nil); code != api.CodeConflict {
		t.Errorf("alone it answers %q", code)
	}
	results, err := w.RestoreFromTrash(t.Context(), w.Owner, w.Organization, api.RestoreFromTrash{IDs: []uuid.UUID{secret.ID, project.ID}})
	want := api.BulkResults{Data: []api.BulkResult{{ID: secret.ID}, {ID: project.ID}}}
	if diff := cmp.Diff(want, results); diff != "" || err != nil {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	if got := get(t, w.World, w.Owner, secret.ID); len(got.Projects) != 1 || got.Value != secret.Value || len(*got.Keys) != 1 {
		t.Errorf("it is back as %+v", got)
	}
}

func TestARestoreRefusesNamesThatDoNotFit(t *testing.T) {
	w := newTrashWorld(t)
	project := w.ServerProject("plain")
	secret := w.Secret("A", "v", project)
	w.delete(secret.ID, project)
	w.ServerProject("plain")
	long := strings.Repeat("x", 129)
	for _, c := range []struct {
		id   uuid.UUID
		name *string
		want api.Code
	}{
		{project, nil, api.CodeConflict}, {project, &long, api.CodeInvalid}, {project, ptr("again"), ""}, {secret.ID, &long, ""},
	} {
		if got := w.restore(c.id, c.name); got != c.want {
			t.Errorf("%s answers %q, want %q", c.id, got, c.want)
		}
	}
	for name, in := range map[string]api.RestoreFromTrash{
		"no ids":      {},
		"two, a name": {IDs: []uuid.UUID{project, secret.ID}, Name: ptr("x")},
		"no name":     {IDs: []uuid.UUID{project}, Name: ptr("")},
		"twice":       {IDs: []uuid.UUID{project, project}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.RestoreFromTrash(t.Context(), w.Owner, w.Organization, in)
			wantCode(t, err, api.CodeInvalid)
		})
	}
	_, err := w.ListTrash(t.Context(), w.Owner, uuid.New(), page)
	wantCode(t, err, api.CodeNotFound)
}

func TestAValueWrittenWhileItsProjectWasInTheTrashIsDueForReEncryption(t *testing.T) {
	w := newTrashWorld(t)
	one, two := w.ClientProject("one"), w.ClientProject("two")
	secret := w.ClientSecret("A", "v", one, two)
	w.delete(one.ID)
	value := w.Encrypt(secret.ID, "A", "new", two)
	_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: &value}})
	wantCode(t, err, "")
	if code := w.restore(one.ID, nil); code != "" {
		t.Fatal(code)
	}
	added, err := w.AddProjectKey(t.Context(), w.Owner, one.ID, "", api.NewProjectKey{ID: one.Key.ID, Wrapped: []byte("wrapped one")})
	if err != nil || added.StaleValues != 1 {
		t.Errorf("%d values are under another key than the current, %v", added.StaleValues, err)
	}
	if got := get(t, w.World, w.Owner, secret.ID); len(got.Projects) != 2 || got.Value != value {
		t.Errorf("it is %+v", got)
	}
}
