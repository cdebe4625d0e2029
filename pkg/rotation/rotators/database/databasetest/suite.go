// Package databasetest tries the rotators of databases, each against a real server.
package databasetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/dbtest"
	"strongroom/pkg/rotation/rotators/rotatortest"
)

// A Suite is one kind of database, and its rotator.
type Suite struct {
	Kind    rotation.Kind
	Server  *dbtest.Server
	Rotator func() rotators.Rotator
	// Add are the statements that add a user, Admin those that add somebody who may set the passwords of some users and no
	// more, Strip one that takes that away again.
	Add   func(user, password string) []string
	Admin func(admin, password string, users []string) []string
	Strip func(admin string) string
	// Readable asks for something that every user may know; Writing is a query that writes, or would.
	Readable, Writing string
	// Closed asks for what no user may read, Missing for a table that is not there, where all may.
	Closed, Missing string
}

// Nasty are names and passwords of characters that mean something somewhere.
var Nasty = []string{
	`o'brien`, `"quoted"`, `back\slash`, `trailing\`, `'; DROP TABLE users; --`, `100%_sure`, `ünï-çødé-日本`, `a b`, "tab\there", `$1:$2`, `\'`, `''`, `x@'%`,
}

const length = 20

var number atomic.Int64

// options say what is to be rotated.
type options struct {
	users    []string // suffixes of their names
	password string
	admin    bool
	bare     bool
	more     map[string]any // further settings
}

// A subject is what is rotated.
type subject struct {
	*rotatortest.Target
	suite       Suite
	users       []string
	admin       string
	adminSecret uuid.UUID
}

// begin adds users, and whoever may set their passwords.
func (s Suite) begin(t testing.TB, o options) *subject {
	t.Helper()
	b := &subject{suite: s, adminSecret: uuid.New()}
	for _, suffix := range o.users {
		b.users = append(b.users, fmt.Sprintf("u%d%s", number.Add(1), suffix))
	}
	if o.password == "" {
		o.password = "first-Password-1"
	}
	for i, user := range b.users {
		password := o.password
		if i > 0 {
			password = "unused-Password-1"
		}
		s.exec(t, s.Add(user, password)...)
	}
	settings := map[string]any{"host": s.Server.Host, "port": s.Server.Port, "ca": s.Server.CA, "users": b.users, "testQuery": s.Readable,
		"password": map[string]any{"length": length}}
	if s.Kind == rotation.PostgreSQL {
		settings["database"] = "postgres"
	}
	further := map[uuid.UUID]string{}
	if o.admin {
		b.admin = fmt.Sprintf("admin%d", number.Add(1))
		s.exec(t, s.Admin(b.admin, "admin-Password-1", b.users)...)
		settings["adminSecretId"] = b.adminSecret
		further[b.adminSecret] = value(t, b.admin, "admin-Password-1")
	}
	for name, setting := range o.more {
		settings[name] = setting
	}
	current := value(t, b.users[0], o.password)
	if o.bare {
		current = o.password
	}
	b.Target = &rotatortest.Target{
		Rotator: s.Rotator, Secret: uuid.New(), Settings: s.settings(t, settings), Further: further, Current: current,
		Works: func(t testing.TB, value string) bool {
			t.Helper()
			if o.bare {
				return s.Server.Works(t, b.users[0], value)
			}
			username, password := read(t, value)
			return s.Server.Works(t, username, password)
		},
	}
	return b
}

func (s Suite) exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		s.Server.Exec(t, statement)
	}
}

func (s Suite) settings(t testing.TB, settings map[string]any) rotation.Settings {
	t.Helper()
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := rotation.ParseSettings(s.Kind, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// value is one with a further member, and blanks of its own.
func value(t testing.TB, username, password string) string {
	t.Helper()
	u, err := json.Marshal(username)
	if err != nil {
		t.Fatal(err)
	}
	p, err := json.Marshal(password)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{ "host": "db", "username": %s, "password": %s, "port": 5432.0 }`, u, p)
}

func read(t testing.TB, value string) (username, password string) {
	t.Helper()
	var v struct {
		Username, Password, Host string
		Port                     json.Number
	}
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		t.Fatal(err)
	}
	if v.Host != "db" || v.Port != "5432.0" {
		t.Fatalf("the value %s lost a member", value)
	}
	return v.Username, v.Password
}

// task is one of a subject, with values in it.
func (b *subject) task(pending, old *string) *rotators.Task {
	return &rotators.Task{Secret: b.Secret, Settings: b.Settings, Current: b.Current, Pending: pending, Old: old, Further: b.Further}
}

// create makes a pending value.
func (b *subject) create(t testing.TB) *string {
	t.Helper()
	created, err := b.Rotator().Create(t.Context(), b.task(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	return &created.Value
}

// refused holds an error to what it must say: permanently or not, those words, and nothing of what is secret.
func refused(t testing.TB, err error, permanent bool, words string, secrets ...string) {
	t.Helper()
	var e *rotators.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error is %v; want one of type *rotators.Error that says %q", err, words)
	}
	if e.Permanent != permanent || !strings.Contains(e.Reason, words) {
		t.Errorf("the reason is %q, permanent %t (%v); want %q, %t", e.Reason, e.Permanent, errors.Unwrap(e), words, permanent)
	}
	if len(e.Reason) > api.MaxRotationFailure {
		t.Errorf("the reason has %d bytes; at most %d are kept", len(e.Reason), api.MaxRotationFailure)
	}
	for _, secret := range secrets {
		if strings.Contains(e.Reason, secret) {
			t.Errorf("the reason %q holds %q", e.Reason, secret)
		}
	}
}
