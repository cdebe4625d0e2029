package client

import (
	"context"
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
		query := url.Values{}
		maps.Copy(query, r.Query)
		route, _ := operation.MustLookup(r.Operation).Trigger.(operation.HTTP)
		if slices.Contains(route.Query, "limit") {
			query.Set("limit", strconv.Itoa(api.MaxLimit))
		}
		r.Query = query
		for {
			page, err := call[api.List[T]](ctx, c, r, nil)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, entry := range page.Data {
				if !yield(entry, nil) {
					return
				}
			}
			if page.ContinuationToken == "" {
				return
			}
			query.Set("continuationToken", page.ContinuationToken)
		}
	}
}
