package secrets_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// An expiryWorld has a secret in a project, another project that it may join, and somebody who is granted something.
type expiryWorld struct {
	*secretstest.World
	project, other, secret uuid.UUID
	by                     secrets.Caller
	// known is what was answered last: that nothing has changed since is for nobody to learn whose grant has ended.
	known secrets.IfNoneMatch
}

// A use is how an action is tried.
type use struct {
	// onProject and onSecret are the least grant on the project, or else on the secret alone, that is enough; None where
	// none is.
	onProject, onSecret access.Permission
	do                  func(w *expiryWorld) error
}

// uses are all actions that grants decide about, each through a use case.
var uses = map[access.Action]use{
	access.CreateSecret: {access.Write, access.None, func(w *expiryWorld) error {
		_, _, err := w.CreateSecret(w.Context(), w.by, w.Organization, api.CreateSecret{
			Name: uuid.NewString(), Value: ptr("value"), ProjectIDs: []uuid.UUID{w.project},
		})
		return err
	}},
	access.SeeProject: {access.Read, access.None, func(w *expiryWorld) error {
		list, err := w.ListProjects(w.Context(), w.by, w.Organization, page)
		if err != nil {
			return err
		}
		_, err = w.GetProject(w.Context(), w.by, w.project)
		isProject := func(p api.Project) bool { return p.ID == w.project }
		if listed := slices.ContainsFunc(list.Data, isProject); listed != (err == nil) {
			w.Errorf("listed: %t, seen: %v", listed, err)
		}
		return err
	}},
	access.ListProjectSecrets: {access.Read, access.None, func(w *expiryWorld) error {
		_, err := w.ListProjectSecrets(w.Context(), w.by, w.project, secrets.ListSecrets{Page: page})
		return err
	}},
	access.ReadProjectValues: {access.Read, access.None, func(w *expiryWorld) error {
		values, err := w.GetProjectValues(w.Context(), w.by, secrets.GetProjectValues{Project: w.project, Known: w.known})
		w.known = secrets.IfNoneMatch(values.ETag)
		return err
	}},
	access.ChangeProject: {access.Manage, access.None, func(w *expiryWorld) error {
		_, err := w.UpdateProject(w.Context(), w.by, w.project, "", api.UpdateProject{Name: ptr("renamed")})
		return err
	}},
	access.DeleteProject: {access.Manage, access.None, func(w *expiryWorld) error {
		return w.only(w.DeleteProjects(w.Context(), w.by, api.IDs{IDs: []uuid.UUID{w.project}}))
	}},
	access.SeeProjectAccess: {access.Manage, access.None, func(w *expiryWorld) error {
		_, err := w.GetProjectAccess(w.Context(), w.by, w.project)
		return err
	}},
	access.ChangeProjectAccess: {access.Manage, access.None, func(w *expiryWorld) error {
		policy, err := w.GetProjectAccess(w.Context(), w.Owner, w.project)
		if err != nil {
			w.Fatal(err)
		}
		_, err = w.PutProjectAccess(w.Context(), w.by, secrets.PutAccess{ID: w.project, Grants: policy.Grants})
		return err
	}},
	access.SeeSecret: {access.Read, access.Read, func(w *expiryWorld) error {
		list, err := w.ListSecrets(w.Context(), w.by, w.Organization, secrets.ListSecrets{Page: page})
		if err != nil {
			return err
		}
		_, err = w.ListSecretVersions(w.Context(), w.by, w.secret, page)
		isSecret := func(s api.SecretEntry) bool { return s.ID == w.secret }
		if listed := slices.ContainsFunc(list.Data, isSecret); listed != (err == nil) {
			w.Errorf("listed: %t, seen: %v", listed, err)
		}
		return err
	}},
	access.ReadSecret: {access.Read, access.Read, func(w *expiryWorld) error {
		_, err := w.GetSecret(w.Context(), w.by, w.secret, []uuid.UUID{w.project})
		return err
	}},
	access.WriteSecret: {access.Write, access.Write, func(w *expiryWorld) error {
		return w.changes(api.UpdateSecret{Value: ptr("changed")})
	}},
	access.RenameSecret: {access.Write, access.Manage, func(w *expiryWorld) error {
		return w.changes(api.UpdateSecret{Name: ptr("RENAMED")})
	}},
	access.MoveSecret: {access.Manage, access.Manage, func(w *expiryWorld) error {
		return w.changes(api.UpdateSecret{AddProjectIDs: []uuid.UUID{w.other}})
	}},
	access.DeleteSecret: {access.Write, access.Manage, func(w *expiryWorld) error {
		return w.only(w.DeleteSecrets(w.Context(), w.by, api.IDs{IDs: []uuid.UUID{w.secret}}))
	}},
	access.SeeSecretAccess: {access.Manage, access.Manage, func(w *expiryWorld) error {
		_, err := w.GetSecretAccess(w.Context(), w.by, w.secret)
		return err
	}},
	access.ChangeSecretAccess: {access.Manage, access.Manage, func(w *expiryWorld) error {
		policy, err := w.GetSecretAccess(w.Context(), w.Owner, w.secret)
		if err != nil {
			w.Fatal(err)
		}
		_, err = w.PutSecretAccess(w.Context(), w.by, secrets.PutAccess{ID: w.secret, Grants: policy.Grants})
		return err
	}},
}

func (w *expiryWorld) changes(in api.UpdateSecret) error {
	_, err := w.UpdateSecret(w.Context(), w.by, secrets.UpdateSecret{ID: w.secret, UpdateSecret: in})
	return err
}

// only is what became of the one id of a bulk request.
func (w *expiryWorld) only(results api.BulkResults, err error) error {
	if err == nil && results.Data[0].Error != nil {
		err = api.Errorf(results.Data[0].Error.Code, "%s", results.Data[0].Error.Message)
	}
	return err
}

// holders make somebody who can be granted something: the principal that grants are for, and who acts.
var holders = map[string]func(w *secretstest.World) (uuid.UUID, secrets.Caller){
	"a user": func(w *secretstest.World) (uuid.UUID, secrets.Caller) { return w.User("ada", access.RoleMember) },
	"a user through a group": func(w *secretstest.World) (uuid.UUID, secrets.Caller) {
		id, by := w.User("ada", access.RoleMember)
		return w.Group("team", id), by
	},
	"a service account": func(w *secretstest.World) (uuid.UUID, secrets.Caller) { return w.ServiceAccount("ci") },
}

// An expiry is one case: an action, and a grant that ends.
type expiry struct {
	action     access.Action
	holder     string
	onSecret   bool
	permission access.Permission
	// for ever: a grant without end, for comparison.
	forever bool
}

func (c expiry) String() string {
	return fmt.Sprintf("%s by %s with %s, on a secret: %t, for ever: %t", c.action, c.holder, c.permission, c.onSecret, c.forever)
}

// begin makes the world in which the grant was given an hour ago, but for a millisecond, and its end.
func (c expiry) begin(t *testing.T) *expiryWorld {
	w := &expiryWorld{World: newWorld(t)}
	w.project, w.other = w.ServerProject("plain"), w.ServerProject("other")
	w.secret = w.Secret("A", "value", w.project).ID
	var holder uuid.UUID
	holder, w.by = holders[c.holder](w.World)
	end := w.Clock.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	give := func(permission access.Permission) []api.Grant {
		g := api.Grant{Principal: api.GrantPrincipal{ID: holder}, Permission: permission, ExpiresAt: &end}
		if c.forever {
			g.ExpiresAt = nil
		}
		return []api.Grant{g}
	}
	var err error
	if c.onSecret {
		_, err = w.PutSecretAccess(t.Context(), w.Owner, secrets.PutAccess{ID: w.secret, Grants: give(c.permission)})
	} else {
		_, err = w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: w.project, Force: true, Grants: give(c.permission)})
	}
	wantCode(t, err, "")
	if c.action == access.MoveSecret { // whoever only wrote there would no longer manage the secret
		_, err = w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: w.other, Force: true, Grants: give(access.Manage)})
		wantCode(t, err, "")
	}
	w.Clock.Advance(end.Sub(w.Clock.Now()) - time.Millisecond)
	return w
}

// want is what is answered before the end.
func (c expiry) want() api.Code {
	u := uses[c.action]
	needed := u.onProject
	if c.onSecret {
		needed = u.onSecret
	}
	switch {
	case needed != access.None && c.permission >= needed:
		return ""
	case needed == access.None, needed == access.Read:
		return api.CodeNotFound // a grant on a secret shows nothing of its project
	}
	return api.CodeForbidden
}

// TestGrantsEndForEveryActionAndEverybody tries each action, a millisecond before a grant ends, as it ends, and after.
func TestGrantsEndForEveryActionAndEverybody(t *testing.T) {
	counts := map[api.Code]int{}
	for _, action := range access.Actions() {
		if _, ok := uses[action]; !ok {
			if decidedByGrants(action) {
				t.Errorf("%s is tried by no case", action)
			}
			continue
		}
		for holder := range holders {
			for permission := access.Read; permission <= access.Manage; permission++ {
				for _, onSecret := range []bool{false, true} {
					for _, forever := range []bool{false, true} {
						c := expiry{action, holder, onSecret, permission, forever}
						counts[c.try(t)]++
					}
				}
			}
		}
	}
	if counts[""] < 150 || counts[api.CodeForbidden] < 50 || counts[api.CodeNotFound] < 100 {
		t.Errorf("before, they were answered %v", counts)
	}
}

// decidedByGrants says whether a member with manage on a project may do what one without may not.
func decidedByGrants(action access.Action) bool {
	ask := func(grants ...access.Grant) bool {
		project := access.Project{ID: uuid.Max, Live: true, Grants: grants}
		return access.Evaluate(access.Request{
			Principal: access.Principal{ID: uuid.Max, Kind: access.KindUser, Role: access.RoleMember}, Action: action,
			Project: &project, Secret: &access.Secret{ID: uuid.Max, Live: true, Projects: []access.Project{project}},
			Added: []access.Project{project},
		}).Allowed
	}
	return ask(access.Grant{Principal: uuid.Max, Permission: access.Manage}) && !ask()
}

func (c expiry) try(t *testing.T) (before api.Code) {
	t.Helper()
	w := c.begin(t)
	do := func() api.Code { return secretstest.Code(uses[c.action].do(w)) }
	before = do()
	if want := c.want(); before != want {
		t.Errorf("%s: %q a millisecond before the end, want %q", c, before, want)
	}
	for _, when := range []string{"at its end", "a millisecond after"} {
		want := api.CodeNotFound
		if c.forever {
			want = before
		}
		w.Clock.Advance(time.Millisecond)
		if got := do(); got != want {
			t.Errorf("%s: %q %s, want %q", c, got, when, want)
		}
	}
	return before
}

// TestGrantsThatEndedAreShownRenewedAndTakenAway: nothing takes them away by itself, so that who looks sees what was.
func TestGrantsThatEndedAreShownRenewedAndTakenAway(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	ada, asAda := w.User("ada", access.RoleMember)
	bob, _ := w.User("bob", access.RoleMember)
	end := w.Clock.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	mine := api.Grant{Principal: api.GrantPrincipal{ID: w.OwnerID}, Permission: access.Manage}
	give := func(id uuid.UUID, end time.Time) api.Grant {
		return api.Grant{Principal: api.GrantPrincipal{ID: id}, Permission: access.Read, ExpiresAt: &end}
	}
	put := func(grants ...api.Grant) []api.Grant {
		t.Helper()
		policy, err := w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: project, Grants: grants})
		wantCode(t, err, "")
		return policy.Grants
	}
	put(mine, give(ada, end), give(bob, end))
	w.Clock.Advance(2 * time.Hour)
	shown, err := w.GetProjectAccess(t.Context(), w.Owner, project)
	wantCode(t, err, "")
	if n := len(shown.Grants); n != 3 {
		t.Errorf("%d grants are shown after two have ended", n)
	}
	// What has ended may stay while others are given, renewed, or taken away: only what differs is judged.
	ci, _ := w.ServiceAccount("ci")
	if got := put(mine, give(ada, end), give(bob, end), give(ci, end.Add(2*time.Hour))); len(got) != 4 {
		t.Errorf("besides those that ended, there are %+v", got)
	}
	_, err = w.GetProject(t.Context(), asAda, project)
	wantCode(t, err, api.CodeNotFound)
	if got := put(mine, give(ada, end.Add(2*time.Hour)), give(ci, end.Add(2*time.Hour))); len(got) != 3 {
		t.Errorf("with one renewed and one taken away, there are %+v", got)
	}
	_, err = w.GetProject(t.Context(), asAda, project)
	wantCode(t, err, "")
	// They count among those that there may be, and whoever has too many is told so.
	many := []api.Grant{give(ada, end), give(bob, end)}
	for len(many) <= 1000 {
		many = append(many, give(uuid.New(), end.Add(2*time.Hour)))
	}
	_, err = w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: project, Grants: many})
	wantCode(t, err, api.CodeInvalid)
	if want := "has 1001 grants, of which 2 have ended; at most 1000 are allowed"; !strings.Contains(err.Error(), want) {
		t.Errorf("the message does not say that it %s: %v", want, err)
	}
	// One that has ended can't be given to somebody else.
	_, err = w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: project, Grants: []api.Grant{mine, give(bob, end)}})
	wantCode(t, err, api.CodeInvalid)
}
