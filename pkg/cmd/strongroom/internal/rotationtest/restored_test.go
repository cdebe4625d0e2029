package rotationtest_test

import (
	"strings"
	"testing"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation/rotators/dbtest"
)

// TestALoginThatIsRestoredWhileItsRotationWaitsGoesOn, and nobody is told that it was retired. The one that the rotation made works
// until the next one, and is named.
func TestALoginThatIsRestoredWhileItsRotationWaitsGoesOn(t *testing.T) {
	t.Parallel()
	s, db := start(t), dbtest.PostgreSQL(t)
	secret, owner := s.shown(db, "restored")
	id, _ := s.reader("reporting", secret)
	reporting := s.terminal("reporting")
	old := reporting.gets(secret, owner)
	s.readOnce(id)
	run := owner.rotates(secret, "reporting")
	made := owner.gets(secret, reporting)
	owner.must("secret", "restore", "demo/DATABASE", "1")
	if again := reporting.gets(secret, owner); again != old {
		t.Fatalf("the restored login is %q's", again.Username)
	}
	p := owner.must("rotation", "get", "demo/DATABASE")
	p.has(owner, p.out, "version 3 was set since and is the current one, in the place of version 2")

	s.until("nobody is waited for", func() bool { return s.latest(secret).Missing == 0 })
	ended := s.passing(secret, "the rotation is over", func(run api.RotationRun) bool { return run.FinishedAt != nil })
	const kept = "version 1 was not retired, since its value is the current one again, as version 3; version 2, which the rotation made, may work too"
	if ended.ID != run.ID || ended.State != api.RotationDone || !strings.HasPrefix(ended.Reason, kept) {
		t.Errorf("it ended as %s: %s", ended.State, ended.Reason)
	}
	for _, l := range []login{old, made} {
		if !db.Works(t, l.Username, l.Password) {
			t.Errorf("the login of %s does not work", l.Username)
		}
	}
	p = owner.must("rotation", "get", "demo/DATABASE")
	p.has(owner, p.out, kept)
	p = owner.must("rotation", "log", "demo/DATABASE")
	p.has(owner, p.out, kept, "rotationKept", "or a later one; version 3 is the current one")
	if strings.Contains(p.out, "rotationRetired") {
		t.Errorf("log says\n%s", p.out)
	}

	s.run(secret, api.RotationWaiting)
	if db.Works(t, made.Username, made.Password) || !db.Works(t, old.Username, old.Password) {
		t.Error("after the next rotation the login that nobody needs works still, or the one that is waited for does not")
	}
}
