package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// Explain says whether a principal may use a permission on a resource, and why. Owners, admins and auditors ask about
// anybody, everybody else about themselves, and about what they may see: the rest is ErrNotFound.
func (c *Client) Explain(ctx context.Context, principal uuid.UUID, on Resource, p access.Permission) (api.Explanation, error) {
	query := url.Values{"principalId": {principal.String()}, "permission": {p.String()}}
	if on.Secret != uuid.Nil {
		query.Set("secretId", on.Secret.String())
	} else {
		query.Set("projectId", on.Project.String())
	}
	return call[api.Explanation](ctx, c, Request{Operation: operation.ExplainAccess, Query: query}, nil)
}

// PrincipalAccess lists what a principal can reach, how far and through what: projects, and secrets that were granted
// themselves; those in a project are not listed again.
func (c *Client) PrincipalAccess(ctx context.Context, principal uuid.UUID) iter.Seq2[api.PrincipalAccess, error] {
	return pages[api.PrincipalAccess](ctx, c, Request{Operation: operation.ListPrincipalAccess, Path: principalPath(principal)})
}

// SecretPrincipals lists the users and service accounts that can reach a secret, how far and through what.
func (c *Client) SecretPrincipals(ctx context.Context, secret uuid.UUID) iter.Seq2[api.SecretPrincipal, error] {
	return pages[api.SecretPrincipal](ctx, c, Request{
		Operation: operation.ListSecretPrincipals, Path: map[string]string{"secretId": secret.String()},
	})
}
