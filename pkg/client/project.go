package client

import (
	"context"
	"errors"
	"iter"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// Projects lists the projects that the caller may see. Nothing of them is pinned by it.
func (c *Client) Projects(ctx context.Context) iter.Seq2[api.Project, error] {
	return pages[api.Project](ctx, c, Request{Operation: operation.ListProjects})
}

func (c *Client) getProject(ctx context.Context, id uuid.UUID) (api.Project, error) {
	p, err := call[api.Project](ctx, c, Request{Operation: operation.GetProject, Path: projectPath(id)}, nil)
	if err == nil {
		err = differs("the project that was asked for", id.String(), p.ID.String())
	}
	return p, err
}

func projectPath(id uuid.UUID) map[string]string { return map[string]string{"projectId": id.String()} }

// Project shows a project, by its name or id.
func (c *Client) Project(ctx context.Context, project string) (api.Project, error) {
	p, err := c.Resolve(ctx, project)
	if err != nil {
		return api.Project{}, err
	}
	got, err := c.getProject(ctx, p.ID)
	if err != nil {
		return got, err
	}
	_, err = c.PinProject(ctx, got)
	return got, err
}

// checkNewName refuses a name that could not be used: one that looks like an id, and one that is pinned for a project that
// is gone. One that is not gone has the name, as the server will say.
func (c *Client) checkNewName(ctx context.Context, name string) error {
	if _, isID := parseID(name); isID {
		return setupf("a project can't be called by what looks like an id")
	}
	pins, err := c.config.Pins.Pins()
	if err != nil {
		return &SetupError{err}
	}
	pin, ok := pins.Projects[name]
	if !ok {
		return nil
	}
	if _, err := c.getProject(ctx, pin.ID); errors.Is(err, ErrNotFound) {
		return setupf("the name %q is pinned for project %s; if that is gone, remove the pin (strongroom pin --remove PROJECT)", name, pin.ID)
	}
	return nil
}

// CreateProject makes a project, and pins it: what the caller says it is, not what the server answers. The first key of
// one whose values clients encrypt is made here, which takes kms:GenerateDataKey on the client key.
func (c *Client) CreateProject(ctx context.Context, name string, encryption api.Encryption) (api.Project, error) {
	if err := c.checkNewName(ctx, name); err != nil {
		return api.Project{}, err
	}
	me, err := c.identity(ctx)
	if err != nil {
		return api.Project{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return api.Project{}, err
	}
	in := api.CreateProject{ID: &id, Name: name, Encryption: &encryption}
	if encryption == api.EncryptionClient {
		key, wrapped, err := c.generate(ctx, id)
		if err != nil {
			return api.Project{}, err
		}
		in.Key = &api.NewProjectKey{ID: key.ID(), Wrapped: wrapped}
	}
	got, err := call[api.Project](ctx, c, Request{Operation: operation.CreateProject}, in)
	if err != nil {
		return got, err
	}
	for _, d := range []error{
		differs("the organization of the new project", me.organization.String(), got.OrganizationID.String()),
		differs("the id of the new project", id.String(), got.ID.String()),
		differs("the name of the new project", name, got.Name),
		differs("the encryption of the new project", string(encryption), string(got.Encryption)),
	} {
		if d != nil {
			return got, d
		}
	}
	_, err = c.config.Pins.Pin(said(got))
	return got, err
}

// RenameProject renames a project. Its pin is the caller's to change: the client's own is left as it is.
func (c *Client) RenameProject(ctx context.Context, id uuid.UUID, name, etag string) (api.Project, error) {
	if _, isID := parseID(name); isID {
		return api.Project{}, setupf("a project can't be called by what looks like an id")
	}
	return call[api.Project](ctx, c, Request{
		Operation: operation.UpdateProject, Path: projectPath(id), Header: ifMatch(etag),
	}, api.UpdateProject{Name: &name})
}

// DeleteProjects puts projects into the trash, and answers how it went with each, in their order.
func (c *Client) DeleteProjects(ctx context.Context, ids ...uuid.UUID) ([]api.BulkResult, error) {
	return bulk(ctx, c, operation.DeleteProjects, ids)
}

// ProjectSecrets lists a project's secrets without values, by name, those whose names begin with prefix.
func (c *Client) ProjectSecrets(ctx context.Context, project, prefix string) iter.Seq2[api.ProjectSecret, error] {
	return func(yield func(api.ProjectSecret, error) bool) {
		p, err := c.Resolve(ctx, project)
		if err != nil {
			yield(api.ProjectSecret{}, err)
			return
		}
		pages[api.ProjectSecret](ctx, c, Request{
			Operation: operation.ListProjectSecrets, Path: projectPath(p.ID), Query: oneParameter("namePrefix", prefix),
		})(yield)
	}
}

// FindSecret answers the id, the name and the projects of a secret, "project/name" or an id, without reading its value.
// One that is not there, or that the caller may not see, is ErrNotFound. Projects are those that the caller may see; for
// owners, admins and auditors, a project that a secret joined a moment ago may not be among them yet.
func (c *Client) FindSecret(ctx context.Context, secret string) (api.SecretEntry, error) {
	ref, err := parseReference(secret)
	if err != nil {
		return api.SecretEntry{}, err
	}
	found := api.SecretEntry{ID: ref.id, Name: ref.name}
	if ref.name != "" {
		p, err := c.Resolve(ctx, ref.project)
		if err != nil {
			return found, err
		}
		s, err := c.entryNamed(ctx, p.ID.String(), ref.name)
		if err != nil {
			return found, err
		}
		if s.ID != uuid.Nil {
			found.ID, found.Projects = s.ID, []api.Reference{{ID: p.ID, Name: p.Name}}
		}
	}
	if found.ID == uuid.Nil {
		return found, noSecret(secret)
	}
	for s, err := range c.Secrets(ctx, ref.name) {
		if err != nil {
			return found, err
		}
		if s.ID == found.ID {
			return s, nil
		}
	}
	if found.Projects == nil {
		return found, noSecret(secret)
	}
	return found, nil
}

func noSecret(secret string) error {
	return notFoundf(operation.ListProjectSecrets, "there is no secret %q, or none that you may see", secret)
}

// Secrets lists every secret that the caller may see, once each and without values, by name.
func (c *Client) Secrets(ctx context.Context, prefix string) iter.Seq2[api.SecretEntry, error] {
	return pages[api.SecretEntry](ctx, c, Request{Operation: operation.ListSecrets, Query: oneParameter("namePrefix", prefix)})
}
