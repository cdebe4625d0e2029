package api

import (
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// An Event is one record of who did, or tried to do, what. It never holds a value or a note.
type Event struct {
	ID uuid.UUID `json:"id"`
	At time.Time `json:"at"`
	// Actor is who acted, with the name it had then.
	Actor EventActor `json:"actor"`
	// Action is the operation.
	Action string `json:"action"`
	// Resource is what was acted on; absent where a request was refused before that was looked at.
	Resource *EventResource `json:"resource,omitempty"`
	// Decision is allowed or denied, Reason why, in words, with ids.
	Decision string `json:"decision"`
	Reason   string `json:"reason,omitempty"`
	// Values are those that the answer held or that were written, by secret and version.
	Values []EventValue `json:"values,omitempty"`
	// Refused are secrets of a bulk request that were denied.
	Refused []uuid.UUID `json:"refused,omitempty"`
	// Changed names what of the resource changed, Grants the grants that did.
	Changed []string     `json:"changed,omitempty"`
	Grants  []EventGrant `json:"grants,omitempty"`
	// Justification is the reason that a person gave for an emergency.
	Justification string `json:"justification,omitempty"`
	// RotationID is the rotation that it belongs to, Rotator the kind of its rotator.
	RotationID *uuid.UUID `json:"rotationId,omitempty"`
	Rotator    string     `json:"rotator,omitempty"`
	// RotationReason is why an attempt at that rotation failed, as its worker says, or what else is to be known of its end.
	RotationReason string `json:"rotationReason,omitempty"`
	SourceIP       string `json:"sourceIp,omitempty"`
	UserAgent      string `json:"userAgent,omitempty"`
	RequestID      string `json:"requestId,omitempty"`
}

// An EventActor is who acted: a user, a service account, an identity that is bound to nobody (unbound), an administrator of
// the AWS account (account), or Strongroom itself (system).
type EventActor struct {
	Kind string     `json:"kind"`
	ID   *uuid.UUID `json:"id,omitempty"`
	Name string     `json:"name,omitempty"`
	// ARN is the IAM identity as it called, with the session's name where it has one.
	ARN string `json:"arn,omitempty"`
}

// An EventResource is an organization, a principal, a project or a secret, with the name it had then where that was known.
type EventResource struct {
	Kind string    `json:"kind"`
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name,omitempty"`
}

// An EventValue names a value without holding it.
type EventValue struct {
	SecretID uuid.UUID `json:"secretId"`
	Version  int64     `json:"version"`
}

// An EventGrant is a grant as a change left it; without a permission it was taken away.
type EventGrant struct {
	PrincipalID uuid.UUID          `json:"principalId"`
	Permission  *access.Permission `json:"permission,omitempty"`
	ExpiresAt   *time.Time         `json:"expiresAt,omitempty"`
}
