package localkms

import (
	"errors"
	"fmt"
	"net/http"

	"strongroom/pkg/sigv4"
)

// A failure is an error as KMS answers it: a name that SDKs match, and a message for people
// (https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html, and the errors of each operation there).
type failure struct{ name, message string }

func (f *failure) Error() string { return f.name + ": " + f.message }

// status is 400 for all but what went wrong in here, as with KMS.
func (f *failure) status() int {
	if f.name == "KMSInternalException" {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func failuref(name, format string, arguments ...any) error {
	return &failure{name, fmt.Sprintf(format, arguments...)}
}

func invalid(format string, arguments ...any) error {
	return failuref("ValidationException", format, arguments...)
}

var (
	errCiphertext = &failure{"InvalidCiphertextException", "the ciphertext is not one of this key, or its encryption context is another"}
	errDryRun     = &failure{"DryRunOperationException", "The request would have succeeded, but the DryRun option is set."}
	errInternal   = &failure{"KMSInternalException", "something went wrong in the local KMS; its log says what"}
	// errNotYours is said of ciphertext whose key callers can't reach, the storage key's included.
	errNotYours = &failure{"AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, " +
		"does not exist in this region, or you are not allowed to access."}
)

// signatureFailure is what a client is told of a signature that is not right.
func signatureFailure(err error) *failure {
	switch {
	case errors.Is(err, sigv4.ErrUnsigned):
		return &failure{"MissingAuthenticationTokenException", "Missing Authentication Token"}
	case errors.Is(err, sigv4.ErrUnknown):
		return &failure{"UnrecognizedClientException", "The security token included in the request is invalid."}
	case errors.Is(err, sigv4.ErrMalformed):
		return &failure{"IncompleteSignatureException", err.Error()}
	}
	return &failure{"InvalidSignatureException", "The request signature does not match, or is of another time or region: " + err.Error()}
}
