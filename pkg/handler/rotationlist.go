package handler

import (
	"net/http"
	"time"

	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// ListRotations serves list-rotations.
func ListRotations(s *secrets.Service) http.Handler {
	return serve(operation.ListRotations, s, func(c *call) (answer, error) {
		organization := c.id("organizationId")
		in := secrets.ListRotations{Due: c.timeOrNow("due"), Leaver: c.optionalID("leaver"), Page: c.page()}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListRotations(c.Context(), c.caller, organization, in)
		return answer{body: list}, err
	})
}

// timeOrNow is a query parameter that is a time, or "now", which is the zero time; nil where it is absent.
func (c *call) timeOrNow(name string) *time.Time {
	if c.query.Get(name) == "now" {
		return &time.Time{}
	}
	return c.time(name)
}
