package secrets_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
)

// sweeperVariable makes this test binary a process that sweeps a bolt file until it is done or killed.
const sweeperVariable = "STRONGROOM_SWEEPER"

// A sweeper is what that process is told.
type sweeper struct {
	Path         string
	Organization uuid.UUID
	Now          time.Time
}

func TestMain(m *testing.M) {
	if told := os.Getenv(sweeperVariable); told != "" {
		if err := sweepUntilKilled(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// sayingTable says a line for each transaction that was acknowledged.
type sayingTable struct{ table.Table }

func (s sayingTable) Transact(ctx context.Context, t table.Transaction) error {
	err := s.Table.Transact(ctx, t)
	if err == nil {
		fmt.Println("done")
	}
	return err
}

func sweepUntilKilled(told string) error {
	var s sweeper
	if err := json.Unmarshal([]byte(told), &s); err != nil {
		return err
	}
	db, err := bolt.Open(s.Path)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	service := secrets.New(secrets.Config{
		Table: sayingTable{db}, Organization: s.Organization, Account: secretstest.Account, Now: func() time.Time { return s.Now },
	})
	done, err := service.SweepDeleted(context.Background())
	if err == nil && done.Unfinished {
		err = fmt.Errorf("unfinished: %+v", done)
	}
	return err
}

// A bigTrash is a purged project with many secrets, some of which others share, and a deleted principal.
type bigTrash struct {
	trashWorld
	purged, other, leaver uuid.UUID
	gone, shared, others  []uuid.UUID
}

func newBigTrash(t *testing.T, r *recording, n int) *bigTrash {
	t.Helper()
	w := trashWorld{secretstest.New(t, r), r}
	b := &bigTrash{trashWorld: w, purged: w.ServerProject("purged"), other: w.ServerProject("other")}
	b.leaver, _ = w.User("leaver", access.RoleMember)
	stays, _ := w.User("stays", access.RoleMember)
	w.Grant(b.purged, access.Read, b.leaver, stays)
	w.Grant(b.other, access.Read, b.leaver, stays)
	for i := range n {
		projects := []uuid.UUID{b.purged}
		if i%10 == 0 {
			projects = append(projects, b.other)
		}
		id := w.Secret(fmt.Sprintf("SECRET_%05d", i), "value", projects...).ID
		if i%10 == 0 {
			b.shared = append(b.shared, id)
		} else {
			b.gone = append(b.gone, id)
		}
		if i%20 == 1 {
			_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: id, UpdateSecret: api.UpdateSecret{Value: ptr("second")}})
			wantCode(t, err, "")
			w.put(table.Key{PK: "SECRET#" + id.String(), SK: "READ#" + stays.String()}, table.Key{PK: "PRINCIPAL#" + stays.String(), SK: "READ#" + id.String()})
		}
		if i%50 < 2 {
			w.GrantSecret(id, access.Read, stays, b.leaver)
		}
	}
	for i := range 20 {
		b.others = append(b.others, w.Secret(fmt.Sprintf("OTHER_%02d", i), "value", b.other).ID)
	}
	w.put(table.Key{PK: "CHANGED#" + b.purged.String(), SK: "CHANGED"})
	w.delete(b.purged)
	w.purge(b.purged)
	wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, b.leaver), "")
	return b
}

// read is all that a table holds, found through every partition that there ever was.
func (b *bigTrash) read(t *testing.T, tbl table.Table) map[table.Key]table.Item {
	t.Helper()
	partitions := map[string]bool{}
	for key := range b.items {
		partitions[key.PK] = true
	}
	for hour := range 72 {
		for shard := range 8 {
			at := b.Clock.Now().Add(-time.Duration(hour) * time.Hour)
			partitions[fmt.Sprintf("EVENT#%s#%d", audit.HourOf(at), shard)] = true
		}
	}
	all := map[table.Key]table.Item{}
	for pk := range partitions {
		query := table.Query{PK: pk}
		for {
			page, err := tbl.Query(t.Context(), query)
			wantCode(t, err, "")
			for _, item := range page.Items {
				if item.Key.SK == "SECRET" { // a query does not answer index keys
					item, _, err = tbl.Get(t.Context(), item.Key)
					wantCode(t, err, "")
				}
				all[item.Key] = item
			}
			if query.After = page.Next; query.After.IsZero() {
				break
			}
		}
	}
	return all
}

// check looks at what is left once all is swept.
func (b *bigTrash) check(t *testing.T, tbl table.Table) {
	t.Helper()
	items := b.read(t, tbl)
	wantWhole(t, b.Organization, items)
	told := mentions(items, append(slices.Clone(b.gone), b.purged)...)
	for _, id := range b.gone {
		if want := []string{"SECRET#" + id.String() + " / SECRET"}; !slices.Equal(told[id], want) {
			t.Errorf("a purged secret is told of by %v", told[id])
		}
	}
	for _, key := range told[b.purged] {
		id, _ := uuid.Parse(strings.TrimSuffix(strings.TrimPrefix(key, "SECRET#"), " / SECRET"))
		tombstone := slices.Contains(b.gone, id)
		changed := strings.Contains(key, " / EVENT#") // why a shared secret changed stays told
		if key != "PROJECT#"+b.purged.String()+" / PROJECT" && !tombstone && !changed {
			t.Errorf("the purged project is told of by %s", key)
		}
	}
	b.checkEvents(t, items)
	w := b.Again(func(table.Table) table.Table { return tbl })
	values, err := w.ListProjectSecrets(t.Context(), w.Owner, b.other, secrets.ListSecrets{Page: api.Page{Limit: 500}})
	wantCode(t, err, "")
	for _, id := range slices.Concat(b.others, b.shared)[:min(50, len(b.others)+len(b.shared))] {
		got := get(t, w, w.Owner, id)
		if len(got.Projects) != 1 || got.Projects[0].ID != b.other || got.Value != "value" {
			t.Errorf("another secret is now %+v", got)
		}
	}
	if n := len(values.Data); n != min(500, len(b.others)+len(b.shared)) {
		t.Errorf("the other project has %d secrets", n)
	}
}

// checkEvents wants one event of each secret's purge or leaving, and one of each grant's end.
func (b *bigTrash) checkEvents(t *testing.T, items map[table.Key]table.Item) {
	t.Helper()
	told := map[string]int{}
	for key, item := range items {
		if !strings.HasPrefix(key.PK, "EVENT#") {
			continue
		}
		e, err := audit.Decode(item.Attributes["e"].([]byte))
		wantCode(t, err, "")
		if e.Action == "sweep-deleted" {
			told[fmt.Sprint(e.Resource.ID, e.Changed)]++
		}
	}
	for what, n := range told {
		if n != 1 {
			t.Errorf("%s is told %d times", what, n)
		}
	}
	for _, id := range b.gone {
		if told[fmt.Sprint(id, []string{"purged"})] != 1 {
			t.Errorf("the purge of %s is not told", id)
		}
	}
	for _, id := range b.shared {
		if told[fmt.Sprint(id, []string{"projects"})] != 1 {
			t.Errorf("that %s left the project is not told", id)
		}
	}
	if told[fmt.Sprint(b.other, []string{"grants"})] != 1 {
		t.Error("the end of a grant is not told")
	}
}

// TestAKilledSweepIsDoneOnce kills a process that sweeps 5,000 secrets, each time after some more transactions, until one
// gets to the end; then all is done, and each thing was done once.
func TestAKilledSweepIsDoneOnce(t *testing.T) {
	n, step := 5_000, 1_600
	if testing.Short() {
		n, step = 500, 160
	}
	path := filepath.Join(t.TempDir(), "table.bolt")
	db, err := bolt.Open(path, bolt.NoSync())
	wantCode(t, err, "")
	b := newBigTrash(t, &recording{Table: db, items: map[table.Key]table.Item{}}, n)
	wantCode(t, db.Close(), "")
	kills := 0
	for {
		killed := b.sweepAndKill(t, path, 1+rand.IntN(step)) //nolint:gosec // a test's choice
		if !killed {
			break
		}
		kills++
	}
	if kills < 10 {
		t.Errorf("it was killed only %d times", kills)
	}
	t.Logf("killed %d times", kills)
	for range 2 { // the passes after an hour and after a day
		b.Clock.Advance(24 * time.Hour)
		if b.sweepAndKill(t, path, -1) {
			t.Fatal("it ended early")
		}
	}
	db, err = bolt.Open(path)
	wantCode(t, err, "")
	defer func() { _ = db.Close() }()
	b.check(t, db)
}

// sweepAndKill runs a sweeper and kills it when it has said so many lines; it answers whether it was.
func (b *bigTrash) sweepAndKill(t *testing.T, path string, lines int) bool {
	t.Helper()
	told, err := json.Marshal(sweeper{path, b.Organization, b.Clock.Now()})
	wantCode(t, err, "")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), sweeperVariable+"="+string(told))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	wantCode(t, err, "")
	wantCode(t, cmd.Start(), "")
	killed := false
	said := bufio.NewReader(out)
	for {
		if _, err := said.ReadString('\n'); err != nil {
			if err != io.EOF {
				t.Error(err)
			}
			break
		}
		if lines--; lines == 0 {
			killed = true
			_ = cmd.Process.Kill() // SIGKILL
		}
	}
	if err := cmd.Wait(); err != nil && !killed {
		t.Fatalf("it failed by itself: %v", err)
	}
	return killed
}

// TestASweepOnDynamoDB is the same with few secrets, over DynamoDB, with runs side by side instead of killed ones.
func TestASweepOnDynamoDB(t *testing.T) {
	client, name := dynamotest.New(t)
	r := &recording{Table: dynamo.New(client, name), items: map[table.Key]table.Item{}}
	b := newBigTrash(t, r, 60)
	for range 3 {
		failed := make(chan error)
		for range 3 {
			again := b.Again(nil)
			go func() {
				_, err := again.SweepDeleted(t.Context())
				failed <- err
			}()
		}
		for range 3 {
			wantCode(t, <-failed, "")
		}
		b.Clock.Advance(24 * time.Hour)
	}
	b.check(t, r.Table)
}
