package trigger

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"strongroom/pkg/app"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// folderVariable makes this test binary a process that writes, and has a function get the changes, until it is killed.
const folderVariable = "STRONGROOM_TRIGGER_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(folderVariable); folder != "" {
		operation.Table = append(operation.Table, testRows...)
		fmt.Fprintln(os.Stderr, workUntilKilled(folder))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func workUntilKilled(folder string) error {
	db, err := bolt.Open(filepath.Join(folder, "table"))
	if err != nil {
		return err
	}
	// What the function did with a batch it says before it answers.
	say := func(_ context.Context, changes []table.Change) error {
		_, err := fmt.Println(strings.Join(told(changes), "\n"))
		return err
	}
	triggers, err := New(Config{Table: db, Runs: filepath.Join(folder, "runs.json"), Account: "0", Redeliver: 5},
		map[operation.Name]lambda.Handler{streamed: app.StreamFunction(streamed, say, app.Settings{})})
	if err != nil {
		return err
	}
	triggers.sleep = func(context.Context, time.Duration) error { return nil }
	go triggers.Run(context.Background())
	it := table.Item{Key: table.Key{PK: "p", SK: "counter"}}
	stored, _, err := db.Get(context.Background(), it.Key)
	for it.Revision = stored.Revision + 1; err == nil; it.Revision++ {
		write := table.Put(it, table.IfRevision(it.Revision-1))
		err = db.Transact(context.Background(), table.Transaction{Writes: []table.Write{write}})
	}
	return err
}

// TestAKilledProcessLosesNoChange kills a process several times. What its functions and those of the next process got is
// every change, in order, but that some come again.
func TestAKilledProcessLosesNoChange(t *testing.T) {
	r := newRig(t)
	r.close()
	var got []string
	for round := range 3 {
		got = append(got, killedWorker(t, r.folder, 100+100*round)...)
	}
	r.open()
	last, _, err := r.db.Get(t.Context(), table.Key{PK: "p", SK: "counter"})
	if err != nil {
		t.Fatal(err)
	}
	r.bump("p", "end", 1)
	var rest []string
	ended := make(chan struct{})
	stop := r.run(r.onChanges(func(_ context.Context, changes []table.Change) error {
		rest = append(rest, told(changes)...)
		if changes[len(changes)-1].Key.SK == "end" {
			close(ended)
		}
		return nil
	}))
	<-ended
	stop()
	through := int64(0)
	for _, word := range append(got, rest[:len(rest)-1]...) {
		var revision int64
		if _, err := fmt.Sscanf(word, "p/counter %d", &revision); err != nil || revision > through+1 {
			t.Fatalf("%q follows revision %d", word, through)
		}
		through = max(through, revision)
	}
	if through != last.Revision || rest[len(rest)-1] != "p/end 1" {
		t.Errorf("the last change is of revision %d, then %s; stored is %d", through, rest[len(rest)-1], last.Revision)
	}
}

// killedWorker kills a process when it has said so many lines, and answers all that it said.
func killedWorker(t *testing.T, folder string, lines int) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), folderVariable+"="+folder)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		if said = append(said, scanner.Text()); len(said) == lines {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	if len(said) < lines {
		t.Fatalf("it ended by itself after %d lines", len(said))
	}
	return said
}
