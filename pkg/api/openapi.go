package api

import _ "embed"

// OpenAPI is the contract of the HTTP API in full: an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1.html)
// in YAML. Callers must not change it.
//
//go:embed openapi.yaml
var OpenAPI []byte
