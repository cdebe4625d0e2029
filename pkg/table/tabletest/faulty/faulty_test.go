package faulty_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
	"strongroom/pkg/table/tabletest"
	"strongroom/pkg/table/tabletest/faulty"
)

func open(t *testing.T) table.Table {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "table.bolt"), bolt.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestWithoutErrorsItIsATable: reads that are torn, and pauses, are what every table may do.
func TestWithoutErrorsItIsATable(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table {
		return faulty.New(open(t), faulty.Options{Odds: faulty.Odds{faulty.Torn: .5}, Pause: 10 * time.Microsecond})
	})
}

var key = table.Key{PK: "P", SK: "S"}

func put(tbl table.Table) error {
	return tbl.Transact(context.Background(), table.Transaction{Writes: []table.Write{
		table.Put(table.Item{Key: key, Revision: 1}, table.IfAbsent()),
	}})
}

// TestEachFault: what the error is, and whether anything was written by then and in the end.
func TestEachFault(t *testing.T) {
	for fault, c := range map[faulty.Fault]struct {
		err              error
		written, settled bool
	}{
		faulty.Throttled:   {err: table.ErrThrottled},
		faulty.Conflict:    {err: table.ErrConflict},
		faulty.TimedOut:    {err: context.DeadlineExceeded},
		faulty.RequestLost: {err: faulty.ErrLost},
		faulty.AnswerLost:  {err: faulty.ErrLost, written: true, settled: true},
		faulty.Late:        {err: faulty.ErrLost, settled: true},
	} {
		t.Run(fault.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := open(t)
				tbl := faulty.New(inner, faulty.Options{Odds: faulty.Odds{fault: 1}, Pause: time.Millisecond})
				if err := put(tbl); !errors.Is(err, c.err) {
					t.Errorf("error %v, want %v", err, c.err)
				}
				if _, found, err := inner.Get(t.Context(), key); err != nil || found != c.written {
					t.Errorf("written %v, %v, want %v", found, err, c.written)
				}
				tbl.Settle()
				if _, found, err := inner.Get(t.Context(), key); err != nil || found != c.settled {
					t.Errorf("in the end written %v, %v, want %v", found, err, c.settled)
				}
				if n := tbl.Injected(fault); n != 1 {
					t.Errorf("counted %d times", n)
				}
			})
		})
	}
}

func TestFaultsOfReads(t *testing.T) {
	tbl := faulty.New(open(t), faulty.Options{Odds: faulty.Odds{faulty.ReadThrottled: 1}})
	_, _, err := tbl.Get(t.Context(), key)
	_, errBatch := tbl.BatchGet(t.Context(), []table.Key{key})
	_, errTransact := tbl.TransactGet(t.Context(), []table.Key{key})
	_, errQuery := tbl.Query(t.Context(), table.Query{PK: "P"})
	for _, err := range []error{err, errBatch, errTransact, errQuery} {
		if !errors.Is(err, table.ErrThrottled) {
			t.Errorf("error %v", err)
		}
	}
	tbl = faulty.New(open(t), faulty.Options{Odds: faulty.Odds{faulty.ReadConflict: 1}})
	if _, err := tbl.TransactGet(t.Context(), []table.Key{key}); !errors.Is(err, table.ErrConflict) {
		t.Errorf("error %v", err)
	}
}

// TestATornReadIsOfSeveralMoments: it shows a part of a transaction.
func TestATornReadIsOfSeveralMoments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := open(t)
		keys := []table.Key{{PK: "P", SK: "1"}, {PK: "P", SK: "2"}, {PK: "P", SK: "3"}}
		tbl := faulty.New(inner, faulty.Options{Odds: faulty.Odds{faulty.Torn: 1, faulty.Slow: .5}, Pause: time.Millisecond})
		torn := 0
		for range 100 {
			var writes []table.Write
			for _, k := range keys {
				writes = append(writes, table.Delete(k, table.Unconditional()))
			}
			if err := inner.Transact(t.Context(), table.Transaction{Writes: writes}); err != nil {
				t.Fatal(err)
			}
			go func() {
				time.Sleep(5 * time.Millisecond)
				for i, k := range keys {
					writes[i] = table.Put(table.Item{Key: k}, table.Unconditional())
				}
				if err := inner.Transact(t.Context(), table.Transaction{Writes: writes}); err != nil {
					t.Error(err)
				}
			}()
			items, err := tbl.BatchGet(t.Context(), keys)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(items); n > 0 && n < len(keys) {
				torn++
			}
			time.Sleep(time.Second)
		}
		if torn == 0 {
			t.Error("no read showed a part of a transaction")
		}
	})
}

// TestTheSameSeedFailsTheSame: the faults follow from the seed.
func TestTheSameSeedFailsTheSame(t *testing.T) {
	fails := func(seed uint64) (failed []bool) {
		tbl := faulty.New(open(t), faulty.Options{Seed: seed, Odds: faulty.Odds{faulty.ReadThrottled: .5}})
		for range 100 {
			_, _, err := tbl.Get(t.Context(), key)
			failed = append(failed, err != nil)
		}
		return failed
	}
	if !slices.Equal(fails(1), fails(1)) {
		t.Error("with the same seed other calls fail")
	}
	if slices.Equal(fails(1), fails(2)) {
		t.Error("with another seed the same calls fail")
	}
}

func TestAnEndedContextEndsAPause(t *testing.T) {
	inner := open(t)
	tbl := faulty.New(inner, faulty.Options{Pause: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := tbl.Transact(ctx, table.Transaction{Writes: []table.Write{table.Put(table.Item{Key: key}, table.Unconditional())}})
	if _, found, _ := inner.Get(t.Context(), key); !errors.Is(err, context.Canceled) || found {
		t.Errorf("error %v, written %v", err, found)
	}
}
