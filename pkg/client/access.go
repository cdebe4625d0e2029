package client

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// A Resource is what grants are on: a project or a secret, by its id.
type Resource struct{ Project, Secret uuid.UUID }

func (r Resource) request(project, secret operation.Name) Request {
	if r.Secret != uuid.Nil {
		return Request{Operation: secret, Path: map[string]string{"secretId": r.Secret.String()}}
	}
	return Request{Operation: project, Path: projectPath(r.Project)}
}

// Access answers the grants on a resource, and the ETag of the whole.
func (c *Client) Access(ctx context.Context, r Resource) ([]api.Grant, string, error) {
	return c.policy(ctx, r.request(operation.GetProjectAccess, operation.GetSecretAccess), nil)
}

// PutAccess replaces all grants on a resource; etag, where it is not empty, is what the policy must have. Giving up
// one's own manage takes force.
func (c *Client) PutAccess(ctx context.Context, r Resource, grants []api.Grant, etag string, force bool) ([]api.Grant, string, error) {
	request := r.request(operation.PutProjectAccess, operation.PutSecretAccess)
	request.Header = ifMatch(etag)
	if force {
		request.Query = url.Values{"force": {"true"}}
	}
	if grants == nil {
		grants = []api.Grant{}
	}
	return c.policy(ctx, request, api.AccessPolicy{Grants: grants})
}

func (c *Client) policy(ctx context.Context, r Request, body any) ([]api.Grant, string, error) {
	policy, tag, err := callTagged[api.AccessPolicy](ctx, c, r, body)
	return policy.Grants, tag, err
}

// Grant gives a principal a permission on a resource, in place of what it was granted there before, which is the answer.
// Everybody else's grants stay as they are, whoever changes them meanwhile. Giving up one's own manage takes force. It
// is the first lock alone; KeyPlanner's PlanFor says what is to be done with the second one, KMS's.
func (c *Client) Grant(ctx context.Context, r Resource, g api.Grant, force bool) (before *api.Grant, err error) {
	return c.changeAccess(ctx, r, g.Principal.ID, &g, force)
}

// Revoke takes from a principal what it was granted on a resource, which is the answer; nil where that was nothing.
func (c *Client) Revoke(ctx context.Context, r Resource, principal uuid.UUID, force bool) (before *api.Grant, err error) {
	return c.changeAccess(ctx, r, principal, nil, force)
}

// BreakGlass gives the caller, an owner or admin, a permission on a resource for an emergency, and answers the grant that
// there is then: what was asked for, or one that gave all of that already, in which case nothing is recorded. It ends
// api.MaxBreakGlass from now at most. One that would lose something else by it is ErrConflict.
func (c *Client) BreakGlass(ctx context.Context, r Resource, in api.BreakGlass) (api.Grant, error) {
	in.ProjectID, in.SecretID = &r.Project, nil
	if r.Secret != uuid.Nil {
		in.ProjectID, in.SecretID = nil, &r.Secret
	}
	return call[api.Grant](ctx, c, Request{Operation: operation.BreakGlass}, in)
}

// changeAccess replaces a principal's grant. It begins anew where somebody else was first.
func (c *Client) changeAccess(ctx context.Context, r Resource, principal uuid.UUID, to *api.Grant, force bool) (before *api.Grant, err error) {
	err = c.Racing(ctx, func() (lost bool, err error) {
		before = nil
		grants, etag, err := c.Access(ctx, r)
		if err != nil {
			return false, err
		}
		if i := slices.IndexFunc(grants, func(g api.Grant) bool { return g.Principal.ID == principal }); i >= 0 {
			found := grants[i]
			before, grants = &found, slices.Delete(grants, i, i+1)
		}
		if to == nil && before == nil {
			return false, nil
		}
		if to != nil {
			grants = append(grants, *to)
		}
		_, _, err = c.PutAccess(ctx, r, grants, etag, force)
		return errors.Is(err, ErrPreconditionFailed), err
	})
	return before, err
}
