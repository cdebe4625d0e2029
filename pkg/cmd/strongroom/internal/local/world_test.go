package local

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/app"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/clientcrypto/clientcryptotest"
	"strongroom/pkg/handler"
	"strongroom/pkg/identity"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// The organization that events/ is replayed in. Its ids, names and times are the same each time:
//
//	owner 11, admin 12, auditor 15                by role
//	developer 13   member; write on plain and demo, and a grant on other that has ended
//	ci 14          service account; read on plain and demo; its role is pinned
//	former 16      disabled
//	team 17        group; read on plain. Its member is ada 18, to whom TOKEN and LOOSE are granted too
//	lead 19        member; manage on plain, for a day
//	grace 20       member; a session of an IAM Identity Center role
//
//	plain 31       server; DATABASE_URL 51 (two versions), SHARED 52 (in other too), GONE 55 (in the trash)
//	demo 32        client; TOKEN 53, which was OLD_TOKEN
//	other 33       server; SHARED 52, HIDDEN 56
//	old 34         server; in the trash
//	               LOOSE 54 is in no project
//
// DATABASE_URL is rotated every thirty days, and LOOSE is to be rotated (71). The developer rotates SHARED (73, under the lease
// 83) and TOKEN (74, 84), which has a pending version.
//
// Every value and note has the mark in it.
const (
	worldAccount = "111122223333"
	worldAPI     = "abcdefghij"
	mark         = "s3cret"
	ownerARN     = "arn:aws:iam::" + worldAccount + ":user/people/owner"
	graceARN     = "arn:aws:sts::" + worldAccount + ":assumed-role/AWSReservedSSO_Developers_0123456789abcdef/grace@example.com"
)

// worldTime is when events happen; the world was made a quarter of an hour before.
var worldTime = time.UnixMilli(1795467600000).UTC()

// idPrefix is what all ids of the world begin with: they are UUIDv7s of worldTime.
const idPrefix = "01a20a35-6080-7000-8000-"

func fixedID(n int) uuid.UUID { return uuid.MustParse(fmt.Sprintf("%s%012d", idPrefix, n)) }

// A world is the organization in a file of its own.
type world struct{ service *secrets.Service }

// snapshot is the world's file, made once, and the key service that goes with it.
var snapshot = sync.OnceValues(func() ([]byte, *secretstest.Keys) {
	folder, err := os.MkdirTemp("", "strongroom-world")
	must(err)
	defer func() { must(os.RemoveAll(folder)) }()
	file, keys := filepath.Join(folder, "table.bolt"), secretstest.NewKeys()
	db, err := bolt.Open(file, bolt.NoSync())
	must(err)
	b := &builder{context.Background(), worldService(db, keys, worldTime.Add(-builtBefore))}
	b.build()
	must(db.Close())
	content, err := os.ReadFile(file)
	must(err)
	return content, keys
})

// newWorld makes the world anew. wrap, where not nil, stands between the service and the table.
func newWorld(t testing.TB, wrap func(table.Table) table.Table) *world {
	t.Helper()
	file, keys := newWorldFile(t)
	return openWorld(t, file, keys, wrap)
}

// newWorldFile is a file with the world, and the key service that goes with it.
func newWorldFile(t testing.TB) (string, *secretstest.Keys) {
	t.Helper()
	content, keys := snapshot()
	file := newFile(t)
	must(os.WriteFile(file, content, 0o600))
	return file, keys
}

func newFile(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "table.bolt")
}

// newVoid is where no organization was made yet.
func newVoid(t testing.TB) *world {
	return openWorld(t, newFile(t), secretstest.NewKeys(), nil)
}

func openWorld(t testing.TB, file string, keys *secretstest.Keys, wrap func(table.Table) table.Table) *world {
	t.Helper()
	db, err := bolt.Open(file, bolt.NoSync())
	must(err)
	t.Cleanup(func() { _ = db.Close() })
	var tbl table.Table = db
	if wrap != nil {
		tbl = wrap(db)
	}
	c := worldConfig(tbl, keys, worldTime)
	c.Within = within(slog.New(slog.DiscardHandler))
	return &world{service: secrets.New(c)}
}

func worldService(tbl table.Table, keys *secretstest.Keys, now time.Time) *secrets.Service {
	return secrets.New(worldConfig(tbl, keys, now))
}

func worldConfig(tbl table.Table, keys *secretstest.Keys, now time.Time) secrets.Config {
	return secrets.Config{
		Table: tbl, Keys: keys, Signer: secretstest.NewSigner(), Organization: fixedID(1), Account: worldAccount,
		ClientKeyARN: "arn:aws:kms:us-east-1:" + worldAccount + ":key/client",
		Bus:          &secretstest.Bus{},
		Now:          func() time.Time { return now },
	}
}

// function is the Lambda function of an operation, over the world.
func (w *world) function(name operation.Name, log *slog.Logger) lambda.Handler {
	settings := app.Settings{Account: worldAccount, API: worldAPI, Log: log, Metrics: true}
	switch operation.MustLookup(name).Trigger.(type) {
	case operation.Invoke:
		return app.InvokeFunction(name, handler.CreateOrganization(w.service), settings)
	case operation.Stream:
		return app.StreamFunction(name, streams[name](w.service), settings)
	case operation.Schedule:
		return app.ScheduleFunction(name, schedules[name](w.service), settings)
	case operation.Event:
		return app.EventFunction(name, events[name](w.service), settings)
	}
	return app.Function(name, registry[name](w.service), settings)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func pointer[T any](v T) *T { return &v }

// A builder makes the world through use cases.
type builder struct {
	context.Context
	*secrets.Service
}

func roleARN(name string) string { return "arn:aws:iam::" + worldAccount + ":role/" + name }

func (b *builder) build() {
	organization, founder := fixedID(1), secretstest.Caller("founder")
	_, err := b.CreateOrganization(b, api.CreateOrganization{Name: "demo", OwnerName: "founder", OwnerARN: roleARN("founder")})
	must(err)
	// The first owner's id is the server's, so it makes an owner with a fixed one, and goes.
	b.principal(founder, 11, api.CreatePrincipal{Kind: access.KindUser, Name: "owner", Role: pointer(access.RoleOwner)},
		api.Identity{ARN: ownerARN})
	owner := b.owner()
	me, err := b.Whoami(b, founder)
	must(err)
	must(b.DeletePrincipal(b, owner, me.Principal.ID))
	b.principals(owner)
	b.projects(owner, organization)
	b.secrets(owner, organization)
	b.grant(owner, 31, grant(11, access.Manage), grant(13, access.Write), grant(14, access.Read), grant(17, access.Read),
		until(grant(19, access.Manage), worldTime.Add(24*time.Hour)))
	b.grant(owner, 32, grant(11, access.Manage), grant(13, access.Write), grant(14, access.Read))
	b.grant(owner, 33, grant(11, access.Manage), until(grant(13, access.Read), worldTime.Add(-time.Minute)))
	for _, n := range []int{53, 54} {
		_, err = b.PutSecretAccess(b, owner, secrets.PutAccess{ID: fixedID(n), Grants: []api.Grant{grant(18, access.Read)}})
		must(err)
	}
	b.rotations(owner)
	b.trash(b.DeleteSecrets(b, owner, api.IDs{IDs: []uuid.UUID{fixedID(55)}}))
	b.trash(b.DeleteProjects(b, owner, api.IDs{IDs: []uuid.UUID{fixedID(34)}}))
}

func (b *builder) owner() secrets.Caller {
	who, err := identity.FromAuthorizer(identity.Authorizer{
		AccountID: worldAccount, UserARN: ownerARN, UserID: "AIDAEXAMPLEEXAMPLE123",
	}, worldAccount)
	must(err)
	return secrets.Caller{Caller: who}
}

func (b *builder) principals(owner secrets.Caller) {
	user := func(name string, role access.Role) api.CreatePrincipal {
		return api.CreatePrincipal{Kind: access.KindUser, Name: name, Role: &role}
	}
	named := func(name string) api.Identity { return api.Identity{ARN: roleARN(name)} }
	b.principal(owner, 12, user("admin", access.RoleAdmin), named("admin"))
	b.principal(owner, 13, user("developer", access.RoleMember), named("developer"))
	b.principal(owner, 14, api.CreatePrincipal{Kind: access.KindServiceAccount, Name: "ci"},
		api.Identity{ARN: roleARN("ci"), UniqueID: secretstest.UniqueID})
	b.principal(owner, 15, user("auditor", access.RoleAuditor), named("auditor"))
	b.principal(owner, 16, user("former", access.RoleMember), named("former"))
	b.principal(owner, 17, api.CreatePrincipal{Kind: access.KindGroup, Name: "team"})
	b.principal(owner, 18, user("ada", access.RoleMember), named("ada"))
	b.principal(owner, 19, user("lead", access.RoleMember), named("lead"))
	b.principal(owner, 20, user("grace", access.RoleMember), api.Identity{ARN: graceARN, UniqueID: "AROASSOEXAMPLEEXAMPLE"})
	_, err := b.SetDisabled(b, owner, fixedID(16), true)
	must(err)
	_, err = b.ChangeGroupMembers(b, owner, fixedID(17), api.ChangeGroupMembers{Add: []uuid.UUID{fixedID(18)}})
	must(err)
}

func (b *builder) principal(by secrets.Caller, n int, in api.CreatePrincipal, identities ...api.Identity) {
	in.ID = pointer(fixedID(n))
	_, _, err := b.CreatePrincipal(b, by, fixedID(1), in)
	must(err)
	if len(identities) > 0 {
		_, err = b.PutIdentities(b, by, fixedID(n), "", api.PutIdentities{Identities: identities})
		must(err)
	}
}

func (b *builder) projects(owner secrets.Caller, organization uuid.UUID) {
	for n, name := range map[int]string{31: "plain", 33: "other", 34: "old"} {
		_, _, err := b.CreateProject(b, owner, organization, api.CreateProject{
			ID: pointer(fixedID(n)), Name: name, Encryption: pointer(api.EncryptionServer),
		})
		must(err)
	}
	_, _, err := b.CreateProject(b, owner, organization, api.CreateProject{
		ID: pointer(fixedID(32)), Name: "demo", Key: &api.NewProjectKey{ID: fixedID(41), Wrapped: []byte("wrapped")},
	})
	must(err)
}

func (b *builder) secrets(owner secrets.Caller, organization uuid.UUID) {
	secret := func(n int, name, value string, projects ...int) {
		in := api.CreateSecret{ID: pointer(fixedID(n)), Name: name, Value: &value, Note: pointer(mark + " note of " + name)}
		for _, p := range projects {
			in.ProjectIDs = append(in.ProjectIDs, fixedID(p))
		}
		_, _, err := b.CreateSecret(b, owner, organization, in)
		must(err)
	}
	update := func(n int, in api.UpdateSecret) {
		_, err := b.UpdateSecret(b, owner, secrets.UpdateSecret{ID: fixedID(n), UpdateSecret: in})
		must(err)
	}
	secret(51, "DATABASE_URL", mark+"-one", 31)
	update(51, api.UpdateSecret{Value: pointer(mark + "-two")})
	secret(52, "SHARED", mark+"-shared", 31, 33)
	secret(53, "OLD_TOKEN", encrypted(53, "OLD_TOKEN"), 32)
	update(53, api.UpdateSecret{Name: pointer("TOKEN"), Value: pointer(encrypted(53, "TOKEN"))})
	secret(54, "LOOSE", mark+"-loose")
	secret(55, "GONE", mark+"-gone", 31)
	secret(56, "HIDDEN", mark+"-hidden", 33)
}

func (b *builder) rotations(owner secrets.Caller) {
	for n, every := range map[int]string{51: "30d", 54: ""} {
		_, err := b.PutRotation(b, owner, secrets.PutRotation{ID: fixedID(n), PutRotation: api.PutRotation{Rotator: "random", Every: every}})
		must(err)
	}
	_, err := b.RotateSecret(b, owner, fixedID(54), api.RotateSecret{ID: pointer(fixedID(71))})
	must(err)
	developer := secretstest.Caller("developer")
	for n, run := range map[int]int{52: 73, 53: 74} {
		_, err := b.PutRotation(b, owner, secrets.PutRotation{ID: fixedID(n), PutRotation: api.PutRotation{Rotator: "random"}})
		must(err)
		_, err = b.RotateSecret(b, owner, fixedID(n), api.RotateSecret{ID: pointer(fixedID(run))})
		must(err)
		lease := api.RotationLease{ID: fixedID(run), Lease: fixedID(run + 10)}
		_, err = b.ClaimRotation(b, developer, fixedID(n), api.ClaimRotation{RotationLease: lease})
		must(err)
	}
	_, err = b.PutPendingVersion(b, developer, fixedID(53), api.PutPendingVersion{
		RotationLease: api.RotationLease{ID: fixedID(74), Lease: fixedID(84)}, Base: 2, Value: pointer(encrypted(53, "TOKEN")),
	})
	must(err)
}

// encrypted is a value for the client project.
func encrypted(n int, name string) string {
	return clientcryptotest.Encrypt(clientcrypto.Binding{
		Organization: fixedID(1), Secret: fixedID(n), Name: name, Projects: []uuid.UUID{fixedID(32)},
	}, []clientcryptotest.Key{clientcryptotest.NewKey(fixedID(41))}, mark)
}

func grant(principal int, permission access.Permission) api.Grant {
	return api.Grant{Principal: api.GrantPrincipal{ID: fixedID(principal)}, Permission: permission}
}

func until(g api.Grant, at time.Time) api.Grant {
	g.ExpiresAt = &at
	return g
}

func (b *builder) grant(owner secrets.Caller, project int, grants ...api.Grant) {
	_, err := b.PutProjectAccess(b, owner, secrets.PutAccess{ID: fixedID(project), Grants: grants})
	must(err)
}

func (b *builder) trash(results api.BulkResults, err error) {
	must(err)
	for _, r := range results.Data {
		if r.Error != nil {
			panic(r.Error.Message)
		}
	}
}
