package secrets_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// TestASecretThatMovesInIsNotShownUnderAnOldGrant revokes a grant on a project and then moves a secret into it, between
// any two reads of a request that began before.
func TestASecretThatMovesInIsNotShownUnderAnOldGrant(t *testing.T) {
	readers := map[string]func(w *secretstest.World, by secrets.Caller, secret, project uuid.UUID) (string, error){
		"get-secret, hinted": func(w *secretstest.World, by secrets.Caller, secret, project uuid.UUID) (string, error) {
			s, err := w.GetSecret(w.Context(), by, secret, []uuid.UUID{project})
			return s.Value, err
		},
		"get-secret-by-name": func(w *secretstest.World, by secrets.Caller, _, project uuid.UUID) (string, error) {
			s, err := w.GetSecretByName(w.Context(), by, project, "A")
			return s.Value, err
		},
		"get-project-values": func(w *secretstest.World, by secrets.Caller, _, project uuid.UUID) (string, error) {
			list, err := w.GetProjectValues(w.Context(), by, secrets.GetProjectValues{Project: project})
			if err != nil || len(list.Data) == 0 {
				return "", err
			}
			return list.Data[0].Value, nil
		},
	}
	for name, read := range readers {
		for _, reversed := range []bool{false, true} {
			for point := int64(1); point < 8; point++ {
				w := newWorld(t)
				project, other := w.ServerProject("plain"), w.ServerProject("other")
				secret := w.Secret("A", "hidden", other)
				user, asUser := w.User("developer", access.RoleMember)
				w.Grant(project, access.Write, user)
				w.Clock.Advance(time.Minute)
				c := &countingTable{}
				c.before = func(call int64) {
					if call != point {
						return
					}
					_, err := w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: project, Grants: []api.Grant{}})
					wantCode(t, err, "")
					_, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{
						AddProjectIDs: []uuid.UUID{project},
					}})
					wantCode(t, err, "")
				}
				again := w.Again(func(inner table.Table) table.Table { c.Table = inner; return tornTable{c, reversed} })
				if value, err := read(again, asUser, secret.ID, project); err == nil && value != "" {
					t.Errorf("%s, reversed %v, stepping in before read %d: it shows %q", name, reversed, point, value)
				}
			}
		}
	}
}

func TestAnUnusableIDTellsNothingToWhoMayNotCreate(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	id, free := w.NewID(), w.NewID()
	create := func(by secrets.Caller, id uuid.UUID) error {
		_, _, err := w.CreateSecret(t.Context(), by, w.Organization, api.CreateSecret{
			ID: &id, Name: "B", Value: ptr("v"), ProjectIDs: []uuid.UUID{project},
		})
		return err
	}
	wantCode(t, create(w.Owner, id), "")
	_, asNobody := w.ServiceAccount("nobody")
	if used, unused := create(asNobody, id), create(asNobody, free); used == nil || unused == nil || used.Error() != unused.Error() {
		t.Errorf("a used id answers %v, an unused one %v", used, unused)
	}
	_, asAuditor := w.User("auditor", access.RoleAuditor)
	wantCode(t, create(asAuditor, id), api.CodeForbidden)
}

func TestWhatIsInTheTrashIsGoneToWhoCouldNotHavePutItThere(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	user, asUser := w.User("reader", access.RoleMember)
	w.Grant(project, access.Read, user)
	secret := w.Secret("A", "v", project)
	ids := api.IDs{IDs: []uuid.UUID{secret.ID}}
	remove := func(by secrets.Caller) api.Code {
		results, err := w.DeleteSecrets(t.Context(), by, ids)
		wantCode(t, err, "")
		if results.Data[0].Error == nil {
			return ""
		}
		return results.Data[0].Error.Code
	}
	if code := remove(asUser); code != api.CodeForbidden {
		t.Errorf("a reader who deletes what is there is answered %q", code)
	}
	if code := remove(w.Owner); code != "" {
		t.Errorf("the owner is answered %q", code)
	}
	if code := remove(asUser); code != api.CodeNotFound {
		t.Errorf("a reader who deletes what is in the trash is answered %q", code)
	}
	w.Trash(project)
	results, err := w.DeleteProjects(t.Context(), asUser, api.IDs{IDs: []uuid.UUID{project}})
	wantCode(t, err, "")
	if e := results.Data[0].Error; e == nil || e.Code != api.CodeNotFound {
		t.Errorf("a reader who deletes a project in the trash is answered %+v", e)
	}
}

func TestARecoveredOwnerIsLetIn(t *testing.T) {
	owner := "arn:aws:iam::" + secretstest.Account + ":role/owner"
	t.Run("though the identity was pinned to a role that is gone", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.PutIdentities(t.Context(), w.Owner, w.OwnerID, "", api.PutIdentities{Identities: []api.Identity{
			{ARN: owner, UniqueID: "AROAOLDOLDOLDOLDOLD12"},
		}})
		wantCode(t, err, "")
		_, err = w.Whoami(t.Context(), w.Owner)
		wantCode(t, err, api.CodeForbidden)
		_, err = w.CreateOrganization(t.Context(), api.CreateOrganization{RecoverOwner: "owner", ARN: owner})
		wantCode(t, err, "")
		_, err = w.Whoami(t.Context(), w.Owner)
		wantCode(t, err, "")
	})
	t.Run("but not with an eleventh identity", func(t *testing.T) {
		w := newWorld(t)
		var identities []api.Identity
		for i := range 10 {
			identities = append(identities, api.Identity{ARN: fmt.Sprintf("arn:aws:iam::%s:role/r%d", secretstest.Account, i)})
		}
		_, err := w.PutIdentities(t.Context(), w.Owner, w.OwnerID, "", api.PutIdentities{Identities: identities})
		wantCode(t, err, "")
		_, err = w.CreateOrganization(t.Context(), api.CreateOrganization{RecoverOwner: "owner", ARN: owner})
		wantCode(t, err, api.CodeInvalid)
	})
}

func TestAnAdminPutsNobodyInAnOwnersPlace(t *testing.T) {
	w := newWorld(t)
	const role = "AWSReservedSSO_Admin_0123456789abcdef"
	_, err := w.PutIdentities(t.Context(), w.Owner, w.OwnerID, "", api.PutIdentities{Identities: []api.Identity{
		{ARN: "arn:aws:iam::" + secretstest.Account + ":role/owner"}, {ARN: "arn:aws:iam::" + secretstest.Account + ":role/" + role},
	}})
	wantCode(t, err, "")
	_, asAdmin := w.User("admin", access.RoleAdmin)
	puppet, _ := w.User("puppet", access.RoleMember)
	session := api.PutIdentities{Identities: []api.Identity{{
		ARN: "arn:aws:sts::" + secretstest.Account + ":assumed-role/" + role + "/boss", UniqueID: secretstest.UniqueID,
	}}}
	_, err = w.PutIdentities(t.Context(), asAdmin, puppet, "", session)
	wantCode(t, err, api.CodeForbidden)
	_, err = w.PutIdentities(t.Context(), w.Owner, puppet, "", session)
	wantCode(t, err, "")
}

func TestAnErrorNamesTheFieldAsItWasSent(t *testing.T) {
	w := newWorld(t)
	w.User("aaa", access.RoleMember)
	user, _ := w.User("bbb", access.RoleMember)
	_, err := w.PutIdentities(t.Context(), w.Owner, user, "", api.PutIdentities{Identities: []api.Identity{
		{ARN: "arn:aws:iam::" + secretstest.Account + ":role/zzz"}, {ARN: "arn:aws:iam::" + secretstest.Account + ":role/aaa"},
	}})
	wantCode(t, err, api.CodeConflict)
	if !strings.Contains(err.Error(), "identities[1]") {
		t.Errorf("the second of the request is bound elsewhere, and the error is %v", err)
	}
}

func TestAListGoesOnAfterNamesAtTheEndOfUnicode(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	user, asUser := w.User("developer", access.RoleMember)
	w.Grant(project, access.Read, user)
	names := []string{"a\U0010FFFFa", "a\U0010FFFFb", "a\U0010FFFFc", "b", "c", "d"}
	for _, name := range names {
		w.Secret(name, "v", project)
	}
	if got := listAll(t, w, asUser, 1, ""); len(got) != len(names) {
		t.Errorf("%d of %d are listed: %q", len(got), len(names), got)
	}
}

func TestAListOfProjectsGoesOnAfterOneThatIsDeletedMeanwhile(t *testing.T) {
	w := newWorld(t)
	var ids []uuid.UUID
	for i := range 6 {
		ids = append(ids, w.ServerProject(fmt.Sprintf("project %d", i)))
	}
	c := &countingTable{}
	c.before = func(call int64) {
		if call == 3 { // the identity, the entries, the projects
			w.Trash(ids[1])
		}
	}
	again := w.Again(func(inner table.Table) table.Table { c.Table = inner; return c })
	in, n := api.Page{Limit: 2}, 0
	for {
		list, err := again.ListProjects(t.Context(), w.Owner, w.Organization, in)
		wantCode(t, err, "")
		n += len(list.Data)
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			break
		}
	}
	if n != 5 {
		t.Errorf("%d of the 5 projects that are left are listed", n)
	}
}

func TestGrantsOfTheDeletedAreInNobodysWay(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	var gone []uuid.UUID
	for i := range 100 {
		gone = append(gone, w.Principal(access.KindUser, fmt.Sprint(i), access.RoleMember))
	}
	w.Grant(project, access.Read, gone[:50]...)
	w.Grant(project, access.Read, gone[50:]...)
	for _, id := range gone {
		wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, id), "")
	}
	policy, err := w.GetProjectAccess(t.Context(), w.Owner, project)
	if err != nil || len(policy.Grants) != 1 {
		t.Fatalf("%d grants are shown: %v", len(policy.Grants), err)
	}
	user, asUser := w.User("new", access.RoleMember)
	answer, err := w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: project, Grants: append(policy.Grants, api.Grant{
		Principal: api.GrantPrincipal{ID: user}, Permission: access.Read,
	})})
	if err != nil || len(answer.Grants) != 2 {
		t.Errorf("one more: %+v, %v", answer, err)
	}
	_, err = w.GetProject(t.Context(), asUser, project)
	wantCode(t, err, "")
}

func TestWhatIsDamagedStandsInNothingElsesWay(t *testing.T) {
	w := newWorld(t)
	a, b := w.Secret("A", "a"), w.Secret("B", "b")
	rewrite(t, w, secretItem(a.ID), func(attributes map[string]any) {
		sealed := attributes["value"].([]byte)
		sealed[len(sealed)-1] ^= 1
	})
	found, err := w.GetSecretsByIDs(t.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{a.ID, b.ID}})
	if err != nil || len(found.Data) != 1 || len(found.Errors) != 1 || found.Errors[0].Error.Code != api.CodeInternal {
		t.Errorf("read in bulk: %+v, %v", found, err)
	}
	_, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: a.ID, UpdateSecret: api.UpdateSecret{Value: ptr("mended")}})
	wantCode(t, err, "")
	if got := get(t, w, w.Owner, a.ID); got.Value != "mended" {
		t.Errorf("mended: %+v", got)
	}
}

func TestAGroupIsNotItsOwnMember(t *testing.T) {
	w := newWorld(t)
	group := w.Group("team")
	results, err := w.ChangeGroupMembers(t.Context(), w.Owner, group, api.ChangeGroupMembers{Add: []uuid.UUID{group}})
	if err != nil || results.Data[0].Error == nil || results.Data[0].Error.Code != api.CodeNotFound {
		t.Errorf("%+v, %v", results, err)
	}
}
