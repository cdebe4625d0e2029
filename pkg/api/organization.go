package api

import (
	"time"

	"github.com/google/uuid"
)

// An Organization is the tenant of a deployment, which holds exactly one.
type Organization struct {
	ID           uuid.UUID `json:"id"`
	Name         string    `json:"name"`
	ClientKeyARN string    `json:"clientKeyArn"`
	Settings     Settings  `json:"settings"`
	CreatedAt    time.Time `json:"createdAt"`
	ETag         string    `json:"etag"`
}

// Settings are what an organization decides for itself.
type Settings struct {
	// MembersCreateProjects lets every member create projects, not only owners and admins.
	MembersCreateProjects bool `json:"membersCreateProjects"`
	// EventRetentionDays is for how many days events are kept.
	EventRetentionDays int64 `json:"eventRetentionDays"`
	// TrashRetentionDays is for how many days what was deleted can be restored.
	TrashRetentionDays int64 `json:"trashRetentionDays"`
	// RotateOnLeave says which secrets are rotated when a principal is disabled or deleted, of those that a rotation is set for.
	RotateOnLeave RotateOnLeave `json:"rotateOnLeave"`
}

// RotateOnLeave is what is rotated by itself when somebody leaves.
type RotateOnLeave string

// What is rotated: nothing, what the principal read, or what it could have read too.
const (
	RotateOnLeaveNone      RotateOnLeave = "none" // unless it is set
	RotateOnLeaveRead      RotateOnLeave = "read"
	RotateOnLeaveReachable RotateOnLeave = "reachable"
)

// RotateOnLeaves are all of them.
func RotateOnLeaves() []RotateOnLeave {
	return []RotateOnLeave{RotateOnLeaveNone, RotateOnLeaveRead, RotateOnLeaveReachable}
}

// How long events and trash are kept, in days. The least that events are kept is what an investigation needs that starts
// a month late, whatever an owner, or who took an owner's place, sets.
const (
	DefaultEventRetentionDays = 400
	MinEventRetentionDays     = 30
	MaxEventRetentionDays     = 3650
	DefaultTrashRetentionDays = 30
	MinTrashRetentionDays     = 1
	MaxTrashRetentionDays     = 365
)

// UpdateOrganization is update-organization's request. What is absent stays as it is.
type UpdateOrganization struct {
	Name     *string         `json:"name,omitempty"`
	Settings *UpdateSettings `json:"settings,omitempty"`
}

// UpdateSettings are the settings that are to change. What is absent stays as it is.
type UpdateSettings struct {
	MembersCreateProjects *bool `json:"membersCreateProjects,omitempty"`
	// EventRetentionDays is from MinEventRetentionDays to MaxEventRetentionDays.
	EventRetentionDays *int64 `json:"eventRetentionDays,omitempty"`
	// TrashRetentionDays is from MinTrashRetentionDays to MaxTrashRetentionDays.
	TrashRetentionDays *int64         `json:"trashRetentionDays,omitempty"`
	RotateOnLeave      *RotateOnLeave `json:"rotateOnLeave,omitempty"`
}

// CreateOrganization is what create-organization is invoked with: Name, OwnerName and OwnerARN to make the
// organization and its first owner; or RecoverOwner, an existing user's name, and ARN, to make that user an enabled
// owner with that identity when all owners are lost.
type CreateOrganization struct {
	Name         string `json:"name,omitempty"`
	OwnerName    string `json:"ownerName,omitempty"`
	OwnerARN     string `json:"ownerArn,omitempty"`
	RecoverOwner string `json:"recoverOwner,omitempty"`
	ARN          string `json:"arn,omitempty"`
	// UniqueID pins the owner's identity, the first one's or a recovered one's; a session of IAM Identity Center needs it.
	UniqueID string `json:"uniqueId,omitempty"`
}
