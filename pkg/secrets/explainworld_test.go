package secrets_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// A somebody is a principal of a random world that can send requests.
type somebody struct {
	id       uuid.UUID
	kind     access.Kind
	role     access.Role
	disabled bool
	groups   []uuid.UUID
	by       secrets.Caller
}

// everywhere says whether somebody reaches everything or nothing by what it is.
func (s somebody) everywhere() bool {
	return s.disabled || s.role == access.RoleOwner || s.role == access.RoleAdmin || s.role == access.RoleAuditor
}

// A something is a project or a secret of a random world.
type something struct {
	id       uuid.UUID
	kind     access.Resource
	projects []uuid.UUID // of a secret
	trashed  bool
	grants   []api.Grant
}

// A randomWorld is an organization in which everything was left to chance. It remembers what it made, and decides nothing.
type randomWorld struct {
	*secretstest.World
	rnd    *rand.Rand
	people []somebody
	groups []uuid.UUID
	things []something
}

// taken is the name of a secret in every project: creating another is a conflict for whoever may create one, and makes none.
const taken = "TAKEN"

func newRandomWorld(t *testing.T, tbl table.Table, seed uint64, size int) *randomWorld {
	w := &randomWorld{World: secretstest.New(t, tbl), rnd: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // must be repeatable
	w.people = []somebody{{id: w.OwnerID, kind: access.KindUser, role: access.RoleOwner, by: w.Owner}}
	roles := []access.Role{access.RoleAdmin, access.RoleAuditor, access.RoleMember, access.RoleMember, access.RoleMember, access.RoleOwner}
	for i := range size {
		name := fmt.Sprintf("user %d", i)
		role := roles[i%len(roles)]
		id, by := w.User(fmt.Sprintf("user-%d", i), role)
		w.people = append(w.people, somebody{id: id, kind: access.KindUser, role: role, by: by})
		if i%3 == 0 {
			id, by := w.ServiceAccount("service-" + name[5:])
			w.people = append(w.people, somebody{id: id, kind: access.KindServiceAccount, by: by})
		}
	}
	for i := range 3 {
		w.makeGroup(fmt.Sprintf("group %d", i))
	}
	for i := range 1 + size/2 {
		id := w.ServerProject(fmt.Sprintf("project %d", i))
		w.Secret(taken, "value", id)
		w.things = append(w.things, something{id: id, kind: access.OnProject, trashed: i > 1 && w.rnd.IntN(4) == 0})
	}
	projects := slices.Clone(w.things)
	for i := range size {
		made := something{kind: access.OnSecret, trashed: w.rnd.IntN(6) == 0}
		for _, n := range w.rnd.Perm(len(projects))[:min(w.rnd.IntN(4), len(projects))] {
			made.projects = append(made.projects, projects[n].id)
		}
		made.id = w.Secret(fmt.Sprintf("SECRET_%d", i), "value", made.projects...).ID
		w.things = append(w.things, made)
	}
	w.share()
	w.end()
	return w
}

func (w *randomWorld) makeGroup(name string) {
	id := w.Group(name)
	w.groups = append(w.groups, id)
	for i := range w.people {
		if s := &w.people[i]; s.kind == access.KindUser && w.rnd.IntN(3) == 0 {
			w.Join(id, s.id)
			s.groups = append(s.groups, id)
		}
	}
}

// share grants at random: some grants end within the hour, some after it and some never.
func (w *randomWorld) share() {
	soon, later := w.Clock.Now().Add(time.Hour), w.Clock.Now().Add(3*time.Hour)
	ends := []*time.Time{nil, nil, &soon, &later}
	for i := range w.things {
		thing := &w.things[i]
		density := 2 + w.rnd.IntN(8) // of ten
		if thing.kind == access.OnSecret {
			density = w.rnd.IntN(3)
		}
		for _, holder := range w.holders() {
			if w.rnd.IntN(10) < density {
				thing.grants = append(thing.grants, api.Grant{
					Principal: api.GrantPrincipal{ID: holder}, Permission: access.Read + access.Permission(w.rnd.IntN(3)),
					ExpiresAt: ends[w.rnd.IntN(len(ends))],
				})
			}
		}
		wantCode(w, w.putGrants(w.Owner, *thing), "")
	}
}

func (w *randomWorld) holders() []uuid.UUID {
	holders := slices.Clone(w.groups)
	for _, s := range w.people {
		holders = append(holders, s.id)
	}
	return holders
}

// end lets time pass, throws away what is to be in the trash, and disables some.
func (w *randomWorld) end() {
	w.Clock.Advance(2 * time.Hour)
	for _, thing := range w.things {
		switch {
		case !thing.trashed:
		case thing.kind == access.OnProject:
			w.Trash(thing.id)
		default:
			results, err := w.DeleteSecrets(w.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{thing.id}})
			if err != nil || results.Data[0].Error != nil {
				w.Fatal(results, err)
			}
		}
	}
	for i := range w.people {
		if s := &w.people[i]; s.role != access.RoleOwner && w.rnd.IntN(5) == 0 {
			_, err := w.SetDisabled(w.Context(), w.Owner, s.id, true)
			wantCode(w, err, "")
			s.disabled = true
		}
	}
}

func (w *randomWorld) putGrants(by secrets.Caller, thing something) error {
	put := w.PutProjectAccess
	if thing.kind == access.OnSecret {
		put = w.PutSecretAccess
	}
	in := secrets.PutAccess{ID: thing.id, Grants: thing.grants}
	if in.Grants == nil {
		in.Grants = []api.Grant{}
	}
	_, err := put(w.Context(), by, in)
	return err
}

// use sends a request that uses a permission, and leaves everything as it is. It answers the error's code.
func (w *randomWorld) use(by secrets.Caller, thing something, p access.Permission) api.Code {
	var err error
	switch {
	case p == access.Manage:
		err = w.putGrants(by, thing)
	case thing.kind == access.OnSecret && p == access.Read:
		_, err = w.GetSecret(w.Context(), by, thing.id, nil)
	case thing.kind == access.OnSecret:
		_, err = w.UpdateSecret(w.Context(), by, secrets.UpdateSecret{ID: thing.id, UpdateSecret: api.UpdateSecret{Note: ptr("")}})
	case p == access.Read:
		_, err = w.GetProjectValues(w.Context(), by, secrets.GetProjectValues{Project: thing.id})
	default:
		_, _, err = w.CreateSecret(w.Context(), by, w.Organization, api.CreateSecret{
			Name: taken, Value: ptr("value"), ProjectIDs: []uuid.UUID{thing.id},
		})
		if secretstest.Code(err) == api.CodeConflict {
			return ""
		}
	}
	return secretstest.Code(err)
}

// see sends a request that only sees a thing.
func (w *randomWorld) see(by secrets.Caller, thing something) error {
	if thing.kind == access.OnProject {
		_, err := w.GetProject(w.Context(), by, thing.id)
		return err
	}
	_, err := w.ListSecretVersions(w.Context(), by, thing.id, api.Page{Limit: 1})
	return err
}

// reached is how far somebody gets with a thing, as its requests show.
func (w *randomWorld) reached(s somebody, thing something) api.Reach {
	for p := access.Manage; p >= access.Read; p-- {
		if w.use(s.by, thing, p) == "" {
			return api.Reach(p.String())
		}
	}
	if w.see(s.by, thing) == nil {
		return api.ReachSee
	}
	return api.ReachNone
}
