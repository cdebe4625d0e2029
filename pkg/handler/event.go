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
			EventTimes: secrets.EventTimes{From: c.time("from"), To: c.time("to")}, Action: c.action("action"), ActorID: c.optionalID("actorId"),
			ResourceID: c.optionalID("resourceId"), Page: c.page(),
		}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListEvents(c.Context(), c.caller, organization, in)
		return answer{body: list}, err
	})
}

// action is a query parameter that names an operation; empty where it is absent.
func (c *call) action(name string) string {
	text := c.query.Get(name)
	if _, known := operation.Lookup(operation.Name(text)); c.query.Has(name) && !known {
		c.wrong(name, "must be the name of an operation, such as "+string(operation.GetSecret))
	}
	return text
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

// ListSecretReaders serves list-secret-readers.
func ListSecretReaders(s *secrets.Service) http.Handler {
	return serve(operation.ListSecretReaders, s, func(c *call) (answer, error) {
		id, page := c.id("secretId"), c.page()
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListSecretReaders(c.Context(), c.caller, id, page)
		return answer{body: list}, err
	})
}

// ListPrincipalReads serves list-principal-reads.
func ListPrincipalReads(s *secrets.Service) http.Handler {
	return serve(operation.ListPrincipalReads, s, func(c *call) (answer, error) {
		id, page := c.id("principalId"), c.page()
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListPrincipalReads(c.Context(), c.caller, id, page)
		return answer{body: list}, err
	})
}
