package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// writerVariable makes this test binary a process that writes to a file until it is killed.
const writerVariable = "STRONGROOM_BOLT_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerVariable); path != "" {
		writeUntilKilled(path)
	}
	os.Exit(m.Run())
}

// writeUntilKilled counts items up, sixteen at once, and says each revision once it was acknowledged. It reads the feed of
// the changes, and says how far before it is done with them.
func writeUntilKilled(path string) {
	db, err := bolt.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go readUntilKilled(db)
	for i := range 16 {
		go func() {
			sk := fmt.Sprint(i)
			start, _, _ := db.Get(context.Background(), item(sk, 0).Key)
			for revision := start.Revision + 1; ; revision++ {
				if err := db.Transact(context.Background(), put(item(sk, revision), table.IfRevision(revision-1))); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Printf("%s %d\n", sk, revision) // one write call a line: never torn
			}
		}()
	}
	select {}
}

// feedLine is what a reader of the feed says before the number of the record that it has come to.
const feedLine = "feed"

func readUntilKilled(db *bolt.DB) {
	feed, err := db.Feed(feedLine, under("p"))
	for err == nil {
		var records []bolt.Record
		if records, err = feed.Next(context.Background(), 10); err == nil {
			last := records[len(records)-1].Sequence
			fmt.Println(feedLine, last)
			err = feed.Done(context.Background(), last)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestAKilledProcessLosesNothingAcknowledged kills a writing process several times and looks for what it said.
func TestAKilledProcessLosesNothingAcknowledged(t *testing.T) {
	path := newPath(t)
	for round := range 4 {
		said := killedWriter(t, path, time.Duration(50+70*round)*time.Millisecond)
		read := uint64(said[feedLine])
		delete(said, feedLine)
		if len(said) != 16 || read == 0 {
			t.Fatalf("round %d: %d writers said anything, want 16, and the reader came to %d", round, len(said), read)
		}
		db, err := bolt.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for sk, revision := range said {
			got, _, err := db.Get(t.Context(), item(sk, 0).Key)
			// One more may have been written and not said.
			if err != nil || got.Revision < revision || got.Revision > revision+1 {
				t.Errorf("round %d: item %s has revision %d, %v; acknowledged was %d", round, sk, got.Revision, err, revision)
			}
		}
		page, err := db.Query(t.Context(), table.Query{PK: "x", Index: table.Index1})
		if err != nil || len(page.Items) != 16 {
			t.Errorf("round %d: the index holds %d items, %v; want 16", round, len(page.Items), err)
		}
		checkFeed(t, db, read, int64(round))
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// checkFeed looks for what the reader of a killed process had not come to: records go on without a gap from one that it
// had, and end with what is stored.
func checkFeed(t *testing.T, db *bolt.DB, read uint64, round int64) {
	t.Helper()
	last := table.Item{Key: table.Key{PK: "p", SK: "last"}, Revision: round + 1}
	write(t, db, table.Put(last, table.IfRevision(round))) // so that there is one record at least
	f := feed(t, db, feedLine, under("p"))
	rest := next(t, f, 1<<20)
	if rest[0].Sequence > read+1 {
		t.Errorf("the reader came to record %d, and the rest begins with %d", read, rest[0].Sequence)
	}
	revisions := map[table.Key]int64{}
	for i, r := range rest {
		before := r.New.Revision - 1
		if known, ok := revisions[r.Key]; r.Sequence != rest[0].Sequence+uint64(i) || ok && known != before {
			t.Fatalf("record %d of %s, revision %d, is out of order", r.Sequence, r.Key.SK, r.New.Revision)
		}
		revisions[r.Key] = r.New.Revision
	}
	for key, revision := range revisions {
		if stored, _, err := db.Get(t.Context(), key); err != nil || stored.Revision != revision {
			t.Errorf("%s has revision %d, %v; its last record %d", key.SK, stored.Revision, err, revision)
		}
	}
	done(t, f, rest)
}

// killedWriter runs a writer, kills it some time after its first writes, and answers the last revision that it said
// of each item, and how far it said that it had read.
func killedWriter(t *testing.T, path string, after time.Duration) map[string]int64 {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerVariable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	said := map[string]int64{}
	kill := func() { _ = cmd.Process.Kill() }
	var timer *time.Timer
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sk, revision, _ := strings.Cut(strings.TrimSpace(line), " ")
		if said[sk], err = strconv.ParseInt(revision, 10, 64); err != nil {
			t.Fatal(err)
		}
		if timer == nil && len(said) == 17 {
			timer = time.AfterFunc(after, kill)
		}
	}
	_ = cmd.Wait()
	return said
}
