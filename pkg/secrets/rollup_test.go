package secrets_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// A followed world is one whose changes somebody reads.
type followed struct {
	*secretstest.World
	feeds map[operation.Name]*bolt.Feed
}

// follow makes a world; every so many batches of its changes come twice, zero for none.
func follow(t *testing.T, redeliver int) *followed {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "table.bolt"), bolt.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	f := &followed{feeds: map[operation.Name]*bolt.Feed{}}
	for _, name := range []operation.Name{operation.RollUpReads, operation.PublishChanges} {
		stream := operation.MustLookup(name).Trigger.(operation.Stream)
		var wanted []table.Key
		for _, of := range stream.Items {
			wanted = append(wanted, table.Key(of))
		}
		if f.feeds[name], err = db.Feed(string(name), wanted, bolt.Redelivering(redeliver)); err != nil {
			t.Fatal(err)
		}
	}
	f.World = secretstest.New(t, db)
	return f
}

// catchUp has the function deal with all changes so far, a few at a time.
func (f *followed) catchUp(name operation.Name, use func(changes []table.Change) error) (batches int) {
	f.Helper()
	f.Clock.Advance(time.Millisecond)
	end := f.poke()
	for ; ; batches++ {
		records, err := f.feeds[name].Next(f.Context(), 7)
		if err != nil {
			f.Fatal(err)
		}
		changes := make([]table.Change, len(records))
		last := false
		for i, r := range records {
			changes[i] = r.Change
			last = last || r.Key == end
		}
		changes = slices.DeleteFunc(changes, func(c table.Change) bool { return c.Key.PK == "PROJECT#end" })
		if err := use(changes); err != nil {
			f.Fatal(err)
		}
		if err := f.feeds[name].Done(f.Context(), records[len(records)-1].Sequence); err != nil {
			f.Fatal(err)
		}
		if last {
			return batches
		}
	}
}

// poke marks the end of the changes so far, for both streams.
func (f *followed) poke() table.Key {
	f.Helper()
	end := table.Item{Key: table.Key{PK: "PROJECT#end", SK: "EVENT#" + uuid.NewString()}, Attributes: map[string]any{"v": int64(1)}}
	err := f.Table().Transact(f.Context(), table.Transaction{Writes: []table.Write{table.Put(end, table.Unconditional())}})
	if err != nil {
		f.Fatal(err)
	}
	return end.Key
}

func (f *followed) rollUp() {
	f.Helper()
	f.catchUp(operation.RollUpReads, func(c []table.Change) error { return f.RollUpReads(f.Context(), c) })
}

func (f *followed) publish() {
	f.Helper()
	f.catchUp(operation.PublishChanges, func(c []table.Change) error { return f.PublishChanges(f.Context(), c) })
}

// TestReadsAreSummedUpOnce: who read what, from both sides, though some batches come twice and are cut elsewhere then.
func TestReadsAreSummedUpOnce(t *testing.T) {
	for _, redeliver := range []int{0, 1, 2, 5} {
		t.Run(fmt.Sprintf("every %d batches one comes twice", redeliver), func(t *testing.T) {
			f := follow(t, redeliver)
			project := f.ServerProject("plain")
			ada, asAda := f.User("ada", access.RoleMember)
			ci, asCI := f.ServiceAccount("ci")
			f.Grant(project, access.Read, ada, ci)
			ids := []uuid.UUID{f.Secret("A", "v", project).ID, f.Secret("B", "v", project).ID, f.Secret("C", "v", project).ID}
			start := f.Clock.Now().UTC().Truncate(time.Millisecond)
			want := map[uuid.UUID]map[uuid.UUID]int64{ada: {}, ci: {}}
			random := rand.New(rand.NewPCG(1, uint64(redeliver))) //nolint:gosec // the same each time
			for i := range 200 {
				f.Clock.Advance(time.Second)
				who, as := ada, asAda
				if random.IntN(2) == 0 {
					who, as = ci, asCI
				}
				id := ids[random.IntN(len(ids))]
				switch random.IntN(3) {
				case 0:
					get(t, f.World, as, id)
					want[who][id]++
				case 1:
					_, err := f.GetSecretsByIDs(t.Context(), as, api.IDs{IDs: ids[:2]})
					wantCode(t, err, "")
					want[who][ids[0]]++
					want[who][ids[1]]++
				case 2:
					_, err := f.GetProjectValues(t.Context(), as, secrets.GetProjectValues{Project: project})
					wantCode(t, err, "")
					for _, id := range ids {
						want[who][id]++
					}
				}
				if i%20 == 0 {
					f.rollUp()
				}
			}
			f.rollUp()
			for _, who := range []uuid.UUID{ada, ci} {
				list, err := f.ListPrincipalReads(t.Context(), f.Owner, who, page)
				wantCode(t, err, "")
				got := map[uuid.UUID]int64{}
				for _, r := range list.Data {
					got[r.Secret.ID] = r.Count
					if r.Version != 1 || r.Secret.Name == "" || r.First.Before(start) || r.Last.Before(r.First) {
						t.Errorf("%+v", r)
					}
				}
				if diff := cmp.Diff(want[who], got); diff != "" {
					t.Errorf("what %s read (-want +got):\n%s", who, diff)
				}
			}
			readers, err := f.ListSecretReaders(t.Context(), f.Owner, ids[0], page)
			wantCode(t, err, "")
			got := map[string]int64{}
			for _, r := range readers.Data {
				got[r.Principal.Name] = r.Count
			}
			if diff := cmp.Diff(map[string]int64{"owner": 1, "ada": want[ada][ids[0]], "ci": want[ci][ids[0]]}, got); diff != "" {
				t.Errorf("who read the first (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoWritesAValueKnowsIt(t *testing.T) {
	f := follow(t, 0)
	secret := f.Secret("A", "v", f.ServerProject("plain"))
	_, err := f.UpdateSecret(t.Context(), f.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("w")}})
	wantCode(t, err, "")
	f.rollUp()
	list, err := f.ListSecretReaders(t.Context(), f.Owner, secret.ID, page)
	wantCode(t, err, "")
	if len(list.Data) != 1 || list.Data[0].Version != 2 || list.Data[0].Count != 2 {
		t.Errorf("%+v", list.Data)
	}
}

func TestReadersOfWhoIsGoneHaveNoName(t *testing.T) {
	f := follow(t, 0)
	project := f.ServerProject("plain")
	ada, asAda := f.User("ada", access.RoleMember)
	f.Grant(project, access.Read, ada)
	secret := f.Secret("A", "v", project)
	get(t, f.World, asAda, secret.ID)
	wantCode(t, f.DeletePrincipal(t.Context(), f.Owner, ada), "")
	f.rollUp()
	list, err := f.ListSecretReaders(t.Context(), f.Owner, secret.ID, page)
	wantCode(t, err, "")
	at := slices.IndexFunc(list.Data, func(r api.Reader) bool { return r.Principal.ID == ada })
	if at < 0 || list.Data[at].Principal.Name != "" || list.Data[at].Principal.Kind != access.KindUser {
		t.Errorf("%+v", list.Data)
	}
	reads, err := f.ListPrincipalReads(t.Context(), f.Owner, ada, page)
	if wantCode(t, err, ""); len(reads.Data) != 1 || reads.Data[0].Secret.ID != secret.ID {
		t.Errorf("%+v", reads.Data)
	}
}

func TestOnlyWhoMaySeesReads(t *testing.T) {
	f := follow(t, 0)
	project := f.ServerProject("plain")
	ada, asAda := f.User("ada", access.RoleMember)
	_, asAuditor := f.User("auditor", access.RoleAuditor)
	f.Grant(project, access.Write, ada)
	secret := f.Secret("A", "v", project)
	_, err := f.ListSecretReaders(t.Context(), asAda, secret.ID, page)
	wantCode(t, err, api.CodeForbidden)
	_, err = f.ListPrincipalReads(t.Context(), asAda, ada, page)
	wantCode(t, err, api.CodeForbidden)
	_, err = f.ListSecretReaders(t.Context(), asAuditor, secret.ID, page)
	wantCode(t, err, "")
	_, err = f.ListPrincipalReads(t.Context(), asAuditor, ada, page)
	wantCode(t, err, "")
	_, err = f.ListPrincipalReads(t.Context(), asAuditor, uuid.New(), page)
	wantCode(t, err, api.CodeNotFound)
}

// TestChangesArePublished in words that rules can be written about, and again where the bus fails.
func TestChangesArePublished(t *testing.T) {
	f := follow(t, 0)
	project := f.ServerProject("plain")
	ada, _ := f.User("ada", access.RoleMember)
	secret := f.Secret("A", "v", project)
	_, err := f.UpdateSecret(t.Context(), f.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("w")}})
	wantCode(t, err, "")
	_, err = f.UpdateSecret(t.Context(), f.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Note: ptr("n")}})
	wantCode(t, err, "")
	f.Grant(project, access.Read, ada)
	get(t, f.World, f.Owner, secret.ID)
	_, err = f.SetDisabled(t.Context(), f.Owner, ada, true)
	wantCode(t, err, "")
	_, err = f.DeleteSecrets(t.Context(), f.Owner, api.IDs{IDs: []uuid.UUID{secret.ID}})
	wantCode(t, err, "")
	wantCode(t, f.DeletePrincipal(t.Context(), f.Owner, ada), "")
	f.Bus.Fail = errors.New("no bus")
	records, err := f.feeds[operation.PublishChanges].Next(t.Context(), 500)
	wantCode(t, err, "")
	changes := make([]table.Change, len(records))
	for i, r := range records {
		changes[i] = r.Change
	}
	if err := f.PublishChanges(t.Context(), changes); err == nil {
		t.Error("a bus that fails is no error")
	}
	f.Bus.Fail = nil
	f.publish()
	var got []string
	for _, n := range f.Bus.Published() {
		got = append(got, n.Kind)
		if n.OrganizationID != f.Organization || n.EventID == uuid.Nil || n.At.IsZero() || n.Action == "" {
			t.Errorf("%+v", n)
		}
		if n.Kind == "Secret Version Created" && (n.Version != 2 || n.ResourceID != secret.ID) {
			t.Errorf("%+v", n)
		}
	}
	want := []string{
		"Principal Created", "Project Created", "Principal Created", "Principal Changed", "Secret Created",
		"Secret Version Created", "Secret Changed", "Access Changed", "Principal Disabled", "Secret Deleted", "Principal Deleted",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
