package client

import (
	"context"
	"iter"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// Organization shows the organization.
func (c *Client) Organization(ctx context.Context) (api.Organization, error) {
	return call[api.Organization](ctx, c, Request{Operation: operation.GetOrganization}, nil)
}

// UpdateOrganization changes the organization's name or settings, which takes an owner; etag, where it is not empty, is
// what it must have.
func (c *Client) UpdateOrganization(ctx context.Context, in api.UpdateOrganization, etag string) (api.Organization, error) {
	return call[api.Organization](ctx, c, Request{Operation: operation.UpdateOrganization, Header: ifMatch(etag)}, in)
}

// Principals lists users, groups and service accounts by name; an empty kind lists all of them.
func (c *Client) Principals(ctx context.Context, kind access.Kind) iter.Seq2[api.Principal, error] {
	return pages[api.Principal](ctx, c, Request{Operation: operation.ListPrincipals, Query: oneParameter("kind", string(kind))})
}

// PrincipalsNamed answers the principals of that name: at most one of each kind; an empty kind means any.
func (c *Client) PrincipalsNamed(ctx context.Context, kind access.Kind, name string) ([]api.Principal, error) {
	var named []api.Principal
	for p, err := range c.Principals(ctx, kind) {
		if err != nil {
			return nil, err
		}
		if p.Name == name {
			named = append(named, p)
		}
	}
	return named, nil
}

func principalPath(id uuid.UUID) map[string]string {
	return map[string]string{"principalId": id.String()}
}

// Principal shows a user, a group or a service account.
func (c *Client) Principal(ctx context.Context, id uuid.UUID) (api.Principal, error) {
	return call[api.Principal](ctx, c, Request{Operation: operation.GetPrincipal, Path: principalPath(id)}, nil)
}

// FindPrincipal shows the principal of a kind that has that name, or that id. None of the kind is ErrNotFound.
func (c *Client) FindPrincipal(ctx context.Context, kind access.Kind, nameOrID string) (api.Principal, error) {
	if id, isID := parseID(nameOrID); isID {
		p, err := c.Principal(ctx, id)
		switch {
		case err != nil:
			return p, err
		case p.Kind != kind:
			return api.Principal{}, noPrincipal(kind, nameOrID)
		}
		return p, differs("the principal that was asked for", nameOrID, p.ID.String())
	}
	for p, err := range c.Principals(ctx, kind) {
		if err != nil || p.Name == nameOrID {
			return p, err
		}
	}
	return api.Principal{}, noPrincipal(kind, nameOrID)
}

func noPrincipal(kind access.Kind, nameOrID string) error {
	return notFoundf(operation.ListPrincipals, "there is no %s %q", kindNames[kind], nameOrID)
}

// kindNames are the kinds of principals as people write them.
var kindNames = map[access.Kind]string{
	access.KindUser: "user", access.KindGroup: "group", access.KindServiceAccount: "service account",
}

// CreatePrincipal makes a user, a group or a service account; an id is made where it has none.
func (c *Client) CreatePrincipal(ctx context.Context, in api.CreatePrincipal) (api.Principal, error) {
	if in.ID == nil {
		id, err := uuid.NewV7()
		if err != nil {
			return api.Principal{}, err
		}
		in.ID = &id // so that it may be sent twice
	}
	return call[api.Principal](ctx, c, Request{Operation: operation.CreatePrincipal}, in)
}

// UpdatePrincipal changes a principal's name, e-mail or role; etag, where it is not empty, is what it must have.
func (c *Client) UpdatePrincipal(ctx context.Context, id uuid.UUID, in api.UpdatePrincipal, etag string) (api.Principal, error) {
	return call[api.Principal](ctx, c, Request{
		Operation: operation.UpdatePrincipal, Path: principalPath(id), Header: ifMatch(etag),
	}, in)
}

// DeletePrincipal deletes a principal with its identities and memberships. A group with members is ErrConflict.
func (c *Client) DeletePrincipal(ctx context.Context, id uuid.UUID) error {
	_, err := call[struct{}](ctx, c, Request{Operation: operation.DeletePrincipal, Path: principalPath(id)}, nil)
	return err
}

// PutIdentities replaces the IAM identities of a user or service account. An ARN that is bound elsewhere is ErrConflict.
func (c *Client) PutIdentities(ctx context.Context, id uuid.UUID, identities []api.Identity, etag string) (api.Principal, error) {
	if identities == nil {
		identities = []api.Identity{}
	}
	return call[api.Principal](ctx, c, Request{
		Operation: operation.PutIdentities, Path: principalPath(id), Header: ifMatch(etag),
	}, api.PutIdentities{Identities: identities})
}

// Members lists the users in a group.
func (c *Client) Members(ctx context.Context, group uuid.UUID) iter.Seq2[api.Principal, error] {
	return pages[api.Principal](ctx, c, Request{Operation: operation.ListGroupMembers, Path: principalPath(group)})
}

// ChangeMembers adds users to a group and removes others, and answers how it went with each.
func (c *Client) ChangeMembers(ctx context.Context, group uuid.UUID, in api.ChangeGroupMembers) ([]api.BulkResult, error) {
	answer, err := call[api.BulkResults](ctx, c, Request{Operation: operation.ChangeGroupMembers, Path: principalPath(group)}, in)
	return answer.Data, err
}

// DisablePrincipal refuses a user or service account everything from the next request on; EnablePrincipal undoes it.
func (c *Client) DisablePrincipal(ctx context.Context, id uuid.UUID) (api.Principal, error) {
	return call[api.Principal](ctx, c, Request{Operation: operation.DisablePrincipal, Path: principalPath(id)}, nil)
}

// EnablePrincipal undoes DisablePrincipal.
func (c *Client) EnablePrincipal(ctx context.Context, id uuid.UUID) (api.Principal, error) {
	return call[api.Principal](ctx, c, Request{Operation: operation.EnablePrincipal, Path: principalPath(id)}, nil)
}
