package mysql_test

import (
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/database/databasetest"
	"strongroom/pkg/rotation/rotators/dbtest"
	"strongroom/pkg/rotation/rotators/mysql"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Run(m)) }

func suite(t *testing.T) databasetest.Suite {
	t.Helper()
	dbtest.MariaDB(t).Exec(t, "CREATE DATABASE IF NOT EXISTS app")
	return databasetest.Suite{
		Kind: rotation.MySQL, Server: dbtest.MariaDB(t), Rotator: func() rotators.Rotator { return mysql.New() },
		Add: func(user, password string) []string {
			return []string{"CREATE USER " + literal(user) + "@'%' IDENTIFIED BY " + literal(password), "GRANT CREATE, SELECT ON app.* TO " + literal(user) + "@'%'"}
		},
		Admin: func(admin, password string, _ []string) []string {
			return []string{
				"CREATE USER " + literal(admin) + "@'%' IDENTIFIED BY " + literal(password), "GRANT CREATE USER ON *.* TO " + literal(admin) + "@'%'",
				"GRANT SELECT ON mysql.user TO " + literal(admin) + "@'%'",
			}
		},
		Strip:    func(admin string) string { return "REVOKE CREATE USER ON *.* FROM " + literal(admin) + "@'%'" },
		Readable: "SELECT COUNT(*) FROM information_schema.tables", Writing: "CREATE TABLE app.written (n INT)",
		Closed: "SELECT 'first-Password-1' FROM mysql.user", Missing: "SELECT 'first-Password-1' FROM app.missing",
	}
}

// literal quotes for the server's own mode, by backslashes, which the rotator never does.
func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, `"`, `\"`, `%`, `%`).Replace(text) + "'"
}

func TestPasswordsOfMariaDBAreRotated(t *testing.T) { suite(t).Run(t) }

// The server's own mode decides what backslashes and quotes mean, where nothing else is said.
func TestNamesAndPasswordsAreTakenInEveryModeOfTheServer(t *testing.T) {
	s := dbtest.MariaDB(t)
	admin := uuid.New()
	for _, mode := range []string{"", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT", "ORACLE"} {
		for _, text := range databasetest.Nasty {
			user, password := "m"+text, "1aA!"+mode+text
			s.Exec(t, "CREATE OR REPLACE USER "+literal(user)+"@'%' IDENTIFIED BY 'first'")
			s.Exec(t, "SET GLOBAL sql_mode = '"+mode+"'")
			pending := `{"username": ` + quoted(t, user) + `, "password": ` + quoted(t, password) + `}`
			task := &rotators.Task{
				Settings: &rotation.Database{Host: s.Host, Port: s.Port, TLS: rotation.TLSVerifyFull, CA: s.CA, Users: []string{user}, AdminSecretID: admin},
				Further:  map[uuid.UUID]string{admin: `{"username": "` + s.Username + `", "password": "` + s.Password + `"}`},
				Current:  "first", Pending: &pending,
			}
			if err := mysql.New().Set(t.Context(), task); err != nil {
				t.Errorf("mode %q, %q: %v", mode, text, err)
			}
			if !s.Works(t, user, password) {
				t.Errorf("mode %q, %q: the password that was set is another one", mode, text)
			}
			s.Exec(t, "SET GLOBAL sql_mode = DEFAULT")
		}
	}
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	value, ok := rotators.SetMember("{}", "x", text)
	if !ok {
		t.Fatalf("%q can't be written", text)
	}
	return strings.TrimSuffix(strings.TrimPrefix(value, `{"x":`), "}")
}

// of makes a task about one user, who has a password already.
func of(s *dbtest.Server, user string) *rotators.Task {
	return &rotators.Task{
		Settings: &rotation.Database{Host: s.Host, Port: s.Port, TLS: rotation.TLSVerifyFull, CA: s.CA, Users: []string{user}}, Current: "first-Password-1",
	}
}

func TestAnAccountKeepsItsWayOfAuthentication(t *testing.T) {
	s := dbtest.MariaDB(t)
	for name, add := range map[string]func(*rotators.Task){
		"by itself": func(*rotators.Task) {},
		"by an admin": func(task *rotators.Task) {
			id := uuid.New()
			task.Settings.(*rotation.Database).AdminSecretID = id
			task.Further = map[uuid.UUID]string{id: `{"username": "` + s.Username + `", "password": "` + s.Password + `"}`}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.Exec(t, "CREATE OR REPLACE USER ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('first-Password-1')")
			task, pending := of(s, "ed"), "second-Password-1"
			add(task)
			task.Pending = &pending
			if err := mysql.New().Set(t.Context(), task); err != nil {
				t.Fatal(err)
			}
			if !s.Works(t, "ed", pending) {
				t.Error("the new password does not work")
			}
			err := s.Run(t.Context(), s.Username, s.Password,
				"BEGIN NOT ATOMIC IF (SELECT plugin FROM mysql.user WHERE User = 'ed') != 'ed25519' THEN SIGNAL SQLSTATE '45000'; END IF; END")
			if err != nil {
				t.Errorf("the account does not use ed25519 any more: %v", err)
			}
		})
	}
	t.Run("which is no password", func(t *testing.T) {
		s.Exec(t, "CREATE OR REPLACE USER sock@'%' IDENTIFIED VIA unix_socket")
		task := of(s, "sock")
		id, pending := uuid.New(), "second-Password-1"
		task.Settings.(*rotation.Database).AdminSecretID = id
		task.Further, task.Pending = map[uuid.UUID]string{id: `{"username": "` + s.Username + `", "password": "` + s.Password + `"}`}, &pending
		var e *rotators.Error
		if err := mysql.New().Set(t.Context(), task); !errors.As(err, &e) || !e.Permanent || !strings.Contains(e.Reason, "does not use a password") {
			t.Errorf("the error is %v", err)
		}
	})
}

// Documented: an admin who may keeps its statements out of the log.
func TestTheGeneralLogHasNoPasswordThatAnAdminOfTheLogSets(t *testing.T) {
	s := dbtest.MariaDB(t)
	s.Exec(t, "CREATE USER logged@'%' IDENTIFIED BY 'first-Password-1'")
	before := len(s.Log(t))
	task, pending := of(s, "logged"), "second-Password-"+rand.Text()
	id := uuid.New()
	task.Settings.(*rotation.Database).AdminSecretID = id
	task.Further, task.Pending = map[uuid.UUID]string{id: `{"username": "` + s.Username + `", "password": "` + s.Password + `"}`}, &pending
	if err := mysql.New().Set(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	log := s.Log(t)[before:]
	if !strings.Contains(log, "sql_log_off") {
		t.Error("the log does not have what came before; is it still the log of all statements?")
	}
	if strings.Contains(log, pending) {
		t.Error("the log has the password")
	}
}

func TestAnAccountOfOneHostIsTheOneThatIsSet(t *testing.T) {
	s := dbtest.MariaDB(t)
	s.Exec(t, "CREATE USER here@'127.0.0.1' IDENTIFIED BY 'first-Password-1'")
	task, pending := of(s, "here"), "second-Password-1"
	id := uuid.New()
	settings, ok := task.Settings.(*rotation.Database)
	if !ok {
		t.Fatal("not a database's settings")
	}
	settings.AdminSecretID = id
	task.Further, task.Pending = map[uuid.UUID]string{id: `{"username": "` + s.Username + `", "password": "` + s.Password + `"}`}, &pending
	var e *rotators.Error
	if err := mysql.New().Check(t.Context(), task); !errors.As(err, &e) || !strings.Contains(e.Reason, "CREATE USER 'here'@'%' IDENTIFIED BY") {
		t.Errorf("the error is %v", err)
	}
	settings.AccountHost = "127.0.0.1"
	if err := mysql.New().Check(t.Context(), task); err != nil {
		t.Error(err)
	}
	if err := mysql.New().Set(t.Context(), task); err != nil || !s.Works(t, "here", pending) {
		t.Errorf("the password does not work: %v", err)
	}
}
