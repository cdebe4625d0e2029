package client

import (
	"context"
	"iter"
	"maps"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// EventTimes are the times of events to ask for: From included, To not; zero for the beginning, or for now.
type EventTimes struct{ From, To time.Time }

func (t EventTimes) query() url.Values {
	query := url.Values{}
	if !t.From.IsZero() {
		query.Set("from", t.From.UTC().Format(time.RFC3339Nano))
	}
	if !t.To.IsZero() {
		query.Set("to", t.To.UTC().Format(time.RFC3339Nano))
	}
	return query
}

// An EventFilter says which events to list: those that match all that is set.
type EventFilter struct {
	EventTimes
	// Action is what was done, or was to be.
	Action operation.Name
	// Actor is the principal that acted.
	Actor uuid.UUID
	// Resource is an organization, a principal, a project or a secret that the event is about: as what was acted on, as one
	// of the secrets of a bulk request, or as the principal of a grant. It may be gone.
	Resource uuid.UUID
	// PageSize is how many events one request asks for, 1 to api.MaxLimit, which is also meant by zero. Who wants a few of
	// the newest says so: a page costs the server more the more it may hold.
	PageSize int
}

func (f EventFilter) query() url.Values {
	query := f.EventTimes.query()
	if f.Action != "" {
		query.Set("action", string(f.Action))
	}
	if f.Actor != uuid.Nil {
		query.Set("actorId", f.Actor.String())
	}
	if f.Resource != uuid.Nil {
		query.Set("resourceId", f.Resource.String())
	}
	if f.PageSize != 0 {
		query.Set("limit", strconv.Itoa(f.PageSize))
	}
	return query
}

// Events lists who did, or tried to do, what, newest first: what answered or changed a value, what changed anything else,
// and what was refused. It takes the role owner, admin or auditor. A long time in which nothing matches takes many requests.
func (c *Client) Events(ctx context.Context, f EventFilter) iter.Seq2[api.Event, error] {
	return pages[api.Event](ctx, c, Request{Operation: operation.ListEvents, Query: f.query()})
}

// SecretEvents lists the changes of a secret, newest first. It takes manage on the secret, or the role auditor.
func (c *Client) SecretEvents(ctx context.Context, secret uuid.UUID) iter.Seq2[api.Event, error] {
	return pages[api.Event](ctx, c, Request{
		Operation: operation.ListSecretEvents, Path: map[string]string{"secretId": secret.String()},
	})
}

// SecretReaders lists who knows a secret's value, by id: who read or wrote it, how often, first and last, and which version.
// The sums follow the reads within seconds. It takes manage on the secret, or the role auditor.
func (c *Client) SecretReaders(ctx context.Context, secret uuid.UUID) iter.Seq2[api.Reader, error] {
	return pages[api.Reader](ctx, c, Request{
		Operation: operation.ListSecretReaders, Path: map[string]string{"secretId": secret.String()},
	})
}

// PrincipalReads lists the secrets whose values a user or a service account knows, by id, as SecretReaders does; it may have
// been deleted. It takes the role owner, admin or auditor.
func (c *Client) PrincipalReads(ctx context.Context, principal uuid.UUID) iter.Seq2[api.PrincipalRead, error] {
	return pages[api.PrincipalRead](ctx, c, Request{Operation: operation.ListPrincipalReads, Path: principalPath(principal)})
}

// Seals lists the seals of the hours in that time, newest first, and then what retention removed of them.
func (c *Client) Seals(ctx context.Context, times EventTimes) iter.Seq2[api.SealEntry, error] {
	return pages[api.SealEntry](ctx, c, Request{Operation: operation.ListSeals, Query: times.query()})
}

// ExportEvents reads, page by page, all that a file for verification needs, in its order. Every page says the hours that all
// of them together hold; the first error ends it.
func (c *Client) ExportEvents(ctx context.Context, times EventTimes) iter.Seq2[api.EventExport, error] {
	return func(yield func(api.EventExport, error) bool) {
		r := Request{Operation: operation.ExportEvents, Query: url.Values{}}
		maps.Copy(r.Query, times.query())
		for {
			page, err := call[api.EventExport](ctx, c, r, nil)
			if !yield(page, err) || err != nil || page.ContinuationToken == "" {
				return
			}
			if page.ContinuationToken == r.Query.Get("continuationToken") {
				yield(api.EventExport{}, &NoAnswerError{Operation: r.Operation, Reason: "the server's export has no end"})
				return
			}
			r.Query.Set("continuationToken", page.ContinuationToken)
		}
	}
}
