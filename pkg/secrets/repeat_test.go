package secrets_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// A repeated operation is prepared once and sent twice.
type repeated struct {
	// prepare makes what the operation needs and answers the request.
	prepare func(w *secretstest.World) func() (any, error)
	// second is the code that the repetition answers; empty where it answers as the first did.
	second api.Code
}

func asMember(w *secretstest.World, project uuid.UUID) secrets.Caller {
	user, asUser := w.User("developer", access.RoleMember)
	w.Grant(project, access.Manage, user)
	return asUser
}

// reading is the case of an operation that changes nothing.
func reading(read func(w *secretstest.World, secret api.Secret, project uuid.UUID) (any, error)) repeated {
	return repeated{prepare: func(w *secretstest.World) func() (any, error) {
		project := w.ServerProject("plain")
		secret := w.Secret("A", "value", project)
		return func() (any, error) { return read(w, secret, project) }
	}}
}

var page = api.Page{Limit: 10}

// repetitions has every operation of the table.
var repetitions = map[operation.Name]repeated{
	operation.Whoami: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.Whoami(w.Context(), w.Owner)
	}),
	operation.CreateOrganization: {prepare: func(w *secretstest.World) func() (any, error) {
		return func() (any, error) {
			return w.CreateOrganization(w.Context(), api.CreateOrganization{
				Name: "demo", OwnerName: "owner", OwnerARN: "arn:aws:iam::" + secretstest.Account + ":role/owner",
			})
		}
	}},
	operation.GetOrganization: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.GetOrganization(w.Context(), w.Owner, w.Organization)
	}),
	operation.UpdateOrganization: {prepare: func(w *secretstest.World) func() (any, error) {
		in := api.UpdateOrganization{Name: ptr("renamed"), Settings: &api.UpdateSettings{EventRetentionDays: ptr[int64](90)}}
		return func() (any, error) { return w.UpdateOrganization(w.Context(), w.Owner, w.Organization, `"1"`, in) }
	}},
	operation.ListPrincipals: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.ListPrincipals(w.Context(), w.Owner, w.Organization, "", page)
	}),
	operation.CreatePrincipal: {prepare: func(w *secretstest.World) func() (any, error) {
		in := api.CreatePrincipal{ID: ptr(w.NewID()), Kind: access.KindUser, Name: "ada", Email: ptr("ada@example.com")}
		return func() (any, error) {
			p, _, err := w.CreatePrincipal(w.Context(), w.Owner, w.Organization, in)
			return p, err
		}
	}},
	operation.GetPrincipal: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.GetPrincipal(w.Context(), w.Owner, w.OwnerID)
	}),
	operation.UpdatePrincipal: changing(func(w *secretstest.World, user, _ uuid.UUID) (any, error) {
		return w.UpdatePrincipal(w.Context(), w.Owner, user, `"1"`, api.UpdatePrincipal{Name: ptr("countess")})
	}),
	operation.DeletePrincipal: changing(func(w *secretstest.World, user, _ uuid.UUID) (any, error) {
		return nil, w.DeletePrincipal(w.Context(), w.Owner, user)
	}),
	operation.PutIdentities: changing(func(w *secretstest.World, user, _ uuid.UUID) (any, error) {
		return w.PutIdentities(w.Context(), w.Owner, user, `"1"`, api.PutIdentities{Identities: []api.Identity{
			{ARN: "arn:aws:iam::" + secretstest.Account + ":user/b"}, {ARN: "arn:aws:iam::" + secretstest.Account + ":user/a"},
		}})
	}),
	operation.ListGroupMembers: changing(func(w *secretstest.World, _, group uuid.UUID) (any, error) {
		return w.ListGroupMembers(w.Context(), w.Owner, group, page)
	}),
	operation.ChangeGroupMembers: changing(func(w *secretstest.World, user, group uuid.UUID) (any, error) {
		return w.ChangeGroupMembers(w.Context(), w.Owner, group, api.ChangeGroupMembers{Add: []uuid.UUID{user}})
	}),
	operation.DisablePrincipal: changing(func(w *secretstest.World, user, _ uuid.UUID) (any, error) {
		return w.SetDisabled(w.Context(), w.Owner, user, true)
	}),
	operation.EnablePrincipal: changing(func(w *secretstest.World, user, _ uuid.UUID) (any, error) {
		return w.SetDisabled(w.Context(), w.Owner, user, false)
	}),
	operation.ListProjects: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.ListProjects(w.Context(), w.Owner, w.Organization, page)
	}),
	operation.CreateProject: {prepare: func(w *secretstest.World) func() (any, error) {
		in := api.CreateProject{ID: ptr(w.NewID()), Name: "client", Key: &api.NewProjectKey{ID: uuid.New(), Wrapped: []byte("wrapped")}}
		return func() (any, error) {
			p, _, err := w.CreateProject(w.Context(), w.Owner, w.Organization, in)
			return p, err
		}
	}},
	operation.GetProject: reading(func(w *secretstest.World, _ api.Secret, project uuid.UUID) (any, error) {
		return w.GetProject(w.Context(), w.Owner, project)
	}),
	operation.UpdateProject: reading(func(w *secretstest.World, _ api.Secret, project uuid.UUID) (any, error) {
		return w.UpdateProject(w.Context(), w.Owner, project, `"1"`, api.UpdateProject{Name: ptr("renamed")})
	}),
	operation.AddProjectKey: {prepare: func(w *secretstest.World) func() (any, error) {
		project := w.ClientProject("client")
		w.ClientSecret("A", "value", project)
		in := api.NewProjectKey{ID: uuid.New(), Wrapped: []byte("wrapped")}
		return func() (any, error) { return w.AddProjectKey(w.Context(), w.Owner, project.ID, `"1"`, in) }
	}},
	operation.DeleteProjects: {prepare: func(w *secretstest.World) func() (any, error) {
		project := w.ServerProject("plain")
		asUser := asMember(w, project)
		return func() (any, error) { return w.DeleteProjects(w.Context(), asUser, api.IDs{IDs: []uuid.UUID{project}}) }
	}},
	operation.ListSecrets: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.ListSecrets(w.Context(), w.Owner, w.Organization, secrets.ListSecrets{Page: page})
	}),
	operation.CreateSecret: {prepare: func(w *secretstest.World) func() (any, error) {
		project := w.ServerProject("plain")
		in := api.CreateSecret{ID: ptr(w.NewID()), Name: "A", Value: ptr("value"), Note: ptr("note"), ProjectIDs: []uuid.UUID{project}}
		return func() (any, error) {
			s, _, err := w.CreateSecret(w.Context(), w.Owner, w.Organization, in)
			return s, err
		}
	}},
	operation.GetSecret: reading(func(w *secretstest.World, secret api.Secret, _ uuid.UUID) (any, error) {
		return w.GetSecret(w.Context(), w.Owner, secret.ID, nil)
	}),
	operation.GetSecretByName: reading(func(w *secretstest.World, _ api.Secret, project uuid.UUID) (any, error) {
		return w.GetSecretByName(w.Context(), w.Owner, project, "A")
	}),
	operation.UpdateSecret: reading(func(w *secretstest.World, secret api.Secret, project uuid.UUID) (any, error) {
		return w.UpdateSecret(w.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, Match: `"1"`, UpdateSecret: api.UpdateSecret{
			Name: ptr("B"), Value: ptr("other"), Note: ptr("note"), RemoveProjectIDs: []uuid.UUID{project},
		}})
	}),
	operation.DeleteSecrets: {prepare: func(w *secretstest.World) func() (any, error) {
		project := w.ServerProject("plain")
		secret := w.Secret("A", "value", project)
		asUser := asMember(w, project)
		return func() (any, error) { return w.DeleteSecrets(w.Context(), asUser, api.IDs{IDs: []uuid.UUID{secret.ID}}) }
	}},
	operation.ListTrash: trashing(func(w *secretstest.World, by secrets.Caller, _, _ uuid.UUID) (any, error) {
		return w.ListTrash(w.Context(), by, w.Organization, page)
	}),
	operation.RestoreFromTrash: trashing(func(w *secretstest.World, by secrets.Caller, secret, _ uuid.UUID) (any, error) {
		return w.RestoreFromTrash(w.Context(), by, w.Organization, api.RestoreFromTrash{IDs: []uuid.UUID{secret}, Name: ptr("B")})
	}),
	operation.PurgeTrash: trashing(func(w *secretstest.World, _ secrets.Caller, secret, _ uuid.UUID) (any, error) {
		return w.PurgeTrash(w.Context(), w.Owner, w.Organization, api.IDs{IDs: []uuid.UUID{secret}})
	}),
	operation.PurgeExpiredTrash: trashing(func(w *secretstest.World, _ secrets.Caller, _, _ uuid.UUID) (any, error) {
		w.Clock.Advance(30 * 24 * time.Hour)
		_, err := w.PurgeExpiredTrash(w.Context()) // what is answered is what was done
		return nil, err
	}),
	operation.SweepDeleted: trashing(func(w *secretstest.World, _ secrets.Caller, _, principal uuid.UUID) (any, error) {
		if err := w.DeletePrincipal(w.Context(), w.Owner, principal); err != nil {
			return nil, err
		}
		_, err := w.SweepDeleted(w.Context())
		return nil, err
	}),
	operation.GetSecretsByIDs: reading(func(w *secretstest.World, secret api.Secret, _ uuid.UUID) (any, error) {
		return w.GetSecretsByIDs(w.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{secret.ID, uuid.Nil}})
	}),
	operation.ListProjectSecrets: reading(func(w *secretstest.World, _ api.Secret, project uuid.UUID) (any, error) {
		return w.ListProjectSecrets(w.Context(), w.Owner, project, secrets.ListSecrets{Page: page})
	}),
	operation.GetProjectValues: reading(func(w *secretstest.World, _ api.Secret, project uuid.UUID) (any, error) {
		return w.GetProjectValues(w.Context(), w.Owner, secrets.GetProjectValues{Project: project})
	}),
	operation.ListSecretVersions: reading(func(w *secretstest.World, secret api.Secret, _ uuid.UUID) (any, error) {
		return w.ListSecretVersions(w.Context(), w.Owner, secret.ID, page)
	}),
	operation.GetSecretVersion: reading(func(w *secretstest.World, secret api.Secret, _ uuid.UUID) (any, error) {
		return w.GetSecretVersion(w.Context(), w.Owner, secret.ID, 1)
	}),
	operation.RestoreSecretVersion: {prepare: func(w *secretstest.World) func() (any, error) {
		secret := w.Secret("A", "value")
		_, err := w.UpdateSecret(w.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("other")}})
		if err != nil {
			w.Fatal(err)
		}
		return func() (any, error) { return w.RestoreSecretVersion(w.Context(), w.Owner, secret.ID, `"2"`, 1) }
	}},
	operation.GetProjectAccess: reading(func(w *secretstest.World, _ api.Secret, project uuid.UUID) (any, error) {
		return w.GetProjectAccess(w.Context(), w.Owner, project)
	}),
	operation.PutProjectAccess: reading(func(w *secretstest.World, _ api.Secret, project uuid.UUID) (any, error) {
		return w.PutProjectAccess(w.Context(), w.Owner, secrets.PutAccess{ID: project, Match: `"1"`, Grants: []api.Grant{}})
	}),
	operation.GetSecretAccess: reading(func(w *secretstest.World, secret api.Secret, _ uuid.UUID) (any, error) {
		return w.GetSecretAccess(w.Context(), w.Owner, secret.ID)
	}),
	operation.BreakGlass: {prepare: func(w *secretstest.World) func() (any, error) {
		project := w.ServerProject("plain")
		_, asAdmin := w.User("admin", access.RoleAdmin)
		in := api.BreakGlass{ProjectID: &project, ExpiresAt: w.Clock.Now().Add(time.Hour), Reason: "the pager went off"}
		return func() (any, error) { return w.BreakGlass(w.Context(), asAdmin, w.Organization, in) }
	}},
	operation.ListEvents: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.ListEvents(w.Context(), w.Owner, w.Organization, secrets.ListEvents{Page: page})
	}),
	operation.ListSeals: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.ListSeals(w.Context(), w.Owner, w.Organization, secrets.EventTimes{}, page)
	}),
	operation.ExportEvents: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		times := secrets.EventTimes{To: ptr(w.Clock.Now().Add(time.Second))}
		return w.ExportEvents(w.Context(), w.Owner, w.Organization, times, "")
	}),
	operation.SealEvents: {prepare: func(w *secretstest.World) func() (any, error) {
		w.Secret("A", "value")
		w.Clock.Advance(3 * time.Hour)
		if _, err := w.SealEvents(w.Context()); err != nil {
			w.Fatal(err)
		}
		return func() (any, error) { return w.SealEvents(w.Context()) }
	}},
	operation.ListSecretEvents: reading(func(w *secretstest.World, secret api.Secret, _ uuid.UUID) (any, error) {
		return w.ListSecretEvents(w.Context(), w.Owner, secret.ID, page)
	}),
	operation.ListSecretReaders: reading(func(w *secretstest.World, secret api.Secret, _ uuid.UUID) (any, error) {
		return w.ListSecretReaders(w.Context(), w.Owner, secret.ID, page)
	}),
	operation.ListPrincipalReads: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.ListPrincipalReads(w.Context(), w.Owner, w.OwnerID, page)
	}),
	operation.GetRotation: rotating(func(w *secretstest.World, secret uuid.UUID) (any, error) {
		return w.GetRotation(w.Context(), w.Owner, secret)
	}),
	operation.PutRotation: rotating(func(w *secretstest.World, secret uuid.UUID) (any, error) {
		in := api.PutRotation{Rotator: "random", Every: "60d"}
		return w.PutRotation(w.Context(), w.Owner, secrets.PutRotation{ID: secret, PutRotation: in})
	}),
	operation.DeleteRotation: rotating(func(w *secretstest.World, secret uuid.UUID) (any, error) {
		return nil, w.DeleteRotation(w.Context(), w.Owner, secrets.DeleteRotation{ID: secret})
	}),
	operation.RotateSecret: rotating(func(w *secretstest.World, secret uuid.UUID) (any, error) {
		return w.RotateSecret(w.Context(), w.Owner, secret, api.RotateSecret{})
	}),
	operation.ClaimRotation: {prepare: func(w *secretstest.World) func() (any, error) {
		secret, run := rotationDue(w)
		lease := api.RotationLease{ID: run, Lease: uuid.New()}
		return func() (any, error) {
			task, err := w.ClaimRotation(w.Context(), w.Owner, secret, api.ClaimRotation{RotationLease: lease})
			return task.Run, err // the lease is renewed
		}
	}},
	operation.PutPendingVersion: workedOn(func(w *secretstest.World, secret uuid.UUID, lease api.RotationLease) (any, error) {
		return w.PutPendingVersion(w.Context(), w.Owner, secret, api.PutPendingVersion{RotationLease: lease, Base: 1, Value: ptr("third")})
	}),
	operation.PromoteVersion: workedOn(func(w *secretstest.World, secret uuid.UUID, lease api.RotationLease) (any, error) {
		return w.PromoteVersion(w.Context(), w.Owner, secret, api.PromoteVersion{RotationLease: lease, Version: 2})
	}),
	operation.DiscardPendingVersion: workedOn(func(w *secretstest.World, secret uuid.UUID, lease api.RotationLease) (any, error) {
		return w.DiscardPendingVersion(w.Context(), w.Owner, secret, api.DiscardPendingVersion{RotationLease: lease, Reason: "it is busy"})
	}),
	operation.ReportRotation: workedOn(func(w *secretstest.World, secret uuid.UUID, lease api.RotationLease) (any, error) {
		return w.ReportRotation(w.Context(), w.Owner, secret, api.ReportRotation{RotationLease: lease, Outcome: api.OutcomeRetry, Reason: "it is busy"})
	}),
	operation.RollUpReads: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return nil, w.RollUpReads(w.Context(), nil)
	}),
	operation.PublishChanges: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return nil, w.PublishChanges(w.Context(), nil)
	}),
	operation.RotateDataKeys: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.RotateDataKeys(w.Context()) // the tests of resealing repeat it where something is to be done
	}),
	operation.ListRotations: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.ListRotations(w.Context(), w.Owner, w.Organization, secrets.ListRotations{Leaver: &w.OwnerID, Page: page})
	}),
	operation.RotateOnEvent: {prepare: func(w *secretstest.World) func() (any, error) {
		secret := w.Secret("A", "value").ID
		secrets.SetRotation(w.TB, w.Service, secret, daily)
		e := event("strongroom.rotate", "Mine", map[string]any{"secretId": secret})
		return func() (any, error) {
			_, err := w.RotateOnEvent(w.Context(), e) // what is answered is what was done
			return nil, err
		}
	}},
	operation.DispatchRotations: {prepare: func(w *secretstest.World) func() (any, error) {
		secrets.SetRotation(w.TB, w.Service, w.Secret("A", "value").ID, daily)
		w.Clock.Advance(25 * time.Hour)
		return func() (any, error) {
			_, err := w.DispatchRotations(w.Context()) // what is answered is what was done
			return nil, err
		}
	}},
	operation.PutSecretAccess: reading(func(w *secretstest.World, secret api.Secret, _ uuid.UUID) (any, error) {
		return w.PutSecretAccess(w.Context(), w.Owner, secrets.PutAccess{ID: secret.ID, Match: `"0"`, Grants: []api.Grant{
			{Principal: api.GrantPrincipal{ID: w.OwnerID}, Permission: access.Read},
		}})
	}),
	operation.ListSecretPrincipals: reading(func(w *secretstest.World, secret api.Secret, _ uuid.UUID) (any, error) {
		return w.ListSecretPrincipals(w.Context(), w.Owner, secret.ID, page)
	}),
	operation.ListPrincipalAccess: reading(func(w *secretstest.World, _ api.Secret, _ uuid.UUID) (any, error) {
		return w.ListPrincipalAccess(w.Context(), w.Owner, w.OwnerID, page)
	}),
	operation.ExplainAccess: reading(func(w *secretstest.World, secret api.Secret, _ uuid.UUID) (any, error) {
		return w.ExplainAccess(w.Context(), w.Owner, w.Organization, secrets.ExplainAccess{
			Principal: w.OwnerID, Secret: &secret.ID, Permission: access.Manage,
		})
	}),
}

// trashing is the case of an operation on what is in the trash: a secret, put there by somebody who manages its project;
// another principal is granted something on the project, too.
func trashing(do func(w *secretstest.World, by secrets.Caller, secret, principal uuid.UUID) (any, error)) repeated {
	return repeated{prepare: func(w *secretstest.World) func() (any, error) {
		project := w.ServerProject("plain")
		secret := w.Secret("A", "value", project)
		asUser := asMember(w, project)
		leaver := w.Principal(access.KindUser, "leaver", access.RoleMember)
		w.Grant(project, access.Read, leaver)
		if _, err := w.DeleteSecrets(w.Context(), asUser, api.IDs{IDs: []uuid.UUID{secret.ID}}); err != nil {
			w.Fatal(err)
		}
		return func() (any, error) { return do(w, asUser, secret.ID, leaver) }
	}}
}

// rotationDue makes a secret, and a rotation of it that a worker is asked for.
func rotationDue(w *secretstest.World) (secret, run uuid.UUID) {
	w.Helper()
	secret = w.Secret("A", "first", w.ServerProject("plain")).ID
	_, err := w.PutRotation(w.Context(), w.Owner, secrets.PutRotation{ID: secret, PutRotation: randomly()})
	wantCode(w, err, "")
	asked, err := w.RotateSecret(w.Context(), w.Owner, secret, api.RotateSecret{})
	wantCode(w, err, "")
	return secret, asked.ID
}

// workedOn is the case of what a worker says of a rotation, which it has, with a pending version.
func workedOn(do func(w *secretstest.World, secret uuid.UUID, lease api.RotationLease) (any, error)) repeated {
	return repeated{prepare: func(w *secretstest.World) func() (any, error) {
		secret, run := rotationDue(w)
		lease := api.RotationLease{ID: run, Lease: uuid.New()}
		_, err := w.ClaimRotation(w.Context(), w.Owner, secret, api.ClaimRotation{RotationLease: lease})
		wantCode(w, err, "")
		_, err = w.PutPendingVersion(w.Context(), w.Owner, secret, api.PutPendingVersion{RotationLease: lease, Base: 1, Value: ptr("second")})
		wantCode(w, err, "")
		return func() (any, error) { return do(w, secret, lease) }
	}}
}

// rotating is the case of an operation on a secret that is rotated.
func rotating(do func(w *secretstest.World, secret uuid.UUID) (any, error)) repeated {
	return repeated{prepare: func(w *secretstest.World) func() (any, error) {
		secret := w.Secret("A", "value", w.ServerProject("plain")).ID
		if _, err := w.PutRotation(w.Context(), w.Owner, secrets.PutRotation{ID: secret, PutRotation: randomly()}); err != nil {
			w.Fatal(err)
		}
		return func() (any, error) { return do(w, secret) }
	}}
}

// changing is the case of an operation on a user, or on a group.
func changing(change func(w *secretstest.World, user, group uuid.UUID) (any, error)) repeated {
	return repeated{prepare: func(w *secretstest.World) func() (any, error) {
		user := w.Principal(access.KindUser, "ada", access.RoleMember)
		group := w.Principal(access.KindGroup, "team", "")
		return func() (any, error) { return change(w, user, group) }
	}}
}

func TestEveryOperationMayBeRepeated(t *testing.T) {
	for _, row := range operation.Table {
		c, ok := repetitions[row.Name]
		if !ok {
			t.Errorf("%s is sent twice by no case", row.Name)
			continue
		}
		t.Run(string(row.Name), func(t *testing.T) {
			w := newWorld(t)
			w.TB = t
			send := c.prepare(w)
			first, err := send()
			wantCode(t, err, "")
			w.Clock.Advance(time.Minute)
			second, err := send()
			wantCode(t, err, c.second)
			if diff := cmp.Diff(first, second, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the repetition answers otherwise (-first +second):\n%s", diff)
			}
		})
	}
	if len(repetitions) != len(operation.Table) {
		t.Errorf("%d cases for %d operations", len(repetitions), len(operation.Table))
	}
}

func TestARepeatedCreateThatIsAnotherIsRefused(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	in := api.CreateSecret{ID: ptr(w.NewID()), Name: "A", Value: ptr("value"), ProjectIDs: []uuid.UUID{project}}
	_, created, err := w.CreateSecret(t.Context(), w.Owner, w.Organization, in)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	_, created, err = w.CreateSecret(t.Context(), w.Owner, w.Organization, in)
	if err != nil || created {
		t.Fatalf("repeated: created %v, %v", created, err)
	}
	other := in
	other.Value = ptr("another")
	_, _, err = w.CreateSecret(t.Context(), w.Owner, w.Organization, other)
	wantCode(t, err, api.CodeConflict)
	same := in
	same.ID = nil
	_, _, err = w.CreateSecret(t.Context(), w.Owner, w.Organization, same)
	wantCode(t, err, api.CodeConflict)
	var known *api.Error
	if !errors.As(err, &known) || len(known.Details) != 1 || known.Details[0].Field != "name" {
		t.Errorf("a taken name answers %+v", known)
	}
}
