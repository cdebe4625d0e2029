package bolt

import (
	"bytes"
	"errors"
	"strings"

	"strongroom/pkg/table"
)

// A bucket's key is its parts one after another, each part but an item's sort key escaped and ended: a zero byte in
// it becomes 00 FF, and its end is 00 01. So no part can run into the next, and keys compare as their parts do, byte
// by byte: the end sorts before every byte that could follow, an escaped zero byte before every other.

const (
	escaped = 0xff
	ended   = 0x01
)

var errKey = errors.New("bolt: a key in the file is malformed")

// appendPart appends the part, escaped, and not its end.
func appendPart(b []byte, part string) []byte {
	for {
		i := strings.IndexByte(part, 0)
		if i < 0 {
			return append(b, part...)
		}
		b = append(b, part[:i]...)
		b = append(b, 0, escaped)
		part = part[i+1:]
	}
}

func appendEnded(b []byte, part string) []byte {
	return append(appendPart(b, part), 0, ended)
}

// cutPart reads the part that b begins with.
func cutPart(b []byte) (part string, rest []byte, err error) {
	var text []byte
	for {
		i := bytes.IndexByte(b, 0)
		if i < 0 || i+1 == len(b) {
			return "", nil, errKey
		}
		text = append(text, b[:i]...)
		mark := b[i+1]
		b = b[i+2:]
		if mark == ended {
			return string(text), b, nil
		}
		text = append(text, 0)
	}
}

// itemKey is the key of an item in its bucket.
func itemKey(key table.Key) []byte {
	b := make([]byte, 0, len(key.PK)+len(key.SK)+8)
	return append(appendEnded(b, key.PK), key.SK...)
}

// entryKey is the key of an item's entry in an index's bucket: it ends with the item's own key.
func entryKey(index, key table.Key) []byte {
	b := make([]byte, 0, len(index.PK)+len(index.SK)+len(key.PK)+len(key.SK)+16)
	b = appendEnded(appendEnded(b, index.PK), index.SK)
	return append(appendEnded(b, key.PK), key.SK...)
}

// cutKey reads an item's key, the last thing in a bucket's key.
func cutKey(b []byte) (table.Key, error) {
	pk, sk, err := cutPart(b)
	return table.Key{PK: pk, SK: string(sk)}, err
}

// successor is the first key after all that begin with prefix. Prefixes begin with an ended part, so there is one.
func successor(prefix []byte) []byte {
	after := bytes.Clone(prefix)
	for after[len(after)-1] == 0xff {
		after = after[:len(after)-1]
	}
	after[len(after)-1]++
	return after
}
