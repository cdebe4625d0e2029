package api

import (
	"time"

	"github.com/google/uuid"
)

// A TrashEntry is a project or a secret in the trash.
type TrashEntry struct {
	// Kind is project or secret.
	Kind string    `json:"kind"`
	ID   uuid.UUID `json:"id"`
	// Name is what it was called. The name is free.
	Name      string    `json:"name"`
	TrashedAt time.Time `json:"trashedAt"`
	TrashedBy Actor     `json:"trashedBy"`
	// PurgeAt is when it is removed for good, as was promised when it was put there.
	PurgeAt time.Time `json:"purgeAt"`
}

// RestoreFromTrash asks for projects and secrets back. Name, which goes with one id, is what it is to be called from now on;
// a client-encrypted secret keeps its name.
type RestoreFromTrash struct {
	IDs  []uuid.UUID `json:"ids"`
	Name *string     `json:"name,omitempty"`
}
