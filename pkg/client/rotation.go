package client

import (
	"context"
	"iter"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// Rotation answers how a secret is rotated, and how that goes: of a rotation that waits for readers, who they are. It takes manage,
// or an auditor. Where none is set it is ErrNotFound.
func (c *Client) Rotation(ctx context.Context, secret uuid.UUID) (api.Rotation, error) {
	return call[api.Rotation](ctx, c, Request{Operation: operation.GetRotation, Path: ofSecret(secret)}, nil)
}

// PutRotation sets how a secret is rotated from now on, wholly. etag is the one that the rotation must have; empty, whatever is
// there is replaced. It takes manage, and read on every secret that the settings name.
func (c *Client) PutRotation(ctx context.Context, secret uuid.UUID, in api.PutRotation, etag string) (api.Rotation, error) {
	return call[api.Rotation](ctx, c, Request{Operation: operation.PutRotation, Path: ofSecret(secret), Header: ifMatch(etag)}, in)
}

// DeleteRotation has a secret be rotated no more. One that is under way is ErrConflict, unless force says to end it: then nobody
// knows what the target has.
func (c *Client) DeleteRotation(ctx context.Context, secret uuid.UUID, force bool) error {
	r := Request{Operation: operation.DeleteRotation, Path: ofSecret(secret)}
	if force {
		r.Query = oneParameter("force", "true")
	}
	_, err := call[struct{}](ctx, c, r, nil)
	return err
}

// RotateSecret asks for a rotation of a secret, which takes write, and answers it; one that is under way already is the answer
// likewise. It is made under in.ID, and a new one where that is nil.
func (c *Client) RotateSecret(ctx context.Context, secret uuid.UUID, in api.RotateSecret) (api.RotationRun, error) {
	if in.ID == nil {
		id, err := uuid.NewV7()
		if err != nil {
			return api.RotationRun{}, err
		}
		in.ID = &id
	}
	return call[api.RotationRun](ctx, c, Request{Operation: operation.RotateSecret, Path: ofSecret(secret)}, in)
}

// ClaimRotation takes a rotation for a worker, or renews its lease. What another worker has, or is over, is ErrConflict. Like all
// that a worker asks for, it takes write.
func (c *Client) ClaimRotation(ctx context.Context, secret uuid.UUID, in api.ClaimRotation) (api.RotationTask, error) {
	task, err := call[api.RotationTask](ctx, c, Request{Operation: operation.ClaimRotation, Path: ofSecret(secret)}, in)
	if err != nil {
		return task, err
	}
	if err := differs("the secret that was asked for", secret.String(), task.SecretID.String()); err != nil {
		return task, err
	}
	return task, differs("the rotation that was asked for", in.ID.String(), task.Run.ID.String())
}

// A PendingVersion is the value that a rotation made.
type PendingVersion struct {
	api.RotationLease
	// Base is the version that was read, which it replaces.
	Base  int64
	Value Value
	// PublicID is what it is known by outside, an access key's id say.
	PublicID string
	// Clear has it stored only where the server encrypts the secret's value; elsewhere it is ErrClientEncrypted.
	Clear bool
}

// PutPendingVersion stores a secret's pending version: encrypted, where its values are, for what it is called and in now, which is
// read before. It comes to nobody until it is promoted, but to who asks for it by its number. Where Base is not the current version
// any more it is ErrConflict.
func (c *Client) PutPendingVersion(ctx context.Context, secret uuid.UUID, in PendingVersion) (api.SecretVersion, error) {
	ref := reference{id: secret, clear: in.Clear}
	clear, err := c.knownClear(ctx, ref)
	if err != nil {
		return api.SecretVersion{}, err
	}
	s, err := c.get(ctx, ref)
	if err != nil {
		return api.SecretVersion{}, err
	}
	if s.Encryption == api.EncryptionServer && !clear(s) {
		return api.SecretVersion{}, clearByWord(s.ID)
	}
	s.Value = in.Value
	to := sealing{id: s.ID, name: s.Name}
	for _, id := range s.binding.Projects {
		to.projects = append(to.projects, Project{ID: id})
	}
	var stored api.SecretVersion
	_, err = c.sendTwice(ctx, func(anew bool) (Secret, error) {
		to.anew = anew
		value, err := c.seal(ctx, &s, to)
		if err != nil {
			return Secret{}, err
		}
		body := api.PutPendingVersion{RotationLease: in.RotationLease, Base: in.Base, Value: &value, PublicID: in.PublicID}
		stored, err = call[api.SecretVersion](ctx, c, Request{Operation: operation.PutPendingVersion, Path: ofSecret(secret)}, body)
		return Secret{}, err
	})
	if err != nil {
		return api.SecretVersion{}, err
	}
	return stored, differs("the secret that was asked for", secret.String(), stored.SecretID.String())
}

// PromoteVersion makes a secret's pending version the current one. Where the secret changed meanwhile, or another worker has the
// rotation or put another pending version, it is ErrConflict.
func (c *Client) PromoteVersion(ctx context.Context, secret uuid.UUID, in api.PromoteVersion) (api.SecretVersion, error) {
	return call[api.SecretVersion](ctx, c, Request{Operation: operation.PromoteVersion, Path: ofSecret(secret)}, in)
}

// DiscardPendingVersion gives a rotation up, once what was done in the target is taken back.
func (c *Client) DiscardPendingVersion(ctx context.Context, secret uuid.UUID, in api.DiscardPendingVersion) (api.RotationRun, error) {
	return call[api.RotationRun](ctx, c, Request{Operation: operation.DiscardPendingVersion, Path: ofSecret(secret)}, in)
}

// ReportRotation ends an attempt at a rotation. The reason of a failure is stored and shown: it must hold no value.
func (c *Client) ReportRotation(ctx context.Context, secret uuid.UUID, in api.ReportRotation) (api.RotationRun, error) {
	return call[api.RotationRun](ctx, c, Request{Operation: operation.ReportRotation, Path: ofSecret(secret)}, in)
}

func ofSecret(id uuid.UUID) map[string]string { return map[string]string{"secretId": id.String()} }

// A RotationFilter says which rotations Rotations lists: all of them, or those of what somebody knows.
type RotationFilter struct {
	// Due has those alone about which something is to be done now.
	Due bool
	// Leaver, where it is not uuid.Nil, is a principal: then the list is of the secrets whose values it knows or could have read,
	// whether a rotation is set for them or not.
	Leaver uuid.UUID
}

// Rotations lists rotations in the order in which something is to be done about them, or what a leaver knows: what it read first,
// then what it could have read. It takes an owner, an admin or an auditor.
func (c *Client) Rotations(ctx context.Context, f RotationFilter) iter.Seq2[api.RotationEntry, error] {
	r := Request{Operation: operation.ListRotations}
	switch {
	case f.Leaver != uuid.Nil:
		r.Query = oneParameter("leaver", f.Leaver.String())
	case f.Due:
		r.Query = oneParameter("due", "now")
	}
	return pages[api.RotationEntry](ctx, c, r)
}
