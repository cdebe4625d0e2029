package handler

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// GetProjectAccess serves get-project-access.
func GetProjectAccess(s *secrets.Service) http.Handler {
	return getAccess(operation.GetProjectAccess, s, "projectId", s.GetProjectAccess)
}

// PutProjectAccess serves put-project-access.
func PutProjectAccess(s *secrets.Service) http.Handler {
	return putAccess(operation.PutProjectAccess, s, "projectId", s.PutProjectAccess)
}

// GetSecretAccess serves get-secret-access.
func GetSecretAccess(s *secrets.Service) http.Handler {
	return getAccess(operation.GetSecretAccess, s, "secretId", s.GetSecretAccess)
}

// PutSecretAccess serves put-secret-access.
func PutSecretAccess(s *secrets.Service) http.Handler {
	return putAccess(operation.PutSecretAccess, s, "secretId", s.PutSecretAccess)
}

func getAccess(
	name operation.Name, s *secrets.Service, id string,
	get func(context.Context, secrets.Caller, uuid.UUID) (secrets.Policy, error),
) http.Handler {
	return serve(name, s, func(c *call) (answer, error) {
		resource := c.id(id)
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		policy, err := get(c.Context(), c.caller, resource)
		return answer{body: policy.AccessPolicy, etag: policy.ETag}, err
	})
}

func putAccess(
	name operation.Name, s *secrets.Service, id string,
	put func(context.Context, secrets.Caller, secrets.PutAccess) (secrets.Policy, error),
) http.Handler {
	return serveBody(name, s, func(c *call, in api.AccessPolicy) (answer, error) {
		change := secrets.PutAccess{ID: c.id(id), Match: c.ifMatch(), Force: c.flag("force"), Grants: in.Grants}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		policy, err := put(c.Context(), c.caller, change)
		return answer{body: policy.AccessPolicy, etag: policy.ETag}, err
	})
}

// BreakGlass serves break-glass.
func BreakGlass(s *secrets.Service) http.Handler {
	return serveBody(operation.BreakGlass, s, func(c *call, in api.BreakGlass) (answer, error) {
		organization := c.id("organizationId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		grant, err := s.BreakGlass(c.Context(), c.caller, organization, in)
		return answer{body: grant}, err
	})
}
