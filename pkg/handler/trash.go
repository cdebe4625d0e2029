package handler

import (
	"context"
	"net/http"
	"time"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// ListTrash serves list-trash.
func ListTrash(s *secrets.Service) http.Handler {
	return serve(operation.ListTrash, s, func(c *call) (answer, error) {
		organization, page := c.id("organizationId"), c.page()
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListTrash(c.Context(), c.caller, organization, page)
		return answer{body: list}, err
	})
}

// RestoreFromTrash serves restore-from-trash.
func RestoreFromTrash(s *secrets.Service) http.Handler {
	return serveBody(operation.RestoreFromTrash, s, func(c *call, in api.RestoreFromTrash) (answer, error) {
		organization := c.id("organizationId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		results, err := s.RestoreFromTrash(c.Context(), c.caller, organization, in)
		return answer{body: results}, err
	})
}

// PurgeTrash serves purge-trash.
func PurgeTrash(s *secrets.Service) http.Handler {
	return serveBody(operation.PurgeTrash, s, func(c *call, in api.IDs) (answer, error) {
		organization := c.id("organizationId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		results, err := s.PurgeTrash(c.Context(), c.caller, organization, in)
		return answer{body: results}, err
	})
}

// PurgeExpiredTrash is the function of purge-expired-trash.
func PurgeExpiredTrash(s *secrets.Service) func(context.Context, time.Time) (any, error) {
	return func(ctx context.Context, _ time.Time) (any, error) { return s.PurgeExpiredTrash(ctx) }
}

// SweepDeleted is the function of sweep-deleted.
func SweepDeleted(s *secrets.Service) func(context.Context, time.Time) (any, error) {
	return func(ctx context.Context, _ time.Time) (any, error) { return s.SweepDeleted(ctx) }
}
