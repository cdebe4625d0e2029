package envelope

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"
)

// A KeyService is KMS's own verbs, as far as the server needs them, over one KMS key. Its methods may be called at the
// same time. Their errors are ErrUnavailable, ErrKeyUnusable, ErrWrapped, the context's, or others that say nothing more.
type KeyService interface {
	// GenerateDataKey makes 256 random bits and wraps them under the KMS key, bound to keyContext.
	GenerateDataKey(ctx context.Context, keyContext map[string]string) (DataKeyMaterial, error)
	// Decrypt unwraps what GenerateDataKey wrapped under the same KMS key with the same keyContext. The result is the
	// caller's, to be overwritten after use.
	Decrypt(ctx context.Context, wrapped []byte, keyContext map[string]string) (plaintext []byte, err error)
}

// DataKeyMaterial is a new data key, in clear and wrapped. Who gets it overwrites Plaintext after use.
type DataKeyMaterial struct{ Plaintext, Wrapped []byte }

// Errors of a KeyService. Callers match them with errors.Is.
var (
	// ErrUnavailable: KMS is throttling, failing or out of reach. Trying again later may help.
	ErrUnavailable = errors.New("envelope: the key service is not available")
	// ErrKeyUnusable: the KMS key is disabled, gone, or closed to this caller. Only an operator can help.
	ErrKeyUnusable = errors.New("envelope: the KMS key can't be used")
	// ErrWrapped: what was to be unwrapped was not wrapped under this KMS key with this context, or was altered.
	ErrWrapped = errors.New("envelope: the wrapped key does not unwrap")
)

// KeyContext is the encryption context of an organization's data key. KMS authenticates it, compares it exactly, and
// writes it into CloudTrail in clear.
func KeyContext(organization uuid.UUID, generation uint32) map[string]string {
	return map[string]string{
		"organization": organization.String(),
		"generation":   strconv.FormatUint(uint64(generation), 10),
		"purpose":      "data-key",
	}
}

// A WrappedKey is a data key as it is stored.
type WrappedKey struct {
	Generation uint32
	Wrapped    []byte
}

// A Store is where an organization's wrapped data keys are kept.
type Store interface {
	// Current answers the key that new messages are sealed under.
	Current(ctx context.Context) (WrappedKey, error)
	// Wrapped answers the key of a generation.
	Wrapped(ctx context.Context, generation uint32) (WrappedKey, error)
}
