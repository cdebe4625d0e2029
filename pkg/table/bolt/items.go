package bolt

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tinylib/msgp/msgp"

	"strongroom/pkg/table"
)

// parts is of how many parts an encoded item consists: the revision, the two index keys' four, the attributes.
const parts = 6

// encodeItem writes all of an item but its key. The same item always gives the same bytes.
func encodeItem(item table.Item) []byte {
	b := msgp.AppendArrayHeader(make([]byte, 0, 256), parts)
	b = msgp.AppendInt64(b, item.Revision)
	for _, part := range []string{item.Index1.PK, item.Index1.SK, item.Index2.PK, item.Index2.SK} {
		b = msgp.AppendString(b, part)
	}
	return appendValue(b, item.Attributes)
}

func appendValue(b []byte, value any) []byte {
	switch x := value.(type) {
	case string:
		return msgp.AppendString(b, x)
	case int64:
		return msgp.AppendInt64(b, x)
	case bool:
		return msgp.AppendBool(b, x)
	case []byte:
		return msgp.AppendBytes(b, x)
	case []any:
		b = msgp.AppendArrayHeader(b, uint32(len(x))) //nolint:gosec // an item's size bounds it
		for _, element := range x {
			b = appendValue(b, element)
		}
		return b
	case map[string]any:
		b = msgp.AppendMapHeader(b, uint32(len(x))) //nolint:gosec // an item's size bounds it
		for _, name := range slices.Sorted(maps.Keys(x)) {
			b = appendValue(msgp.AppendString(b, name), x[name])
		}
		return b
	}
	panic(fmt.Sprintf("bolt: can't encode a %T", value)) // CheckTransaction has refused it
}

// decodeHead reads all of an item but its attributes, which are the rest.
func decodeHead(key table.Key, b []byte) (item table.Item, rest []byte, err error) {
	item.Key = key
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err == nil && n != parts {
		err = fmt.Errorf("%d parts, not %d", n, parts)
	}
	if err == nil {
		item.Revision, b, err = msgp.ReadInt64Bytes(b)
	}
	for _, part := range []*string{&item.Index1.PK, &item.Index1.SK, &item.Index2.PK, &item.Index2.SK} {
		if err == nil {
			*part, b, err = msgp.ReadStringBytes(b)
		}
	}
	if err != nil {
		return table.Item{}, nil, fmt.Errorf("bolt: an item in the file is malformed: %w", err)
	}
	return item, b, nil
}

// decodeItem copies everything out of b, which belongs to the bolt transaction.
func decodeItem(key table.Key, b []byte) (table.Item, error) {
	item, b, err := decodeHead(key, b)
	if err != nil {
		return table.Item{}, err
	}
	if item.Attributes, _, err = readMap(b); err != nil {
		return table.Item{}, fmt.Errorf("bolt: an item in the file is malformed: %w", err)
	}
	return item, nil
}

// readValue reads what appendValue wrote. (The library's own reader of any value turns an empty byte slice into nil.)
func readValue(b []byte) (value any, rest []byte, err error) {
	switch kind := msgp.NextType(b); kind {
	case msgp.StrType:
		return result(msgp.ReadStringBytes(b))
	case msgp.IntType:
		return result(msgp.ReadInt64Bytes(b))
	case msgp.BoolType:
		return result(msgp.ReadBoolBytes(b))
	case msgp.BinType:
		return result(msgp.ReadBytesBytes(b, []byte{}))
	case msgp.ArrayType:
		return result(readList(b))
	case msgp.MapType:
		return result(readMap(b))
	default:
		return nil, nil, fmt.Errorf("a value of type %s", kind)
	}
}

func result[T any](value T, rest []byte, err error) (any, []byte, error) { return value, rest, err }

func readList(b []byte) ([]any, []byte, error) {
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err == nil && int(n) > len(b) {
		err = msgp.ErrShortBytes
	}
	if err != nil {
		return nil, nil, err
	}
	list := make([]any, n)
	for i := range list {
		if list[i], b, err = readValue(b); err != nil {
			return nil, nil, err
		}
	}
	return list, b, nil
}

func readMap(b []byte) (map[string]any, []byte, error) {
	n, b, err := msgp.ReadMapHeaderBytes(b)
	if err == nil && int(n) > len(b) {
		err = msgp.ErrShortBytes
	}
	if err != nil {
		return nil, nil, err
	}
	m := make(map[string]any, n)
	for range n {
		var name string
		if name, b, err = msgp.ReadStringBytes(b); err != nil {
			return nil, nil, err
		}
		if m[name], b, err = readValue(b); err != nil {
			return nil, nil, err
		}
	}
	return m, b, nil
}
