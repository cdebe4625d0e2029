package secrets_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// departures are all ways in which an owner may stop being one.
var departures = map[string]func(w *secretstest.World, by secrets.Caller, owner uuid.UUID) error{
	"demoting": func(w *secretstest.World, by secrets.Caller, owner uuid.UUID) error {
		_, err := w.UpdatePrincipal(w.Context(), by, owner, "", api.UpdatePrincipal{Role: ptr(access.RoleAdmin)})
		return err
	},
	"disabling": func(w *secretstest.World, by secrets.Caller, owner uuid.UUID) error {
		_, err := w.SetDisabled(w.Context(), by, owner, true)
		return err
	},
	"unbinding": func(w *secretstest.World, by secrets.Caller, owner uuid.UUID) error {
		_, err := w.PutIdentities(w.Context(), by, owner, "", api.PutIdentities{Identities: []api.Identity{}})
		return err
	},
	"deleting": func(w *secretstest.World, by secrets.Caller, owner uuid.UUID) error {
		return w.DeletePrincipal(w.Context(), by, owner)
	},
}

// TestOwnersAreChangedByOwnersAlone: an admin neither makes nor unmakes one, whatever the way.
func TestOwnersAreChangedByOwnersAlone(t *testing.T) {
	changes := map[string]func(w *secretstest.World, by secrets.Caller, owner uuid.UUID) error{
		"renaming": func(w *secretstest.World, by secrets.Caller, owner uuid.UUID) error {
			_, err := w.UpdatePrincipal(w.Context(), by, owner, "", api.UpdatePrincipal{Name: ptr("renamed")})
			return err
		},
		"giving an address": func(w *secretstest.World, by secrets.Caller, owner uuid.UUID) error {
			_, err := w.UpdatePrincipal(w.Context(), by, owner, "", api.UpdatePrincipal{Email: ptr("o@example.com")})
			return err
		},
		"binding to another role": func(w *secretstest.World, by secrets.Caller, owner uuid.UUID) error {
			_, err := w.PutIdentities(w.Context(), by, owner, "", api.PutIdentities{Identities: []api.Identity{
				{ARN: "arn:aws:iam::" + secretstest.Account + ":role/mine"},
			}})
			return err
		},
		"enabling": func(w *secretstest.World, by secrets.Caller, owner uuid.UUID) error {
			_, err := w.SetDisabled(w.Context(), by, owner, false)
			return err
		},
		"making one": func(w *secretstest.World, by secrets.Caller, _ uuid.UUID) error {
			_, _, err := w.CreatePrincipal(w.Context(), by, w.Organization, api.CreatePrincipal{
				Kind: access.KindUser, Name: "another", Role: ptr(access.RoleOwner),
			})
			return err
		},
		"promoting oneself": func(w *secretstest.World, by secrets.Caller, _ uuid.UUID) error {
			me, err := w.Whoami(w.Context(), by)
			if err != nil {
				return err
			}
			_, err = w.UpdatePrincipal(w.Context(), by, me.Principal.ID, "", api.UpdatePrincipal{Role: ptr(access.RoleOwner)})
			return err
		},
	}
	for name, depart := range departures {
		changes[name] = depart
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			second, _ := w.User("second", access.RoleOwner)
			_, asAdmin := w.User("admin", access.RoleAdmin)
			wantCode(t, change(w, asAdmin, second), api.CodeForbidden)
			wantCode(t, change(w, w.Owner, second), "")
		})
	}
}

// TestTwoOwnersCannotBothGoAtOnceInAnyWay: each way against each, the two at the same time.
func TestTwoOwnersCannotBothGoAtOnceInAnyWay(t *testing.T) {
	for one, goes := range departures {
		for other, follows := range departures {
			t.Run(one+" and "+other, func(t *testing.T) {
				w := newWorld(t)
				second, asSecond := w.User("second", access.RoleOwner)
				var errs [2]error
				var group sync.WaitGroup
				group.Go(func() { errs[0] = goes(w, w.Owner, w.OwnerID) })
				group.Go(func() { errs[1] = follows(w.Again(nil), asSecond, second) })
				group.Wait()
				if first, last := secretstest.Code(errs[0]), secretstest.Code(errs[1]); (first == "") == (last == "") || first+last != api.CodeConflict {
					t.Errorf("one goes and one is held back: %v, %v", errs[0], errs[1])
				}
			})
		}
	}
}

// TestNobodyLocksThemselvesOutByMistake has the ways to lose one's own manage: by the grants, it must be meant; what only
// admins change is theirs to change back, and who is none can't.
func TestNobodyLocksThemselvesOutByMistake(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	secret := w.Secret("A", "value", project).ID
	lead, asLead := w.User("lead", access.RoleMember)
	team := w.Group("team", lead)
	w.Grant(project, access.Manage, team)
	w.GrantSecret(secret, access.Manage, lead)
	others := []api.Grant{{Principal: api.GrantPrincipal{ID: w.OwnerID}, Permission: access.Manage}}
	weaker := append([]api.Grant{{Principal: api.GrantPrincipal{ID: team}, Permission: access.Write}}, others...)
	put := func(grants []api.Grant, force bool) error {
		_, err := w.PutProjectAccess(t.Context(), asLead, secrets.PutAccess{ID: project, Grants: grants, Force: force})
		return err
	}
	wantCode(t, put(others, false), api.CodeConflict)
	wantCode(t, put(weaker, false), api.CodeConflict)
	_, err := w.ChangeGroupMembers(t.Context(), asLead, team, api.ChangeGroupMembers{Remove: []uuid.UUID{lead}})
	wantCode(t, err, api.CodeForbidden)
	// Of a secret, manage on the project is enough still; after that it is not.
	_, err = w.PutSecretAccess(t.Context(), asLead, secrets.PutAccess{ID: secret, Grants: []api.Grant{}})
	wantCode(t, err, "")
	w.GrantSecret(secret, access.Manage, lead)
	wantCode(t, put(weaker, true), "")
	_, err = w.PutSecretAccess(t.Context(), asLead, secrets.PutAccess{ID: secret, Grants: []api.Grant{}})
	wantCode(t, err, api.CodeConflict)
	_, err = w.PutSecretAccess(t.Context(), asLead, secrets.PutAccess{ID: secret, Grants: []api.Grant{}, Force: true})
	wantCode(t, err, "")
	wantCode(t, put(weaker, true), api.CodeForbidden)
	// An admin needs no grant to manage, and so loses nothing by it.
	_, asAdmin := w.User("admin", access.RoleAdmin)
	_, err = w.PutProjectAccess(t.Context(), asAdmin, secrets.PutAccess{ID: project, Grants: []api.Grant{}})
	wantCode(t, err, "")
}
