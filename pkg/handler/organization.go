package handler

import (
	"context"
	"encoding/json"
	"net/http"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// Whoami serves whoami.
func Whoami(s *secrets.Service) http.Handler {
	return serve(operation.Whoami, s, func(c *call) (answer, error) {
		me, err := s.Whoami(c.Context(), c.caller)
		return answer{body: me}, err
	})
}

// GetOrganization serves get-organization.
func GetOrganization(s *secrets.Service) http.Handler {
	return serve(operation.GetOrganization, s, func(c *call) (answer, error) {
		id := c.id("organizationId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		organization, err := s.GetOrganization(c.Context(), c.caller, id)
		return answer{body: organization, etag: organization.ETag}, err
	})
}

// UpdateOrganization serves update-organization.
func UpdateOrganization(s *secrets.Service) http.Handler {
	return serveBody(operation.UpdateOrganization, s, func(c *call, in api.UpdateOrganization) (answer, error) {
		id := c.id("organizationId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		organization, err := s.UpdateOrganization(c.Context(), c.caller, id, c.ifMatch(), in)
		return answer{body: organization, etag: organization.ETag}, err
	})
}

// CreateOrganization makes the function behind create-organization, which has no route: JSON in, JSON out, errors of
// package api.
func CreateOrganization(s *secrets.Service) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, payload json.RawMessage) (any, error) {
		var in api.CreateOrganization
		if err := decodeBytes(payload, &in); err != nil {
			return nil, err
		}
		return s.CreateOrganization(ctx, in)
	}
}
