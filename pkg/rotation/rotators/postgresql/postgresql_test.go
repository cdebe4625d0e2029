package postgresql_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/database/databasetest"
	"strongroom/pkg/rotation/rotators/dbtest"
	"strongroom/pkg/rotation/rotators/postgresql"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Run(m)) }

func suite(t *testing.T) databasetest.Suite {
	t.Helper()
	return databasetest.Suite{
		Kind: rotation.PostgreSQL, Server: dbtest.PostgreSQL(t), Rotator: func() rotators.Rotator { return postgresql.New() },
		Add: func(user, password string) []string {
			return []string{"CREATE ROLE " + name(user) + " LOGIN PASSWORD " + literal(password)}
		},
		Admin: func(admin, password string, _ []string) []string {
			return []string{"CREATE ROLE " + name(admin) + " LOGIN CREATEROLE PASSWORD " + literal(password)}
		},
		Strip:    func(admin string) string { return "ALTER ROLE " + name(admin) + " NOCREATEROLE" },
		Readable: "SELECT count(*) FROM pg_class", Writing: "CREATE TABLE written (n int)",
		Closed: "SELECT 'first-Password-1' FROM pg_authid", Missing: "SELECT 'first-Password-1' FROM missing",
	}
}

// name and literal quote in another way than the rotator does: by code points.
func name(text string) string { return `U&"` + points(text) + `"` }

func literal(text string) string { return "U&'" + points(text) + "'" }

func points(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\+%06X`, r)
	}
	return b.String()
}

func TestPasswordsOfPostgreSQLAreRotated(t *testing.T) { suite(t).Run(t) }

func TestTheServersLogNeverHasAPassword(t *testing.T) {
	s := dbtest.PostgreSQL(t)
	before := len(s.Log(t))
	task := &rotators.Task{
		Settings: &rotation.Database{Host: s.Host, Port: s.Port, TLS: rotation.TLSVerifyFull, CA: s.CA, Database: "postgres", Users: []string{"logged"}},
		Current:  "first-Password-1",
	}
	s.Exec(t, "CREATE ROLE logged LOGIN PASSWORD "+literal(task.Current))
	r := postgresql.New()
	created, err := r.Create(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	task.Pending = &created.Value
	for name, step := range map[string]func(context.Context, *rotators.Task) error{"set": r.Set, "undo": r.Undo} {
		if err := step(t.Context(), task); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	log := s.Log(t)[before:]
	if n := strings.Count(log, `ALTER ROLE "logged" PASSWORD 'SCRAM-SHA-256$4096:`); n == 0 {
		t.Error("the log does not have the statement; is it still the log of all statements?")
	}
	for _, password := range []string{task.Current, created.Value} {
		if strings.Contains(log, password) {
			t.Error("the log has a password")
		}
	}
}

// Where passwords aren't asked for, each would seem to be set already.
func TestAServerThatAsksForNoPasswordIsRefused(t *testing.T) {
	s := dbtest.PostgreSQL(t)
	s.Exec(t, "CREATE ROLE "+dbtest.Trusted+" LOGIN")
	task := &rotators.Task{
		Settings: &rotation.Database{Host: s.Address, Port: s.Port, TLS: rotation.TLSDisable, Database: "postgres", Users: []string{dbtest.Trusted}},
		Current:  "whatever-1",
	}
	var e *rotators.Error
	if err := postgresql.New().Check(t.Context(), task); !errors.As(err, &e) || !e.Permanent || !strings.Contains(e.Reason, "does not ask for a password") {
		t.Errorf("the error is %v", err)
	}
}

// Who listens on a loopback address may be another than the server.
func TestAReadablePasswordIsSentByTLSAlone(t *testing.T) {
	s := dbtest.PostgreSQL(t)
	s.Exec(t, "CREATE ROLE "+dbtest.Readable+" LOGIN PASSWORD 'whatever-1'")
	for mode, works := range map[rotation.TLS]bool{rotation.TLSVerifyFull: true, rotation.TLSVerifyCA: true, rotation.TLSDisable: false} {
		host := s.Host
		if mode == rotation.TLSDisable {
			host = s.Address
		}
		task := &rotators.Task{
			Settings: &rotation.Database{Host: host, Port: s.Port, TLS: mode, CA: s.CA, Database: "postgres", Users: []string{dbtest.Readable}},
			Current:  "whatever-1",
		}
		err := postgresql.New().Check(t.Context(), task)
		var e *rotators.Error
		if works != (err == nil) || !works && (!errors.As(err, &e) || !e.Permanent || !strings.Contains(e.Reason, "asks for it readable without TLS")) {
			t.Errorf("%s: the error is %v", mode, err)
		}
	}
}

// The server takes whatever has the form of a verifier for one: only connecting shows that ours is right.
func TestVerifiersAreThoseOfThePasswordAsPostgreSQLPreparesIt(t *testing.T) {
	s := dbtest.PostgreSQL(t)
	s.Exec(t, "CREATE ROLE prepared LOGIN")
	for password, works := range map[string]bool{
		"plain": true, "wide\u3000blank": true, "\u0221unassigned": true, "tab\tthere": true, "\u0627\u0031mixed": true, "日本語": true, "e\u0301": true,
		// SASLprep makes other characters of these, and the client's preparation (PRECIS) does not: it can't log in with them,
		// whoever set them.
		"\u00aa\u2168": false, "soft\u00adhyphen": false,
	} {
		task := &rotators.Task{
			Settings: &rotation.Database{
				Host: s.Host, Port: s.Port, TLS: rotation.TLSVerifyFull, CA: s.CA, Database: "postgres", Users: []string{"prepared"}, AdminSecretID: admin,
			},
			Further: map[uuid.UUID]string{admin: `{"username": "` + s.Username + `", "password": "` + s.Password + `"}`},
			Current: "x", Pending: &password,
		}
		r := postgresql.New()
		if err := r.Set(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		if err := r.Test(t.Context(), task); (err == nil) != works {
			t.Errorf("%q: %v", password, err)
		}
		s.Exec(t, "ALTER ROLE prepared PASSWORD "+literal(password)) // as the server prepares it
		if err := r.Test(t.Context(), task); (err == nil) != works {
			t.Errorf("%q, set by the server: %v", password, err)
		}
	}
}

var admin = uuid.New()
