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

// dataKeys keeps the wrapped data keys in the table, for the keyring.
type dataKeys struct{ s *Service }

// Current is the newest data key.
func (d dataKeys) Current(ctx context.Context) (envelope.WrappedKey, error) {
	page, err := d.s.table.Query(ctx, table.Query{
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
	item, ok, err := d.s.table.Get(ctx, dataKeyKey(d.s.organization, generation))
	if err != nil {
		return envelope.WrappedKey{}, err
	}
	if !ok {
		return envelope.WrappedKey{}, errNoDataKey
	}
	return wrappedKey(item)
}

func wrappedKey(item table.Item) (envelope.WrappedKey, error) {
	var key dataKeyRecord
	if err := fromItem(item, &key); err != nil {
		return envelope.WrappedKey{}, err
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(item.Key.SK, dataKeyPrefix), 10, 32)
	return envelope.WrappedKey{Generation: uint32(number), Wrapped: key.Wrapped}, err
}
