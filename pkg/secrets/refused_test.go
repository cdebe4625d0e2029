package secrets_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/identity"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
)

func TestAnExpiredGrantGivesNothing(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	secret := w.Secret("A", "value", project)
	ci, asCI := w.ServiceAccount("ci")
	until := w.Clock.Now().Add(time.Hour)
	_, err := w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: project, Force: true, Grants: []api.Grant{
		{Principal: api.GrantPrincipal{ID: ci}, Permission: access.Read, ExpiresAt: &until},
	}})
	wantCode(t, err, "")
	w.Clock.Advance(59 * time.Minute)
	get(t, w, asCI, secret.ID)
	w.Clock.Advance(2 * time.Minute)
	_, err = w.GetSecret(t.Context(), asCI, secret.ID, nil)
	wantCode(t, err, api.CodeNotFound)
}

func TestARevocationHoldsFromTheNextRequestOn(t *testing.T) {
	revocations := map[string]struct {
		revoke func(*secretstest.World, uuid.UUID, uuid.UUID, uuid.UUID) error
		want   api.Code
	}{
		"the principal is disabled": {func(w *secretstest.World, user, _, _ uuid.UUID) error {
			_, err := w.SetDisabled(w.Context(), w.Owner, user, true)
			return err
		}, api.CodeForbidden},
		"the principal is deleted": {func(w *secretstest.World, user, _, _ uuid.UUID) error {
			return w.DeletePrincipal(w.Context(), w.Owner, user)
		}, api.CodeForbidden},
		"the identity is unbound": {func(w *secretstest.World, user, _, _ uuid.UUID) error {
			_, err := w.PutIdentities(w.Context(), w.Owner, user, "", api.PutIdentities{Identities: []api.Identity{}})
			return err
		}, api.CodeForbidden},
		"the group is left": {func(w *secretstest.World, user, group, _ uuid.UUID) error {
			_, err := w.ChangeGroupMembers(w.Context(), w.Owner, group, api.ChangeGroupMembers{Remove: []uuid.UUID{user}})
			return err
		}, api.CodeNotFound},
		"the member has been demoted to an auditor": {func(w *secretstest.World, user, _, _ uuid.UUID) error {
			_, err := w.UpdatePrincipal(w.Context(), w.Owner, user, "", api.UpdatePrincipal{Role: ptr(access.RoleAuditor)})
			return err
		}, api.CodeForbidden},
		"the grant is revoked": {func(w *secretstest.World, _, _, project uuid.UUID) error {
			_, err := w.PutProjectAccess(w.Context(), w.Owner, secrets.PutAccess{ID: project, Grants: []api.Grant{}})
			return err
		}, api.CodeNotFound},
		"the project is deleted": {func(w *secretstest.World, _, _, project uuid.UUID) error {
			w.Trash(project)
			return nil
		}, api.CodeNotFound},
	}
	stores := map[string]func(testing.TB) table.Table{"bolt": newBolt, "DynamoDB": func(t testing.TB) table.Table {
		client, name := dynamotest.New(t)
		return dynamo.New(client, name)
	}}
	for store, open := range stores {
		for name, c := range revocations {
			t.Run(name+" on "+store, func(t *testing.T) {
				w := secretstest.New(t, open(t))
				project := w.ServerProject("plain")
				secret := w.Secret("A", "value", project)
				user, asUser := w.User("developer", access.RoleMember)
				group := w.Group("team", user)
				w.Grant(project, access.Read, group)
				elsewhere := w.Again(nil) // a container that has served the user, and remembers it
				read := func() []error {
					_, one := elsewhere.GetSecret(t.Context(), asUser, secret.ID, nil)
					_, all := elsewhere.GetProjectValues(t.Context(), asUser, secrets.GetProjectValues{Project: project})
					return []error{one, all}
				}
				for _, err := range read() {
					wantCode(t, err, "")
				}
				if err := c.revoke(w, user, group, project); err != nil {
					t.Fatal(err)
				}
				for _, err := range read() {
					wantCode(t, err, c.want)
				}
			})
		}
	}
}

// caller is somebody as the authorizer reports them.
func caller(t *testing.T, userARN, userID string) secrets.Caller {
	t.Helper()
	who, err := identity.FromAuthorizer(identity.Authorizer{
		AccountID: secretstest.Account, UserARN: userARN, UserID: userID,
	}, secretstest.Account)
	if err != nil {
		t.Fatal(err)
	}
	return secrets.Caller{Caller: who}
}

func TestASessionNameNamesNobody(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	secret := w.Secret("A", "value", project)
	user, _ := w.User("ada", access.RoleMember)
	w.Grant(project, access.Read, user)
	const sts = "arn:aws:sts::" + secretstest.Account + ":assumed-role/"
	for name, c := range map[string]secrets.Caller{
		"a session that is called like the role":     caller(t, sts+"build/ada", "AROAEXAMPLEEXAMPLE999:ada"),
		"a session that is called like the person":   caller(t, sts+"build/ada@example.com", "AROAEXAMPLEEXAMPLE999:ada@example.com"),
		"a role whose name differs in case":          caller(t, sts+"Ada/session", "AROAEXAMPLEEXAMPLE999:session"),
		"a user of the name that a bound role has":   caller(t, "arn:aws:iam::"+secretstest.Account+":user/ada", "AIDAEXAMPLEEXAMPLE999"),
		"an Identity Center session bound to nobody": caller(t, sts+"AWSReservedSSO_Dev_0123456789abcdef/ada", "AROAEXAMPLEEXAMPLE999:ada"),
		"a session with the role's name in its own":  caller(t, sts+"build/role=ada", "AROAEXAMPLEEXAMPLE999:role=ada"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.GetSecret(t.Context(), c, secret.ID, nil)
			wantCode(t, err, api.CodeForbidden)
		})
	}
}

func TestAPinnedRoleMadeAgainIsAnotherCaller(t *testing.T) {
	w := newWorld(t)
	user, _ := w.User("ada", access.RoleMember)
	arn := "arn:aws:iam::" + secretstest.Account + ":role/ada"
	_, err := w.PutIdentities(t.Context(), w.Owner, user, "", api.PutIdentities{
		Identities: []api.Identity{{ARN: arn, UniqueID: secretstest.UniqueID}},
	})
	wantCode(t, err, "")
	_, err = w.Whoami(t.Context(), secretstest.Caller("ada"))
	wantCode(t, err, "")
	again := caller(t, "arn:aws:sts::"+secretstest.Account+":assumed-role/ada/session", "AROAEXAMPLEEXAMPLE999:session")
	_, err = w.Whoami(t.Context(), again)
	wantCode(t, err, api.CodeForbidden)
}

// sharedWorld has a secret in two projects, and a developer with permissions on them.
func sharedWorld(t *testing.T, first, second access.Permission) (w *secretstest.World, secret api.Secret, projects [2]uuid.UUID, asUser secrets.Caller) {
	t.Helper()
	w = newWorld(t)
	projects = [2]uuid.UUID{w.ServerProject("one"), w.ServerProject("two")}
	secret = w.Secret("SHARED", "value", projects[0], projects[1])
	user, asUser := w.User("developer", access.RoleMember)
	for i, permission := range []access.Permission{first, second} {
		if permission != access.None {
			w.Grant(projects[i], permission, user)
		}
	}
	return w, secret, projects, asUser
}

func TestWriteOnOneOfTwoProjectsIsNotEnough(t *testing.T) {
	w, secret, projects, asUser := sharedWorld(t, access.Write, access.None)
	third := w.ServerProject("three")
	update := func(in api.UpdateSecret) error {
		_, err := w.UpdateSecret(t.Context(), asUser, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: in})
		return err
	}
	wantCode(t, update(api.UpdateSecret{Value: ptr("new")}), "")
	wantCode(t, update(api.UpdateSecret{Name: ptr("RENAMED")}), api.CodeForbidden)
	wantCode(t, update(api.UpdateSecret{AddProjectIDs: []uuid.UUID{projects[0]}}), api.CodeForbidden)
	wantCode(t, update(api.UpdateSecret{RemoveProjectIDs: []uuid.UUID{projects[0]}}), api.CodeForbidden)
	// The one sentence of a 404 is the same whether or not the project exists.
	unseen, unknown := update(api.UpdateSecret{AddProjectIDs: []uuid.UUID{third}}), update(api.UpdateSecret{AddProjectIDs: []uuid.UUID{uuid.New()}})
	if unseen == nil || unknown == nil || unseen.Error() != unknown.Error() {
		t.Errorf("an unseen project answers %v, an unknown one %v", unseen, unknown)
	}
	results, err := w.DeleteSecrets(t.Context(), asUser, api.IDs{IDs: []uuid.UUID{secret.ID}})
	if err != nil || results.Data[0].Error == nil || results.Data[0].Error.Code != api.CodeForbidden {
		t.Errorf("deleting: %+v, %v", results, err)
	}
	if strings.Contains(results.Data[0].Error.Message, "two") {
		t.Errorf("the message names a project that the caller can't see: %s", results.Data[0].Error.Message)
	}
	if got := get(t, w, w.Owner, secret.ID); got.Name != "SHARED" || len(got.Projects) != 2 {
		t.Errorf("the secret is now %+v", got)
	}
}

func TestManageOnOneOfTwoProjectsDoesNotManageTheSecret(t *testing.T) {
	w, secret, _, asUser := sharedWorld(t, access.Manage, access.Write)
	_, err := w.GetSecretAccess(t.Context(), asUser, secret.ID)
	wantCode(t, err, api.CodeForbidden)
	_, err = w.PutSecretAccess(t.Context(), asUser, secrets.PutAccess{ID: secret.ID, Grants: []api.Grant{}})
	wantCode(t, err, api.CodeForbidden)
	if got := get(t, w, asUser, secret.ID); got.Manage || !got.Write {
		t.Errorf("the secret says manage %v, write %v", got.Manage, got.Write)
	}
}

func TestASecretInTwoProjectsIsSeenThroughEitherAndListedOnce(t *testing.T) {
	for name, permissions := range map[string][2]access.Permission{
		"the first": {access.Read, access.None}, "the second": {access.None, access.Read}, "both": {access.Read, access.Read},
	} {
		t.Run(name, func(t *testing.T) {
			w, secret, _, asUser := sharedWorld(t, permissions[0], permissions[1])
			want := 0
			for _, p := range permissions {
				if p != access.None {
					want++
				}
			}
			if got := get(t, w, asUser, secret.ID); len(got.Projects) != want {
				t.Errorf("get shows projects %v", got.Projects)
			}
			list, err := w.ListSecrets(t.Context(), asUser, w.Organization, secrets.ListSecrets{Page: api.Page{Limit: 10}})
			if err != nil || len(list.Data) != 1 || len(list.Data[0].Projects) != want {
				t.Errorf("list shows %+v, %v", list.Data, err)
			}
		})
	}
}

func TestReadOnASecretInNoLiveProjectDoesNotDeleteIt(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	secret := w.Secret("A", "value", project)
	user, asUser := w.User("developer", access.RoleMember)
	w.GrantSecret(secret.ID, access.Read, user)
	w.Trash(project)
	get(t, w, asUser, secret.ID)
	results, err := w.DeleteSecrets(t.Context(), asUser, api.IDs{IDs: []uuid.UUID{secret.ID}})
	if err != nil || results.Data[0].Error == nil || results.Data[0].Error.Code != api.CodeForbidden {
		t.Errorf("deleting: %+v, %v", results, err)
	}
	w.GrantSecret(secret.ID, access.Manage, user)
	results, err = w.DeleteSecrets(t.Context(), asUser, api.IDs{IDs: []uuid.UUID{secret.ID}})
	if err != nil || results.Data[0].Error != nil {
		t.Errorf("deleting with manage: %+v, %v", results, err)
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	w := newWorld(t)
	member := access.RoleMember
	attempts := map[string]func() error{
		"demoted": func() error {
			_, err := w.UpdatePrincipal(t.Context(), w.Owner, w.OwnerID, "", api.UpdatePrincipal{Role: &member})
			return err
		},
		"disabled": func() error {
			_, err := w.SetDisabled(t.Context(), w.Owner, w.OwnerID, true)
			return err
		},
		"unbound": func() error {
			_, err := w.PutIdentities(t.Context(), w.Owner, w.OwnerID, "", api.PutIdentities{Identities: []api.Identity{}})
			return err
		},
		"deleted": func() error { return w.DeletePrincipal(t.Context(), w.Owner, w.OwnerID) },
	}
	for name, attempt := range attempts {
		t.Run(name, func(t *testing.T) { wantCode(t, attempt(), api.CodeConflict) })
	}
	// A second owner without an identity does not count.
	w.Principal(access.KindUser, "second", access.RoleOwner)
	wantCode(t, attempts["disabled"](), api.CodeConflict)
}

func TestTwoOwnersCannotBothGoAtOnce(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		second, asSecond := w.User("second", access.RoleOwner)
		member := access.RoleMember
		var errs [2]error
		var group sync.WaitGroup
		group.Go(func() {
			_, errs[0] = w.UpdatePrincipal(t.Context(), w.Owner, w.OwnerID, "", api.UpdatePrincipal{Role: &member})
		})
		group.Go(func() { _, errs[1] = w.SetDisabled(t.Context(), asSecond, second, true) })
		group.Wait()
		first, second2 := secretstest.Code(errs[0]), secretstest.Code(errs[1])
		if (first == "") == (second2 == "") {
			t.Fatalf("one should win and one lose: %v, %v", errs[0], errs[1])
		}
	}
}

func TestOnlyOwnersMakeOwners(t *testing.T) {
	w := newWorld(t)
	_, asAdmin := w.User("admin", access.RoleAdmin)
	owner := access.RoleOwner
	_, _, err := w.CreatePrincipal(t.Context(), asAdmin, w.Organization, api.CreatePrincipal{Kind: access.KindUser, Name: "x", Role: &owner})
	wantCode(t, err, api.CodeForbidden)
	_, err = w.UpdatePrincipal(t.Context(), asAdmin, w.OwnerID, "", api.UpdatePrincipal{Name: ptr("renamed")})
	wantCode(t, err, api.CodeForbidden)
	user, _ := w.User("developer", access.RoleMember)
	_, err = w.UpdatePrincipal(t.Context(), asAdmin, user, "", api.UpdatePrincipal{Role: &owner})
	wantCode(t, err, api.CodeForbidden)
	_, err = w.UpdatePrincipal(t.Context(), asAdmin, user, "", api.UpdatePrincipal{Name: ptr("dev")})
	wantCode(t, err, "")
}

func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	user, asUser := w.User("developer", access.RoleMember)
	other, _ := w.User("other", access.RoleMember)
	until := w.Clock.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	put := func(by secrets.Caller, force bool, grants ...api.Grant) error {
		_, err := w.PutProjectAccess(t.Context(), by, secrets.PutAccess{ID: project, Grants: grants, Force: force})
		return err
	}
	mine := api.Grant{Principal: api.GrantPrincipal{ID: user}, Permission: access.Manage, ExpiresAt: &until}
	wantCode(t, put(w.Owner, false, mine), "")
	give := func(permission access.Permission, expires *time.Time) api.Grant {
		return api.Grant{Principal: api.GrantPrincipal{ID: other}, Permission: permission, ExpiresAt: expires}
	}
	later := until.Add(time.Minute)
	wantCode(t, put(asUser, false, mine, give(access.Read, nil)), api.CodeForbidden)
	wantCode(t, put(asUser, false, mine, give(access.Read, &later)), api.CodeForbidden)
	wantCode(t, put(asUser, false, mine, give(access.Manage, &until)), "")
	// Losing one's own manage must be meant.
	wantCode(t, put(asUser, false, give(access.Manage, &until)), api.CodeConflict)
	wantCode(t, put(asUser, true, give(access.Manage, &until)), "")
	wantCode(t, put(asUser, true, mine), api.CodeNotFound)
	// A grant that is past, or to nobody.
	past := w.Clock.Now().Add(-time.Minute)
	wantCode(t, put(w.Owner, false, give(access.Read, &past)), api.CodeInvalid)
	wantCode(t, put(w.Owner, false, api.Grant{Principal: api.GrantPrincipal{ID: uuid.New()}, Permission: access.Read}), api.CodeNotFound)
}

func TestAnAuditorSeesEverythingButValues(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	secret := w.Secret("A", "value", project)
	auditor, asAuditor := w.User("auditor", access.RoleAuditor)
	w.Grant(project, access.Manage, auditor)
	_, err := w.GetSecret(t.Context(), asAuditor, secret.ID, nil)
	wantCode(t, err, api.CodeForbidden)
	_, err = w.GetProjectValues(t.Context(), asAuditor, secrets.GetProjectValues{Project: project})
	wantCode(t, err, api.CodeForbidden)
	_, err = w.UpdateSecret(t.Context(), asAuditor, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("x")}})
	wantCode(t, err, api.CodeForbidden)
	list, err := w.ListSecrets(t.Context(), asAuditor, w.Organization, secrets.ListSecrets{Page: api.Page{Limit: 10}})
	if err != nil || len(list.Data) != 1 {
		t.Errorf("list: %+v, %v", list, err)
	}
	_, err = w.ListSecretVersions(t.Context(), asAuditor, secret.ID, api.Page{Limit: 10})
	wantCode(t, err, "")
	_, err = w.GetProjectAccess(t.Context(), asAuditor, project)
	wantCode(t, err, "")
}
