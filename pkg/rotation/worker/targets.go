package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// telling is the worker, for a rotation that sends values to a target: where that is not on the worker's list, it reads none that
// clients encrypt, so that there is none to be sent, and makes none, so that nobody tells people a value that the target was told.
func (w *Worker) telling(target string) *Worker {
	if target == "" || w.Targets.Allows(target) {
		return w
	}
	bound := *w
	bound.Server = unlisted{w.Server.Clear(), target}
	return &bound
}

// unlisted is a server for a rotation whose target is not on the list.
type unlisted struct {
	Server
	target string
}

// Current reads a secret's current value, unless clients encrypt it.
func (s unlisted) Current(ctx context.Context, secret uuid.UUID) (Value, error) {
	v, err := s.Server.Current(ctx, secret)
	return v, s.explained(secret, err)
}

// Version reads the value of one version, unless clients encrypt it.
func (s unlisted) Version(ctx context.Context, secret uuid.UUID, version int64) (Value, error) {
	v, err := s.Server.Version(ctx, secret, version)
	return v, s.explained(secret, err)
}

// PutPending stores the value that a rotation made, unless clients are to encrypt it.
func (s unlisted) PutPending(ctx context.Context, secret uuid.UUID, in api.PutPendingVersion) (int64, error) {
	version, err := s.Server.PutPending(ctx, secret, in)
	return version, s.explained(secret, err)
}

// explained is an error that says what to do about a value that was not read or made.
func (s unlisted) explained(secret uuid.UUID, err error) error {
	if !errors.Is(err, ErrSealed) {
		return err
	}
	return &failure{permanent: true, reason: fmt.Sprintf("clients encrypt the value of secret %s, and %s is not among the targets that may be told it; "+
		"add that to STRONGROOM_TARGETS of the worker (workers.targets in cdk.json)", secret, s.target)}
}
