// Package postgresql rotates the passwords of PostgreSQL's users, as package database describes.
//
// Passwords never go to the server readable: a statement that sets one has its SCRAM-SHA-256 verifier alone (RFC 5802 and 7677, in
// the form that PostgreSQL keeps: https://www.postgresql.org/docs/current/catalog-pg-authid.html), so that neither the server's log
// nor pg_stat_activity shows it. The server must be PostgreSQL 10 or later; a pg_hba.conf that says md5 takes such users too.
// A server that does not ask for a password at all (trust) is refused, since nothing could be tested there. Without TLS, to a
// loopback address, so is one that asks for it readable (password in pg_hba.conf).
//
// The admin needs CREATEROLE, and from PostgreSQL 16 on the ADMIN OPTION on both users, which whoever made them has. One user
// without an admin sets its own password, which every user may.
package postgresql

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/xdg-go/scram"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/database"
)

// New is the rotator of PostgreSQL.
func New() *database.Rotator { return database.New(engine{}) }

type engine struct{}

// Add leaves the password to whoever types it: rotations set another one.
func (engine) Add(_ *rotation.Database, user string) string {
	return "CREATE ROLE " + identifier(user) + " LOGIN"
}

// Connect speaks with the settings' server alone, whatever the environment says to PostgreSQL's clients.
func (engine) Connect(ctx context.Context, settings *rotation.Database, who database.Credential) (database.Conn, error) {
	protected, err := database.TLS(settings)
	if err != nil {
		return nil, err
	}
	config, err := pgconn.ParseConfig("postgres://localhost?sslmode=disable")
	if err != nil {
		return nil, rotators.Failed(err, "no connection can be made: the environment has settings of PostgreSQL's clients (PGPORT and the like) that can't be read; unset them")
	}
	config.Host, config.Port = settings.Host, uint16(settings.Port) //nolint:gosec // checked to be one
	config.User, config.Password, config.Database = who.Username, who.Password, settings.Database
	config.TLSConfig, config.Fallbacks = protected, nil
	config.RequireAuth = "scram-sha-256,md5"
	if protected != nil {
		config.RequireAuth += ",password" // readable by the server alone, whose certificate was checked
	}
	config.RuntimeParams = map[string]string{"application_name": "strongroom"}
	config.ValidateConnect, config.AfterConnect = nil, nil
	c, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, explain(err)
	}
	return &conn{c}, nil
}

type conn struct{ *pgconn.PgConn }

func (c *conn) Close(ctx context.Context) { _ = c.PgConn.Close(ctx) } // nothing is left to be said

// do runs statements, one after the other, of a round trip each.
func (c *conn) do(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if err := c.send(ctx, statement); err != nil {
			return explain(err)
		}
	}
	return nil
}

func (c *conn) send(ctx context.Context, statement string) error {
	_, err := c.ExecParams(ctx, statement, nil, nil, nil, nil).Close()
	return err
}

func (c *conn) SetPassword(ctx context.Context, user, password string) error {
	statement, err := alter(user, password)
	if err != nil {
		return err
	}
	return c.do(ctx, statement)
}

// SetOwnPassword is the same: who may do it differs.
func (c *conn) SetOwnPassword(ctx context.Context, user, password string) error {
	return c.SetPassword(ctx, user, password)
}

// MaySetPassword does it, and takes it back: who may do it depends on version, roles and settings in ways that only the server
// knows.
func (c *conn) MaySetPassword(ctx context.Context, user string) error {
	statement, err := alter(user, rand.Text())
	if err != nil {
		return err
	}
	return c.do(ctx, "BEGIN", statement, "ROLLBACK")
}

func (c *conn) MaySetOwnPassword(ctx context.Context, user string) error {
	return c.MaySetPassword(ctx, user)
}

func (c *conn) Ask(ctx context.Context, query string) error {
	if err := c.do(ctx, "BEGIN READ ONLY"); err != nil {
		return err
	}
	if err := c.send(ctx, query); err != nil {
		return explainQuery(err)
	}
	return c.do(ctx, "ROLLBACK")
}

// alter is the statement that sets a password.
func alter(user, password string) (string, error) {
	verifier, err := verifier(password)
	if err != nil {
		return "", rotators.Failed(err, "the password can't be made into a verifier")
	}
	return fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", identifier(user), verifier), nil
}

func identifier(user string) string { return pgx.Identifier{user}.Sanitize() }

// iterations is PostgreSQL's own number of them, scram_iterations.
const iterations = 4096

// verifier is what the server keeps of a password: "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>".
func verifier(password string) (string, error) {
	client, err := scram.SHA256.NewClient("", password, "")
	if err != nil { // characters that SASLprep refuses: PostgreSQL takes such passwords as they are
		if client, err = scram.SHA256.NewClientUnprepped("", password, ""); err != nil {
			return "", err
		}
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	keys, err := client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(salt), Iters: iterations})
	if err != nil {
		return "", err
	}
	text := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, text(salt), text(keys.StoredKey), text(keys.ServerKey)), nil
}
