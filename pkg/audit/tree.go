package audit

import (
	"encoding/hex"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"
)

// A Hash is a SHA-256 hash. As text it is in hexadecimal.
type Hash [32]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText is String, for JSON.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// Leaf is the hash of an event as a leaf of its shard's tree: RFC 6962's, of the shard's name behind its length in one
// byte, the id, and the event as it is stored. So no two events of different places or ids have the same.
func Leaf(shard string, id uuid.UUID, stored []byte) Hash {
	record := make([]byte, 0, 1+len(shard)+len(id)+len(stored))
	record = append(record, byte(len(shard))) //nolint:gosec // shards have short names
	record = append(record, shard...)
	record = append(record, id[:]...)
	return Hash(tlog.RecordHash(append(record, stored...)))
}

// A Tree computes the root of a Merkle tree of RFC 6962 while its leaves come, one after the other. It holds one hash for
// each level, however many leaves there are. The zero Tree is ready for use.
type Tree struct {
	leaves int64
	// last is, for each level, the hash of the last whole subtree there.
	last [64]tlog.Hash
}

// Add appends a leaf.
func (t *Tree) Add(leaf Hash) {
	done := must(tlog.StoredHashesForRecordHash(t.leaves, tlog.Hash(leaf), t))
	copy(t.last[:], done)
	t.leaves++
}

// Leaves is how many there are.
func (t *Tree) Leaves() int64 { return t.leaves }

// Root is the root over the leaves so far; of none, the hash of nothing.
func (t *Tree) Root() Hash { return Hash(must(tlog.TreeHash(t.leaves, t))) }

// ReadHashes gives package tlog what it asks for. In a tree that only grows this is always the last of its level.
func (t *Tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, _ := tlog.SplitStoredHashIndex(index)
		hashes[i] = t.last[level]
	}
	return hashes, nil
}
