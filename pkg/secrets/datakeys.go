package secrets

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"strongroom/pkg/envelope"
	"strongroom/pkg/table"
)

// errNoDataKey: the organization was never made.
var errNoDataKey = errors.New("there is no such data key; has the organization been created?")

// dataKeys keeps the wrapped data keys in the table, for the keyring. All requests share that one, and so the context says
// whose table it is.
type dataKeys struct{ s *Service }

// tableKey is what a context has a request's table under.
type tableKey struct{}

func (q *request) withTable(ctx context.Context) context.Context {
	return context.WithValue(ctx, tableKey{}, q.table)
}

func tableIn(ctx context.Context) reads {
	return ctx.Value(tableKey{}).(reads) //nolint:errcheck // nobody but currentKey and dataKey asks the keyring
}

// currentKey is the data key that what is written is sealed under.
func (q *request) currentKey(ctx context.Context) (envelope.Key, error) {
	return q.keyring.Current(q.withTable(ctx))
}

// dataKey is the data key of a generation.
func (q *request) dataKey(ctx context.Context, generation uint32) (envelope.Key, error) {
	return q.keyring.Key(q.withTable(ctx), generation)
}

// Current is the newest data key.
func (d dataKeys) Current(ctx context.Context) (envelope.WrappedKey, error) {
	page, err := tableIn(ctx).Query(ctx, table.Query{
		PK: organizationPK(d.s.organization), Prefix: dataKeyPrefix, Limit: 1, Descending: true,
	})
	if err != nil {
		return envelope.WrappedKey{}, err
	}
	if len(page.Items) == 0 {
		return envelope.WrappedKey{}, errNoDataKey
	}
	return wrappedKey(page.Items[0])
}

// Wrapped is the data key of that generation.
func (d dataKeys) Wrapped(ctx context.Context, generation uint32) (envelope.WrappedKey, error) {
	item, ok, err := tableIn(ctx).Get(ctx, dataKeyKey(d.s.organization, generation))
	if err != nil {
		return envelope.WrappedKey{}, err
	}
	if !ok {
		return envelope.WrappedKey{}, errNoDataKey
	}
	return wrappedKey(item)
}

func wrappedKey(item table.Item) (envelope.WrappedKey, error) {
	key, err := dataKeyOf(item)
	return envelope.WrappedKey{Generation: key.generation, Wrapped: key.Wrapped}, err
}

func dataKeyOf(item table.Item) (dataKeyRecord, error) {
	key := dataKeyRecord{revision: item.Revision}
	if err := fromItem(item, &key); err != nil {
		return key, err
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(item.Key.SK, dataKeyPrefix), 10, 32)
	key.generation = uint32(number)
	return key, err
}

// allDataKeys are all of them, newest first. A page holds those of a thousand years.
func (q *request) allDataKeys(ctx context.Context) ([]dataKeyRecord, error) {
	page, err := q.table.Query(ctx, table.Query{PK: organizationPK(q.organization), Prefix: dataKeyPrefix, Descending: true})
	if err != nil {
		return nil, err
	}
	keys := make([]dataKeyRecord, len(page.Items))
	for i, item := range page.Items {
		if keys[i], err = dataKeyOf(item); err != nil {
			return nil, err
		}
	}
	return keys, nil
}
