package api

import (
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// A Reader is who read a secret, summed up. Whoever wrote a value counts as having read it. The sums come from the table's
// stream and so lag a moment behind.
type Reader struct {
	Principal ReaderPrincipal `json:"principal"`
	First     time.Time       `json:"first"`
	Last      time.Time       `json:"last"`
	Count     int64           `json:"count"`
	// Version is the highest that was read.
	Version int64 `json:"version"`
}

// A ReaderPrincipal is a user or a service account. One that was deleted has no name.
type ReaderPrincipal struct {
	Kind access.Kind `json:"kind"`
	ID   uuid.UUID   `json:"id"`
	Name string      `json:"name,omitempty"`
}

// A PrincipalRead is a secret that a principal read, summed up as a Reader is.
type PrincipalRead struct {
	Secret  ReadSecret `json:"secret"`
	First   time.Time  `json:"first"`
	Last    time.Time  `json:"last"`
	Count   int64      `json:"count"`
	Version int64      `json:"version"`
}

// A ReadSecret is a secret. One that is gone has no name; one in the trash keeps its own.
type ReadSecret struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name,omitempty"`
}
