package audit

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"

	"github.com/google/uuid"
)

// EntrySize is how many bytes an event has in its shard's index: its id, and the first eight of its leaf.
const EntrySize = 16 + 8

// An Entry is what an index says of an event.
type Entry struct {
	ID   uuid.UUID
	Leaf [8]byte
}

// EntryOf is the entry of the event with that id and leaf.
func EntryOf(id uuid.UUID, leaf Hash) Entry { return Entry{id, [8]byte(leaf[:8])} }

// AppendTo appends the entry's packed form.
func (e Entry) AppendTo(b []byte) []byte { return append(append(b, e.ID[:]...), e.Leaf[:]...) }

// Entries reads packed entries. They must be in the order of their ids.
func Entries(packed []byte) ([]Entry, error) {
	if len(packed)%EntrySize != 0 {
		return nil, errors.New("audit: an index is cut off")
	}
	entries := make([]Entry, 0, len(packed)/EntrySize)
	for ; len(packed) > 0; packed = packed[EntrySize:] {
		e := Entry{uuid.UUID(packed[:16]), [8]byte(packed[16:])}
		if n := len(entries); n > 0 && bytes.Compare(entries[n-1].ID[:], e.ID[:]) >= 0 {
			return nil, fmt.Errorf("audit: an index is not in the order of its ids at %s", e.ID)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// An Index computes the hash of an index while its entries come.
type Index struct{ hash hash.Hash }

// NewIndex makes the Index of no entries.
func NewIndex() Index { return Index{sha256.New()} }

// Add appends packed entries.
func (i Index) Add(packed []byte) { i.hash.Write(packed) }

// Hash is that of what was added so far.
func (i Index) Hash() Hash { return Hash(i.hash.Sum(nil)) }
