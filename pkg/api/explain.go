package api

import (
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// Reach is how far a principal gets with something.
type Reach string

// How far that may be, from nothing on. Each but the first includes those before it.
const (
	// ReachNone: it may do nothing at all; it is disabled, say.
	ReachNone Reach = "none"
	// ReachSee: it sees the thing and who can reach it, and no value. That is an auditor's.
	ReachSee Reach = "see"
	// ReachRead, ReachWrite and ReachManage are the permissions of these names.
	ReachRead   Reach = "read"
	ReachWrite  Reach = "write"
	ReachManage Reach = "manage"
)

// An AccessResource is a project or a secret that somebody reaches, with the name it has now.
type AccessResource struct {
	Kind access.Resource `json:"kind"`
	ID   uuid.UUID       `json:"id"`
	Name string          `json:"name"`
}

// An AccessReason is one thing that a decision rests on, or one way to reach something. Only the fields that belong to
// its cause are there.
type AccessReason struct {
	Cause access.Cause `json:"cause"`
	// Role is of role and unknownRole.
	Role access.Role `json:"role,omitempty"`
	// Resource holds the grant, or is what the permission is missing on.
	Resource *AccessResource `json:"resource,omitempty"`
	// Group is what the grant is to; absent where it is to the principal itself.
	Group *Reference `json:"group,omitempty"`
	// Permission is what the grant gives, or what is missing; Has is the highest that the principal has where one is
	// missing, absent for none.
	Permission *access.Permission `json:"permission,omitempty"`
	Has        *access.Permission `json:"has,omitempty"`
	// ExpiresAt is when the grant ends.
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
}

// An Explanation answers explain-access: what a request of the principal that uses the permission would be answered, and
// why. It is about what the principal may do: whether an IAM identity is bound to it is another question.
type Explanation struct {
	Principal  GrantPrincipal    `json:"principal"`
	Resource   AccessResource    `json:"resource"`
	Permission access.Permission `json:"permission"`
	Allowed    bool              `json:"allowed"`
	// Code is what such a request is refused with: forbidden, or notFound where the principal does not even see what it
	// asks for.
	Code Code `json:"code,omitempty"`
	// Reason is Reasons in words.
	Reason string `json:"reason"`
	// Missing is what the principal is told where it is refused and may know why.
	Missing string `json:"missing,omitempty"`
	// Reasons are what the decision rests on: never empty.
	Reasons []AccessReason `json:"reasons"`
	// ExpiresAt is when the permission ends unless something changes.
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	// Reach is how far the principal gets with the resource.
	Reach Reach `json:"reach"`
}

// A PrincipalAccess is an entry of list-principal-access: a project, a secret that was granted itself, or everything.
type PrincipalAccess struct {
	// Everything stands for all projects and secrets, which owners, admins and auditors reach by role, and who may do
	// nothing at all does not. It is the only entry then.
	Everything bool `json:"everything,omitempty"`
	// Resource is absent of everything.
	Resource *AccessResource `json:"resource,omitempty"`
	Reach    Reach           `json:"reach"`
	// ExpiresAt is when Reach ends, or becomes a lower one, unless something changes.
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	// Reasons are all the ways to the resource, or why there is none to anything.
	Reasons []AccessReason `json:"reasons"`
}

// A SecretPrincipal is an entry of list-secret-principals: a user or a service account.
type SecretPrincipal struct {
	Principal GrantPrincipal `json:"principal"`
	Reach     Reach          `json:"reach"`
	// ExpiresAt is when Reach ends, or becomes a lower one, unless something changes.
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	// Reasons are the ways to the secret, but for those through projects that the caller may not see: HiddenReasons
	// counts these.
	Reasons       []AccessReason `json:"reasons"`
	HiddenReasons int64          `json:"hiddenReasons,omitempty"`
}
