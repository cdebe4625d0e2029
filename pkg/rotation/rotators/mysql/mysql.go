// Package mysql rotates the passwords of MySQL's and MariaDB's users, as package database describes.
//
// A user is an account 'name'@'host' there: the settings' accountHost is the host, "%" where there is none. The admin needs CREATE
// USER. One user without an admin sets its own password, which every user may, unless MySQL asks for the current one too
// (password_require_current): that one needs an admin.
//
// # What the server may log
//
// Unlike PostgreSQL, these servers take new passwords readable in the statement. MySQL writes them to no log of its own
// (https://dev.mysql.com/doc/refman/8.4/en/password-logging.html); MariaDB writes the statement as it is to the general query log,
// where that is on. So the server is asked to leave the connection's statements out of it (sql_log_off), which it does for whoever
// has SUPER or, in MySQL, SYSTEM_VARIABLES_ADMIN, and in MariaDB BINLOG ADMIN; others' passwords stand in it. Binary logs have
// hashes alone.
//
// # Plugins
//
// An account keeps its way of authentication. In MariaDB that takes an admin who may read mysql.user: where it may not, the account
// becomes one of mysql_native_password, as ALTER USER … IDENTIFIED BY makes it.
package mysql

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/database"
)

// New is the rotator of MySQL and MariaDB.
func New() *database.Rotator { return database.New(engine{}) }

type engine struct{}

// Add leaves the password to whoever types it: rotations set another one.
func (engine) Add(settings *rotation.Database, user string) string {
	return "CREATE USER " + account(settings, user) + " IDENTIFIED BY '…'"
}

func (engine) Connect(ctx context.Context, settings *rotation.Database, who database.Credential) (database.Conn, error) {
	protected, err := database.TLS(settings)
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", net.JoinHostPort(settings.Host, strconv.Itoa(settings.Port))
	config.User, config.Passwd, config.DBName = who.Username, who.Password, settings.Database
	config.TLS, config.Logger = protected, &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, rotators.Wrong(err, "no connection can be made by these settings")
	}
	c := &conn{settings: settings, db: sql.OpenDB(connector)}
	if c.Conn, err = c.db.Conn(ctx); err != nil {
		c.Close(ctx)
		return nil, explain(err)
	}
	return c, nil
}

// A conn is one connection: what is set for a session holds for all that is done by it.
type conn struct {
	*sql.Conn
	db       *sql.DB
	settings *rotation.Database
}

func (c *conn) Close(context.Context) {
	if c.Conn != nil {
		_ = c.Conn.Close() // nothing is left to be said
	}
	_ = c.db.Close() // the same
}

// quotable makes quotes the only character that means anything within quotes, whatever the server's mode is, and asks for silence.
// It says whether the server is MariaDB.
func (c *conn) quotable(ctx context.Context) (maria bool, err error) {
	if err := c.do(ctx, "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'"); err != nil {
		return false, err
	}
	_, _ = c.ExecContext(ctx, "SET SESSION sql_log_off = 1") // who may not do so goes on
	var version string
	if err := c.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return false, explain(err)
	}
	return strings.Contains(version, "MariaDB"), nil
}

func (c *conn) do(ctx context.Context, statement string) error {
	if _, err := c.ExecContext(ctx, statement); err != nil {
		return explain(err)
	}
	return nil
}

func (c *conn) SetPassword(ctx context.Context, user, password string) error {
	maria, err := c.quotable(ctx)
	if err != nil {
		return err
	}
	statement := "ALTER USER " + account(c.settings, user)
	plugin, err := c.plugin(ctx, user)
	if err != nil {
		return err
	}
	if maria && plugin != "" {
		return c.do(ctx, statement+" IDENTIFIED VIA "+plugin+" USING PASSWORD("+quote(password)+")")
	}
	return c.do(ctx, statement+" IDENTIFIED BY "+quote(password))
}

// plugins are the ways of authentication by a password that the server keeps.
var plugins = map[string]bool{
	"mysql_native_password": true, "caching_sha2_password": true, "sha256_password": true, "ed25519": true, "parsec": true,
}

// plugin is the account's way of authentication; empty where whoever is connected may not know.
func (c *conn) plugin(ctx context.Context, user string) (string, error) {
	var plugin string
	err := c.QueryRowContext(ctx, "SELECT plugin FROM mysql.user WHERE User = ? AND Host = ?", user, host(c.settings)).Scan(&plugin)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", rotators.Wrong(database.ErrMissing, "the server has no such account")
	case number(err) == 1142 || number(err) == 1044 || number(err) == 1143: // may not read the table
		return "", nil
	case err != nil:
		return "", explain(err)
	case plugin != "" && !plugins[plugin]:
		return "", rotators.Wrong(nil, "the account of %q does not use a password that the server keeps; alter it to", user)
	}
	return plugin, nil
}

func (c *conn) SetOwnPassword(ctx context.Context, _, password string) error {
	maria, err := c.quotable(ctx)
	if err != nil {
		return err
	}
	if maria { // where ALTER USER takes a privilege even for oneself
		return c.do(ctx, "SET PASSWORD = PASSWORD("+quote(password)+")")
	}
	return c.do(ctx, "ALTER USER CURRENT_USER() IDENTIFIED BY "+quote(password))
}

// MaySetPassword alters a user who is not there, if there is one: the server looks at privileges first.
func (c *conn) MaySetPassword(ctx context.Context, user string) error {
	if _, err := c.quotable(ctx); err != nil {
		return err
	}
	if _, err := c.plugin(ctx, user); err != nil {
		return err
	}
	nobody := quote("nobody-"+rand.Text()[:20]) + "@'localhost'"
	return c.do(ctx, "ALTER USER IF EXISTS "+nobody+" IDENTIFIED BY "+quote(rand.Text()+"-aA1!"))
}

// MaySetOwnPassword is nil for whoever is connected by an account of its own name: one without a name is shared.
func (c *conn) MaySetOwnPassword(ctx context.Context, user string) error {
	var account string
	if err := c.QueryRowContext(ctx, "SELECT CURRENT_USER()").Scan(&account); err != nil {
		return explain(err)
	}
	if !strings.HasPrefix(account, user+"@") {
		return rotators.Wrong(nil, "the server has no account of %q, and lets it in by another one; add it: %s", user, engine{}.Add(c.settings, user))
	}
	return nil
}

// Ask makes the whole session read-only: a transaction alone would be ended by a statement that defines something.
func (c *conn) Ask(ctx context.Context, query string) error {
	if err := c.do(ctx, "SET SESSION TRANSACTION READ ONLY"); err != nil {
		return err
	}
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return explainQuery(err)
	}
	for rows.Next() { // what it answers is dropped
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return explainQuery(err)
	}
	return nil
}

func host(settings *rotation.Database) string {
	if settings.AccountHost == "" {
		return "%"
	}
	return settings.AccountHost
}

func account(settings *rotation.Database, user string) string {
	return quote(user) + "@" + quote(host(settings))
}

// quote writes a text as a literal for a session with NO_BACKSLASH_ESCAPES: a quote is doubled, and all else stands for itself
// (https://dev.mysql.com/doc/refman/8.4/en/string-literals.html). Statements about users take no parameters.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
