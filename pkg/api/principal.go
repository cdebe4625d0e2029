package api

import (
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// A Principal is a user, a group or a service account.
type Principal struct {
	Kind access.Kind `json:"kind"`
	ID   uuid.UUID   `json:"id"`
	Name string      `json:"name"`
	// Email and Role are a user's only.
	Email string      `json:"email,omitempty"`
	Role  access.Role `json:"role,omitempty"`
	// Disabled is absent for groups, which can't be.
	Disabled *bool `json:"disabled,omitempty"`
	// Identities are absent for groups, Groups for all but users.
	Identities *[]Identity  `json:"identities,omitempty"`
	Groups     *[]Reference `json:"groups,omitempty"`
	CreatedAt  time.Time    `json:"createdAt"`
	ETag       string       `json:"etag"`
}

// An Identity is an IAM user or role that is bound to a principal.
type Identity struct {
	ARN string `json:"arn"`
	// UniqueID, where given, pins the IAM entity of that unique id (AROA…, AIDA…), so that another one made later
	// under the same name is not taken for it.
	UniqueID string `json:"uniqueId,omitempty"`
}

// An Actor is who did something, with the name it had then.
type Actor struct {
	Kind access.Kind `json:"kind"`
	ID   uuid.UUID   `json:"id"`
	Name string      `json:"name"`
}

// Me answers whoami.
type Me struct {
	OrganizationID   uuid.UUID `json:"organizationId"`
	OrganizationName string    `json:"organizationName"`
	ClientKeyARN     string    `json:"clientKeyArn"`
	Principal        Principal `json:"principal"`
	// Identity is the binding by which the caller was recognized.
	Identity Identity    `json:"identity"`
	Groups   []Reference `json:"groups"`
}

// CreatePrincipal is create-principal's request. Role is a user's only; members are the default.
type CreatePrincipal struct {
	ID    *uuid.UUID   `json:"id,omitempty"`
	Kind  access.Kind  `json:"kind"`
	Name  string       `json:"name"`
	Email *string      `json:"email,omitempty"`
	Role  *access.Role `json:"role,omitempty"`
}

// UpdatePrincipal is update-principal's request.
type UpdatePrincipal struct {
	Name  *string      `json:"name,omitempty"`
	Email *string      `json:"email,omitempty"`
	Role  *access.Role `json:"role,omitempty"`
}

// PutIdentities replaces the identities of a user or service account.
type PutIdentities struct {
	Identities []Identity `json:"identities"`
}

// ChangeGroupMembers adds users to a group and removes them from it.
type ChangeGroupMembers struct {
	Add    []uuid.UUID `json:"add,omitempty"`
	Remove []uuid.UUID `json:"remove,omitempty"`
}
