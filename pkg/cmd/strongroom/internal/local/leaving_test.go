package local

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/identity"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// leaver is who leaves, principal 61; group 62 manages everything that is there; bystander, 63, is a member to whom
// nothing was granted, and of whom no event knows.
var (
	leaver    = roleColumn("leaver", "leaver", access.Principal{ID: fixedID(61)}, true)
	bystander = roleColumn("bystander", "bystander", access.Principal{ID: fixedID(63)}, false)
)

// A leaving is a way to lose what one could do.
type leaving struct {
	// kind, role, member and grants are what the leaver is before, and has.
	kind   access.Kind
	role   access.Role
	member bool
	grants bool
	leave  func(b *builder, owner secrets.Caller) error
	// nothing says that everything is refused from then on; else the leaver is as the bystander.
	nothing bool
	// butFor is the operation after which that can't be done: what is in the trash keeps its grants.
	butFor operation.Name
	// could is how many questions the leaver could have answered at least.
	could int
}

var leavings = map[string]leaving{
	"an owner is disabled": {kind: access.KindUser, role: access.RoleOwner, nothing: true, could: 47, leave: disable},
	"an owner is deleted": {kind: access.KindUser, role: access.RoleOwner, nothing: true, could: 47, leave: func(b *builder, owner secrets.Caller) error {
		return b.DeletePrincipal(b, owner, fixedID(61))
	}},
	"an owner is unbound": {kind: access.KindUser, role: access.RoleOwner, nothing: true, could: 47, leave: func(b *builder, owner secrets.Caller) error {
		_, err := b.PutIdentities(b, owner, fixedID(61), "", api.PutIdentities{Identities: []api.Identity{}})
		return err
	}},
	"an owner is demoted": {kind: access.KindUser, role: access.RoleOwner, could: 47, leave: func(b *builder, owner secrets.Caller) error {
		_, err := b.UpdatePrincipal(b, owner, fixedID(61), "", api.UpdatePrincipal{Role: pointer(access.RoleMember)})
		return err
	}},
	"a member leaves the group": {kind: access.KindUser, role: access.RoleMember, member: true, could: 28, leave: func(b *builder, owner secrets.Caller) error {
		_, err := b.ChangeGroupMembers(b, owner, fixedID(62), api.ChangeGroupMembers{Remove: []uuid.UUID{fixedID(61)}})
		return err
	}},
	"a member's grants are revoked": {kind: access.KindUser, role: access.RoleMember, grants: true, butFor: operation.DeleteProjects, could: 28, leave: func(b *builder, owner secrets.Caller) error {
		return b.shareAll(owner)
	}},
	"a service account is disabled": {kind: access.KindServiceAccount, grants: true, nothing: true, could: 20, leave: disable},
}

func disable(b *builder, owner secrets.Caller) error {
	_, err := b.SetDisabled(b, owner, fixedID(61), true)
	return err
}

// shareAll gives what there is to those alone, to manage.
func (b *builder) shareAll(owner secrets.Caller, principals ...int) error {
	grants := []api.Grant{}
	for _, n := range principals {
		grants = append(grants, grant(n, access.Manage))
	}
	for _, n := range []int{31, 32, 33} {
		if _, err := b.PutProjectAccess(b, owner, secrets.PutAccess{ID: fixedID(n), Grants: grants}); err != nil && secretstest.Code(err) != api.CodeNotFound {
			return err
		}
	}
	for _, n := range []int{53, 54} {
		if _, err := b.PutSecretAccess(b, owner, secrets.PutAccess{ID: fixedID(n), Grants: grants}); err != nil && secretstest.Code(err) != api.CodeNotFound {
			return err
		}
	}
	return nil
}

// arrive makes the leaver what it is before.
func (l leaving) arrive(b *builder, owner secrets.Caller) {
	in := api.CreatePrincipal{Kind: l.kind, Name: "leaver"}
	if l.role != "" {
		in.Role = &l.role
	}
	b.principal(owner, 61, in, api.Identity{ARN: roleARN("leaver")})
	b.principal(owner, 63, api.CreatePrincipal{Kind: access.KindUser, Name: "bystander"}, api.Identity{ARN: roleARN("bystander")})
	b.principal(owner, 62, api.CreatePrincipal{Kind: access.KindGroup, Name: "everything"})
	holders := []int{62}
	if l.grants {
		holders = []int{61}
	}
	must(b.shareAll(owner, holders...))
	if l.member {
		_, err := b.ChangeGroupMembers(b, owner, fixedID(62), api.ChangeGroupMembers{Add: []uuid.UUID{fixedID(61)}})
		must(err)
	}
}

// TestLeavingIsEffectiveOnTheNextRequest asks every operation as somebody who may, takes that away through another
// container, and asks again: in a container that remembers the first time.
func TestLeavingIsEffectiveOnTheNextRequest(t *testing.T) {
	asked := questions(t)
	for name, l := range leavings {
		t.Run(name, func(t *testing.T) {
			could := 0
			for _, q := range asked {
				if q.row.Name != l.butFor && l.try(t, q) {
					could++
				}
			}
			if could < l.could {
				t.Errorf("of %d questions the leaver could ask %d before, want %d", len(asked), could, l.could)
			}
		})
	}
}

// try says whether the leaver could do what is asked, before.
func (l leaving) try(t *testing.T, q question) bool {
	t.Helper()
	p := newProbe(t, q.row)
	_, keys := snapshot()
	elsewhere := &builder{context.Background(), worldService(p.counter, keys, worldTime)}
	owner := (*builder)(nil).owner()
	l.arrive(elsewhere, owner)
	before := outcomeOf(q.row, p.send(t, q.draft.as(leaver)))
	if !before.allowed {
		return false
	}
	must(l.leave(elsewhere, owner))
	written := p.counter.writes.Load()
	after := outcomeOf(q.row, p.send(t, q.draft.as(leaver)))
	want := outcome{text: "403"}
	if !l.nothing {
		want = outcomeOf(q.row, p.send(t, q.draft.as(bystander)))
	}
	if after.text != want.text {
		t.Errorf("%s %s: %s before, %s after, want %s", q.row.Name, q.event, before.text, after.text, want.text)
	}
	if n := p.counter.writes.Load() - written; n > 0 {
		t.Errorf("%s %s: %d transactions were written after", q.row.Name, q.event, n)
	}
	return true
}

// TestTheOnlyOwnerStaysWhateverIsAsked tries every way to be owner no longer: somebody who can act as one is left.
func TestTheOnlyOwnerStaysWhateverIsAsked(t *testing.T) {
	owner := (*builder)(nil).owner()
	arn := func(name string) api.PutIdentities {
		return api.PutIdentities{Identities: []api.Identity{{ARN: roleARN(name)}}}
	}
	for name, c := range map[string]struct {
		do   func(b *builder, by secrets.Caller) error
		code api.Code
	}{
		"disable": {func(b *builder, by secrets.Caller) error {
			_, err := b.SetDisabled(b, by, fixedID(11), true)
			return err
		}, api.CodeConflict},
		"delete": {func(b *builder, by secrets.Caller) error { return b.DeletePrincipal(b, by, fixedID(11)) }, api.CodeConflict},
		"unbind": {func(b *builder, by secrets.Caller) error {
			_, err := b.PutIdentities(b, by, fixedID(11), "", api.PutIdentities{Identities: []api.Identity{}})
			return err
		}, api.CodeConflict},
		"demote to admin": {func(b *builder, by secrets.Caller) error {
			_, err := b.UpdatePrincipal(b, by, fixedID(11), "", api.UpdatePrincipal{Role: pointer(access.RoleAdmin)})
			return err
		}, api.CodeConflict},
		"demote to auditor": {func(b *builder, by secrets.Caller) error {
			_, err := b.UpdatePrincipal(b, by, fixedID(11), "", api.UpdatePrincipal{Role: pointer(access.RoleAuditor)})
			return err
		}, api.CodeConflict},
		"take the identity for another": {func(b *builder, by secrets.Caller) error {
			_, err := b.PutIdentities(b, by, fixedID(12), "", api.PutIdentities{Identities: []api.Identity{{ARN: ownerARN}}})
			return err
		}, api.CodeConflict},
		"bind another identity": {func(b *builder, by secrets.Caller) error {
			_, err := b.PutIdentities(b, by, fixedID(11), "", arn("other-owner"))
			return err
		}, ""},
		"recover another": {func(b *builder, _ secrets.Caller) error {
			_, err := b.CreateOrganization(b, api.CreateOrganization{RecoverOwner: "admin", ARN: roleARN("recovered")})
			return err
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			b := &builder{context.Background(), w.service}
			if got := secretstest.Code(c.do(b, owner)); got != c.code {
				t.Errorf("%q, want %q", got, c.code)
			}
			if n := b.owners(); n == 0 {
				t.Error("nobody owns the organization")
			}
		})
	}
}

// owners counts those who can act as owners, whichever identity they have by then.
func (b *builder) owners() (n int) {
	for _, c := range []column{columns[0], roleColumn("", "other-owner", access.Principal{}, false), roleColumn("", "recovered", access.Principal{}, false)} {
		who, err := identity.FromAuthorizer(identity.Authorizer{AccountID: worldAccount, UserARN: c.userARN, UserID: c.userID}, worldAccount)
		must(err)
		in := api.UpdateOrganization{} // changes nothing, and is for owners
		if _, err := b.UpdateOrganization(b, secrets.Caller{Caller: who}, fixedID(1), "", in); err == nil {
			n++
		}
	}
	return n
}
