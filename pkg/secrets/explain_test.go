package secrets_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// reachers are all that can reach a secret, as someone is told.
func reachers(t *testing.T, w *secretstest.World, by secrets.Caller, secret uuid.UUID, limit int) (all []api.SecretPrincipal, pages int) {
	t.Helper()
	in := api.Page{Limit: limit}
	for {
		list, err := w.ListSecretPrincipals(t.Context(), by, secret, in)
		wantCode(t, err, "")
		if len(list.Data) > limit {
			t.Errorf("a page has %d entries, and %d were asked for", len(list.Data), limit)
		}
		all, pages = append(all, list.Data...), pages+1
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			return all, pages
		}
	}
}

// inWords is a list of who reaches a secret, a line each.
func inWords(all []api.SecretPrincipal) string {
	var b strings.Builder
	for _, entry := range all {
		fmt.Fprintf(&b, "%s %s:", entry.Principal.Name, entry.Reach)
		for _, r := range entry.Reasons {
			switch {
			case r.Cause == access.CauseRole:
				fmt.Fprintf(&b, " role %s;", r.Role)
			case r.Group != nil:
				fmt.Fprintf(&b, " %s on %s %s through %s;", r.Permission, r.Resource.Kind, r.Resource.Name, r.Group.Name)
			default:
				fmt.Fprintf(&b, " %s on %s %s;", r.Permission, r.Resource.Kind, r.Resource.Name)
			}
		}
		if entry.HiddenReasons > 0 {
			fmt.Fprintf(&b, " %d hidden;", entry.HiddenReasons)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestWhoManagesASecretSeesNoNameOfItsOtherProjects: ways through these are counted, and whoever comes through them is
// listed all the same.
func TestWhoManagesASecretSeesNoNameOfItsOtherProjects(t *testing.T) {
	w := newWorld(t)
	seen, unseen := w.ServerProject("seen"), w.ServerProject("unseen")
	secret := w.Secret("SHARED", "value", seen, unseen)
	ada, _ := w.User("ada", access.RoleMember)
	bob, _ := w.User("bob", access.RoleMember)
	w.Grant(unseen, access.Write, w.Group("team", ada, bob))
	w.Grant(seen, access.Read, ada)
	manager, asManager := w.ServiceAccount("manager")
	w.GrantSecret(secret.ID, access.Manage, manager)
	w.Grant(seen, access.Read, manager)

	all, _ := reachers(t, w, asManager, secret.ID, 10)
	want := "manager manage: manage on secret SHARED; read on project seen;\n" +
		"ada write: read on project seen; 1 hidden;\n" +
		"bob write: 1 hidden;\n" +
		"owner manage: role owner;\n"
	if diff := cmp.Diff(want, inWords(all)); diff != "" {
		t.Errorf("the manager is told (-want +got):\n%s", diff)
	}
	if shown := fmt.Sprintf("%+v", all); strings.Contains(shown, unseen.String()) {
		t.Error("the unseen project's id is shown")
	}
	all, _ = reachers(t, w, w.Owner, secret.ID, 10)
	want = "manager manage: manage on secret SHARED; read on project seen;\n" +
		"ada write: read on project seen; write on project unseen through team;\n" +
		"bob write: write on project unseen through team;\n" +
		"owner manage: role owner;\n"
	if diff := cmp.Diff(want, inWords(all)); diff != "" {
		t.Errorf("the owner is told (-want +got):\n%s", diff)
	}
}

// TestABigGroupIsListedInPages with its group as the way; a page looks at 500 principals, and its token has no name in it.
func TestABigGroupIsListedInPages(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	secret := w.Secret("A", "value", project)
	var members []uuid.UUID
	for i := range 620 {
		id := w.Principal(access.KindUser, fmt.Sprintf("user %04d", i), access.RoleMember)
		if i%2 == 0 {
			members = append(members, id)
		}
	}
	w.Grant(project, access.Read, w.Group("everybody", members...))
	for limit, want := range map[int]int{500: 2, 100: 4, 7: 45} {
		all, pages := reachers(t, w, w.Owner, secret.ID, limit)
		if len(all) != 311 || pages != want {
			t.Errorf("pages of %d: %d entries in %d pages, want 311 in %d", limit, len(all), pages, want)
		}
		if r := all[17].Reasons[0]; r.Group == nil || r.Group.Name != "everybody" {
			t.Errorf("the way is %+v", r)
		}
	}
}

// TestAListOfReachersGoesOnWhereItWas, unless the principal at the end of the last page has changed.
func TestAListOfReachersGoesOnWhereItWas(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("A", "value")
	admin, _ := w.User("admin", access.RoleAdmin)
	first, err := w.ListSecretPrincipals(t.Context(), w.Owner, secret.ID, api.Page{Limit: 1})
	if err != nil || len(first.Data) != 1 || first.Data[0].Principal.ID != admin {
		t.Fatal(first, err)
	}
	next := api.Page{Limit: 1, ContinuationToken: first.ContinuationToken}
	second, err := w.ListSecretPrincipals(t.Context(), w.Owner, secret.ID, next)
	if err != nil || len(second.Data) != 1 || second.Data[0].Principal.ID != w.OwnerID {
		t.Fatal(second, err)
	}
	_, err = w.UpdatePrincipal(t.Context(), w.Owner, admin, "", api.UpdatePrincipal{Name: ptr("zelda")})
	wantCode(t, err, "")
	_, err = w.ListSecretPrincipals(t.Context(), w.Owner, secret.ID, next)
	wantCode(t, err, api.CodeInvalid)
	wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, admin), "")
	_, err = w.ListSecretPrincipals(t.Context(), w.Owner, secret.ID, next)
	wantCode(t, err, api.CodeInvalid)
}

// TestAnExplanationSaysUntilWhen: a reach that falls back to a lower one ends when it does.
func TestAnExplanationSaysUntilWhen(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	ci, _ := w.ServiceAccount("ci")
	secret := w.Secret("A", "value", project)
	until := w.Clock.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	_, err := w.PutSecretAccess(t.Context(), w.Owner, secrets.PutAccess{ID: secret.ID, Grants: []api.Grant{
		{Principal: api.GrantPrincipal{ID: ci}, Permission: access.Write, ExpiresAt: &until},
	}})
	wantCode(t, err, "")
	w.Grant(project, access.Read, ci)
	check := func(permission access.Permission, want string, reach api.Reach, end *time.Time) {
		t.Helper()
		got, err := w.ExplainAccess(t.Context(), w.Owner, w.Organization, secrets.ExplainAccess{
			Principal: ci, Secret: &secret.ID, Permission: permission,
		})
		wantCode(t, err, "")
		if got.Reason != want || got.Reach != reach || !cmp.Equal(got.ExpiresAt, end) {
			t.Errorf("explained by %+v", got)
		}
	}
	check(access.Write, "write on secret A until "+until.Format(time.RFC3339), api.ReachWrite, &until)
	check(access.Read, "read on project plain", api.ReachWrite, nil)
	listed, err := w.ListPrincipalAccess(t.Context(), w.Owner, ci, api.Page{Limit: 10})
	if err != nil || len(listed.Data) != 2 || listed.Data[0].ExpiresAt != nil || !cmp.Equal(listed.Data[1].ExpiresAt, &until) ||
		len(listed.Data[1].Reasons) != 2 {
		t.Errorf("listed is %+v, %v", listed, err)
	}
	w.Clock.Advance(time.Hour)
	check(access.Write, "write is missing on secret A, has read", api.ReachRead, nil)
	listed, err = w.ListPrincipalAccess(t.Context(), w.Owner, ci, api.Page{Limit: 10})
	if err != nil || len(listed.Data) != 1 || listed.Data[0].Resource.ID != project {
		t.Errorf("listed is %+v, %v", listed, err)
	}
}

// TestWhatAGroupWasGrantedIsListed, as its members reach it.
func TestWhatAGroupWasGrantedIsListed(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	ada, asAda := w.User("ada", access.RoleMember)
	team := w.Group("team", ada)
	w.Grant(project, access.Write, team)
	listed, err := w.ListPrincipalAccess(t.Context(), w.Owner, team, api.Page{Limit: 10})
	if err != nil || len(listed.Data) != 1 || listed.Data[0].Reach != api.ReachWrite || listed.Data[0].Reasons[0].Group != nil {
		t.Errorf("listed is %+v, %v", listed, err)
	}
	_, err = w.ListPrincipalAccess(t.Context(), asAda, team, api.Page{Limit: 10})
	wantCode(t, err, api.CodeForbidden)
}

// TestNobodyIsExplained: whom there is not, or is no longer; and whoever may not ask learns nothing of that.
func TestNobodyIsExplained(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	gone := w.Principal(access.KindUser, "gone", access.RoleMember)
	w.Grant(project, access.Read, gone)
	wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, gone), "")
	_, asUser := w.User("developer", access.RoleMember)
	for _, id := range []uuid.UUID{gone, uuid.New(), uuid.Nil, project} {
		in := secrets.ExplainAccess{Principal: id, Project: &project, Permission: access.Read}
		for by, code := range map[*secrets.Caller]api.Code{&w.Owner: api.CodeNotFound, &asUser: api.CodeForbidden} {
			_, err := w.ExplainAccess(t.Context(), *by, w.Organization, in)
			wantCode(t, err, code)
			_, err = w.ListPrincipalAccess(t.Context(), *by, id, api.Page{Limit: 10})
			wantCode(t, err, code)
		}
	}
	_, err := w.ExplainAccess(t.Context(), w.Owner, uuid.New(), secrets.ExplainAccess{
		Principal: w.OwnerID, Project: &project, Permission: access.Read,
	})
	wantCode(t, err, api.CodeNotFound)
}

// TestTheDeletedReachNothing: their grants stay for a while, and give nobody anything.
func TestTheDeletedReachNothing(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	secret := w.Secret("A", "value", project)
	gone := w.Principal(access.KindServiceAccount, "gone", "")
	w.Grant(project, access.Read, gone)
	wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, gone), "")
	if all, _ := reachers(t, w, w.Owner, secret.ID, 10); inWords(all) != "owner manage: role owner;\n" {
		t.Errorf("listed are %s", inWords(all))
	}
}

// TestMuchThatIsReachedIsListedInPages: a page looks at 100 things, and each is listed once however many ways lead there.
func TestMuchThatIsReachedIsListedInPages(t *testing.T) {
	w := newWorld(t)
	ada := w.Principal(access.KindUser, "ada", access.RoleMember)
	teams := []uuid.UUID{ada, w.Group("one", ada), w.Group("two", ada)}
	for i := range 130 {
		w.Grant(w.ServerProject(fmt.Sprintf("project %d", i)), access.Read, teams[i%3], teams[(i+i/7)%3])
	}
	for limit, want := range map[int]int{500: 2, 9: 15} {
		in, pages, seen := api.Page{Limit: limit}, 0, map[uuid.UUID]bool{}
		for {
			list, err := w.ListPrincipalAccess(t.Context(), w.Owner, ada, in)
			wantCode(t, err, "")
			for _, entry := range list.Data {
				seen[entry.Resource.ID] = true
			}
			pages++
			if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
				break
			}
		}
		if len(seen) != 130 || pages != want {
			t.Errorf("pages of %d: %d things in %d pages, want 130 in %d", limit, len(seen), pages, want)
		}
	}
}

// TestRefusedQuestionsAreRecorded, and what was allowed is not: no value is in it.
func TestRefusedQuestionsAreRecorded(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	secret := w.Secret("A", "value", project)
	ci, _ := w.ServiceAccount("ci")
	_, asUser := w.User("developer", access.RoleMember)
	ask := func(by secrets.Caller) {
		_, _ = w.ExplainAccess(t.Context(), by, w.Organization, secrets.ExplainAccess{
			Principal: ci, Secret: &secret.ID, Permission: access.Read,
		})
		_, _ = w.ListPrincipalAccess(t.Context(), by, ci, api.Page{Limit: 10})
		_, _ = w.ListSecretPrincipals(t.Context(), by, secret.ID, api.Page{Limit: 10})
	}
	ask(w.Owner)
	ask(asUser)
	for name, on := range map[operation.Name]uuid.UUID{
		operation.ExplainAccess: ci, operation.ListPrincipalAccess: ci, operation.ListSecretPrincipals: secret.ID,
	} {
		all := events(w, of(name))
		if len(all) != 1 || all[0].Decision != "denied" || all[0].Resource.ID != on {
			t.Errorf("%s is recorded as %+v", name, all)
		}
	}
}
