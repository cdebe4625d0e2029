package handler

import (
	"net/http"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// ListPrincipals serves list-principals.
func ListPrincipals(s *secrets.Service) http.Handler {
	return serve(operation.ListPrincipals, s, func(c *call) (answer, error) {
		organization, page := c.id("organizationId"), c.page()
		kind := access.Kind(c.query.Get("kind"))
		if kind == "" && c.query.Has("kind") {
			c.wrong("kind", "is empty; leave it out for all kinds, or name one: user, group or serviceAccount")
		}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListPrincipals(c.Context(), c.caller, organization, kind, page)
		return answer{body: list}, err
	})
}

// CreatePrincipal serves create-principal.
func CreatePrincipal(s *secrets.Service) http.Handler {
	return serveBody(operation.CreatePrincipal, s, func(c *call, in api.CreatePrincipal) (answer, error) {
		organization := c.id("organizationId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		p, created, err := s.CreatePrincipal(c.Context(), c.caller, organization, in)
		return answer{body: p, etag: p.ETag, status: createdStatus(created)}, err
	})
}

// GetPrincipal serves get-principal.
func GetPrincipal(s *secrets.Service) http.Handler {
	return serve(operation.GetPrincipal, s, func(c *call) (answer, error) {
		id := c.id("principalId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		return principal(s.GetPrincipal(c.Context(), c.caller, id))
	})
}

func principal(p api.Principal, err error) (answer, error) {
	return answer{body: p, etag: p.ETag}, err
}

// UpdatePrincipal serves update-principal.
func UpdatePrincipal(s *secrets.Service) http.Handler {
	return serveBody(operation.UpdatePrincipal, s, func(c *call, in api.UpdatePrincipal) (answer, error) {
		id := c.id("principalId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		return principal(s.UpdatePrincipal(c.Context(), c.caller, id, c.ifMatch(), in))
	})
}

// DeletePrincipal serves delete-principal.
func DeletePrincipal(s *secrets.Service) http.Handler {
	return serve(operation.DeletePrincipal, s, func(c *call) (answer, error) {
		id := c.id("principalId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		return answer{}, s.DeletePrincipal(c.Context(), c.caller, id)
	})
}

// PutIdentities serves put-identities.
func PutIdentities(s *secrets.Service) http.Handler {
	return serveBody(operation.PutIdentities, s, func(c *call, in api.PutIdentities) (answer, error) {
		id := c.id("principalId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		return principal(s.PutIdentities(c.Context(), c.caller, id, c.ifMatch(), in))
	})
}

// ListGroupMembers serves list-group-members.
func ListGroupMembers(s *secrets.Service) http.Handler {
	return serve(operation.ListGroupMembers, s, func(c *call) (answer, error) {
		id, page := c.id("principalId"), c.page()
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListGroupMembers(c.Context(), c.caller, id, page)
		return answer{body: list}, err
	})
}

// ChangeGroupMembers serves change-group-members.
func ChangeGroupMembers(s *secrets.Service) http.Handler {
	return serveBody(operation.ChangeGroupMembers, s, func(c *call, in api.ChangeGroupMembers) (answer, error) {
		id := c.id("principalId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		results, err := s.ChangeGroupMembers(c.Context(), c.caller, id, in)
		return answer{body: results}, err
	})
}

// DisablePrincipal serves disable-principal.
func DisablePrincipal(s *secrets.Service) http.Handler {
	return setDisabled(operation.DisablePrincipal, s, true)
}

// EnablePrincipal serves enable-principal.
func EnablePrincipal(s *secrets.Service) http.Handler {
	return setDisabled(operation.EnablePrincipal, s, false)
}

func setDisabled(name operation.Name, s *secrets.Service, disabled bool) http.Handler {
	return serve(name, s, func(c *call) (answer, error) {
		id := c.id("principalId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		return principal(s.SetDisabled(c.Context(), c.caller, id, disabled))
	})
}
