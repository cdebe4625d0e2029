package secrets_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
)

func (w *randomWorld) question(s somebody, thing something, p access.Permission) secrets.ExplainAccess {
	in := secrets.ExplainAccess{Principal: s.id, Permission: p}
	if thing.kind == access.OnProject {
		in.Project = &thing.id
	} else {
		in.Secret = &thing.id
	}
	return in
}

// checkExplanations holds explain-access against what the same principal's request gets, whoever asks.
func (w *randomWorld) checkExplanations(s somebody, thing something, counts map[api.Code]int) {
	for p := access.Read; p <= access.Manage; p++ {
		got := w.use(s.by, thing, p)
		explained, err := w.ExplainAccess(w.Context(), w.Owner, w.Organization, w.question(s, thing, p))
		if thing.trashed {
			wantCode(w, err, api.CodeNotFound)
			if got != api.CodeNotFound && got != api.CodeForbidden {
				w.Errorf("%+v uses %s on what is in the trash: %q", s, p, got)
			}
			continue
		}
		wantCode(w, err, "")
		counts[got]++
		if explained.Allowed != (got == "") || explained.Code != got || explained.Reach != w.reached(s, thing) {
			w.Errorf("%+v uses %s on %+v and is answered %q, explained by %+v", s, p, thing, got, explained)
		}
		if explained.Reason == "" || len(explained.Reasons) == 0 {
			w.Errorf("no reason is given: %+v", explained)
		}
		w.checkOwnQuestion(s, thing, p, explained)
	}
}

// checkOwnQuestion asks about oneself: the answer is the same for who sees the thing, and else that there is none such.
func (w *randomWorld) checkOwnQuestion(s somebody, thing something, p access.Permission, want api.Explanation) {
	own, err := w.ExplainAccess(w.Context(), s.by, w.Organization, w.question(s, thing, p))
	if unseen := w.see(s.by, thing); unseen != nil {
		if err == nil || err.Error() != unseen.Error() {
			w.Errorf("%+v is told %v about what it can't see, and that is told %v", s, err, unseen)
		}
		return
	}
	if err != nil || own.Reason != want.Reason || own.Allowed != want.Allowed {
		w.Errorf("%+v is told %+v, %v of itself, and the owner %+v", s, own, err, want)
	}
}

// checkReach holds list-principal-access against what the principal's requests get.
func (w *randomWorld) checkReach(s somebody) {
	listed := w.listReach(w.Owner, s.id)
	want := map[uuid.UUID]api.Reach{}
	for _, thing := range w.things {
		reach := w.reached(s, thing)
		if s.everywhere() {
			if !thing.trashed && (len(listed) != 1 || !listed[0].Everything || listed[0].Reach != reach) {
				w.Errorf("%+v reaches %s: %s; listed is %+v", s, thing.kind, reach, listed)
			}
			continue
		}
		if reach != api.ReachNone && (thing.kind == access.OnProject || w.grantedDirectly(s, thing)) {
			want[thing.id] = reach
		}
		if reach != api.ReachNone && thing.kind == access.OnSecret && !w.listedThrough(listed, thing) {
			w.Errorf("%+v reaches a secret that is not listed, nor a project of its: %+v", s, thing)
		}
	}
	if s.everywhere() {
		return
	}
	got := map[uuid.UUID]api.Reach{}
	for _, entry := range listed {
		if _, twice := got[entry.Resource.ID]; twice || len(entry.Reasons) == 0 || entry.Resource.Name == "" {
			w.Errorf("listed twice, or without reasons or a name: %+v", entry)
		}
		got[entry.Resource.ID] = entry.Reach
	}
	if fmt.Sprint(got) != fmt.Sprint(want) { // maps are printed in the order of their keys
		w.Errorf("%+v reaches %v; listed is %v", s, want, got)
	}
	if diff := cmp.Diff(listed, w.listReach(s.by, s.id)); diff != "" {
		w.Errorf("%+v is listed otherwise (-by the owner +by itself):\n%s", s, diff)
	}
}

func (w *randomWorld) listReach(by secrets.Caller, id uuid.UUID) (all []api.PrincipalAccess) {
	in := api.Page{Limit: 3}
	for {
		list, err := w.ListPrincipalAccess(w.Context(), by, id, in)
		wantCode(w, err, "")
		all = append(all, list.Data...)
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			return all
		}
	}
}

// grantedDirectly says whether a grant on the thing to somebody, or to a group of its, has not ended.
func (w *randomWorld) grantedDirectly(s somebody, thing something) bool {
	return slices.ContainsFunc(thing.grants, func(g api.Grant) bool {
		return (g.Principal.ID == s.id || slices.Contains(s.groups, g.Principal.ID)) &&
			(g.ExpiresAt == nil || w.Clock.Now().Before(*g.ExpiresAt))
	})
}

func (w *randomWorld) listedThrough(listed []api.PrincipalAccess, thing something) bool {
	return slices.ContainsFunc(listed, func(entry api.PrincipalAccess) bool {
		return entry.Resource.ID == thing.id || slices.Contains(thing.projects, entry.Resource.ID)
	})
}

// checkReachers holds list-secret-principals against what everybody's requests get.
func (w *randomWorld) checkReachers(thing something) {
	in, got := api.Page{Limit: 4}, map[uuid.UUID]api.Reach{}
	for {
		list, err := w.ListSecretPrincipals(w.Context(), w.Owner, thing.id, in)
		if thing.trashed {
			wantCode(w, err, api.CodeNotFound)
			return
		}
		wantCode(w, err, "")
		for _, entry := range list.Data {
			if _, twice := got[entry.Principal.ID]; twice || len(entry.Reasons) == 0 || entry.HiddenReasons != 0 {
				w.Errorf("listed twice, or without all reasons: %+v", entry)
			}
			got[entry.Principal.ID] = entry.Reach
		}
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			break
		}
	}
	want := map[uuid.UUID]api.Reach{}
	for _, s := range w.people {
		if reach := w.reached(s, thing); reach != api.ReachNone {
			want[s.id] = reach
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.Errorf("%+v is reached by %v; listed is %v", thing, want, got)
	}
}

// check compares, for every principal, thing and permission, what is explained with what requests get.
func (w *randomWorld) check(counts map[api.Code]int) {
	for _, s := range w.people {
		for _, thing := range w.things {
			w.checkExplanations(s, thing, counts)
		}
		w.checkReach(s)
	}
	for _, thing := range w.things {
		if thing.kind == access.OnSecret {
			w.checkReachers(thing)
		}
	}
}

// TestExplanationsAgreeWithWhatRequestsGet in random worlds, on bolt.
func TestExplanationsAgreeWithWhatRequestsGet(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 3
	}
	counts := map[api.Code]int{}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { newRandomWorld(t, newBolt(t), seed, 8).check(counts) })
	}
	for _, code := range []api.Code{"", api.CodeForbidden, api.CodeNotFound} {
		if counts[code] < 50*int(seeds) {
			t.Errorf("requests were answered %v", counts)
		}
	}
}

// TestExplanationsAgreeOnDynamoDB is the same in one small world in DynamoDB Local.
func TestExplanationsAgreeOnDynamoDB(t *testing.T) {
	client, name := dynamotest.New(t)
	counts := map[api.Code]int{}
	newRandomWorld(t, dynamo.New(client, name), 5, 5).check(counts)
	if len(counts) != 3 {
		t.Errorf("requests were answered %v", counts)
	}
}
