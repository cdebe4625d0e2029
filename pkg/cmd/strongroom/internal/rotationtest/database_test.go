package rotationtest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators/dbtest"
)

// A database is a kind of database, as applications see it.
type database struct {
	kind   rotation.Kind
	server func(testing.TB) *dbtest.Server
	// name is the database that users connect to.
	name string
	// add is the statement that adds a user.
	add func(username, password string) string
	// connect answers a function that asks a query, whose one answer it is told, and one that ends the connection.
	connect func(ctx context.Context, s *dbtest.Server, l login) (ask func(query string) (string, error), leave func(), err error)
}

var databases = []database{
	{
		kind: rotation.PostgreSQL, server: dbtest.PostgreSQL, name: "postgres", connect: connectPostgreSQL,
		add: func(username, password string) string {
			return fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", username, password)
		},
	},
	{
		kind: rotation.MySQL, server: dbtest.MariaDB, connect: connectMariaDB,
		add: func(username, password string) string {
			return fmt.Sprintf("CREATE USER %s@'%%' IDENTIFIED BY '%s'", username, password)
		},
	},
}

func connectPostgreSQL(ctx context.Context, s *dbtest.Server, l login) (ask func(string) (string, error), leave func(), err error) {
	source := url.URL{
		Scheme: "postgres", User: url.UserPassword(l.Username, l.Password), Host: net.JoinHostPort(s.Address, strconv.Itoa(s.Port)), Path: "/postgres",
		RawQuery: "sslmode=disable",
	}
	c, err := pgconn.Connect(ctx, source.String())
	if err != nil {
		return nil, nil, err
	}
	ask = func(query string) (string, error) {
		results, err := c.Exec(ctx, query).ReadAll()
		if err != nil || len(results) != 1 || len(results[0].Rows) != 1 {
			return "", errors.Join(err, fmt.Errorf("%d results", len(results)))
		}
		return string(results[0].Rows[0][0]), nil
	}
	return ask, func() { _ = c.Close(ctx) }, nil
}

func connectMariaDB(ctx context.Context, s *dbtest.Server, l login) (ask func(string) (string, error), leave func(), err error) {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd = "tcp", net.JoinHostPort(s.Address, strconv.Itoa(s.Port)), l.Username, l.Password
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	ask = func(query string) (got string, err error) {
		err = db.QueryRowContext(ctx, query).Scan(&got)
		return got, err
	}
	return ask, func() { _ = db.Close() }, nil
}

// A login is what an application reads from a secret.
type login struct {
	Username string `json:"username"`
	Password string `json:"password"`
	version  int64
}

// value is the login as the value of a secret; all of it is letters, digits and the like.
func (l login) value() string {
	return fmt.Sprintf(`{"username": %q, "password": %q}`, l.Username, l.Password)
}

// queries are those of one session.
const queries = 3

// session connects, asks a few queries and leaves. It comes to its end when ctx has ended, too.
func (d database) session(ctx context.Context, s *dbtest.Server, l login) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	ask, leave, err := d.connect(ctx, s, l)
	if err != nil {
		return err
	}
	defer leave()
	for i := range queries {
		want := strconv.Itoa(i)
		if got, err := ask("SELECT " + want); err != nil || got != want {
			return errors.Join(err, fmt.Errorf("the database answered %q, not %q", got, want))
		}
	}
	return nil
}
