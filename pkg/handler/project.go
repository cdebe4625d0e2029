package handler

import (
	"net/http"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// ListProjects serves list-projects.
func ListProjects(s *secrets.Service) http.Handler {
	return serve(operation.ListProjects, s, func(c *call) (answer, error) {
		organization, page := c.id("organizationId"), c.page()
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListProjects(c.Context(), c.caller, organization, page)
		return answer{body: list}, err
	})
}

// CreateProject serves create-project.
func CreateProject(s *secrets.Service) http.Handler {
	return serveBody(operation.CreateProject, s, func(c *call, in api.CreateProject) (answer, error) {
		organization := c.id("organizationId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		project, created, err := s.CreateProject(c.Context(), c.caller, organization, in)
		return answer{body: project, etag: project.ETag, status: createdStatus(created)}, err
	})
}

// GetProject serves get-project.
func GetProject(s *secrets.Service) http.Handler {
	return serve(operation.GetProject, s, func(c *call) (answer, error) {
		id := c.id("projectId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		project, err := s.GetProject(c.Context(), c.caller, id)
		return answer{body: project, etag: project.ETag}, err
	})
}

// UpdateProject serves update-project.
func UpdateProject(s *secrets.Service) http.Handler {
	return serveBody(operation.UpdateProject, s, func(c *call, in api.UpdateProject) (answer, error) {
		id := c.id("projectId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		project, err := s.UpdateProject(c.Context(), c.caller, id, c.ifMatch(), in)
		return answer{body: project, etag: project.ETag}, err
	})
}

// AddProjectKey serves add-project-key.
func AddProjectKey(s *secrets.Service) http.Handler {
	return serveBody(operation.AddProjectKey, s, func(c *call, in api.NewProjectKey) (answer, error) {
		id := c.id("projectId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		added, err := s.AddProjectKey(c.Context(), c.caller, id, c.ifMatch(), in)
		return answer{body: added, etag: added.ETag}, err
	})
}

// DeleteProjects serves delete-projects.
func DeleteProjects(s *secrets.Service) http.Handler {
	return serveBody(operation.DeleteProjects, s, func(c *call, in api.IDs) (answer, error) {
		results, err := s.DeleteProjects(c.Context(), c.caller, in)
		return answer{body: results}, err
	})
}
