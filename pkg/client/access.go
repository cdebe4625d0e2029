package client

import (
	"context"
	"net/url"

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
