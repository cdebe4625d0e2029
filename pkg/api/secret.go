package api

import (
	"time"

	"github.com/google/uuid"
)

// A Secret is a named value with a note, in zero to ten projects.
type Secret struct {
	ID             uuid.UUID `json:"id"`
	OrganizationID uuid.UUID `json:"organizationId"`
	Name           string    `json:"name"`
	Value          string    `json:"value"`
	Note           string    `json:"note,omitempty"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
	// Projects are those that the caller may see.
	Projects   []Reference `json:"projects"`
	Encryption Encryption  `json:"encryption"`
	// Keys are a client-encrypted secret's only: of each live project that it is in, seen by the caller or not, the key
	// that the value is under and the current one, wrapped. Who may read the secret opens its value with them, if KMS
	// lets them.
	Keys      *[]SecretKey `json:"keys,omitempty"`
	Version   int64        `json:"version"`
	CreatedBy Actor        `json:"createdBy"`
	UpdatedBy Actor        `json:"updatedBy"`
	// Read, Write and Manage say what the caller may do.
	Read   bool   `json:"read"`
	Write  bool   `json:"write"`
	Manage bool   `json:"manage"`
	ETag   string `json:"etag"`
}

// A SecretKey is a key of one of the projects that a client-encrypted secret is in.
type SecretKey struct {
	ProjectID uuid.UUID `json:"projectId"`
	ProjectKey
}

// A SecretEntry is a secret in list-secrets.
type SecretEntry struct {
	ID       uuid.UUID   `json:"id"`
	Name     string      `json:"name"`
	Projects []Reference `json:"projects"`
}

// A ProjectSecret is a secret in list-project-secrets.
type ProjectSecret struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// KeyID is, in a client project, which of its project keys the current value is under. It is absent in server
	// projects, and where it is not known: then it counts as an older one.
	KeyID *uuid.UUID `json:"keyId,omitempty"`
}

// A ProjectValue is a secret with its value in get-project-values. Which project keys a client-encrypted value is under
// stands in the value itself.
type ProjectValue struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	Value     string    `json:"value"`
}

// Secrets answers get-secrets-by-ids: what could be read, and why the rest could not, each in the order asked.
type Secrets struct {
	Data   []Secret      `json:"data"`
	Errors []SecretError `json:"errors"`
}

// A SecretError is why one secret of a bulk read is not in the answer.
type SecretError struct {
	ID    uuid.UUID `json:"id"`
	Error BulkError `json:"error"`
}

// CreateSecret is create-secret's request. A secret in client projects needs a client-made ID.
type CreateSecret struct {
	ID         *uuid.UUID  `json:"id,omitempty"`
	Name       string      `json:"name"`
	Value      *string     `json:"value"`
	Note       *string     `json:"note,omitempty"`
	ProjectIDs []uuid.UUID `json:"projectIds,omitempty"`
}

// UpdateSecret is update-secret's request. A changed value makes a version; RestoredFrom, which goes with a value,
// is the version that it was taken from.
type UpdateSecret struct {
	Name             *string     `json:"name,omitempty"`
	Value            *string     `json:"value,omitempty"`
	Note             *string     `json:"note,omitempty"`
	AddProjectIDs    []uuid.UUID `json:"addProjectIds,omitempty"`
	RemoveProjectIDs []uuid.UUID `json:"removeProjectIds,omitempty"`
	RestoredFrom     *int64      `json:"restoredFrom,omitempty"`
}

// Stage is what a version is to its secret.
type Stage string

// The stages. A version that is none of them has none.
const (
	StageCurrent  Stage = "current"
	StagePrevious Stage = "previous"
	StagePending  Stage = "pending"
)

// A SecretVersion is a value that a secret had.
type SecretVersion struct {
	SecretID uuid.UUID `json:"secretId"`
	Version  int64     `json:"version"`
	// Value is in the answer for one version, not in lists.
	Value *string `json:"value,omitempty"`
	// Keys are what they are in Secret, for this version's value; they stand where Value does.
	Keys      *[]SecretKey `json:"keys,omitempty"`
	CreatedAt time.Time    `json:"createdAt"`
	CreatedBy Actor        `json:"createdBy"`
	Stage     Stage        `json:"stage,omitempty"`
	// RestoredFrom is the version whose value this one took up again.
	RestoredFrom int64 `json:"restoredFrom,omitempty"`
}

// RestoreSecretVersion is restore-secret-version's request.
type RestoreSecretVersion struct {
	Version int64 `json:"version"`
}
