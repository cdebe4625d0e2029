package handler

import (
	"net/http"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// ClaimRotation serves claim-rotation.
func ClaimRotation(s *secrets.Service) http.Handler {
	return serveBody(operation.ClaimRotation, s, func(c *call, in api.ClaimRotation) (answer, error) {
		id := c.id("secretId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		task, err := s.ClaimRotation(c.Context(), c.caller, id, in)
		return answer{body: task}, err
	})
}

// PutPendingVersion serves put-pending-version.
func PutPendingVersion(s *secrets.Service) http.Handler {
	return serveBody(operation.PutPendingVersion, s, func(c *call, in api.PutPendingVersion) (answer, error) {
		id := c.id("secretId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		version, err := s.PutPendingVersion(c.Context(), c.caller, id, in)
		return answer{body: version}, err
	})
}

// PromoteVersion serves promote-version.
func PromoteVersion(s *secrets.Service) http.Handler {
	return serveBody(operation.PromoteVersion, s, func(c *call, in api.PromoteVersion) (answer, error) {
		id := c.id("secretId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		version, err := s.PromoteVersion(c.Context(), c.caller, id, in)
		return answer{body: version}, err
	})
}

// DiscardPendingVersion serves discard-pending-version.
func DiscardPendingVersion(s *secrets.Service) http.Handler {
	return serveBody(operation.DiscardPendingVersion, s, func(c *call, in api.DiscardPendingVersion) (answer, error) {
		id := c.id("secretId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		run, err := s.DiscardPendingVersion(c.Context(), c.caller, id, in)
		return answer{body: run}, err
	})
}

// ReportRotation serves report-rotation.
func ReportRotation(s *secrets.Service) http.Handler {
	return serveBody(operation.ReportRotation, s, func(c *call, in api.ReportRotation) (answer, error) {
		id := c.id("secretId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		run, err := s.ReportRotation(c.Context(), c.caller, id, in)
		return answer{body: run}, err
	})
}
