package client

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// pages yields everything that a list has, page by page; the first error ends it.
func pages[T any](ctx context.Context, c *Client, r Request) iter.Seq2[T, error] {
	return pagesBy(r, func(r Request) (api.List[T], error) {
		page, _, err := nextPage[T](ctx, c, r)
		return page, err
	})
}

// pagesBy is pages for who reads each page in its own way.
func pagesBy[T any](r Request, next func(Request) (api.List[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		r := r // each use of the iterator begins anew
		query := url.Values{}
		maps.Copy(query, r.Query)
		route, _ := operation.MustLookup(r.Operation).Trigger.(operation.HTTP)
		if slices.Contains(route.Query, "limit") && !query.Has("limit") {
			query.Set("limit", strconv.Itoa(api.MaxLimit))
		}
		r.Query = query
		most := maxEmptyPages
		if r.Operation == operation.ListEvents {
			most = maxEmptyEventPages
		}
		for empty := 0; empty < most; empty++ {
			page, err := next(r)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, entry := range page.Data {
				if !yield(entry, nil) {
					return
				}
				empty = 0
			}
			switch page.ContinuationToken {
			case "":
				return
			case query.Get("continuationToken"):
				empty = most
			}
			query.Set("continuationToken", page.ContinuationToken)
		}
		var zero T
		yield(zero, &NoAnswerError{Operation: r.Operation, Reason: "the server's list has no end"})
	}
}

// Bounds of lists, which only a server without bounds of its own meets.
const (
	maxEmptyPages = 1000
	// maxEmptyEventPages is more for a list whose page looks at a day, or at some thousand events, whether they match or not:
	// a day each for a century.
	maxEmptyEventPages = 40_000
	// maxEntries is more than the smallest entries that fit into an answer.
	maxEntries = maxAnswer / 128
)

// nextPage reads a page, and answers its ETag, if it has one. It is taken apart only after its entries are counted: a few bytes may stand for one.
func nextPage[T any](ctx context.Context, c *Client, r Request) (page api.List[T], etag string, err error) {
	raw, etag, err := callTagged[api.List[json.RawMessage]](ctx, c, r, nil)
	if err != nil {
		return page, "", err
	}
	page.ContinuationToken = raw.ContinuationToken
	if len(raw.Data) <= maxEntries {
		page.Data = make([]T, len(raw.Data))
		for i, entry := range raw.Data {
			err = errors.Join(err, json.Unmarshal(entry, &page.Data[i]))
		}
	}
	if err != nil || len(raw.Data) > maxEntries {
		return api.List[T]{}, "", strange(r.Operation)
	}
	return page, etag, nil
}

// strange is the error for an answer of another form. The decoder's own may quote it, and is left out.
func strange(name operation.Name) error {
	return &NoAnswerError{Operation: name, Sent: true, Reason: "the answer is not what Strongroom answers; check the URL"}
}
