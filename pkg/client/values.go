package client

import (
	"context"
	"fmt"
	"net/http"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// GetAll reads all of a project's secrets with their values, in the order of their creation: all of them or an error.
func (c *Client) GetAll(ctx context.Context, project string) ([]Secret, error) {
	got, err := c.allValues(ctx, project, "")
	return got.secrets, err
}

// noETag is what nothing has: who sends it is answered in full, with an ETag that is good for asking again.
const noETag = `""`

// values are all of a project's secrets, and the ETag that they were answered with.
type values struct {
	secrets []Secret
	etag    string
}

// allValues reads a project's values. Where the caller has an ETag, and they still have it too, the error is errUnchanged.
func (c *Client) allValues(ctx context.Context, project, etag string) (values, error) {
	return fresh(ctx, c, func(w witness) (values, error) { return c.allValuesOnce(ctx, w, project, etag) })
}

func (c *Client) allValuesOnce(ctx context.Context, w witness, project, etag string) (all values, err error) {
	p, err := c.Resolve(ctx, project)
	if err != nil {
		return values{}, err
	}
	defer c.warm(ctx, p)()
	names := map[string]bool{}
	r := Request{Operation: operation.GetProjectValues, Path: map[string]string{"projectId": p.ID.String()}}
	for got, err := range pagesBy(r, all.next(ctx, c, etag)) {
		if err != nil {
			return values{}, err
		}
		s := Secret{
			ID: got.ID, Name: got.Name, Version: got.Version, CreatedAt: got.CreatedAt, UpdatedAt: got.UpdatedAt,
			Encryption: p.Encryption, project: p,
		}
		if names[s.Name] {
			return values{}, &NoAnswerError{Operation: r.Operation, Reason: fmt.Sprintf("the server says that two secrets of the project are called %q", s.Name)}
		}
		names[s.Name] = true
		if err := c.reveal(ctx, w, &s, got.Value, nil); err != nil {
			return values{}, fmt.Errorf("%s: %q: %w", r.Operation, s.Name, err)
		}
		all.secrets = append(all.secrets, s)
	}
	return all, nil
}

// next reads a page of values. The condition goes with the first one, whose ETag stands for all: it was made before any of
// the values was read.
func (v *values) next(ctx context.Context, c *Client, etag string) func(Request) (api.List[api.ProjectValue], error) {
	return func(r Request) (api.List[api.ProjectValue], error) {
		if r.Query.Get("continuationToken") != "" {
			page, _, err := nextPage[api.ProjectValue](ctx, c, r)
			return page, err
		}
		if etag != "" {
			r.Header = http.Header{"If-None-Match": {etag}}
		}
		page, tag, err := nextPage[api.ProjectValue](ctx, c, r)
		v.etag = tag
		return page, err
	}
}
