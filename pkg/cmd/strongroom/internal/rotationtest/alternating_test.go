package rotationtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation/rotators/dbtest"
)

// alternating is a secret with two users of a database, of which the first has its turn.
func (s *strongroom) alternating(d database, db *dbtest.Server, users string, readers *api.RotationReaders) uuid.UUID {
	s.Helper()
	first := login{Username: users + "_a", Password: "first-Password-1"}
	db.Exec(s, d.add(first.Username, first.Password))
	db.Exec(s, d.add(users+"_b", "unused-Password-1"))
	admin := s.secret("demo", "ADMIN", login{Username: db.Username, Password: db.Password}.value())
	secret := s.secret("demo", "DATABASE", first.value())
	s.rotated(secret, d.kind, map[string]any{
		"host": db.Host, "port": db.Port, "ca": db.CA, "database": d.name, "users": []string{users + "_a", users + "_b"}, "adminSecretId": admin,
	}, readers)
	return secret
}

// TestNoQueryFailsWithTwoUsers: an application that reads its login with the SDK works on through all rotations, and each of them
// ends the old login.
func TestNoQueryFailsWithTwoUsers(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(string(d.kind), func(t *testing.T) {
			t.Parallel()
			s, db := start(t), d.server(t)
			secret := s.alternating(d, db, "two", &api.RotationReaders{Deadline: "30d", Grace: "1m"})
			_, reads := s.reader("application", secret)
			app := &application{database: d, server: db, reads: reads, secret: secret.String(), polls: true}
			stop := app.start(s)
			defer stop()
			app.works(s, 1)
			begun, rotations := time.Now(), many(200, 10)
			for i := range rotations {
				old := app.has()
				run := s.run(secret, api.RotationWaiting)
				if run.From != old.version || run.Version != int64(i+2) {
					t.Fatalf("rotation %d is from version %d to %d; the application has %d", i, run.From, run.Version, old.version)
				}
				if !db.Works(t, old.Username, old.Password) {
					t.Fatalf("rotation %d: the old login does not work any more, which is waited for", i)
				}
				app.works(s, run.Version)
				if run = s.retired(secret, run.ID); run.Missing != 0 || len(run.NeverCame) > 0 {
					t.Errorf("rotation %d did not wait for %+v", i, run.NeverCame)
				}
				if db.Works(t, old.Username, old.Password) {
					t.Fatalf("rotation %d: the old login works still", i)
				}
				if now := app.has(); now.Username == old.Username || now.version != run.Version || !strings.HasPrefix(now.Username, "two_") {
					t.Fatalf("rotation %d: the application went from user %q to %q", i, old.Username, now.Username)
				}
			}
			stop()
			took := time.Since(begun)
			if app.has().version != int64(rotations+1) {
				t.Errorf("the application has version %d after %d rotations", app.has().version, rotations)
			}
			if len(app.failures) > 0 {
				t.Errorf("%d queries failed, first %s", len(app.failures), app.failures[0])
			}
			t.Logf("%d rotations in %s; %d sessions of %d queries, %d failed", rotations, took.Round(time.Millisecond), app.sessions, queries, len(app.failures))
		})
	}
}
