package database

import (
	"context"
	"errors"

	"strongroom/pkg/rotation"
)

// A Credential is who connects.
type Credential struct{ Username, Password string }

// An Engine speaks with one kind of database. All its errors, and those of its connections, are of type *rotators.Error.
type Engine interface {
	// Connect is an error that is [ErrDenied] where the server takes the credential for wrong.
	Connect(ctx context.Context, settings *rotation.Database, who Credential) (Conn, error)
	// Add is the statement by which somebody adds a user of that name, to be shown; without a password.
	Add(settings *rotation.Database, user string) string
}

// A Conn is a connection.
type Conn interface {
	// SetPassword sets another user's password. It is [ErrMissing] where there is no such user.
	SetPassword(ctx context.Context, user, password string) error
	// SetOwnPassword sets that of the user who is connected.
	SetOwnPassword(ctx context.Context, user, password string) error
	// MaySetPassword is nil where SetPassword could do it. It changes nothing.
	MaySetPassword(ctx context.Context, user string) error
	// MaySetOwnPassword is nil where SetOwnPassword could do it. It changes nothing.
	MaySetOwnPassword(ctx context.Context, user string) error
	// Ask sends a query that may only read, and drops what it answers.
	Ask(ctx context.Context, query string) error
	Close(ctx context.Context)
}

var (
	// ErrDenied says that the server takes a username and its password for wrong.
	ErrDenied = errors.New("denied")
	// ErrMissing says that there is no user of that name.
	ErrMissing = errors.New("no such user")
)
