package client

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"
)

// Watch reads a secret and goes on asking for it every so often: it yields it at once and then whenever it has changed.
// An error that repeating may mend is only waited out; any other is yielded and ends it, as does the context. Asking
// costs a request each time, though no value is answered where nothing changed; every must be a time above zero.
func (c *Client) Watch(ctx context.Context, secret string, every time.Duration) iter.Seq2[Secret, error] {
	return watch(ctx, c, every, func() (poll[Secret], error) {
		ref, err := parseReference(secret)
		etag := ""
		return func() (*Secret, error) {
			s, err := c.read(ctx, ref, etag)
			if s != nil {
				etag = s.ETag
			}
			return s, err
		}, err
	})
}

// WatchAll is Watch for all of a project's secrets, as GetAll reads them: whenever something about one of them has changed,
// it yields all of them anew. Where nothing did, asking costs the server three read units, however many secrets there are,
// and no event is recorded. A change is seen a moment after it was made, and one of what the caller may do, too.
func (c *Client) WatchAll(ctx context.Context, project string, every time.Duration) iter.Seq2[[]Secret, error] {
	return watch(ctx, c, every, func() (poll[[]Secret], error) {
		var last *values
		return func() (*[]Secret, error) {
			etag := noETag
			if last != nil && last.etag != "" {
				etag = last.etag
			}
			got, err := c.allValues(ctx, project, etag)
			if errors.Is(err, errUnchanged) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			before := last
			last = &got
			// The mark by which the server knows may follow a change that was answered already.
			if before != nil && slices.EqualFunc(before.secrets, got.secrets, Secret.same) {
				return nil, nil
			}
			all := slices.Clone(got.secrets)
			return &all, nil
		}, nil
	})
}

// same says whether two readings of a project show the same of a secret.
func (s Secret) same(t Secret) bool {
	return s.ID == t.ID && s.Name == t.Name && s.Version == t.Version && s.UpdatedAt.Equal(t.UpdatedAt) && s.Value.Equal(t.Value)
}

// A poll asks once; nil is that nothing changed since it last answered something.
type poll[T any] func() (*T, error)

// watch yields what is polled. Each use of the iterator begins anew.
func watch[T any](ctx context.Context, c *Client, every time.Duration, begin func() (poll[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		ask, err := begin()
		if err == nil && every <= 0 {
			err = setupf("what is watched is asked for every so often, not every %s", every)
		}
		if err != nil {
			yield(none, err)
			return
		}
		for {
			answer, err := ask()
			switch {
			case ctx.Err() != nil:
				return
			case err != nil && !lasting(err):
			case err != nil:
				yield(none, err)
				return
			case answer != nil && !yield(*answer, nil):
				return
			}
			if c.pause(ctx, every) != nil {
				return
			}
		}
	}
}

// lasting says whether an error will be the same next time.
func lasting(err error) bool {
	var lost *NoAnswerError
	switch {
	case errors.As(err, new(*KMSError)):
		return false
	case errors.Is(err, ErrThrottled), errors.Is(err, ErrUnavailable), errors.Is(err, ErrInternal):
		return false
	case errors.As(err, &lost):
		return !lost.Sent
	}
	return true
}
