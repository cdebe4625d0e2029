package access_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// The number of random worlds that Evaluate and Cedar are compared in, each with every action.
const (
	randomWorlds      = 100_000
	randomWorldsShort = 4_000 // under -short, and with the race detector, which is many times slower
	// eachOutcome is how often every action is allowed and refused at least, out of a thousand worlds: otherwise the
	// worlds are too dull to compare anything in.
	eachOutcome = 20
)

var seed = flag.Uint64("worlds.seed", 1, "what the random worlds are made from")

// TestCedarAgrees compares Evaluate with the policies of testdata/access/cedar, which say the same rules in another
// language to another program. World n is made
// from the seed and n alone, whatever the number of shards.
func TestCedarAgrees(t *testing.T) {
	worlds := randomWorlds
	if testing.Short() || raceDetector {
		worlds = randomWorldsShort
	}
	o := newOracle(t)
	shards := runtime.GOMAXPROCS(0)
	tallies := make([]map[access.Action]int, shards)
	failures := make([]error, shards)
	var running sync.WaitGroup
	for shard := range shards {
		running.Go(func() {
			tallies[shard] = map[access.Action]int{}
			for n := shard; n < worlds && failures[shard] == nil; n += shards {
				r := randomRequest(rand.New(rand.NewPCG(*seed, uint64(n)))) //nolint:gosec // must be repeatable
				if err := o.compare(r, tallies[shard]); err != nil {
					failures[shard] = fmt.Errorf("-worlds.seed=%d, world %d: %w", *seed, n, err)
				}
			}
		})
	}
	running.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	for _, action := range access.Actions() {
		allowed := 0
		for _, tally := range tallies {
			allowed += tally[action]
		}
		if least := worlds * eachOutcome / 1000; allowed < least || worlds-allowed < least {
			t.Errorf("%s was allowed in %d worlds of %d: the worlds are too dull", action, allowed, worlds)
		}
	}
}

// An oracle decides by Cedar policies, a set for each thing that an action is done to.
type oracle struct{ organization, project, secret *cedar.PolicySet }

func newOracle(t *testing.T) oracle {
	t.Helper()
	load := func(names ...string) *cedar.PolicySet {
		set := cedar.NewPolicySet()
		for _, name := range names {
			path := filepath.Join("..", "..", "testdata", "access", "cedar", name)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			policies, err := cedar.NewPolicyListFromBytes(name, text)
			if err != nil {
				t.Fatal(err)
			}
			for _, policy := range policies {
				if id := policy.Annotations()["id"]; !set.Add(cedar.PolicyID(name+": "+string(id)), policy) {
					t.Fatalf("%s has two policies %q", name, id)
				}
			}
		}
		return set
	}
	return oracle{
		organization: load("barred.cedar", "organization.cedar"),
		project:      load("barred.cedar", "project.cedar"),
		secret:       load("barred.cedar", "secret.cedar"),
	}
}

// compare asks both about every action in a world.
func (o oracle) compare(r access.Request, tally map[access.Action]int) error {
	facts := worldInCedar(r)
	allowed := map[access.Action]bool{}
	for _, action := range access.Actions() {
		r.Action = action
		decision, diagnostic := o.ask(r, facts)
		if len(diagnostic.Errors) > 0 {
			return fmt.Errorf("%s: the policies are wrong: %v", action, diagnostic.Errors)
		}
		allowed[action] = bool(decision)
		if allowed[action] {
			tally[action]++
		}
		if got := access.Evaluate(r); got.Allowed != allowed[action] {
			return fmt.Errorf("%s: Evaluate says %t (%s), Cedar %t by %v\n%s", action, got.Allowed, got, decision,
				diagnostic.Reasons, cmp.Diff(access.Request{}, r))
		}
	}
	return o.compareShown(r, allowed)
}

// compareShown compares what is visible, and which rights are shown, with what Cedar allowed.
func (o oracle) compareShown(r access.Request, allowed map[access.Action]bool) error {
	barred := !allowed[access.SeeSelf]
	for _, action := range access.Actions() {
		r.Action = action
		visible := true
		switch subjectOf(action) {
		case "project":
			visible = allowed[access.SeeProject]
		case "secret":
			visible = allowed[access.SeeSecret]
		}
		if got := access.Evaluate(r); got.Visible != (visible || barred) {
			return fmt.Errorf("%s: Visible is %t, and Cedar lets see: %t (%s)", action, got.Visible, visible, got)
		}
	}
	if r.Principal.Kind == access.KindGroup {
		return nil // has rights to show, and does nothing
	}
	if r.Project != nil {
		rights := access.ProjectRights(r.Principal, *r.Project, r.Now)
		if rights.Has(access.Read) != allowed[access.ReadProjectValues] ||
			rights.Has(access.Manage) != allowed[access.ChangeProject] {
			return fmt.Errorf("rights on the project go to %s", rights.Highest())
		}
	}
	if r.Secret != nil {
		rights := access.SecretRights(r.Principal, *r.Secret, r.Now)
		if rights.Has(access.Read) != allowed[access.ReadSecret] ||
			rights.Has(access.Write) != allowed[access.WriteSecret] ||
			rights.Has(access.Manage) != allowed[access.ChangeSecretAccess] {
			return fmt.Errorf("rights on the secret go to %s", rights.Highest())
		}
	}
	return nil
}

// ask puts a request to Cedar.
func (o oracle) ask(r access.Request, facts cedarWorld) (cedar.Decision, cedar.Diagnostic) {
	policies, resource := o.organization, cedar.NewEntityUID("Organization", "o")
	switch subjectOf(r.Action) {
	case "project":
		policies, resource = o.project, facts.project
	case "secret":
		policies, resource = o.secret, facts.secret
	}
	return cedar.Authorize(policies, facts.entities, cedar.Request{
		Principal: facts.caller,
		Action:    cedar.NewEntityUID("Action", types.String(r.Action)),
		Resource:  resource,
		Context:   facts.context,
	})
}

// subjectOf says what an action is done to.
func subjectOf(action access.Action) string {
	switch action {
	case access.SeeProject, access.ListProjectSecrets, access.ReadProjectValues, access.ChangeProject,
		access.DeleteProject, access.SeeProjectAccess, access.ChangeProjectAccess:
		return "project"
	case access.SeeSecret, access.ReadSecret, access.WriteSecret, access.RenameSecret, access.DeleteSecret,
		access.MoveSecret, access.SeeSecretAccess, access.ChangeSecretAccess:
		return "secret"
	case access.SeeSelf, access.SeeOrganization, access.SeePrincipals, access.ChangePrincipals, access.ChangeOwners,
		access.ChangeOrganization, access.BreakGlass, access.CreateProject, access.CreateSecret,
		access.SeePrincipalAccess, access.SeeEvents, access.PurgeTrash:
		return "organization"
	}
	panic("no such action: " + string(action))
}

// A cedarWorld is a request's facts as Cedar wants them. barred.cedar describes them.
type cedarWorld struct {
	entities                cedar.EntityMap
	caller, project, secret cedar.EntityUID
	context                 cedar.Record
	parents                 map[uuid.UUID][]cedar.EntityUID // the circles that a holder of grants is in
}

var (
	noProject = cedar.NewEntityUID("Project", "none")    // a slot that is free
	nothing   = cedar.NewEntityUID("Project", "nothing") // a project that never was
	noSecret  = cedar.NewEntityUID("Secret", "nothing")
)

func worldInCedar(r access.Request) cedarWorld {
	w := cedarWorld{entities: cedar.EntityMap{}, parents: map[uuid.UUID][]cedar.EntityUID{}, project: nothing,
		secret: noSecret}
	w.addThing(noProject, r, false, nil, nil)
	w.addThing(nothing, r, false, nil, nil)
	w.addThing(noSecret, r, false, nil, w.slots("p", 4, r, nil))
	if r.Project != nil {
		w.project = w.addProject(r, *r.Project)
	}
	if r.Secret != nil {
		w.secret = cedar.NewEntityUID("Secret", types.String(r.Secret.ID.String()))
		w.addThing(w.secret, r, r.Secret.Live, r.Secret.Grants, w.slots("p", 4, r, r.Secret.Projects))
	}
	context := w.slots("a", 3, r, r.Added)
	context["subject"] = callerInCedar(access.Principal{ID: r.Subject, Kind: r.Principal.Kind})
	context["membersCreateProjects"] = types.Boolean(r.Settings.MembersCreateProjects)
	w.context = cedar.NewRecord(context)
	w.addPrincipals(r.Principal)
	return w
}

// slots puts projects into numbered slots, leaves the rest of n slots free, and adds the projects.
func (w *cedarWorld) slots(prefix string, n int, r access.Request, projects []access.Project) cedar.RecordMap {
	slots := cedar.RecordMap{}
	for i := range n {
		name := types.String(fmt.Sprintf("%s%d", prefix, i))
		slots[name] = noProject
		if i < len(projects) {
			slots[name] = w.addProject(r, projects[i])
		}
	}
	return slots
}

func (w *cedarWorld) addProject(r access.Request, project access.Project) cedar.EntityUID {
	if project.ID == uuid.Nil {
		return nothing
	}
	uid := cedar.NewEntityUID("Project", types.String(project.ID.String()))
	w.addThing(uid, r, project.Live, project.Grants, nil)
	return uid
}

// addThing adds a project or a secret, its three circles, and the holders of unexpired grants to those; once.
func (w *cedarWorld) addThing(uid cedar.EntityUID, r access.Request, live bool, grants access.Grants,
	attributes cedar.RecordMap) {
	if _, known := w.entities[uid]; known {
		return
	}
	circle := func(permission access.Permission) cedar.EntityUID {
		return cedar.NewEntityUID("Circle", types.String(permission.String()+" "+string(uid.Type)+" "+string(uid.ID)))
	}
	readers, writers, managers := circle(access.Read), circle(access.Write), circle(access.Manage)
	w.add(readers, nil)
	w.add(writers, nil, readers)
	w.add(managers, nil, writers)
	if attributes == nil {
		attributes = cedar.RecordMap{}
	}
	attributes["live"] = types.Boolean(live)
	attributes["readers"], attributes["writers"], attributes["managers"] = readers, writers, managers
	w.add(uid, attributes)
	for _, g := range grants {
		if g.ExpiresAt.IsZero() || g.ExpiresAt.UnixMilli() > r.Now.UnixMilli() {
			w.parents[g.Principal] = append(w.parents[g.Principal], circle(g.Permission))
		}
	}
}

// addPrincipals adds the caller and its groups, which are in the circles that grants put them in. Only users are in
// groups.
func (w *cedarWorld) addPrincipals(caller access.Principal) {
	parents := w.parents[caller.ID]
	for _, group := range caller.Groups {
		uid := cedar.NewEntityUID("Group", types.String(group.String()))
		w.add(uid, nil, w.parents[group]...)
		if caller.Kind == access.KindUser {
			parents = append(parents, uid)
		}
	}
	attributes := cedar.RecordMap{"disabled": types.Boolean(caller.Disabled)}
	if caller.Kind == access.KindUser {
		attributes["role"] = types.String(caller.Role)
	}
	w.caller = callerInCedar(caller)
	w.add(w.caller, attributes, parents...)
}

func callerInCedar(p access.Principal) cedar.EntityUID {
	kinds := map[access.Kind]types.EntityType{access.KindUser: "User", access.KindGroup: "Group",
		access.KindServiceAccount: "ServiceAccount"}
	return cedar.NewEntityUID(kinds[p.Kind], types.String(p.ID.String()))
}

func (w *cedarWorld) add(uid cedar.EntityUID, attributes cedar.RecordMap, parents ...cedar.EntityUID) {
	w.entities[uid] = cedar.Entity{UID: uid, Attributes: cedar.NewRecord(attributes),
		Parents: cedar.NewEntityUIDSet(parents...)}
}
