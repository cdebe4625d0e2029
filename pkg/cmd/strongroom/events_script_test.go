package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// A laterClock is some time ahead.
type laterClock struct{ ahead time.Duration }

func (c laterClock) Now() time.Time { return time.Now().Add(c.ahead) }

func (c laterClock) Until(ctx context.Context, at time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(at) - c.ahead):
		return nil
	}
}

// later runs a server over the script's data as if so many hours had passed, until all of them are sealed.
func later(ts *testscript.TestScript, neg bool, args []string) {
	hours, err := strconv.Atoi(strings.Join(args, " "))
	if neg || err != nil || ts.Value(serverKey{}).(*server).command != nil {
		ts.Fatalf("usage: later HOURS, while no server runs")
	}
	data, ahead := ts.Getenv("STRONGROOM_DATA"), time.Duration(hours)*time.Hour
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := local.Open(ctx, local.Config{
		Data: data, Addr: "127.0.0.1:0", KMSAddr: "127.0.0.1:0", Clock: laterClock{ahead}, Log: slog.New(slog.DiscardHandler),
	})
	ts.Check(err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	last := time.Now().Add(ahead - 70*time.Minute).UTC().Format("2006-01-02T15")
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		files, err := filepath.Glob(filepath.Join(data, "seals", "seal-*.json"))
		ts.Check(err)
		if len(files) > 0 && strings.TrimSuffix(filepath.Base(files[len(files)-1]), ".json") >= "seal-"+last {
			break
		}
		if time.Now().After(end) {
			ts.Fatalf("%s is not sealed; there are %v", last, files)
		}
	}
	cancel()
	ts.Check(<-done)
}

// tamper removes or alters one event that tells of an operation, by hand, in the bolt file, and sets $EVENT to its id and
// $HOUR to its hour.
func tamper(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || args[0] != "remove" && args[0] != "alter" {
		ts.Fatalf("usage: tamper remove|alter OPERATION, while no server runs")
	}
	db, err := bolt.Open(filepath.Join(ts.Getenv("STRONGROOM_DATA"), "strongroom.db"))
	ts.Check(err)
	defer func() { ts.Check(db.Close()) }()
	item, hour := eventOf(ts, db, args[1])
	write := table.Delete(item.Key, table.Unconditional())
	if args[0] == "alter" {
		e, _ := item.Attributes["e"].([]byte)
		item.Attributes["e"] = []byte(strings.Replace(string(e), args[1], strings.ToUpper(args[1]), 1))
		write = table.Put(item, table.Unconditional())
	}
	ts.Check(db.Transact(context.Background(), table.Transaction{Writes: []table.Write{write}}))
	ts.Setenv("EVENT", item.Key.SK)
	ts.Setenv("HOUR", hour)
}

// eventOf finds an event of the last hours that tells of an operation.
func eventOf(ts *testscript.TestScript, db *bolt.DB, operation string) (table.Item, string) {
	for ago := range 3 {
		hour := time.Now().Add(-time.Duration(ago) * time.Hour).UTC().Format("2006-01-02T15")
		for shard := range 8 {
			page, err := db.Query(context.Background(), table.Query{PK: "EVENT#" + hour + "#" + strconv.Itoa(shard)})
			ts.Check(err)
			for _, item := range page.Items {
				if e, _ := item.Attributes["e"].([]byte); strings.Contains(string(e), operation) {
					return item, hour
				}
			}
		}
	}
	ts.Fatalf("no event tells of %s", operation)
	return table.Item{}, ""
}

// cut is a file without its last line.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FROM TO")
	}
	text := strings.TrimSuffix(ts.ReadFile(args[0]), "\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text[:strings.LastIndexByte(text, '\n')+1]), 0o600))
}
