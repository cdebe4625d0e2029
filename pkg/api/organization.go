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
	// UniqueID pins the recovered owner's identity; a session of IAM Identity Center needs it.
	UniqueID string `json:"uniqueId,omitempty"`
}
