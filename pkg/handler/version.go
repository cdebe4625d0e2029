package handler

import (
	"net/http"
	"strconv"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// ListSecretVersions serves list-secret-versions.
func ListSecretVersions(s *secrets.Service) http.Handler {
	return serve(operation.ListSecretVersions, s, func(c *call) (answer, error) {
		id, page := c.id("secretId"), c.page()
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		list, err := s.ListSecretVersions(c.Context(), c.caller, id, page)
		return answer{body: list}, err
	})
}

// maxVersionNumber keeps version numbers within what their keys order rightly: ten digits.
const maxVersionNumber = 9_999_999_999

// version checks a version's number that is in a body.
func (c *call) version(field string, number int64) {
	if number < 1 || number > maxVersionNumber {
		c.wrong(field, "must be a version's number: 1 or more")
	}
}

// GetSecretVersion serves get-secret-version.
func GetSecretVersion(s *secrets.Service) http.Handler {
	return serve(operation.GetSecretVersion, s, func(c *call) (answer, error) {
		id := c.id("secretId")
		number, err := strconv.ParseInt(c.path["version"], 10, 64)
		if err != nil || number < 1 || number > maxVersionNumber || strconv.FormatInt(number, 10) != c.path["version"] {
			c.wrong("version", "must be a version's number: 1 or more")
		}
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		version, err := s.GetSecretVersion(c.Context(), c.caller, id, number)
		return answer{body: version}, err
	})
}

// RestoreSecretVersion serves restore-secret-version.
func RestoreSecretVersion(s *secrets.Service) http.Handler {
	return serveBody(operation.RestoreSecretVersion, s, func(c *call, in api.RestoreSecretVersion) (answer, error) {
		id := c.id("secretId")
		c.version("version", in.Version)
		if err := c.checked(); err != nil {
			return answer{}, err
		}
		secret, err := s.RestoreSecretVersion(c.Context(), c.caller, id, c.ifMatch(), in.Version)
		return answer{body: secret, etag: secret.ETag}, err
	})
}
