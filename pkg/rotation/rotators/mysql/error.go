package mysql

import (
	"errors"

	"github.com/go-sql-driver/mysql"

	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/database"
)

// number is that of a server's error; zero for others.
func number(err error) uint16 {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		return server.Number
	}
	return 0
}

// explain says in words of our own what went wrong: the server's may have parts of statements in them. Numbers are those of
// https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html.
func explain(err error) error {
	switch n := number(err); n {
	case 0:
		return notServer(err)
	case 1045, 1698: // ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR
		return rotators.Failed(errors.Join(database.ErrDenied, err), "the server refuses the username and password")
	case 1396: // ER_CANNOT_USER
		return rotators.Wrong(errors.Join(database.ErrMissing, err), "the server has no such account")
	case 1227: // ER_SPECIFIC_ACCESS_DENIED_ERROR
		return rotators.Wrong(err, "the server says that its user may not do this (1227); an admin needs CREATE USER")
	case 1044, 1142, 1143, 1370: // ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_…, ER_PROCACCESS_…
		return rotators.Wrong(err, "the server says that its user may not use the database (%d)", n)
	case 1049: // ER_BAD_DB_ERROR
		return rotators.Wrong(err, "the server has no database of that name; name another in the settings")
	case 1819: // ER_NOT_VALID_PASSWORD
		return rotators.Wrong(err, "the server's rules for passwords refuse the new one (1819); have the settings' password fit them")
	case 3892: // ER_MISSING_CURRENT_PASSWORD
		return rotators.Wrong(err, "the server asks for the current password too (3892), which takes an admin; name one in the settings")
	case 3118, 4151: // ER_ACCOUNT_HAS_BEEN_LOCKED of MySQL, and MariaDB's
		return rotators.Failed(err, "the account is locked")
	case 1820, 1862: // ER_MUST_CHANGE_PASSWORD, ER_MUST_CHANGE_PASSWORD_LOGIN
		return rotators.Wrong(err, "the account's password has expired (%d); an admin can set another one", n)
	case 1290, 1792, 1836: // ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE
		return rotators.Failed(err, "the server is read-only, or the test query writes (%d); name the primary server, and a query that reads", n)
	case 1040, 1203, 1226: // ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED
		return rotators.Failed(err, "the server has too many connections")
	case 1129, 1130: // ER_HOST_IS_BLOCKED, ER_HOST_NOT_PRIVILEGED
		return rotators.Failed(err, "the server takes no connections from the address of whoever asks (%d); see its accounts' hosts, and whether it blocks that one", n)
	default:
		return rotators.Failed(err, "the server answers with the error %d", n)
	}
}

// explainQuery says what went wrong with a query that reads. Of what a user may not read, the server does not say whether it is there.
func explainQuery(err error) error {
	switch n := number(err); n {
	case 1044, 1142, 1143, 1370: // as in explain
		return rotators.Wrong(err, "its user may not read what it asks, or there is no such thing (%d); grant that to every user of the rotation, or name another query", n)
	case 1049, 1109, 1146: // ER_BAD_DB_ERROR, ER_UNKNOWN_TABLE, ER_NO_SUCH_TABLE
		return rotators.Wrong(err, "there is no such table or database (%d); name another query, or the database, in the settings", n)
	}
	return explain(err)
}

// notServer says what went wrong before the server said anything.
func notServer(err error) error {
	switch {
	case errors.Is(err, mysql.ErrNoTLS):
		return rotators.Wrong(err, "the database server has no TLS")
	case errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrOldPassword), errors.Is(err, mysql.ErrUnknownPlugin):
		return rotators.Wrong(err, "the account does not use a password that the server keeps; alter it to")
	}
	return rotators.Failed(err, "the database server %s", rotators.Network(err, database.Trust))
}
