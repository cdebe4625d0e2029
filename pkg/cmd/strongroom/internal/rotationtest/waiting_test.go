package rotationtest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators/dbtest"
)

// shown is a secret, demo/DATABASE, with one of two users of a PostgreSQL server, whose rotation was set by the program, and the
// owner, who did that.
func (s *strongroom) shown(db *dbtest.Server, users string) (uuid.UUID, *terminal) {
	s.Helper()
	first := login{Username: users + "_a", Password: "first-Password-1"}
	for _, user := range []string{first.Username, users + "_b"} {
		db.Exec(s, databases[0].add(user, first.Password))
	}
	s.secret("demo", "ADMIN", login{Username: db.Username, Password: db.Password}.value())
	secret := s.secret("demo", "DATABASE", first.value())
	ca := filepath.Join(s.TempDir(), "ca.pem")
	s.must(os.WriteFile(ca, []byte(db.CA), 0o600))
	t := s.terminal(local.Owner)
	t.values = []string{first.Password, db.Password}
	p := t.must("rotation", "set", "demo/DATABASE", "--rotator", string(rotation.PostgreSQL),
		"--setting", "host="+db.Host, "--setting", "port="+strconv.Itoa(db.Port), "--setting", "database=postgres", "--setting", "ca=@"+ca,
		"--setting", "users="+users+"_a", "--setting", "users="+users+"_b", "--setting", "adminSecretId=demo/ADMIN",
		"--readers-within", "20d", "--deadline", "2h", "--grace", "10m")
	p.has(t, p.out, "readers  who read an older value in the last 20d are waited for, for 2h at most; when all have come, the old value works 10m more\n")
	p.has(t, p.said, "strongroom: its worker rotation may write it\n")
	return secret, t
}

// gets is what somebody reads by the program, which the others print no more of.
func (t *terminal) gets(secret uuid.UUID, others ...*terminal) login {
	t.Helper()
	var l login
	t.strongroom.must(json.Unmarshal([]byte(t.must("secret", "get", secret.String()).out), &l))
	for _, other := range others {
		other.values = append(other.values, l.Password)
	}
	return l
}

// rotates has the program rotate, until that waits for a reader, whom it names.
func (t *terminal) rotates(secret uuid.UUID, reader string) api.RotationRun {
	t.Helper()
	p := t.must("rotation", "run", "demo/DATABASE")
	run := t.latest(secret)
	p.has(t, p.said, "strongroom: demo/DATABASE: rotation "+run.ID.String()+"\n",
		"strongroom: demo/DATABASE: due: a worker is asked for, to create\n",
		"strongroom: demo/DATABASE: version 2 is the current one; the old value works until 1 reader has read it, or ",
		"strongroom: demo/DATABASE: waits until "+run.RetireBy.Format(time.RFC3339)+" for service account "+reader+", read version 1, last 20")
	if p.out != "" || strings.Contains(p.said, "nothing new") || strings.Contains(p.said, "follows") {
		t.Errorf("it prints %q, and says\n%s", p.out, p.said)
	}
	t.waits(reader)
	return run
}

// waits holds to it that a reader is waited for what `rotation get` and `rotation log` show.
func (t *terminal) waits(reader string) {
	t.Helper()
	p := t.must("rotation", "get", "demo/DATABASE")
	p.has(t, p.out, "waits for  service account "+reader+", read version 1, last 20", "the old value works until 1 reader has read it, or ")
	p = t.must("rotation", "log", "demo/DATABASE")
	p.has(t, p.said, "strongroom: demo/DATABASE: waits until ", " for service account "+reader+", read version 1, last 20")
}

func (s *strongroom) readOnce(principal uuid.UUID) {
	s.Helper()
	s.until("what was read is known", func() bool { return len(s.readBy(principal)) > 0 })
}

// TestTheProgramShowsWhoIsWaitedForUntilTheyCome, and from then on the database refuses the old login.
func TestTheProgramShowsWhoIsWaitedForUntilTheyCome(t *testing.T) {
	t.Parallel()
	s, db := start(t), dbtest.PostgreSQL(t)
	secret, owner := s.shown(db, "coming")
	id, _ := s.reader("reporting", secret)
	reporting := s.terminal("reporting")
	old := reporting.gets(secret, owner)
	s.readOnce(id)
	run := owner.rotates(secret, "reporting")
	if !db.Works(t, old.Username, old.Password) {
		t.Fatal("the old login does not work any more, which is waited for")
	}

	fresh := reporting.gets(secret, owner)
	if fresh.Username != "coming_b" || !db.Works(t, fresh.Username, fresh.Password) {
		t.Errorf("the new login is %q's, or does not work", fresh.Username)
	}
	s.until("nobody is waited for", func() bool {
		return strings.Contains(owner.must("rotation", "get", "demo/DATABASE").out,
			"version 2 is the current one, and nobody is waited for any more; the old value works until its grace is over, or ")
	})
	if !db.Works(t, old.Username, old.Password) {
		t.Fatal("the old login does not work any more, and its grace is not over")
	}
	s.retired(secret, run.ID)
	if db.Works(t, old.Username, old.Password) || !db.Works(t, fresh.Username, fresh.Password) {
		t.Error("the old login works still, or the new one does not")
	}
	p := owner.must("rotation", "get", "demo/DATABASE")
	p.has(owner, p.out, "state  done: version 2\n")
	if strings.Contains(p.out, "waits for") || strings.Contains(p.out, "never came") {
		t.Errorf("it shows\n%s", p.out)
	}
	p = owner.must("rotation", "log", "demo/DATABASE")
	p.has(owner, p.out, "everybody who is known to use an older version has read version 2", "rotationFinished")
	if p.said != "" {
		t.Errorf("log says\n%s", p.said)
	}
}

// TestTheProgramShowsWhoNeverCame: until the deadline they are waited for, and then the database refuses what they read.
func TestTheProgramShowsWhoNeverCame(t *testing.T) {
	t.Parallel()
	s, db := start(t), dbtest.PostgreSQL(t)
	secret, owner := s.shown(db, "gone")
	id, _ := s.reader("archive", secret)
	old := s.terminal("archive").gets(secret, owner)
	s.readOnce(id)
	run := owner.rotates(secret, "archive")
	s.dispatched(time.Until(*run.RetireBy) - 2*time.Minute)
	owner.waits("archive")
	if !db.Works(t, old.Username, old.Password) {
		t.Fatal("before the deadline the old login works no more")
	}

	s.dispatched(3 * time.Minute)
	s.await(secret, run.ID, api.RotationDone)
	if db.Works(t, old.Username, old.Password) {
		t.Error("after the deadline the old login works still")
	}
	p := owner.must("rotation", "get", "demo/DATABASE")
	p.has(owner, p.out, "state  done: version 2\n", "never came  service account archive, read version 1, last 20")
	p = owner.must("rotation", "log", "demo/DATABASE")
	p.has(owner, p.said, "strongroom: demo/DATABASE: never came: service account archive, read version 1, last 20")
	p.has(owner, p.out, "the time to wait is over, and one reader never came: archive  rotationDue\n")
}

// TestWhoTriesTheSettingsIsWaitedFor, and told so.
func TestWhoTriesTheSettingsIsWaitedFor(t *testing.T) {
	t.Parallel()
	s, db := start(t), dbtest.PostgreSQL(t)
	secret, owner := s.shown(db, "tried")
	p := owner.must("rotation", "check", "demo/DATABASE", "--yes")
	p.has(owner, p.said, "strongroom: demo/DATABASE: you have read version 1 for that: the next rotation waits for you too, until you read the new one "+
		"or its deadline is over\n")
	me, err := s.owner.Whoami(t.Context())
	s.must(err)
	s.until("what was read is known", func() bool {
		for _, read := range s.readBy(me.Principal.ID) {
			if read.Secret.ID == secret {
				return true
			}
		}
		return false
	})
	p = owner.must("rotation", "run", "demo/DATABASE")
	p.has(owner, p.said, " for user owner, read version 1, last 20")
}

// TestTheProgramSaysThatAnotherRotationFollows one that has its value already.
func TestTheProgramSaysThatAnotherRotationFollows(t *testing.T) {
	t.Parallel()
	s, db := start(t), dbtest.PostgreSQL(t)
	secret, owner := s.shown(db, "following")
	p := owner.must("rotation", "run", "demo/DATABASE")
	if strings.Contains(p.said, "waits until") {
		t.Errorf("it waits for somebody:\n%s", p.said)
	}
	const nobody = "strongroom: demo/DATABASE: version 2 is the current one, and nobody is waited for any more; the old value works until its grace is over, or "
	p.has(owner, p.said, nobody)
	first := s.latest(secret)
	p = owner.must("rotation", "run", "demo/DATABASE")
	p.has(owner, p.said, "strongroom: demo/DATABASE: rotation "+first.ID.String()+"\n", "strongroom: demo/DATABASE: that one is under way since 20", "Z, and another one follows it\n", nobody)
	s.retired(secret, first.ID)
	s.dispatched(time.Minute)
	s.until("the other one has its value", func() bool {
		now := s.latest(secret)
		return now.ID != first.ID && now.Version == 3 && now.State == api.RotationWaiting
	})
}
