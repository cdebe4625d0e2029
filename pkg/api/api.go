// Package api holds what goes over the wire: the requests and answers of every operation, the body and the status of
// every error. The server and the clients share it, so it imports nothing of theirs.
//
// Bodies are JSON (RFC 8259) with camelCase fields. Ids are lower-case UUIDs (RFC 9562), times RFC 3339 in UTC. In a
// request a pointer that is nil is a field that is absent and means "unchanged" or "the default"; unknown fields,
// duplicate fields, nulls and invalid UTF-8 are refused. In an answer absent optional fields are left out and arrays
// are never null.
//
// openapi.yaml, embedded as [OpenAPI], is the same in full; tests hold it equal to these types, to the operation
// table and to [Statuses].
package api

import "github.com/google/uuid"

// NowHeader is on the answers of a server on the caller's machine whose clock is not the machine's: what it shows, RFC 3339. A
// deployment has none.
const NowHeader = "X-Strongroom-Now"

// MaxBody is how many bytes a request's body may have; larger ones are 413.
const MaxBody = 1 << 20

// MaxAnswer is how many bytes an answer has at most, as API Gateway receives it from a function: a list that would
// be longer ends early with a continuation token.
const MaxAnswer = 5 << 20

// Page sizes of lists.
const (
	DefaultLimit = 100
	MaxLimit     = 500
)

// MaxIDs is how many ids one bulk request names at most.
const MaxIDs = 100

// A List is a page of a list. Where there is more, ContinuationToken asks for it; a page may be shorter than was
// asked for.
type List[T any] struct {
	Data              []T    `json:"data"`
	ContinuationToken string `json:"continuationToken,omitempty"`
}

// A Page is which part of a list is asked for: at most Limit entries after ContinuationToken.
type Page struct {
	Limit             int
	ContinuationToken string
}

// IDs names what a bulk operation works on: 1 to MaxIDs different ids.
type IDs struct {
	IDs []uuid.UUID `json:"ids"`
}

// BulkResults answers a bulk operation, in the order asked. Each id is done whole or not at all.
type BulkResults struct {
	Data []BulkResult `json:"data"`
}

// A BulkResult says how it went with one id; no Error means done.
type BulkResult struct {
	ID    uuid.UUID  `json:"id"`
	Error *BulkError `json:"error,omitempty"`
}

// A BulkError is why one id of a bulk request was not done.
type BulkError struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// A Reference names a thing by its id, and by the name it has now.
type Reference struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
}
