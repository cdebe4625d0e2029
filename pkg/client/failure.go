package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// An Error is what Strongroom answered instead of a success, with one of the codes of the API's table (api.Statuses).
// errors.As finds it, and errors.Is the sentinel of its code.
type Error struct {
	// Operation is what was asked for, and Status what HTTP said.
	Operation operation.Name
	Status    int
	API       api.Error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Operation, e.API.Error()) }

// Is says whether target is the sentinel of the error's code.
func (e *Error) Is(target error) bool {
	code, ok := target.(codeError)
	return ok && api.Code(code) == e.API.Code
}

// A codeError is the sentinel of a code.
type codeError api.Code

func (c codeError) Error() string { return string(c) }

// The sentinels, one for each code of the API.
const (
	// ErrInvalid is a request that is not right; the message says what would be.
	ErrInvalid = codeError(api.CodeInvalid)
	// ErrForbidden is a permission that is missing; the message says which.
	ErrForbidden = codeError(api.CodeForbidden)
	// ErrNotFound is a thing that is not there, or that the caller may not see.
	ErrNotFound = codeError(api.CodeNotFound)
	// ErrConflict is a name that is taken, or a state that does not allow it.
	ErrConflict = codeError(api.CodeConflict)
	// ErrPreconditionFailed says that somebody else changed the thing first.
	ErrPreconditionFailed = codeError(api.CodePreconditionFailed)
	// ErrTooLarge is a body above one MiB.
	ErrTooLarge = codeError(api.CodeTooLarge)
	// ErrThrottled says that there were too many requests, again and again.
	ErrThrottled = codeError(api.CodeThrottled)
	// ErrInternal is a fault of the server's, which its log explains under the request's id.
	ErrInternal = codeError(api.CodeInternal)
	// ErrUnavailable says that the server could not answer in time, again and again.
	ErrUnavailable = codeError(api.CodeUnavailable)
)

// ErrClientEncrypted is a secret whose value clients encrypt, where that was not to be opened.
var ErrClientEncrypted = errors.New("clients encrypt its value")

// A NoAnswerError says that Strongroom did not answer: it can't be reached, refused the signature, or something else is
// there. Unless Sent is false, a change may have been made all the same; repeating it is harmless.
type NoAnswerError struct {
	Operation operation.Name
	// Reason is what went wrong, and what to check.
	Reason string
	Sent   bool
	// Err is what Reason says, as the library has it; or nil.
	Err error
}

func (e *NoAnswerError) Error() string {
	if e.Operation == "" {
		return e.Reason
	}
	return string(e.Operation) + ": " + e.Reason
}

// Unwrap is what went wrong beneath.
func (e *NoAnswerError) Unwrap() error { return e.Err }

// A SetupError says that the client's own side is not right: configuration, credentials, or the form of what was asked
// for. Nothing was sent.
type SetupError struct{ Err error }

func (e *SetupError) Error() string { return e.Err.Error() }

// Unwrap is what is not right.
func (e *SetupError) Unwrap() error { return e.Err }

func setupf(format string, args ...any) error { return &SetupError{fmt.Errorf(format, args...)} }

// notFoundf is the error for what lists don't have: as Strongroom would say it.
func notFoundf(name operation.Name, format string, args ...any) error {
	return &Error{Operation: name, Status: http.StatusNotFound, API: *api.Errorf(api.CodeNotFound, format, args...)}
}

// withoutURL leaves out of an error what net/http puts around it: the query holds names of secrets.
func withoutURL(err error) error {
	var around *url.Error
	if errors.As(err, &around) {
		return around.Err
	}
	return err
}
