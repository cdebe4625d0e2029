package api

import (
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// Encryption says who encrypts the values of a project or a secret before they are stored.
type Encryption string

// The kinds of encryption. It is chosen at creation and never changes.
const (
	// EncryptionClient: values are JWEs that only clients can open; the server seals them once more.
	EncryptionClient Encryption = "client"
	// EncryptionServer: values arrive over TLS and the server alone seals them.
	EncryptionServer Encryption = "server"
)

// A Project is a named set of secrets.
type Project struct {
	ID             uuid.UUID  `json:"id"`
	OrganizationID uuid.UUID  `json:"organizationId"`
	Name           string     `json:"name"`
	Encryption     Encryption `json:"encryption"`
	// Keys are a client project's only: its project keys, wrapped by the client key, oldest first.
	Keys      *[]ProjectKey `json:"keys,omitempty"`
	CreatedAt time.Time     `json:"createdAt"`
	UpdatedAt time.Time     `json:"updatedAt"`
	// Read, Write and Manage say what the caller may do.
	Read   bool   `json:"read"`
	Write  bool   `json:"write"`
	Manage bool   `json:"manage"`
	ETag   string `json:"etag"`
}

// MaxProjectKeys is how many keys a project has at most.
const MaxProjectKeys = 20

// A ProjectKey is a key that clients encrypt a project's values with. The server knows only its wrapped form.
type ProjectKey struct {
	ID        uuid.UUID `json:"id"`
	Wrapped   []byte    `json:"wrapped"`
	CreatedAt time.Time `json:"createdAt"`
	Current   bool      `json:"current"`
}

// NewProjectKey is a project key as a client sends it: made and wrapped by KMS under the client key. It is
// add-project-key's request, and a part of create-project's.
type NewProjectKey struct {
	ID uuid.UUID `json:"id"`
	// Wrapped is 1 to 1,024 bytes, in standard base64.
	Wrapped []byte `json:"wrapped"`
}

// CreateProject is create-project's request. A client project, which is the default, needs ID and Key.
type CreateProject struct {
	ID         *uuid.UUID     `json:"id,omitempty"`
	Name       string         `json:"name"`
	Encryption *Encryption    `json:"encryption,omitempty"`
	Key        *NewProjectKey `json:"key,omitempty"`
}

// An AddedProjectKey answers add-project-key: the project as it is then, with its new current key, and how many of its
// current values are not under that key yet.
type AddedProjectKey struct {
	Project
	// StaleValues counts the secrets in the project whose current value is under an older project key, or was set while
	// that was not noted: clients encrypt these anew. list-project-secrets tells which.
	StaleValues int64 `json:"staleValues"`
}

// UpdateProject is update-project's request.
type UpdateProject struct {
	Name *string `json:"name,omitempty"`
}

// A Grant gives a principal a permission on a project or a secret.
type Grant struct {
	Principal  GrantPrincipal    `json:"principal"`
	Permission access.Permission `json:"permission"`
	// ExpiresAt is when the grant ends; absent, it does not.
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
}

// MaxBreakGlass is how long a grant that somebody gives themselves in an emergency lasts at most.
const MaxBreakGlass = 12 * time.Hour

// How long a reason is that a person gives: at least so many characters, and at most so many bytes.
const (
	MinReason = 10
	MaxReason = 500
)

// BreakGlass is break-glass's request: a grant to the caller on a project or on a secret, one of both.
type BreakGlass struct {
	ProjectID *uuid.UUID `json:"projectId,omitempty"`
	SecretID  *uuid.UUID `json:"secretId,omitempty"`
	// Permission is read, where it is absent.
	Permission *access.Permission `json:"permission,omitempty"`
	// ExpiresAt is when the grant ends: at most MaxBreakGlass from now.
	ExpiresAt time.Time `json:"expiresAt"`
	// Reason is why: one line of MinReason characters to MaxReason bytes, in normalization form C.
	Reason string `json:"reason"`
}

// GrantPrincipal is whom a grant is for. In a request only the id counts; the answer to a PUT has no names.
type GrantPrincipal struct {
	Kind access.Kind `json:"kind,omitempty"`
	ID   uuid.UUID   `json:"id"`
	Name string      `json:"name,omitempty"`
}

// An AccessPolicy is the whole list of a resource's grants: what get-project-access and get-secret-access answer and
// what their PUTs replace it with.
type AccessPolicy struct {
	Grants []Grant `json:"grants"`
}
