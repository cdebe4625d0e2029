// Package table is the port to Strongroom's one table: what the domain needs of a key-value store, and no more.
//
// # Items and keys
//
// An [Item] has a two-part [Key] (partition and sort key), a revision, up to two index keys and a set of attributes.
// Items are always read and written whole. Attribute values are a closed set: string, int64, bool, []byte, []any and
// map[string]any of the same; [Encode] and [Decode] turn tagged structs into them and back. They come back as they
// were written, but that a nil slice or map comes back empty. Keys, names and strings are any UTF-8, zero bytes
// included; names are not empty, and not those under which an item's other parts are stored (PK, SK, rev, GSI1PK,
// GSI1SK, GSI2PK, GSI2SK).
//
// # Reads
//
// Get, BatchGet, TransactGet and queries of the table itself are strongly consistent. Queries of an index may lag a
// moment behind, and answer only the attributes that the index projects: nothing that decides access reads one.
// Get, BatchGet and Query are not isolated from a transaction under way; TransactGet is serializable.
//
// # Writes
//
// A transaction of puts, deletes and condition checks happens whole or not at all, each write guarded by a
// [Condition], normally on the revision that was read before: a compare-and-swap. The caller chooses the next
// revision with [NextRevision]. A transaction of one write costs what a plain write does.
//
// # Errors
//
// [ConditionError] says which conditions were not met; [ErrConflict] that another transaction touched the same items
// at the same time; [ErrThrottled] that the table is asked for more than it gives; [ErrInvalid] that the request
// breaks a limit. After each of these nothing was written. Any other error of Transact leaves the outcome unknown.
//
// The limits are DynamoDB's and every adapter keeps them: items of 400 KB, sort keys of 1 to 1,024 bytes, partition
// keys of 1 to 2,048 bytes, 100 different items and 4 MB in a transaction, values nested 32 deep
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
package table

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Limits that every adapter enforces, in bytes and items.
const (
	MaxPartitionKey     = 2048
	MaxSortKey          = 1024
	MaxItem             = 400 << 10
	MaxTransactionItems = 100
	MaxTransactionBytes = 4 << 20
	// MaxPage is how many bytes of items one Query reads at most before it stops.
	MaxPage = 1 << 20
)

// Errors that mean that nothing was written. Callers match them with errors.Is.
var (
	// ErrConflict: another transaction touched one of the items at the same time. Retrying may help.
	ErrConflict = errors.New("table: transaction conflict")
	// ErrThrottled: the table is asked for more than it gives. Retrying later may help.
	ErrThrottled = errors.New("table: throttled")
	// ErrInvalid: the request breaks one of the limits or is malformed. Retrying does not help.
	ErrInvalid = errors.New("table: invalid request")
)

// A Table stores items. Its methods may be called at the same time.
type Table interface {
	// Get answers the item under key, and whether there is one.
	Get(ctx context.Context, key Key) (Item, bool, error)
	// BatchGet answers those of the keys' items that exist. Any number of keys may be asked for, each once; the
	// adapter splits them, asks for the parts side by side, and asks again for what the store left out.
	BatchGet(ctx context.Context, keys []Key) (map[Key]Item, error)
	// TransactGet answers the items as they were at one moment. At most 100 keys, each once, and 4 MB. ErrConflict
	// when a write of one of them was under way.
	TransactGet(ctx context.Context, keys []Key) (map[Key]Item, error)
	// Query answers a page of one partition's items in the order of their sort keys. Items of an index have their key,
	// their key in that index and the attributes that it projects, and neither a revision nor the other index's key.
	Query(ctx context.Context, q Query) (Page, error)
	// Transact does all of t's writes, or none of them.
	Transact(ctx context.Context, t Transaction) error
}

// A Key names an item: its partition key and its sort key, neither of them empty.
type Key struct{ PK, SK string }

// IsZero says whether k is no key at all.
func (k Key) IsZero() bool { return k == Key{} }

// An Item is what is stored under a key.
type Item struct {
	Key Key
	// Revision changes with each write of the item. Zero is for items that are never written twice.
	Revision int64
	// Index1 and Index2 are the item's keys in the two indexes; zero where it is not in that index.
	Index1, Index2 Key
	Attributes     map[string]any
}

// An Index names what is queried: the table itself or one of its two sparse indexes.
type Index int

// The table and its indexes.
const (
	Primary Index = iota
	// Index1 projects nothing but keys.
	Index1
	// Index2 projects the attributes that Projected names.
	Index2
)

// Name is the index's name in the store; empty for the table itself.
func (i Index) Name() string {
	switch i {
	case Index1:
		return "GSI1"
	case Index2:
		return "GSI2"
	case Primary:
		return ""
	}
	panic(fmt.Sprintf("table: no index %d", int(i)))
}

// Projected names the attributes that a query of the index answers, besides the keys. Nil for the table itself,
// which answers all.
func (i Index) Projected() []string {
	if i == Index2 {
		return []string{"name", "projects"}
	}
	return nil
}

// A Query asks for the items of one partition, in the order of their sort keys' bytes.
type Query struct {
	Index Index
	// PK is the partition key (of the index, where one is named).
	PK string
	// Prefix, where not empty, is what the sort keys begin with.
	Prefix string
	// After, where not zero, is where an earlier page ended, or a position made up with the same form; the item
	// there is left out. It must lie within the prefix.
	After Position
	// Limit is how many items are answered at most; zero for as many as fit into MaxPage.
	Limit int
	// Descending turns the order around.
	Descending bool
}

// A Position is a place in a query's order: a sort key (the index's, in a query of an index) and, in a query of an
// index, the key of the item there too. Sort keys must be unique within a partition of an index.
type Position struct {
	SK  string
	Key Key
}

// IsZero says whether p is no position at all.
func (p Position) IsZero() bool { return p == Position{} }

// A Page is a part of a query's answer.
type Page struct {
	Items []Item
	// Next is where the next page begins; zero when there is none. The next page may turn out to be empty.
	Next Position
}

// A Transaction is a set of writes to different items that happen together.
type Transaction struct {
	Writes []Write
	// Token, where not empty, makes a repetition of the very same transaction within ten minutes harmless; used for
	// another one it is ErrInvalid. An adapter may ignore it where there is only one write. At most 36 characters.
	Token string
}

// A Write is a put, a delete or a check. Make one with Put, Delete or Check.
type Write struct {
	Op   Op
	Item Item // whole for OpPut, only its Key for the others
	If   Condition
}

// An Op is what a Write does.
type Op int

// The kinds of Write.
const (
	OpPut Op = iota
	OpDelete
	OpCheck
)

// A Condition is what must be so for a write to happen.
type Condition struct {
	Kind     ConditionKind
	Revision int64 // of AtRevision
}

// A ConditionKind is the form of a Condition.
type ConditionKind int

// The kinds of Condition.
const (
	Always ConditionKind = iota
	// Absent: no item is there.
	Absent
	// Present: an item is there.
	Present
	// AtRevision: an item is there, with that revision.
	AtRevision
)

// IfAbsent is met when there is no item.
func IfAbsent() Condition { return Condition{Kind: Absent} }

// IfPresent is met when there is an item.
func IfPresent() Condition { return Condition{Kind: Present} }

// IfRevision is met when there is an item with that revision; for zero, when there is none. So a revision that was
// read, or zero where nothing was found, is the condition for writing back.
func IfRevision(revision int64) Condition {
	if revision == 0 {
		return IfAbsent()
	}
	return Condition{Kind: AtRevision, Revision: revision}
}

// Unconditional is always met.
func Unconditional() Condition { return Condition{} }

// Put writes the whole item.
func Put(item Item, cond Condition) Write { return Write{Op: OpPut, Item: item, If: cond} }

// Delete removes the item under key; removing what is not there is no error.
func Delete(key Key, cond Condition) Write {
	return Write{Op: OpDelete, Item: Item{Key: key}, If: cond}
}

// Check writes nothing, and fails the transaction unless the condition is met. There must be one.
func Check(key Key, cond Condition) Write {
	return Write{Op: OpCheck, Item: Item{Key: key}, If: cond}
}

// A ConditionError says that a transaction was cancelled because conditions were not met. Nothing was written.
type ConditionError struct {
	// Failed holds the places in Transaction.Writes of the writes whose conditions were not met, ascending. It is
	// never empty.
	Failed []int
}

func (e *ConditionError) Error() string {
	return fmt.Sprintf("table: condition of write %v not met", e.Failed)
}

// NextRevision is the revision of an item's next write: the clock's milliseconds, and more than the last one, so
// that a revision never comes back, not even when an item is deleted and made again.
func NextRevision(last int64, now time.Time) int64 {
	return max(last+1, now.UnixMilli())
}

// A Change is one record of the table's change stream, as DynamoDB Streams gives it with old and new images: at least
// once, and the changes of one item in their order. An item that was put as it was already makes none.
type Change struct {
	Key Key
	// Old is the item before, New after; nil where there was none.
	Old, New *Item
}
