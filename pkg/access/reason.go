package access

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// A Cause is what a Reason is about. The set is closed.
type Cause string

// Why something is allowed.
const (
	// CauseRole: the role allows it.
	CauseRole Cause = "role"
	// CauseGrant: a grant allows it, or is one of several that do.
	CauseGrant Cause = "grant"
	// CauseSelf: everybody may, or it is about the principal itself.
	CauseSelf Cause = "self"
	// CauseSetting: the organization's settings allow it.
	CauseSetting Cause = "setting"
)

// Why something is refused.
const (
	// CauseDisabled: the principal is disabled.
	CauseDisabled Cause = "disabled"
	// CauseKind: principals of its kind may not.
	CauseKind Cause = "kind"
	// CauseUnknownRole: its role is none of the four.
	CauseUnknownRole Cause = "unknownRole"
	// CauseNeedsRole: another role is needed.
	CauseNeedsRole Cause = "needsRole"
	// CauseAuditor: auditors see no values and change nothing.
	CauseAuditor Cause = "auditor"
	// CauseMissing: a permission is missing.
	CauseMissing Cause = "missing"
	// CauseGone: the thing is in the trash, or there is none.
	CauseGone Cause = "gone"
	// CauseUnknownAction: the action is none of Actions.
	CauseUnknownAction Cause = "unknownAction"
)

// A Resource is a kind of thing that holds grants.
type Resource string

// The kinds of resource.
const (
	OnProject Resource = "project"
	OnSecret  Resource = "secret"
)

// A Reason is one thing that a decision rests on. Only the fields that belong to its cause are set. It holds ids and
// no names, but is for the record and for people who may see it, not for whoever was refused: that is Missing's place.
type Reason struct {
	Cause Cause
	// Role is of CauseRole, CauseUnknownRole and CauseNeedsRole.
	Role Role
	// Kind is what the principal is, of CauseKind; of CauseGrant, KindGroup where Via is a group.
	Kind Kind
	// Via is who holds the grant, of CauseGrant: the principal itself or a group that it is in.
	Via uuid.UUID
	// On and Resource are what holds the grant, of CauseGrant; what the permission is missing on, of CauseMissing;
	// what is gone, of CauseGone: nil for what never was.
	On       Resource
	Resource uuid.UUID
	// Permission is what the grant gives, of CauseGrant, or what is missing, of CauseMissing.
	Permission Permission
	// Has is the highest permission that the principal does have there, of CauseMissing.
	Has Permission
	// ExpiresAt is when the grant ends, of CauseGrant; zero if never.
	ExpiresAt time.Time
}

// String is the reason in words, with ids and with times as exact as they are: for the record.
func (r Reason) String() string { return r.in(uuid.UUID.String, time.RFC3339Nano) }

// Words is the reason in words, with what name answers for groups, projects and secrets and with times to the second: for
// people who may see these names.
func (r Reason) Words(name func(uuid.UUID) string) string { return r.in(name, time.RFC3339) }

// in is the reason in words, with names and times in their forms.
func (r Reason) in(name func(uuid.UUID) string, times string) string {
	switch r.Cause {
	case CauseRole:
		return "role " + string(r.Role)
	case CauseGrant:
		return r.grant(name, times)
	case CauseSelf:
		return "about oneself or open to everybody"
	case CauseSetting:
		return "members may create projects"
	case CauseDisabled:
		return "the principal is disabled"
	case CauseKind:
		return fmt.Sprintf("not for the kind %q", r.Kind)
	case CauseUnknownRole:
		return fmt.Sprintf("unknown role %q", r.Role)
	case CauseNeedsRole:
		return "needs role " + string(r.Role)
	case CauseAuditor:
		return "auditors see no values and change nothing"
	case CauseMissing:
		return fmt.Sprintf("%s is missing on %s %s, has %s", r.Permission, r.On, name(r.Resource), r.Has)
	case CauseGone:
		return fmt.Sprintf("%s %s is in the trash or does not exist", r.On, name(r.Resource))
	case CauseUnknownAction:
		return "unknown action"
	}
	return string(r.Cause)
}

func (r Reason) grant(name func(uuid.UUID) string, times string) string {
	s := fmt.Sprintf("%s on %s %s", r.Permission, r.On, name(r.Resource))
	if r.Kind == KindGroup {
		s += " through group " + name(r.Via)
	}
	if !r.ExpiresAt.IsZero() {
		s += " until " + r.ExpiresAt.UTC().Format(times)
	}
	return s
}
