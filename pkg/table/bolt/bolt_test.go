package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
	"strongroom/pkg/table/tabletest"
)

func open(t testing.TB, path string, options ...bolt.Option) *bolt.DB {
	t.Helper()
	db, err := bolt.Open(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "table") }

func item(sk string, revision int64) table.Item {
	return table.Item{Key: table.Key{PK: "p", SK: sk}, Revision: revision, Index1: table.Key{PK: "x", SK: sk},
		Attributes: map[string]any{}}
}

func put(item table.Item, cond table.Condition) table.Transaction {
	return table.Transaction{Writes: []table.Write{table.Put(item, cond)}}
}

func TestConformance(t *testing.T) {
	db := open(t, newPath(t))
	tabletest.Run(t, func(*testing.T) table.Table { return db })
}

func TestItemsSurviveReopening(t *testing.T) {
	path := newPath(t)
	for i := range int64(3) {
		db, err := bolt.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Transact(t.Context(), put(item("a", i+1), table.IfRevision(i))); err != nil {
			t.Errorf("opened for the %d. time: %v", i+1, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheFileIsItsOwnersAlone(t *testing.T) {
	path := newPath(t)
	open(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
}

func TestAFileInUseIsRefusedSoon(t *testing.T) {
	path := newPath(t)
	open(t, path)
	start := time.Now()
	_, err := bolt.Open(path)
	if err == nil || !strings.Contains(err.Error(), path+" is open in another process") {
		t.Errorf("error %v, want one that says who has the file", err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestAFileOfAnotherFormatIsRefused(t *testing.T) {
	path := newPath(t)
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	file, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = file.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte("2")) })
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(path); err == nil || !strings.Contains(err.Error(), `format "2"`) {
		t.Errorf("error %v, want one that names the format", err)
	}
	garbage := newPath(t)
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no table\n", 10_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(garbage); err == nil {
		t.Error("a file of garbage was opened")
	}
}

func TestAClosedTableSaysSo(t *testing.T) {
	db, err := bolt.Open(newPath(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := db.Transact(t.Context(), put(item("a", 1), table.IfAbsent())); !errors.Is(err, bolt.ErrClosed) {
		t.Errorf("Transact = %v", err)
	}
	if _, _, err := db.Get(t.Context(), item("a", 1).Key); !errors.Is(err, bolt.ErrClosed) {
		t.Errorf("Get = %v", err)
	}
}

// TestTheFilesLastKeyIsFoundGoingDown has nothing in the file behind the partition, and then behind the position.
func TestTheFilesLastKeyIsFoundGoingDown(t *testing.T) {
	db := open(t, newPath(t))
	for _, sk := range []string{"a", "b"} {
		if err := db.Transact(t.Context(), put(item(sk, 1), table.IfAbsent())); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []table.Query{
		{PK: "p"}, {PK: "x", Index: table.Index1}, {PK: "p", After: table.Position{SK: "c"}},
	} {
		q.Descending = true
		page, err := db.Query(t.Context(), q)
		if err != nil || len(page.Items) != 2 || page.Items[0].Key.SK != "b" {
			t.Errorf("%+v: %v, %v; want b and a", q, page.Items, err)
		}
	}
}

// TestCloseLosesNothingAccepted closes the table under writers: what was acknowledged is there, what was refused is
// not.
func TestCloseLosesNothingAccepted(t *testing.T) {
	path := newPath(t)
	db, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	acknowledged := make([]int64, 16)
	for i := range acknowledged {
		group.Go(func() error {
			for {
				err := db.Transact(context.Background(), put(item(fmt.Sprint(i), acknowledged[i]+1), table.IfRevision(acknowledged[i])))
				if errors.Is(err, bolt.ErrClosed) {
					return nil
				}
				if err != nil {
					return err
				}
				acknowledged[i]++
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	db = open(t, path)
	for i, want := range acknowledged {
		got, _, err := db.Get(t.Context(), item(fmt.Sprint(i), 0).Key)
		if err != nil || got.Revision != want || want == 0 {
			t.Errorf("writer %d: revision %d, %v; want %d", i, got.Revision, err, want)
		}
	}
}

// TestAGroupsMembersFailAlone has writers of which half fail their conditions: the others' writes happen.
func TestAGroupsMembersFailAlone(t *testing.T) {
	db := open(t, newPath(t))
	var failures atomic.Int64
	var group errgroup.Group
	for i := range 32 {
		group.Go(func() error {
			for n := range 50 {
				sk := fmt.Sprint(i, "/", n)
				writes := []table.Write{table.Put(item(sk, 1), table.IfAbsent())}
				if i%2 == 1 {
					writes = append(writes, table.Check(table.Key{PK: "none", SK: "there"}, table.IfPresent()))
				}
				err := db.Transact(t.Context(), table.Transaction{Writes: writes})
				var failed *table.ConditionError
				if i%2 == 1 && errors.As(err, &failed) {
					failures.Add(1)
				} else if err != nil || i%2 == 1 {
					return fmt.Errorf("writer %d: %w", i, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, q := range []table.Query{{PK: "p"}, {PK: "x", Index: table.Index1}} {
		page, err := db.Query(t.Context(), q)
		if err != nil || len(page.Items) != 16*50 || failures.Load() != 16*50 {
			t.Errorf("%d items, %d failures, %v; want 800 of each", len(page.Items), failures.Load(), err)
		}
	}
}

func BenchmarkTransact(b *testing.B) {
	for _, sync := range []bool{true, false} {
		for _, clients := range []int{1, 16} {
			b.Run(fmt.Sprintf("sync=%v/clients=%d", sync, clients), func(b *testing.B) {
				var options []bolt.Option
				if !sync {
					options = append(options, bolt.NoSync())
				}
				db := open(b, newPath(b), options...)
				var n atomic.Int64
				var group errgroup.Group
				value := make([]byte, 300)
				for range clients {
					group.Go(func() error {
						for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
							it := item(fmt.Sprint(i), 1)
							it.Attributes["v"] = value
							if err := db.Transact(context.Background(), put(it, table.IfAbsent())); err != nil {
								return err
							}
						}
						return nil
					})
				}
				if err := group.Wait(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
