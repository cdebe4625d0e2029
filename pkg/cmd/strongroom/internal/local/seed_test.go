package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/localkms"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

var silent = slog.New(slog.DiscardHandler)

var errKilled = errors.New("killed")

// A mortal table is that of a process that is killed at one of its writes, which may have reached the disk or not.
type mortal struct {
	table.Table
	writes int // how many it lives to see
	// applied says whether the last one, which is never acknowledged, reached the disk.
	applied bool
	dead    bool
}

func (m *mortal) Transact(ctx context.Context, t table.Transaction) error {
	if m.dead {
		return errKilled
	}
	if m.writes--; m.writes >= 0 {
		return m.Table.Transact(ctx, t)
	}
	m.dead = true
	if m.applied {
		if err := m.Table.Transact(ctx, t); err != nil {
			return err
		}
	}
	return errKilled
}

func (m *mortal) Get(ctx context.Context, key table.Key) (table.Item, bool, error) {
	if m.dead {
		return table.Item{}, false, errKilled
	}
	return m.Table.Get(ctx, key)
}

func (m *mortal) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if m.dead {
		return nil, errKilled
	}
	return m.Table.BatchGet(ctx, keys)
}

func (m *mortal) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if m.dead {
		return table.Page{}, errKilled
	}
	return m.Table.Query(ctx, q)
}

func newSeeder(t *testing.T, db table.Table, keys *localkms.KMS, organization uuid.UUID) *seeder {
	t.Helper()
	made, err := NewIdentity{Profile: Owner, ARN: profileNamed(Owner).signs}.identity()
	if err != nil {
		t.Fatal(err)
	}
	owner, err := callerOf(made)
	if err != nil {
		t.Fatal(err)
	}
	service := secrets.New(secrets.Config{
		Table: db, Keys: keys.Key(localkms.Storage), Organization: organization, Account: Account,
		ClientKeyARN: keys.Key(localkms.Client).ARN(),
	})
	return &seeder{
		service: service, organization: organization, owner: secrets.Caller{Caller: owner}, ownerARN: profileNamed(Owner).bind,
		create:    app.InvokeFunction(operation.CreateOrganization, handler.CreateOrganization(service), app.Settings{Log: silent}),
		clientKey: keys.Key(localkms.Client),
	}
}

// seen is all that the owner sees, in words.
func seen(t *testing.T, s *seeder, keys *localkms.KMS) []string {
	t.Helper()
	var all []string
	page := api.Page{Limit: api.MaxLimit}
	principals, err := s.service.ListPrincipals(t.Context(), s.owner, s.organization, "", page)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range principals.Data {
		all = append(all, fmt.Sprintf("%s %s %s %v", p.Kind, p.Name, p.Role, *p.Identities))
	}
	projects, err := s.service.ListProjects(t.Context(), s.owner, s.organization, page)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range projects.Data {
		policy, err := s.service.GetProjectAccess(t.Context(), s.owner, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%s %s", p.Name, p.Encryption)
		for _, g := range policy.Grants {
			line += fmt.Sprintf(" %s=%s", g.Principal.Name, g.Permission)
		}
		if p.Keys != nil {
			line += openKeys(t, s, keys, p)
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

// openKeys unwraps a project's keys as a client does.
func openKeys(t *testing.T, s *seeder, keys *localkms.KMS, p api.Project) string {
	t.Helper()
	for _, k := range *p.Keys {
		plaintext, err := keys.Key(localkms.Client).Decrypt(t.Context(), k.Wrapped, map[string]string{
			"strongroom:organization": s.organization.String(), "strongroom:project": p.ID.String(),
		})
		if err != nil || len(plaintext) != 32 {
			t.Errorf("project %s: its key opens to %d bytes, error %v", p.Name, len(plaintext), err)
		}
	}
	return fmt.Sprintf(" keys=%d", len(*p.Keys))
}

func TestTheDemoIsTheSameWhereverItsMakingWasStopped(t *testing.T) {
	want := []string{
		"demo client owner=manage developer=write ci=read rotation=write keys=1",
		"payroll client owner=manage developer=write keys=1",
		"plain server owner=manage developer=write ci=read rotation=write",
		"serviceAccount ci  [{arn:aws:iam::000000000000:role/ContinuousIntegration }]",
		"serviceAccount rotation  [{arn:aws:iam::000000000000:role/RotationWorker }]",
		"user developer member [{arn:aws:iam::000000000000:user/developer }]",
		"user owner owner [{arn:aws:iam::000000000000:role/Administrator }]",
	}
	keys, err := localkms.Open(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	const writes = 13 // the organization, three principals, their identities, three projects, their grants
	for stopped := range writes + 1 {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("after %d writes, applied %t", stopped, applied), func(t *testing.T) {
				db, err := bolt.Open(filepath.Join(t.TempDir(), "table"), bolt.NoSync())
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				organization := uuid.New()
				err = newSeeder(t, &mortal{Table: db, writes: stopped, applied: applied}, keys, organization).seed(t.Context())
				if killed := stopped < writes; killed != (err != nil) {
					t.Fatalf("seeding over %d writes ends with %v", stopped, err)
				}
				s := newSeeder(t, db, keys, organization)
				for range 2 {
					if err := s.seed(t.Context()); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, seen(t, s, keys)); diff != "" {
						t.Errorf("what was made (-want +got):\n%s", diff)
					}
				}
			})
		}
	}
}

// TestTheDemosGrantsAreMadeOnce: stopped between one and the next they are made at the next start, and none twice; what
// the users revoke afterwards stays so.
func TestTheDemosGrantsAreMadeOnce(t *testing.T) {
	data := t.TempDir()
	run := func(give func(*Server, *state)) int {
		s := open(t, data)
		noted, err := readState(data)
		if err != nil || !noted.Granted {
			t.Fatalf("%+v, %v", noted, err)
		}
		if give != nil {
			give(s, &noted)
		}
		if err := noted.write(data); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Serve(ctx); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(data, kmsFile))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(content), `"Decrypt"`)
	}
	notNoted := func(_ *Server, noted *state) { noted.Granted = false }
	for i, give := range []func(*Server, *state){notNoted, notNoted, nil} {
		if n := run(give); n != 6 {
			t.Errorf("after start %d there are %d grants, want 6", i, n)
		}
	}
	if err := os.Remove(filepath.Join(data, kmsFile)); err != nil {
		t.Fatal(err)
	}
	_, err := readState(data)
	if err == nil || !strings.Contains(err.Error(), "restore it") {
		t.Errorf("without the file of the grants the state is read: %v", err)
	}
}
