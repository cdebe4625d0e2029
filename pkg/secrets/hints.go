package secrets

import (
	"slices"
	"sync"

	"github.com/google/uuid"
)

// maxHints is how many secrets a function's memory holds the projects of: about two megabytes.
const maxHints = 10_000

// hints remember which projects a secret was in when it was last read, so that the next reader asks for them in the
// same batch. A wrong hint costs a second round trip, never a wrong answer: the secret itself says which count. So when
// there are too many it does not matter which one goes.
type hints struct {
	mu       sync.Mutex
	projects map[uuid.UUID][]uuid.UUID
}

func newHints() *hints { return &hints{projects: map[uuid.UUID][]uuid.UUID{}} }

// of answers the projects to ask for: what the client named and what was remembered.
func (h *hints) of(secret uuid.UUID, named []uuid.UUID) []uuid.UUID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return union(named, h.projects[secret])
}

func (h *hints) remember(secret uuid.UUID, projects []uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for old := range h.projects {
		if len(h.projects) < maxHints {
			break
		}
		delete(h.projects, old)
	}
	h.projects[secret] = slices.Clone(projects)
}
