// Package access decides what a principal may do. It is a pure function from what is stored to a decision with its
// reasons: no I/O, no clock, no state.
//
// # Asking
//
// Read the caller's [Principal] and the [Project] or [Secret] that the request is about, put them into a [Request]
// with the [Action] and the time, and call [Evaluate] before the work is done:
//
//	d := access.Evaluate(access.Request{Principal: caller, Action: access.ReadSecret, Secret: &secret, Now: now})
//	switch {
//	case d.Allowed: // do it, and record d.String()
//	case d.NotFound(): // 404, as if it did not exist; d.Invisible says which of Added to name
//	default: // 403 with d.Missing
//	}
//
// A nil Project or Secret stands for one that does not exist and is answered like one that the caller can't see, so
// callers need no branch of their own. A principal that may do nothing at all (disabled, say) is refused visibly
// whatever it asks for; ask [SeeSelf] first where that must not depend on whether the thing exists.
//
// # The rule
//
// A disabled principal may do nothing. Owners may do everything; admins everything but [ChangeOwners] and
// [ChangeOrganization]. An auditor sees everything but values and changes nothing, whatever grants say. Service
// accounts have no role. Groups hold grants but never act. A user whose role is none of the four may do nothing.
//
// For everybody else grants decide: the highest unexpired [Permission] granted to the principal itself or, for users,
// to one of its groups. A grant holds while now is before ExpiresAt.
//
//   - On a project, read sees it and its values, write creates secrets in it, manage changes the project and its grants.
//   - On a secret, read and write come from a grant on it or on any live project that it is in. Manage comes from a
//     grant on the secret itself or from manage on every live project that it is in, until the shortest of them ends.
//   - A secret is renamed or deleted with write on every live project that it is in, or with manage on it. It joins
//     other projects with manage on it and write on each project added.
//   - "Every" means at least one: a secret in no live project needs a grant on itself.
//
// What is in the trash (Live is false) is denied and invisible to everybody; [CouldDelete] asks as if it were live.
//
// # Rights
//
// [ProjectRights] and [SecretRights] answer what a principal has and until when: to show it, and to keep anybody from
// granting more than they have, or for longer than they have it ([Rights.CoversGrant]).
//
// # Explaining
//
// [Request.Using] is what somebody asks who uses a permission, so that it can be told whether they would be allowed.
// [ProjectWays] and [SecretWays] answer all that gives a principal something, where a Decision names no more than what
// it rests on.
package access

import "github.com/google/uuid"

// A Role is what a user is to the organization.
type Role string

// The roles. Service accounts and groups have none: the empty string.
const (
	RoleOwner   Role = "owner"
	RoleAdmin   Role = "admin"
	RoleMember  Role = "member"
	RoleAuditor Role = "auditor"
)

// Valid says whether r is one of the four roles. The empty role is not.
func (r Role) Valid() bool {
	switch r {
	case RoleOwner, RoleAdmin, RoleMember, RoleAuditor:
		return true
	}
	return false
}

// A Kind is what a principal is.
type Kind string

// The kinds of principal.
const (
	KindUser           Kind = "user"
	KindGroup          Kind = "group"
	KindServiceAccount Kind = "serviceAccount"
)

// Valid says whether k is one of the three kinds.
func (k Kind) Valid() bool {
	switch k {
	case KindUser, KindGroup, KindServiceAccount:
		return true
	}
	return false
}

// A Principal is who asks, or whose rights are asked for.
type Principal struct {
	ID   uuid.UUID
	Kind Kind
	// Role counts for users only.
	Role     Role
	Disabled bool
	// Groups are the groups that a user is in. They count for users only.
	Groups []uuid.UUID
}

// role is p's role where it counts: a user's.
func (p Principal) role() Role {
	if p.Kind != KindUser {
		return ""
	}
	return p.Role
}

// rules says whether p may do everything but what names owners.
func (p Principal) rules() bool { return p.role() == RoleOwner || p.role() == RoleAdmin }

// audits says whether p sees everything but values, and changes nothing.
func (p Principal) audits() bool { return p.role() == RoleAuditor }

// barred answers why p may do nothing at all, where that is so.
func (p Principal) barred() (Reason, bool) {
	switch {
	case p.Disabled:
		return Reason{Cause: CauseDisabled}, true
	case p.Kind != KindUser && p.Kind != KindServiceAccount:
		return Reason{Cause: CauseKind, Kind: p.Kind}, true
	case p.Kind == KindUser && !p.Role.Valid():
		return Reason{Cause: CauseUnknownRole, Role: p.Role}, true
	}
	return Reason{}, false
}

// A Project is what decides about a project.
type Project struct {
	ID uuid.UUID
	// Live is false for a project in the trash and for what is left of a purged one.
	Live   bool
	Grants Grants
}

// A Secret is what decides about a secret.
type Secret struct {
	ID uuid.UUID
	// Live is false for a secret in the trash and for what is left of a purged one.
	Live   bool
	Grants Grants
	// Projects are all the projects that the secret is in, live or not, each once. One that is left out may turn a
	// refusal into a permission, since renaming and managing ask for every live project.
	Projects []Project
}
