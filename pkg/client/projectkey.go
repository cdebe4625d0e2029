package client

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// AddProjectKey gives a project a new key, made by KMS, which takes kms:GenerateDataKey on the client key: it is what
// values are encrypted under from then on. Values under older keys stay readable until Reencrypt writes them anew. The
// answer counts these; where somebody else adds a key at the same time, the later one of the two is the current one.
func (c *Client) AddProjectKey(ctx context.Context, project string) (api.AddedProjectKey, error) {
	p, err := c.clientProject(ctx, project)
	if err != nil {
		return api.AddedProjectKey{}, err
	}
	if _, err := c.currentKeyID(ctx, p.ID); err != nil { // which then counts as seen
		return api.AddedProjectKey{}, err
	}
	before, err := c.seenKeys(ctx, p.ID)
	if err != nil {
		return api.AddedProjectKey{}, err
	}
	key, wrapped, err := c.generate(ctx, p.ID)
	if err != nil {
		return api.AddedProjectKey{}, err
	}
	got, err := call[api.AddedProjectKey](ctx, c, Request{Operation: operation.AddProjectKey, Path: projectPath(p.ID)},
		api.NewProjectKey{ID: key.ID(), Wrapped: wrapped})
	if err != nil {
		return got, err
	}
	if err := c.checkProject(ctx, p.ID, got.Project); err != nil {
		return got, err
	}
	if !slices.ContainsFunc(*got.Keys, func(added api.ProjectKey) bool {
		return added.ID == key.ID() && bytes.Equal(added.Wrapped, wrapped)
	}) {
		return got, &PinError{What: "the key that was added", Pinned: key.ID().String(), Got: "that it is none of the project's, or another"}
	}
	k := c.keyring(p.ID)
	if err := k.lock(ctx); err != nil {
		return got, err
	}
	defer k.unlock()
	k.unwrapped[key.ID()] = key
	if err := c.take(k, before, *got.Keys); err != nil {
		return got, err
	}
	switch {
	case slices.Contains(before.ids, k.current): // values would go on being written under what is to be replaced
		return got, &PinError{What: "the current key of project " + p.ID.String(), Pinned: key.ID().String() + ", just added", Got: k.current.String()}
	case k.current != key.ID():
		c.notice("the current key of project %q is %s, which somebody else has added at the same time as %s", p.Name, k.current, key.ID())
	}
	return got, nil
}

// clientProject is Resolve that refuses projects without keys.
func (c *Client) clientProject(ctx context.Context, project string) (Project, error) {
	p, err := c.Resolve(ctx, project)
	if err == nil && p.Encryption != api.EncryptionClient {
		err = setupf("the values of project %q are encrypted by the server: it has no project keys", p.Name)
	}
	return p, err
}

// Stale lists a project's secrets whose values are not under its current key: Reencrypt is for them. A project whose
// values the server encrypts has none. Which these are is the server's word, and needs no values read. A server that hides
// one keeps nothing that it did not have: the old ciphertext is among the secret's versions anyway.
func (c *Client) Stale(ctx context.Context, project string) iter.Seq2[api.ProjectSecret, error] {
	return func(yield func(api.ProjectSecret, error) bool) {
		p, err := c.Resolve(ctx, project)
		if err == nil && p.Encryption != api.EncryptionClient {
			return
		}
		var current uuid.UUID
		if err == nil {
			current, err = c.currentKeyID(ctx, p.ID)
		}
		if err != nil {
			yield(api.ProjectSecret{}, err)
			return
		}
		for s, err := range c.ProjectSecrets(ctx, p.ID.String(), "") {
			stale := s.KeyID == nil || *s.KeyID != current
			if (err != nil || stale) && !yield(s, err) {
				return
			}
		}
	}
}

// currentKeyID asks the server which key of a project is the current one, and unwraps none.
func (c *Client) currentKeyID(ctx context.Context, project uuid.UUID) (uuid.UUID, error) {
	k := c.keyring(project)
	if err := k.lock(ctx); err != nil {
		return uuid.Nil, err
	}
	defer k.unlock()
	err := c.load(ctx, k)
	return k.current, err
}

// Reencrypt writes the value of a secret of that project anew where it is not under the project's current key, for all
// the projects that it is in and the current keys of all of them, and answers whether it had to. Doing it again does
// nothing. Where somebody else changes the secret meanwhile, it looks again.
func (c *Client) Reencrypt(ctx context.Context, project string, secret uuid.UUID) (done bool, err error) {
	p, err := c.clientProject(ctx, project)
	if err != nil {
		return false, err
	}
	ref := reference{through: &p, id: secret}
	err = c.Racing(ctx, func() (lost bool, err error) {
		old, err := c.get(ctx, ref)
		if err != nil {
			return false, err
		}
		s, err := c.change(ctx, old, Change{Reencrypt: true})
		done = s.Version > old.Version
		return errors.Is(err, ErrPreconditionFailed), err
	})
	return done, err
}
