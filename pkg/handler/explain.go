package handler

import (
	"net/http"

	"strongroom/pkg/access"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// ExplainAccess serves explain-access.
func ExplainAccess(s *secrets.Service) http.Handler {
	return serve(operation.ExplainAccess, s, func(c *call) (answer, error) {
		organization := c.id("organizationId")
		principal := c.optionalID("principalId")
		in := secrets.ExplainAccess{
			Project: c.optionalID("projectId"), Secret: c.optionalID("secretId"), Permission: c.permission("permission"),
		}
		if principal != nil {
			in.Principal = *principal
		} else if !c.query.Has("principalId") {
			c.wrong("principalId", "is missing; say whom it is about")
		}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		explanation, err := s.ExplainAccess(c.Context(), c.caller, organization, in)
		return answer{body: explanation}, err
	})
}

// permission is a query parameter that is a permission; read where it is left out.
func (c *call) permission(name string) access.Permission {
	if !c.query.Has(name) {
		return access.Read
	}
	p, err := access.ParsePermission(c.query.Get(name))
	if err != nil {
		c.wrong(name, "must be read, write or manage")
	}
	return p
}

// ListPrincipalAccess serves list-principal-access.
func ListPrincipalAccess(s *secrets.Service) http.Handler {
	return serve(operation.ListPrincipalAccess, s, func(c *call) (answer, error) {
		id, page := c.id("principalId"), c.page()
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListPrincipalAccess(c.Context(), c.caller, id, page)
		return answer{body: list}, err
	})
}

// ListSecretPrincipals serves list-secret-principals.
func ListSecretPrincipals(s *secrets.Service) http.Handler {
	return serve(operation.ListSecretPrincipals, s, func(c *call) (answer, error) {
		id, page := c.id("secretId"), c.page()
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListSecretPrincipals(c.Context(), c.caller, id, page)
		return answer{body: list}, err
	})
}
