package workers

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/rotation/worker"
)

// A Server is a worker's view of a client of Strongroom's.
type Server struct {
	Client *client.Client
	// clear reads no value that clients encrypt, and makes none.
	clear bool
}

var _ worker.Server = Server{}

// Clear is the same server, which reads and makes no value that clients encrypt.
func (s Server) Clear() worker.Server {
	s.clear = true
	return s
}

// get reads a secret. Whether its value is opened, this client decides by what it would do with it: a server that says of a
// client-encrypted value that it is none has it be taken as it stands, encrypted.
func (s Server) get(ctx context.Context, secret uuid.UUID) (client.Secret, error) {
	if s.clear {
		return s.Client.GetClear(ctx, secret.String())
	}
	return s.Client.Get(ctx, secret.String())
}

// Claim takes a rotation or renews the lease. A secret that is gone, or not to be seen, is refused like one that another worker
// has: a message that comes again would change nothing.
func (s Server) Claim(ctx context.Context, secret uuid.UUID, in api.ClaimRotation) (api.RotationTask, error) {
	task, err := s.Client.ClaimRotation(ctx, secret, in)
	if errors.Is(err, client.ErrNotFound) {
		return task, &worker.RefusedError{Message: err.Error()}
	}
	return task, told(err)
}

// Current reads a secret's value.
func (s Server) Current(ctx context.Context, secret uuid.UUID) (worker.Value, error) {
	got, err := s.get(ctx, secret)
	return worker.Value{Text: got.Value.Reveal(), Version: got.Version}, told(err)
}

// Version reads the value of one version.
func (s Server) Version(ctx context.Context, secret uuid.UUID, version int64) (worker.Value, error) {
	got, err := s.get(ctx, secret)
	if err != nil {
		return worker.Value{}, told(err)
	}
	v, err := s.Client.Version(ctx, got, version)
	return worker.Value{Text: v.Value.Reveal(), Version: v.Number}, told(err)
}

// PutPending stores the pending value, encrypted for the secret as it is now.
func (s Server) PutPending(ctx context.Context, secret uuid.UUID, in api.PutPendingVersion) (int64, error) {
	pending := client.PendingVersion{
		RotationLease: in.RotationLease, Base: in.Base, Value: client.NewValue(*in.Value), PublicID: in.PublicID, Clear: s.clear,
	}
	stored, err := s.Client.PutPendingVersion(ctx, secret, pending)
	return stored.Version, told(err)
}

// Promote makes the pending version the current one.
func (s Server) Promote(ctx context.Context, secret uuid.UUID, in api.PromoteVersion) error {
	_, err := s.Client.PromoteVersion(ctx, secret, in)
	return told(err)
}

// Discard gives a rotation up.
func (s Server) Discard(ctx context.Context, secret uuid.UUID, in api.DiscardPendingVersion) error {
	_, err := s.Client.DiscardPendingVersion(ctx, secret, in)
	return told(err)
}

// Report ends an attempt.
func (s Server) Report(ctx context.Context, secret uuid.UUID, in api.ReportRotation) error {
	_, err := s.Client.ReportRotation(ctx, secret, in)
	return told(err)
}

// told is a client's error as workers know it: a conflict is a refusal.
func told(err error) error {
	var answer *client.Error
	switch {
	case errors.As(err, &answer) && answer.Is(client.ErrConflict):
		return &worker.RefusedError{Message: answer.API.Message}
	case errors.As(err, &answer) && answer.Is(client.ErrInvalid):
		return fmt.Errorf("%w: %w", worker.ErrInvalid, err)
	case errors.Is(err, client.ErrClientEncrypted):
		return worker.ErrSealed
	}
	return err
}
