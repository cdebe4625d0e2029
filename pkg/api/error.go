package api

import (
	"fmt"
	"net/http"
)

// A Code says what kind of error an answer is. Programs decide by it; people read the message.
type Code string

// The codes, each with one HTTP status.
const (
	CodeInvalid            Code = "invalid"
	CodeForbidden          Code = "forbidden"
	CodeNotFound           Code = "notFound"
	CodeConflict           Code = "conflict"
	CodePreconditionFailed Code = "preconditionFailed"
	CodeTooLarge           Code = "tooLarge"
	CodeThrottled          Code = "throttled"
	CodeInternal           Code = "internal"
	CodeUnavailable        Code = "unavailable"
)

// Statuses is the one table from codes to HTTP statuses.
var Statuses = map[Code]int{
	CodeInvalid:            http.StatusBadRequest,
	CodeForbidden:          http.StatusForbidden,
	CodeNotFound:           http.StatusNotFound,
	CodeConflict:           http.StatusConflict,
	CodePreconditionFailed: http.StatusPreconditionFailed,
	CodeTooLarge:           http.StatusRequestEntityTooLarge,
	CodeThrottled:          http.StatusTooManyRequests,
	CodeInternal:           http.StatusInternalServerError,
	CodeUnavailable:        http.StatusServiceUnavailable,
}

// An Error is an answer that is not a success. It never holds a value, a note, or anything the caller may not see.
type Error struct {
	Code    Code     `json:"code"`
	Message string   `json:"message"`
	Details []Detail `json:"details,omitempty"`
	// RequestID is also in the answer's x-request-id, and in the event of what was tried.
	RequestID string `json:"requestId,omitempty"`
}

// A Detail says what is wrong with one field of a request.
type Detail struct {
	// Field is the field's path from the body's root ("grants[2].principal.id"), or the parameter's name.
	Field   string `json:"field"`
	Message string `json:"message"`
}

// An ErrorBody is the body of every answer that is not a success.
type ErrorBody struct {
	Error Error `json:"error"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// Status is the HTTP status of the error's code; 500 for a code that is not in the table.
func (e *Error) Status() int {
	if status, ok := Statuses[e.Code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Errorf makes an Error of that code with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// FieldError makes an Error about one field: its message names the field and says what would be right.
func FieldError(code Code, field, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Code: code, Message: field + ": " + message, Details: []Detail{{Field: field, Message: message}}}
}
