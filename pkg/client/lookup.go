package client

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

// Lookup answers the id of a secret, "project/name" or an id, without reading its value: no key is needed for it, and no
// event says that somebody read it. It is the server's word. An id is answered as it is; a name that is not there, or
// that the caller may not see, is ErrNotFound.
func (c *Client) Lookup(ctx context.Context, secret string) (uuid.UUID, error) {
	ref, err := parseReference(secret)
	if err != nil || ref.name == "" {
		return ref.id, err
	}
	for entry, err := range c.ProjectSecrets(ctx, ref.project, ref.name) {
		switch {
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrForbidden): // who may read one secret need not see its project
		case err != nil:
			return uuid.Nil, err
		case entry.Name == ref.name:
			return entry.ID, nil
		}
	}
	s, err := c.get(ctx, ref)
	return s.ID, err
}
