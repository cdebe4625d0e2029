package handler

import (
	"net/http"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// CreateSecret serves create-secret.
func CreateSecret(s *secrets.Service) http.Handler {
	return serveBody(operation.CreateSecret, s, func(c *call, in api.CreateSecret) (answer, error) {
		organization := c.id("organizationId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		secret, created, err := s.CreateSecret(c.Context(), c.caller, organization, in)
		return answer{body: secret, etag: secret.ETag, status: createdStatus(created)}, err
	})
}

// createdStatus is 201 for what was created, and 200 where a request only repeats an earlier one.
func createdStatus(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusOK
}

// GetSecret serves get-secret.
func GetSecret(s *secrets.Service) http.Handler {
	return serve(operation.GetSecret, s, func(c *call) (answer, error) {
		id, hint := c.id("secretId"), c.ids("project")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		secret, err := s.GetSecret(c.Context(), c.caller, id, hint)
		return answer{body: secret, etag: secret.ETag}, err
	})
}

// GetSecretByName serves get-secret-by-name.
func GetSecretByName(s *secrets.Service) http.Handler {
	return serve(operation.GetSecretByName, s, func(c *call) (answer, error) {
		project := c.id("projectId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		secret, err := s.GetSecretByName(c.Context(), c.caller, project, c.query.Get("name"))
		return answer{body: secret, etag: secret.ETag}, err
	})
}

// UpdateSecret serves update-secret.
func UpdateSecret(s *secrets.Service) http.Handler {
	return serveBody(operation.UpdateSecret, s, func(c *call, in api.UpdateSecret) (answer, error) {
		update := secrets.UpdateSecret{
			ID: c.id("secretId"), Match: c.ifMatch(), Hint: c.ids("project"), UpdateSecret: in,
		}
		if in.RestoredFrom != nil {
			c.version("restoredFrom", *in.RestoredFrom)
		}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		secret, err := s.UpdateSecret(c.Context(), c.caller, update)
		return answer{body: secret, etag: secret.ETag}, err
	})
}

// DeleteSecrets serves delete-secrets.
func DeleteSecrets(s *secrets.Service) http.Handler {
	return serveBody(operation.DeleteSecrets, s, func(c *call, in api.IDs) (answer, error) {
		results, err := s.DeleteSecrets(c.Context(), c.caller, in)
		return answer{body: results}, err
	})
}

// GetSecretsByIDs serves get-secrets-by-ids.
func GetSecretsByIDs(s *secrets.Service) http.Handler {
	return serveBody(operation.GetSecretsByIDs, s, func(c *call, in api.IDs) (answer, error) {
		found, err := s.GetSecretsByIDs(c.Context(), c.caller, in)
		return answer{body: found}, err
	})
}

// ListSecrets serves list-secrets.
func ListSecrets(s *secrets.Service) http.Handler {
	return serve(operation.ListSecrets, s, func(c *call) (answer, error) {
		organization := c.id("organizationId")
		in := secrets.ListSecrets{NamePrefix: c.query.Get("namePrefix"), Page: c.page()}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListSecrets(c.Context(), c.caller, organization, in)
		return answer{body: list}, err
	})
}

// ListProjectSecrets serves list-project-secrets.
func ListProjectSecrets(s *secrets.Service) http.Handler {
	return serve(operation.ListProjectSecrets, s, func(c *call) (answer, error) {
		project := c.id("projectId")
		in := secrets.ListSecrets{NamePrefix: c.query.Get("namePrefix"), Page: c.page()}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListProjectSecrets(c.Context(), c.caller, project, in)
		return answer{body: list}, err
	})
}

// GetProjectValues serves get-project-values.
func GetProjectValues(s *secrets.Service) http.Handler {
	return serve(operation.GetProjectValues, s, func(c *call) (answer, error) {
		project := c.id("projectId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		values, err := s.GetProjectValues(c.Context(), c.caller, secrets.GetProjectValues{
			Project: project, Continuation: c.query.Get("continuationToken"), Known: c.ifNoneMatch(),
		})
		return answer{body: values.List, etag: values.ETag}, err
	})
}
