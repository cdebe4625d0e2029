package handler

import (
	"net/http"

	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// ListEvents serves list-events.
func ListEvents(s *secrets.Service) http.Handler {
	return serve(operation.ListEvents, s, func(c *call) (answer, error) {
		organization := c.id("organizationId")
		in := secrets.ListEvents{
			From: c.time("from"), To: c.time("to"), Action: c.query.Get("action"), ActorID: c.optionalID("actorId"),
			ResourceID: c.optionalID("resourceId"), Page: c.page(),
		}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListEvents(c.Context(), c.caller, organization, in)
		return answer{body: list}, err
	})
}

// ListSecretEvents serves list-secret-events.
func ListSecretEvents(s *secrets.Service) http.Handler {
	return serve(operation.ListSecretEvents, s, func(c *call) (answer, error) {
		id, page := c.id("secretId"), c.page()
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListSecretEvents(c.Context(), c.caller, id, page)
		return answer{body: list}, err
	})
}
