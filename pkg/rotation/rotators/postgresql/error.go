package postgresql

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/database"
)

// explain says in words of our own what went wrong: the server's may have parts of statements in them. Codes are those of
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
func explain(err error) error {
	var server *pgconn.PgError
	if !errors.As(err, &server) {
		if strings.Contains(err.Error(), "authentication method requirement") { // pgconn has no type for it
			return rotators.Wrong(err, "the server does not ask for a password, or asks for it readable without TLS; have pg_hba.conf say scram-sha-256 for the rotation's users")
		}
		return rotators.Failed(err, "the database server %s", rotators.Network(err, database.Trust))
	}
	switch server.Code {
	case "28P01", "28000": // invalid_password, invalid_authorization_specification
		return rotators.Failed(errors.Join(database.ErrDenied, err), "the server refuses the username and password")
	case "42704": // undefined_object
		return rotators.Wrong(errors.Join(database.ErrMissing, err), "the server has no user of that name")
	case "42501": // insufficient_privilege
		return rotators.Wrong(err, "the server says that its user may not do this (42501); an admin needs CREATEROLE, and from PostgreSQL 16 on "+
			"the ADMIN OPTION on the users")
	case "3D000": // invalid_catalog_name
		return rotators.Wrong(err, "the server has no database of that name; name another in the settings")
	case "25006": // read_only_sql_transaction
		return rotators.Failed(err, "the server is read-only, or the test query writes (25006); name the primary server, and a query that reads")
	case "53300": // too_many_connections
		return rotators.Failed(err, "the server has too many connections")
	case "57P03": // cannot_connect_now
		return rotators.Failed(err, "the server is starting or stopping")
	}
	return rotators.Failed(err, "the server answers with the error %s", code(server.Code))
}

// explainQuery says what went wrong with a query that reads.
func explainQuery(err error) error {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		switch server.Code {
		case "42501": // insufficient_privilege
			return rotators.Wrong(err, "its user may not read what it asks (42501); grant that to every user of the rotation, or name another query")
		case "42P01", "3F000": // undefined_table, invalid_schema_name
			return rotators.Wrong(err, "there is no such table (%s); name another query, or the database, in the settings", server.Code)
		}
	}
	return explain(err)
}

// code is a server's code, or what stands for one that has not the form of one.
func code(text string) string {
	if len(text) != 5 || strings.Trim(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "without a code"
	}
	return text
}
