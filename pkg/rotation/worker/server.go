package worker

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// A Server is what a worker asks of Strongroom, as a client of it: values are plaintext here, and encrypted where they are sent.
// An error of type *RefusedError says that the state of things does not allow it, and that nothing was done; so does ErrInvalid of
// what a request says. After any other one it is not known whether something was. All may be repeated. Several goroutines call them at a time.
type Server interface {
	// Claim takes a rotation, or renews the lease on it.
	Claim(ctx context.Context, secret uuid.UUID, in api.ClaimRotation) (api.RotationTask, error)
	// Current reads a secret's current value: the rotated one's, and those that the settings name.
	Current(ctx context.Context, secret uuid.UUID) (Value, error)
	// Version reads the value of one version, which may be the pending one.
	Version(ctx context.Context, secret uuid.UUID, version int64) (Value, error)
	// PutPending stores the value that a rotation made, and answers its version. One of the same rotation is replaced. Where in.Base is not the
	// current version, it is refused.
	PutPending(ctx context.Context, secret uuid.UUID, in api.PutPendingVersion) (int64, error)
	// Promote makes the pending version the current one. Where another one is pending than in.Version, it is refused.
	Promote(ctx context.Context, secret uuid.UUID, in api.PromoteVersion) error
	// Discard gives a rotation up, with its pending version.
	Discard(ctx context.Context, secret uuid.UUID, in api.DiscardPendingVersion) error
	// Report ends an attempt.
	Report(ctx context.Context, secret uuid.UUID, in api.ReportRotation) error
	// Clear is the same server, which reads no value that clients encrypt, and stores none that they would: that is ErrSealed, and
	// nothing is decrypted or encrypted.
	Clear() Server
}

// ErrSealed is a value that clients encrypt, where none was to be read or made.
var ErrSealed = errors.New("clients encrypt it")

// ErrInvalid is a request that is refused for what it says or how, whatever the state of things is. Nothing was done.
var ErrInvalid = errors.New("Strongroom does not take what the request says") //nolint:staticcheck // a name

// A Value is the value of a version.
type Value struct {
	Text    string
	Version int64
}

// A RefusedError is Strongroom's refusal to do something as things are, in its words.
type RefusedError struct{ Message string }

func (e *RefusedError) Error() string { return e.Message }

// A Clock is what a worker knows the time by.
type Clock interface {
	Now() time.Time
	// After is told the time once, when that much has passed.
	After(d time.Duration) <-chan time.Time
}

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }
