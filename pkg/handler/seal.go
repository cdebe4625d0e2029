package handler

import (
	"context"
	"net/http"
	"time"

	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// ListSeals serves list-seals.
func ListSeals(s *secrets.Service) http.Handler {
	return serve(operation.ListSeals, s, func(c *call) (answer, error) {
		organization, page := c.id("organizationId"), c.page()
		times := secrets.EventTimes{From: c.time("from"), To: c.time("to")}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListSeals(c.Context(), c.caller, organization, times, page)
		return answer{body: list}, err
	})
}

// ExportEvents serves export-events.
func ExportEvents(s *secrets.Service) http.Handler {
	return serve(operation.ExportEvents, s, func(c *call) (answer, error) {
		organization := c.id("organizationId")
		times := secrets.EventTimes{From: c.time("from"), To: c.time("to")}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		export, err := s.ExportEvents(c.Context(), c.caller, organization, times, c.query.Get("continuationToken"))
		return answer{body: export}, err
	})
}

// SealEvents serves seal-events.
func SealEvents(s *secrets.Service) func(ctx context.Context, at time.Time) (any, error) {
	return func(ctx context.Context, _ time.Time) (any, error) { return s.SealEvents(ctx) }
}
