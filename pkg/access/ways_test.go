package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// TestUsingAPermissionIsAllowedToWhoHasIt holds Evaluate against Rights in random worlds.
func TestUsingAPermissionIsAllowedToWhoHasIt(t *testing.T) {
	has := map[bool]int{}
	everyWorld(func(n int, r access.Request) {
		if r.Principal.Kind == access.KindGroup {
			return // has rights to give, and may do nothing
		}
		for name, ask := range resourcesOf(r) {
			rights := rightsOf(ask)[name](theNow)
			for p := access.Read; p <= access.Manage; p++ {
				if got := access.Evaluate(ask.Using(p)).Allowed; got != rights.Has(p) {
					t.Fatalf("world %d: using %s on the %s is allowed: %t; has it: %t", n, p, name, got, rights.Has(p))
				}
				has[rights.Has(p)]++
			}
		}
	})
	if has[true] < 1000 || has[false] < 1000 {
		t.Errorf("permissions that were had: %v", has)
	}
}

// resourcesOf are the questions of a world about one thing each.
func resourcesOf(r access.Request) map[string]access.Request {
	asks := map[string]access.Request{}
	if r.Project != nil {
		asks["project"] = access.Request{Principal: r.Principal, Project: r.Project, Now: r.Now}
	}
	if r.Secret != nil {
		asks["secret"] = access.Request{Principal: r.Principal, Secret: r.Secret, Now: r.Now}
	}
	return asks
}

// TestWaysAreAllThatGivesRights holds that the ways give what the rights are, no less and no more; and that who has no
// way is one who sees nothing.
func TestWaysAreAllThatGivesRights(t *testing.T) {
	ways := 0
	everyWorld(func(n int, r access.Request) {
		for name, ask := range resourcesOf(r) {
			found := waysOf(ask)
			ways += len(found)
			ask.Action = access.SeeSecret
			if name == "project" {
				ask.Action = access.SeeProject
			}
			if sees := access.Evaluate(ask).Allowed; r.Principal.Kind != access.KindGroup && sees != (len(found) > 0) {
				t.Fatalf("world %d: the %s is seen: %t, through %v", n, name, sees, found)
			}
			want := rightsOf(ask)[name](theNow).Highest()
			if got := given(ask, found); got != want {
				t.Fatalf("world %d: %v give %s on the %s, not %s", n, found, got, name, want)
			}
		}
	})
	if ways < 5000 {
		t.Errorf("only %d ways", ways)
	}
}

func waysOf(r access.Request) []access.Reason {
	if r.Secret != nil {
		return access.SecretWays(r.Principal, *r.Secret, r.Now)
	}
	return access.ProjectWays(r.Principal, *r.Project, r.Now)
}

// given is the highest permission that ways give, told from what is written of them alone.
func given(r access.Request, ways []access.Reason) (highest access.Permission) {
	managed := map[uuid.UUID]bool{}
	for _, w := range ways {
		switch {
		case w.Cause == access.CauseRole && w.Role == access.RoleAuditor:
		case w.Cause == access.CauseRole:
			return access.Manage
		case r.Secret != nil && w.On == access.OnProject:
			highest = max(highest, min(w.Permission, access.Write))
			if w.Permission == access.Manage {
				managed[w.Resource] = true
			}
		default:
			highest = max(highest, w.Permission)
		}
	}
	if r.Secret == nil {
		return highest
	}
	live := 0
	for _, p := range r.Secret.Projects {
		if p.Live {
			live++
		}
	}
	if live > 0 && len(managed) == live {
		return access.Manage
	}
	return highest
}

func TestReasonsInWordsHaveNames(t *testing.T) {
	team, payroll, url := id("team"), id("payroll"), id("url")
	names := map[uuid.UUID]string{team: "team", payroll: "payroll", url: "DATABASE_URL"}
	d := access.Decision{Reasons: []access.Reason{
		{Cause: access.CauseGrant, Kind: access.KindGroup, Via: team, On: access.OnProject, Resource: payroll,
			Permission: access.Read, ExpiresAt: time.Date(2027, 1, 2, 3, 4, 5, 6e6, time.UTC)},
		{Cause: access.CauseMissing, On: access.OnSecret, Resource: url, Permission: access.Write, Has: access.Read},
	}}
	got := d.Words(func(id uuid.UUID) string { return names[id] })
	want := "read on project payroll through group team until 2027-01-02T03:04:05Z; " +
		"write is missing on secret DATABASE_URL, has read"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := d.Reasons[0].String(), " until 2027-01-02T03:04:05.006Z"; !strings.HasSuffix(got, want) {
		t.Errorf("recorded is %q, want the time as exact as it is,%s", got, want)
	}
}
