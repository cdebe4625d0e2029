package secrets

import (
	"slices"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
)

// maxHints is how many secrets a function's memory holds the projects of: about two megabytes.
const maxHints = 10_000

// hints remember which projects a secret was in when it was last read, so that the next reader asks for them in the
// same batch. A wrong hint costs a second round trip, never a wrong answer: the secret itself says which count.
type hints struct {
	cache *lru.Cache[uuid.UUID, []uuid.UUID]
}

func newHints() *hints {
	cache, err := lru.New[uuid.UUID, []uuid.UUID](maxHints)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &hints{cache}
}

// of answers the projects to ask for: what the client named and what was remembered.
func (h *hints) of(secret uuid.UUID, named []uuid.UUID) []uuid.UUID {
	remembered, _ := h.cache.Get(secret)
	return union(named, remembered)
}

func (h *hints) remember(secret uuid.UUID, projects []uuid.UUID) {
	h.cache.Add(secret, slices.Clone(projects))
}
