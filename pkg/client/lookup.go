package client

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// Lookup answers the id of a secret, "project/name" or an id, without reading its value: no key is needed for it, and no
// event says that somebody read it. It is the server's word. An id is answered as it is; a name that is not there, or
// that the caller may not see, is ErrNotFound.
func (c *Client) Lookup(ctx context.Context, secret string) (uuid.UUID, error) {
	ref, err := parseReference(secret)
	if err != nil || ref.name == "" {
		return ref.id, err
	}
	entry, err := c.entryNamed(ctx, ref.project, ref.name)
	if err != nil && !notShown(err) || entry.ID != uuid.Nil {
		return entry.ID, err
	}
	s, err := c.get(ctx, ref) // who may read one secret need not see its project
	return s.ID, err
}

// entryNamed looks a secret up among a project's; the zero entry where there is none of the name.
func (c *Client) entryNamed(ctx context.Context, project, name string) (api.ProjectSecret, error) {
	for entry, err := range c.ProjectSecrets(ctx, project, name) {
		if err != nil || entry.Name == name {
			return entry, err
		}
	}
	return api.ProjectSecret{}, nil
}
