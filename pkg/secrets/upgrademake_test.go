package secrets_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/localkms"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

var makeUpgrade = flag.String("make-upgrade", "", "make testdata/upgrade/NAME from the present program; only for a release, and only once")

// goldenEpoch is when the organization of a golden is made.
var goldenEpoch = time.Date(2026, 11, 26, 10, 1, 0, 0, time.UTC)

func hours(n int) time.Duration { return time.Duration(n) * time.Hour }

// began is when the organization was made: goldens are left ninety-one days later.
func (w *goldenWorld) began() time.Time { return goldenEpoch }

func (w *goldenWorld) times(from time.Time, n int) secrets.EventTimes {
	to := from.Add(hours(n))
	return secrets.EventTimes{From: &from, To: &to}
}

// TestMakeUpgrade makes the data of a release through its use cases. It never touches data that is there.
func TestMakeUpgrade(t *testing.T) {
	if *makeUpgrade == "" {
		t.Skip("makes data for -make-upgrade alone")
	}
	folder := filepath.Join(upgradeFolder, *makeUpgrade)
	if err := os.Mkdir(folder, 0o750); err != nil {
		t.Fatalf("the data of a release is made once: %v", err)
	}
	db, err := bolt.Open(filepath.Join(folder, upgradeBolt))
	if err != nil {
		t.Fatal(err)
	}
	rec := &recording{Table: db, items: map[table.Key]table.Item{}}
	g := &golden{Now: goldenEpoch, Organization: uuid.New(), IDs: map[string]uuid.UUID{}, Values: map[string][]string{}, Notes: map[string]string{}}
	w := openGolden(t, g, folder, rec)
	m := &goldenMaker{goldenWorld: w, rec: rec, keys: map[string]clientcrypto.ProjectKey{}}
	m.make()
	m.Now = m.clock.Now().UTC()
	w.must(db.Close())
	dumpItems(t, rec.items, filepath.Join(folder, upgradeItems))
	m.save(folder)
}

// A goldenMaker does what an organization's people do.
type goldenMaker struct {
	*goldenWorld
	rec  *recording
	keys map[string]clientcrypto.ProjectKey // the current ones, by project
}

func (m *goldenMaker) make() {
	m.people()
	m.projects()
	m.secretsAndVersions()
	m.grants()
	m.reads()
	m.clock.Advance(hours(2) + 10*time.Minute)
	_, err := m.SealEvents(m.Context())
	m.must(err)
	m.trash()
	m.quarter()
}

func (m *goldenMaker) people() {
	_, err := m.CreateOrganization(m.Context(), api.CreateOrganization{Name: "first", OwnerName: "owner", OwnerARN: m.role("owner")})
	m.must(err)
	me, err := m.Whoami(m.Context(), m.owner())
	m.must(err)
	m.IDs["owner"] = me.Principal.ID
	_, err = m.UpdateOrganization(m.Context(), m.owner(), m.Organization, "", api.UpdateOrganization{
		Settings: &api.UpdateSettings{TrashRetentionDays: ptr[int64](365)},
	})
	m.must(err)
	user := func(name string, role access.Role) {
		m.principal(api.CreatePrincipal{Kind: access.KindUser, Name: name, Role: &role, Email: ptr(name + "@example.com")})
	}
	user("developer", access.RoleMember)
	user("lead", access.RoleMember)
	user("former", access.RoleMember)
	user("auditor", access.RoleAuditor)
	m.principal(api.CreatePrincipal{Kind: access.KindServiceAccount, Name: "ci"})
	m.principal(api.CreatePrincipal{Kind: access.KindGroup, Name: "team"})
	_, err = m.ChangeGroupMembers(m.Context(), m.owner(), m.IDs["team"], api.ChangeGroupMembers{Add: []uuid.UUID{m.IDs["lead"]}})
	m.must(err)
	_, err = m.SetDisabled(m.Context(), m.owner(), m.IDs["former"], true)
	m.must(err)
}

func (m *goldenMaker) role(name string) string {
	return "arn:aws:iam::" + secretstest.Account + ":role/" + name
}

func (m *goldenMaker) principal(in api.CreatePrincipal) {
	p, _, err := m.CreatePrincipal(m.Context(), m.owner(), m.Organization, in)
	m.must(err)
	m.IDs[in.Name] = p.ID
	if in.Kind == access.KindGroup {
		return
	}
	identity := api.Identity{ARN: m.role(in.Name)}
	if in.Kind == access.KindServiceAccount {
		identity.UniqueID = secretstest.UniqueID
	}
	_, err = m.PutIdentities(m.Context(), m.owner(), p.ID, "", api.PutIdentities{Identities: []api.Identity{identity}})
	m.must(err)
}

// newID is an id as a client makes it now.
func (m *goldenMaker) newID() uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	ms := m.clock.Now().UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}

func (m *goldenMaker) projects() {
	server := api.EncryptionServer
	for _, name := range []string{"plain", "other", "old"} {
		p, _, err := m.CreateProject(m.Context(), m.owner(), m.Organization, api.CreateProject{Name: name, Encryption: &server})
		m.must(err)
		m.IDs[name] = p.ID
	}
	id := m.newID()
	key := m.projectKey("demo", id)
	_, _, err := m.CreateProject(m.Context(), m.owner(), m.Organization, api.CreateProject{ID: &id, Name: "demo", Key: &key})
	m.must(err)
	m.IDs["demo"] = id
}

// projectKey has the client key make a project key, as clients do.
func (m *goldenMaker) projectKey(name string, project uuid.UUID) api.NewProjectKey {
	material, err := m.kms.Key(localkms.Client).GenerateDataKey(m.Context(), clientcrypto.KeyContext(m.Organization, project))
	m.must(err)
	id := m.newID()
	m.keys[name], err = clientcrypto.NewProjectKey(id, project, material.Plaintext)
	m.must(err)
	return api.NewProjectKey{ID: id, Wrapped: material.Wrapped}
}

func (m *goldenMaker) secretsAndVersions() {
	m.secret("DATABASE_URL", "postgres://one", "plain")
	m.update("DATABASE_URL", "postgres://two")
	m.update("DATABASE_URL", "postgres://three €")
	m.secret("SHARED", "in two projects", "plain", "other")
	m.secret("LOOSE", "in no project")
	m.secret("EMPTY", "", "other")
	m.secret("GONE", "in the trash", "plain")
	m.secret("PURGED", "removed for good", "plain")
	m.secret("INHERITED", "in a project that is in the trash", "old")
	m.client("TOKEN", "under the first project key")
	key := m.projectKey("demo", m.IDs["demo"])
	_, err := m.AddProjectKey(m.Context(), m.owner(), m.IDs["demo"], "", key)
	m.must(err)
	m.client("API_KEY", "under the second project key")
}

func (m *goldenMaker) secret(name, value string, projects ...string) {
	in := api.CreateSecret{Name: name, Value: &value, Note: ptr("what " + name + " is for")}
	for _, p := range projects {
		in.ProjectIDs = append(in.ProjectIDs, m.IDs[p])
	}
	s, _, err := m.CreateSecret(m.Context(), m.owner(), m.Organization, in)
	m.must(err)
	m.IDs[name], m.Values[name], m.Notes[name] = s.ID, []string{value}, *in.Note
}

func (m *goldenMaker) update(name, value string) {
	m.clock.Advance(time.Minute)
	_, err := m.UpdateSecret(m.Context(), m.owner(), secrets.UpdateSecret{ID: m.IDs[name], UpdateSecret: api.UpdateSecret{Value: &value}})
	m.must(err)
	m.Values[name] = append(m.Values[name], value)
}

// client makes a secret whose value this client encrypts.
func (m *goldenMaker) client(name, value string) {
	id, project := m.newID(), m.IDs["demo"]
	sealed, err := clientcrypto.Encrypt(clientcrypto.Binding{
		Organization: m.Organization, Secret: id, Name: name, Projects: []uuid.UUID{project},
	}, []clientcrypto.ProjectKey{m.keys["demo"]}, []byte(value))
	m.must(err)
	_, _, err = m.CreateSecret(m.Context(), m.owner(), m.Organization, api.CreateSecret{
		ID: &id, Name: name, Value: &sealed, Note: ptr("what " + name + " is for"), ProjectIDs: []uuid.UUID{project},
	})
	m.must(err)
	m.IDs[name], m.Values[name], m.Notes[name] = id, []string{value}, "what "+name+" is for"
}

func (m *goldenMaker) grant(name string, permission access.Permission, until time.Duration) api.Grant {
	g := api.Grant{Principal: api.GrantPrincipal{ID: m.IDs[name]}, Permission: permission}
	if until > 0 {
		g.ExpiresAt = ptr(m.clock.Now().UTC().Truncate(time.Millisecond).Add(until))
	}
	return g
}

func (m *goldenMaker) grants() {
	for project, grants := range map[string][]api.Grant{
		"plain": {m.grant("owner", access.Manage, 0), m.grant("developer", access.Write, 0), m.grant("ci", access.Read, hours(24*365)),
			m.grant("team", access.Read, 0), m.grant("former", access.Read, 0)},
		"other": {m.grant("owner", access.Manage, 0), m.grant("developer", access.Read, hours(24))},
		"demo":  {m.grant("owner", access.Manage, 0), m.grant("developer", access.Manage, hours(24*120)), m.grant("ci", access.Read, 0)},
	} {
		_, err := m.PutProjectAccess(m.Context(), m.owner(), secrets.PutAccess{ID: m.IDs[project], Grants: grants})
		m.must(err)
	}
	for _, secret := range []string{"LOOSE", "TOKEN"} {
		_, err := m.PutSecretAccess(m.Context(), m.owner(), secrets.PutAccess{
			ID: m.IDs[secret], Grants: []api.Grant{m.grant("lead", access.Read, 0)},
		})
		m.must(err)
	}
	_, err := m.BreakGlass(m.Context(), m.owner(), m.Organization, api.BreakGlass{
		ProjectID: ptr(m.IDs["demo"]), Permission: ptr(access.Manage), ExpiresAt: m.clock.Now().Add(time.Hour), Reason: "the pager went off",
	})
	m.must(err)
}

// reads has people read and be refused, and what they read summed up.
func (m *goldenMaker) reads() {
	m.clock.Advance(time.Minute)
	for _, who := range []string{"ci", "developer", "lead", "former", "auditor", "stranger"} {
		for _, what := range []string{"DATABASE_URL", "TOKEN", "LOOSE"} {
			_, _ = m.GetSecret(m.Context(), secretstest.Caller(who), m.IDs[what], nil) // some may not
		}
	}
	_, err := m.GetProjectValues(m.Context(), secretstest.Caller("developer"), secrets.GetProjectValues{Project: m.IDs["plain"]})
	m.must(err)
	var changes []table.Change
	for key, item := range m.rec.items {
		changes = append(changes, table.Change{Key: key, New: &item})
	}
	m.must(m.RollUpReads(m.Context(), changes))
}

// trash puts things into the trash and purges one, of which the first sweep was made.
func (m *goldenMaker) trash() {
	_, err := m.DeleteSecrets(m.Context(), m.owner(), api.IDs{IDs: []uuid.UUID{m.IDs["GONE"], m.IDs["PURGED"]}})
	m.must(err)
	_, err = m.DeleteProjects(m.Context(), m.owner(), api.IDs{IDs: []uuid.UUID{m.IDs["old"]}})
	m.must(err)
	_, err = m.PurgeTrash(m.Context(), m.owner(), m.Organization, api.IDs{IDs: []uuid.UUID{m.IDs["PURGED"]}})
	m.must(err)
	_, err = m.SweepDeleted(m.Context())
	m.must(err)
}

// quarter goes on until there is a second data key: some values are under the first then, and some under that.
func (m *goldenMaker) quarter() {
	m.clock.Advance(hours(24 * 91))
	told, err := m.RotateDataKeys(m.Context())
	m.must(err)
	if told.Generation != 2 || !told.Unfinished {
		m.Fatalf("%+v", told)
	}
	m.update("SHARED", "under the second data key")
	m.secret("NEW", "made under the second data key", "plain")
}

// save writes what is not in the table: the archive, an export, and what this program answers, asked over a copy.
func (m *goldenMaker) save(folder string) {
	m.must(os.Mkdir(filepath.Join(folder, upgradeSeals), 0o750))
	for name, content := range m.archive.Files() {
		m.must(os.WriteFile(filepath.Join(folder, upgradeSeals, name), content, 0o600))
	}
	copied := m.TempDir()
	m.must(os.CopyFS(copied, os.DirFS(folder)))
	db, err := bolt.Open(filepath.Join(copied, upgradeBolt))
	m.must(err)
	w := openGolden(m.TB, m.golden, folder, db)
	w.clock.Advance(time.Minute)
	m.Answers = w.ask()
	m.must(os.WriteFile(filepath.Join(folder, upgradeExport), w.export(goldenEpoch.Truncate(time.Hour)), 0o600))
	m.must(db.Close())
	text, err := json.Marshal(m.golden)
	m.must(err)
	m.must(os.WriteFile(filepath.Join(folder, upgradeAnswers), append(text, '\n'), 0o600))
}
