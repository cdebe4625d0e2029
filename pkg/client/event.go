package client

import (
	"context"
	"iter"
	"maps"
	"net/url"
	"time"

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
