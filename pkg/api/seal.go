package api

import (
	"time"

	"github.com/google/uuid"
)

// A Signed is a seal or a removal as it was signed; package audit has the form of both.
type Signed struct {
	Body      []byte `json:"body"`
	Signature []byte `json:"signature"`
}

// A SealKind is what an entry of list-seals is.
type SealKind string

// The kinds.
const (
	// SealOfHour says what an hour holds.
	SealOfHour SealKind = "seal"
	// SealOfRemoval says that hours were removed, because they were older than events are kept.
	SealOfRemoval SealKind = "removal"
)

// A SealEntry is a seal or a removal, and what it says for people: what counts is what was signed.
type SealEntry struct {
	Kind SealKind `json:"kind"`
	// Hour is the hour of UTC, as 2026-11-26T15; of a removal the first of those that are gone, and Through the last.
	Hour    string `json:"hour"`
	Through string `json:"through,omitempty"`
	// At is when it was signed, Events how many events there are, or were.
	At     time.Time `json:"at"`
	Events int64     `json:"events"`
	KeyARN string    `json:"keyArn"`
	// PublicKey is that of the key that signed, in DER; Fingerprint is what people compare it by.
	PublicKey   []byte `json:"publicKey"`
	Fingerprint string `json:"fingerprint"`
	Signed
}

// An EventExport is a page of events as they are stored, with their seals, oldest first, in the order in which a file for
// verification has them. Where there is more, ContinuationToken asks for it; a page may be empty and have one.
type EventExport struct {
	// From and To are the hours that all pages together hold, both included.
	From              string         `json:"from"`
	To                string         `json:"to"`
	Data              []ExportedPart `json:"data"`
	ContinuationToken string         `json:"continuationToken,omitempty"`
}

// An ExportedPart is one of its members.
type ExportedPart struct {
	Removal *Signed        `json:"removal,omitempty"`
	Seal    *Signed        `json:"seal,omitempty"`
	Index   *ExportedIndex `json:"index,omitempty"`
	Event   *ExportedEvent `json:"event,omitempty"`
}

// An ExportedIndex is a part of the index of an hour's shard, which says which events there were: 24 bytes each.
type ExportedIndex struct {
	Hour    string `json:"hour"`
	Shard   string `json:"shard"`
	Entries []byte `json:"entries"`
}

// An ExportedEvent is an event as it is stored.
type ExportedEvent struct {
	Hour   string    `json:"hour"`
	Shard  string    `json:"shard"`
	ID     uuid.UUID `json:"id"`
	Stored []byte    `json:"stored"`
}
