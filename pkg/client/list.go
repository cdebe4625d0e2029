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
	return func(yield func(T, error) bool) {
		r := r // each use of the iterator begins anew
		query := url.Values{}
		maps.Copy(query, r.Query)
		route, _ := operation.MustLookup(r.Operation).Trigger.(operation.HTTP)
		if slices.Contains(route.Query, "limit") {
			query.Set("limit", strconv.Itoa(api.MaxLimit))
		}
		r.Query = query
		for empty := 0; empty < maxEmptyPages; empty++ {
			page, err := nextPage[T](ctx, c, r)
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
				empty = maxEmptyPages
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
	// maxEntries is more than the smallest entries that fit into an answer.
	maxEntries = maxAnswer / 128
)

// nextPage reads a page. It is taken apart only after its entries are counted: a few bytes may stand for one.
func nextPage[T any](ctx context.Context, c *Client, r Request) (page api.List[T], err error) {
	raw, err := call[api.List[json.RawMessage]](ctx, c, r, nil)
	if err != nil {
		return page, err
	}
	page.ContinuationToken = raw.ContinuationToken
	if len(raw.Data) <= maxEntries {
		page.Data = make([]T, len(raw.Data))
		for i, entry := range raw.Data {
			err = errors.Join(err, json.Unmarshal(entry, &page.Data[i]))
		}
	}
	if err != nil || len(raw.Data) > maxEntries {
		return api.List[T]{}, strange(r.Operation)
	}
	return page, nil
}

// strange is the error for an answer of another form. The decoder's own may quote it, and is left out.
func strange(name operation.Name) error {
	return &NoAnswerError{Operation: name, Sent: true, Reason: "the answer is not what Strongroom answers; check the URL"}
}
