// Package handler turns HTTP requests into use cases and their answers into HTTP: a function per operation, one file
// per noun.
//
// What is the same for all operations is done once, by serve: it matches the path, refuses unknown query parameters
// and malformed bodies, finds out who the caller is, calls the use case and maps its error to a status. The
// functions here only say which use case that is and which fields it takes.
//
// The package knows nothing of Lambda and nothing of where things are stored. Who called comes with the context, from
// [WithInvocation]; nothing that the client can write says it. There is no registry of all handlers here: a map of
// them would link every operation into every binary.
package handler

import (
	"context"
	"net/http"
	"time"

	"strongroom/pkg/identity"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
)

// A Func makes the handler of one operation. The functions of this package named like operations are Funcs, but for
// CreateOrganization, which has no route, and those that nobody asks for: StreamFuncs, ScheduleFuncs and
// EventFuncs.
type Func func(*secrets.Service) http.Handler

// A StreamFunc makes the function of an operation that the table's stream starts. The function gets changes of the
// items that its row wants, those of one item in their order, and is done with all of them when it answers nil. After an
// error it gets them again, and now and then without one; so it must act the same when changes come twice, and may
// find them together with others than before.
type StreamFunc func(*secrets.Service) func(ctx context.Context, changes []table.Change) error

// A ScheduleFunc makes the function of an operation that the clock starts. The function is told the time that it was
// started for, and answers what its run did, as JSON for whoever started it by hand. It may be started twice for one
// time, and ends at its context's deadline: what it leaves, the next run finds.
type ScheduleFunc func(*secrets.Service) func(ctx context.Context, at time.Time) (any, error)

// An EventFunc makes the function of an operation that events of EventBridge start. The function gets an event that a rule of
// its row matches, and answers what it did, as JSON. An event may come twice, and late. After an error it comes again, unless
// the error is the event's own fault, of which its code speaks (api.CodeInvalid): then nobody sends it again for long.
type EventFunc func(*secrets.Service) func(ctx context.Context, e secrets.BusEvent) (any, error)

// An Invocation is what is known of a request from outside of it: put together by who checked the signature.
type Invocation struct {
	Authorizer identity.Authorizer
	// RequestID is answered in x-request-id and stands in logs and events.
	RequestID string
	SourceIP  string
	UserAgent string
}

type invocationKey struct{}

// WithInvocation gives a request's context what its handler must know of it. A request without is answered 403.
func WithInvocation(ctx context.Context, i Invocation) context.Context {
	return context.WithValue(ctx, invocationKey{}, i)
}
