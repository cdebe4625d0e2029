package secrets_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// resealerVariable makes the test below the process that it kills, which rotates the data keys of a bolt file.
const resealerVariable = "STRONGROOM_RESEALER"

// A resealer is what that process is told.
type resealer struct {
	Path         string
	Organization uuid.UUID
	Key          []byte
	Now          time.Time
}

// A tellingTable says a line for each transaction that was acknowledged.
type tellingTable struct{ table.Table }

func (s tellingTable) Transact(ctx context.Context, t table.Transaction) error {
	err := s.Table.Transact(ctx, t)
	if err == nil {
		fmt.Println("written")
	}
	return err
}

// rotateUntilKilled is what that process does.
func rotateUntilKilled(t *testing.T, told string) {
	var r resealer
	wantCode(t, json.Unmarshal([]byte(told), &r), "")
	db, err := bolt.Open(r.Path, bolt.NoSync())
	wantCode(t, err, "")
	defer func() { _ = db.Close() }()
	s := secrets.New(secrets.Config{
		Table: tellingTable{db}, Keys: secretstest.KeysOf(r.Key), Organization: r.Organization, Account: secretstest.Account,
		Now: func() time.Time { return r.Now },
	})
	if done, err := s.RotateDataKeys(t.Context()); err != nil || done.Unfinished {
		t.Errorf("it tells %+v, %v", done, err)
	}
}

// TestAKilledRunIsFinishedByOthers kills a process that seals anew 2,000 secrets with five versions, each time after some more
// writes, until one comes to the end. Then nothing is under the old key, and everybody is answered what they were before.
func TestAKilledRunIsFinishedByOthers(t *testing.T) {
	if told := os.Getenv(resealerVariable); told != "" {
		rotateUntilKilled(t, told)
		return
	}
	n, step := 2000, 2000
	if testing.Short() {
		n, step = 200, 200
	}
	path := filepath.Join(t.TempDir(), "table.bolt")
	db, err := bolt.Open(path, bolt.NoSync())
	wantCode(t, err, "")
	w := newKeyWorld(t, db, n, 5)
	w.age()
	before := w.answers()
	wantCode(t, db.Close(), "")
	kills, started := 0, time.Now()
	for w.runAndKill(path, 1+rand.IntN(step)) { //nolint:gosec // a test's choice
		kills++
	}
	if kills < 3 {
		t.Errorf("it was killed only %d times", kills)
	}
	t.Logf("%d secrets, killed %d times, done after %s", n, kills, time.Since(started).Round(time.Millisecond))
	db, err = bolt.Open(path, bolt.NoSync())
	wantCode(t, err, "")
	defer func() { _ = db.Close() }()
	w.World = w.Again(func(table.Table) table.Table { return db })
	w.wantUnder(2)
	w.wantSame(before)
	w.wantKeyEvents("dataKeyRetired: 1", "dataKey: 2")
}

// runAndKill starts a process and kills it when it has said so many lines; it answers whether it was.
func (w *keyWorld) runAndKill(path string, lines int) (killed bool) {
	w.Helper()
	told, err := json.Marshal(resealer{path, w.Organization, w.Keys.Key(), w.Clock.Now()})
	wantCode(w, err, "")
	cmd := exec.Command(os.Args[0], "-test.run", "^TestAKilledRunIsFinishedByOthers$")
	cmd.Env = append(os.Environ(), resealerVariable+"="+string(told))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	wantCode(w, err, "")
	wantCode(w, cmd.Start(), "")
	said := bufio.NewReader(out)
	for {
		line, err := said.ReadString('\n')
		if err != nil {
			if !errors.Is(err, io.EOF) {
				w.Error(err)
			}
			break
		}
		if line != "written\n" {
			continue
		}
		if lines--; lines == 0 {
			killed = true
			_ = cmd.Process.Kill() // SIGKILL
		}
	}
	if err := cmd.Wait(); err != nil && !killed {
		w.Fatalf("it failed by itself: %v", err)
	}
	return killed
}
