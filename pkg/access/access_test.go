package access_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
)

func TestPermissionsAsText(t *testing.T) {
	for _, p := range []access.Permission{access.Read, access.Write, access.Manage} {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back access.Permission
		if err := json.Unmarshal(text, &back); err != nil || back != p || string(text) != `"`+p.String()+`"` {
			t.Errorf("%d became %s and %d again, %v", p, text, back, err)
		}
	}
	for _, bad := range []string{"", "none", "Read", "read ", "owner", "1"} {
		if p, err := access.ParsePermission(bad); err == nil || p != access.None {
			t.Errorf("ParsePermission(%q) is %s, %v", bad, p, err)
		}
	}
	for _, bad := range []access.Permission{access.None, -1, access.Manage + 1} {
		if text, err := bad.MarshalText(); err == nil || bad.Valid() {
			t.Errorf("%s became %q", bad, text)
		}
	}
	var p access.Permission
	if err := p.UnmarshalText([]byte("everything")); err == nil || p != access.None {
		t.Errorf("everything was understood as %s", p)
	}
}

func TestRolesAndKindsAreClosed(t *testing.T) {
	for role, want := range map[access.Role]bool{access.RoleOwner: true, access.RoleAdmin: true, access.RoleMember: true,
		access.RoleAuditor: true, "": false, "Owner": false, "root": false} {
		if role.Valid() != want {
			t.Errorf("%q is valid: %t", role, role.Valid())
		}
	}
	for kind, want := range map[access.Kind]bool{access.KindUser: true, access.KindGroup: true,
		access.KindServiceAccount: true, "": false, "User": false} {
		if kind.Valid() != want {
			t.Errorf("%q is valid: %t", kind, kind.Valid())
		}
	}
}

// TestActionsAreClosed holds that each action is listed once and is allowed to somebody: so no switch forgot it.
func TestActionsAreClosed(t *testing.T) {
	owner := access.Principal{ID: idA, Kind: access.KindUser, Role: access.RoleOwner}
	seen := map[access.Action]bool{}
	for _, action := range access.Actions() {
		if seen[action] {
			t.Errorf("%s is listed twice", action)
		}
		seen[action] = true
		d := access.Evaluate(access.Request{Principal: owner, Action: action, Now: theNow,
			Project: &access.Project{ID: idB, Live: true}, Secret: &access.Secret{ID: idC, Live: true}})
		if !d.Allowed {
			t.Errorf("an owner may not %s: %s", action, d)
		}
	}
	if len(seen) != 27 {
		t.Errorf("there are %d actions, want 27: change the number, the policies and Cedar's", len(seen))
	}
}

// TestUnknownKindsMayNothing is of what no policy file can say.
func TestUnknownKindsMayNothing(t *testing.T) {
	p := access.Principal{ID: idA, Kind: "robot", Role: access.RoleOwner}
	project := access.Project{ID: idB, Live: true, Grants: mustGrants(t, access.Grant{Principal: idA, Permission: access.Manage})}
	if d := access.Evaluate(access.Request{Principal: p, Action: access.SeeSelf}); d.Allowed || !d.Visible {
		t.Errorf("a robot may see itself: %+v", d)
	}
	if r := access.ProjectRights(p, project, theNow); r.Highest() != access.None {
		t.Errorf("a robot has %s", r.Highest())
	}
}

// TestRightsEndWhenTheySay moves the clock of random worlds to the end of each permission.
func TestRightsEndWhenTheySay(t *testing.T) {
	ends := 0
	everyWorld(func(n int, r access.Request) {
		for name, rights := range rightsOf(r) {
			for p := access.Read; p <= access.Manage; p++ {
				until, ok := rights(theNow).Until(p)
				switch {
				case ok != rights(theNow).Has(p):
					t.Fatalf("world %d: %s on the %s: Has and Until disagree", n, p, name)
				case !ok:
				case until.IsZero():
					if !rights(theNow.AddDate(100, 0, 0)).Has(p) {
						t.Fatalf("world %d: %s on the %s ended", n, p, name)
					}
				default:
					ends++
					if !rights(until.Add(-time.Millisecond)).Has(p) || rights(until).Has(p) {
						t.Fatalf("world %d: %s on the %s does not end at %s", n, p, name, until)
					}
				}
			}
		}
	})
	if ends < 1000 {
		t.Errorf("only %d permissions had an end", ends)
	}
}

// rightsOf are the caller's rights in a world, as functions of time.
func rightsOf(r access.Request) map[string]func(time.Time) access.Rights {
	rights := map[string]func(time.Time) access.Rights{}
	if r.Project != nil {
		rights["project"] = func(now time.Time) access.Rights { return access.ProjectRights(r.Principal, *r.Project, now) }
	}
	if r.Secret != nil {
		rights["secret"] = func(now time.Time) access.Rights { return access.SecretRights(r.Principal, *r.Secret, now) }
	}
	return rights
}

// TestMoreGrantsNeverTakeAway holds that another grant, or another group, allows what was allowed.
func TestMoreGrantsNeverTakeAway(t *testing.T) {
	everyWorld(func(n int, r access.Request) {
		more := r
		rnd := rand.New(rand.NewPCG(9, uint64(n))) //nolint:gosec // must be repeatable
		add := access.Grant{Principal: theHolders[rnd.IntN(len(theHolders))], Permission: access.Read + access.Permission(rnd.IntN(3))}
		more.Principal.Groups = theGroups
		if r.Secret != nil && rnd.IntN(2) == 0 {
			secret := *r.Secret
			secret.Grants = withGrant(t, secret.Grants, add)
			more.Secret = &secret
		} else if r.Project != nil {
			project := *r.Project
			project.Grants = withGrant(t, project.Grants, add)
			more.Project = &project
		}
		for _, action := range access.Actions() {
			r.Action, more.Action = action, action
			if access.Evaluate(r).Allowed && !access.Evaluate(more).Allowed {
				t.Fatalf("world %d: %s is not allowed any more", n, action)
			}
		}
	})
}

// withGrant adds a grant, unless the principal has a higher or a longer one.
func withGrant(t *testing.T, grants access.Grants, add access.Grant) access.Grants {
	t.Helper()
	list := []access.Grant{add}
	for _, g := range grants {
		switch {
		case g.Principal != add.Principal:
			list = append(list, g)
		case g.Permission > add.Permission && g.Holds(theNow):
			return grants
		}
	}
	return mustGrants(t, list...)
}

// TestDisablingTakesEverything holds that a disabled principal may do nothing in any world, and is told so.
func TestDisablingTakesEverything(t *testing.T) {
	everyWorld(func(n int, r access.Request) {
		r.Principal.Disabled = true
		for _, action := range access.Actions() {
			r.Action = action
			if d := access.Evaluate(r); d.Allowed || d.NotFound() || d.Missing == "" {
				t.Fatalf("world %d: %s: %+v", n, action, d)
			}
		}
		for _, rights := range rightsOf(r) {
			if highest := rights(theNow).Highest(); highest != access.None {
				t.Fatalf("world %d: a disabled principal has %s", n, highest)
			}
		}
	})
}

// TestDecisionsAreWhole holds what every decision has: reasons; a sentence without ids exactly where it is refused
// visibly; and unseen projects exactly where SeeProject is refused.
func TestDecisionsAreWhole(t *testing.T) {
	everyWorld(func(n int, r access.Request) {
		for _, action := range append(access.Actions(), "none such") {
			r.Action = action
			d := access.Evaluate(r)
			forbidden := !d.Allowed && !d.NotFound()
			switch {
			case len(d.Reasons) == 0 || d.String() == "":
				t.Fatalf("world %d: %s has no reasons", n, action)
			case forbidden != (d.Missing != ""):
				t.Fatalf("world %d: %s is refused without a sentence, or not and with one: %+v", n, action, d)
			case mentionsIDs(d.Missing):
				t.Fatalf("world %d: %s gives ids away: %s", n, action, d.Missing)
			case d.Allowed && (!d.Visible || d.Invisible != nil):
				t.Fatalf("world %d: %s is allowed and not seen: %+v", n, action, d)
			}
			if len(d.Invisible) > 0 {
				if diff := cmp.Diff(unseen(r), d.Invisible); diff != "" {
					t.Fatalf("world %d: %s: %s", n, action, diff)
				}
			}
		}
	})
}

func mentionsIDs(sentence string) bool {
	for _, id := range append(append([]uuid.UUID{theSecret}, theProjects...), theHolders...) {
		if strings.Contains(sentence, id.String()) {
			return true
		}
	}
	return false
}

// unseen are the places of the projects added that the caller can't see.
func unseen(r access.Request) (places []int) {
	for i := range r.Added {
		ask := r
		ask.Action, ask.Project = access.SeeProject, &r.Added[i]
		if !access.Evaluate(ask).Allowed {
			places = append(places, i)
		}
	}
	return places
}

// TestNobodyGrantsMoreThanTheyHave gives a stranger what the rules let the caller give, in random worlds, and compares
// what the two may do there, now and later.
func TestNobodyGrantsMoreThanTheyHave(t *testing.T) {
	given := 0
	everyWorld(func(n int, r access.Request) {
		if r.Project == nil {
			return
		}
		rnd := rand.New(rand.NewPCG(7, uint64(n))) //nolint:gosec // must be repeatable
		g := randomGrant(rnd)
		g.Principal = theStranger
		if !access.ProjectRights(r.Principal, *r.Project, theNow).CoversGrant(g) {
			return
		}
		given++
		project := *r.Project
		project.Grants = mustGrants(t, g)
		stranger := access.Principal{ID: theStranger, Kind: access.KindServiceAccount}
		for _, later := range []time.Duration{0, time.Millisecond, time.Second, time.Minute, time.Hour, 24 * time.Hour} {
			now := theNow.Add(later)
			mine, theirs := access.ProjectRights(r.Principal, *r.Project, now), access.ProjectRights(stranger, project, now)
			if theirs.Highest() > mine.Highest() {
				t.Fatalf("world %d: after %s the stranger has %s, the giver %s", n, later, theirs.Highest(), mine.Highest())
			}
		}
	})
	if given < 500 {
		t.Errorf("only %d grants were given", given)
	}
}

// everyWorld calls f with some thousand random worlds.
func everyWorld(f func(n int, r access.Request)) {
	for n := range 5000 {
		f(n, randomRequest(rand.New(rand.NewPCG(*seed, uint64(n))))) //nolint:gosec // must be repeatable
	}
}
