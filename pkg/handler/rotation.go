package handler

import (
	"net/http"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// GetRotation serves get-rotation.
func GetRotation(s *secrets.Service) http.Handler {
	return serve(operation.GetRotation, s, func(c *call) (answer, error) {
		id := c.id("secretId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		rotation, err := s.GetRotation(c.Context(), c.caller, id)
		return answer{body: rotation, etag: rotation.ETag}, err
	})
}

// PutRotation serves put-rotation.
func PutRotation(s *secrets.Service) http.Handler {
	return serveBody(operation.PutRotation, s, func(c *call, in api.PutRotation) (answer, error) {
		put := secrets.PutRotation{ID: c.id("secretId"), Match: c.ifMatch(), PutRotation: in}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		rotation, err := s.PutRotation(c.Context(), c.caller, put)
		return answer{body: rotation, etag: rotation.ETag}, err
	})
}

// DeleteRotation serves delete-rotation.
func DeleteRotation(s *secrets.Service) http.Handler {
	return serve(operation.DeleteRotation, s, func(c *call) (answer, error) {
		in := secrets.DeleteRotation{ID: c.id("secretId"), Force: c.flag("force")}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		return answer{}, s.DeleteRotation(c.Context(), c.caller, in)
	})
}

// RotateSecret serves rotate-secret.
func RotateSecret(s *secrets.Service) http.Handler {
	return serveBody(operation.RotateSecret, s, func(c *call, in api.RotateSecret) (answer, error) {
		id := c.id("secretId")
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		run, err := s.RotateSecret(c.Context(), c.caller, id, in)
		return answer{body: run}, err
	})
}
