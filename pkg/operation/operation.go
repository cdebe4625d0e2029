// Package operation holds the operation table: every operation that Strongroom has, one row each.
//
// An operation is one Lambda function, one folder under functions/ and one binary. From its row come the route that
// leads to it, what its function's role may do, the command line's help and the checks of openapi.yaml; a fact of an
// operation stands here and nowhere else. The package is data only.
package operation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"strongroom/pkg/access"
)

// A Name names an operation: in the table, as a folder under functions/, on the command line and in events.
type Name string

// A Row is what is known of one operation.
type Row struct {
	Name    Name
	Trigger Trigger
	// Action is what the caller must be allowed, as package access knows it. Operations that several actions may
	// lead to name the one that every caller needs. Empty where anyone who is bound may call.
	Action access.Action
	// Access is what the function's role may do.
	Access Access
	// Summary is one line for people: what the operation does.
	Summary string
}

// A Trigger is what starts an operation: HTTP, Invoke, Stream, Schedule or Event.
type Trigger interface{ trigger() }

// HTTP is a route of the HTTP API.
type HTTP struct {
	Method string
	// Path has its parameters in braces: /secrets/{secretId}.
	Path string
	// Query names the parameters that the operation understands; others are refused.
	Query []string
	// Body says whether the operation takes a JSON body.
	Body bool
	// Status is the status of a success: 200, or 201 where something is created, or 204 without a body.
	Status int
}

// Invoke is lambda:InvokeFunction by an administrator of the account; the payload is JSON.
type Invoke struct{}

// Stream is the table's change stream (DynamoDB Streams, old and new images).
type Stream struct {
	// Items are those whose changes the function gets. Of others it gets none, so that it is woken neither by what it
	// writes itself nor for nothing.
	Items []Items
}

// Items are those whose partition key begins with PK, and whose sort key with SK.
type Items struct{ PK, SK string }

// StreamBatch is how many changes a function gets at once, at most. It is Lambda's default
// (https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html): a larger batch would have the reads of a secret summed
// up in fewer writes, but each of its changes may be a read of a hundred values, and a batch must be done in a minute.
const StreamBatch = 100

// Schedule is the clock.
type Schedule struct {
	// Every is how often, counted from midnight UTC on the first of January 1970, and After how much later than that, both
	// whole minutes.
	Every, After time.Duration
}

// Event is Amazon EventBridge: every event that one of the rules matches, at least once.
type Event struct{ Rules []EventRule }

// An EventRule matches events of a source. What it leaves out matches whatever there is; values are compared exactly
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html).
type EventRule struct {
	Source string
	// Types are detail types, any of which matches.
	Types []string
	// Fields are members of an event's detail that hold one text, and the values any of which matches.
	Fields map[string][]string
}

func (HTTP) trigger()     {}
func (Invoke) trigger()   {}
func (Stream) trigger()   {}
func (Schedule) trigger() {}
func (Event) trigger()    {}

// OfAWS says whether the rule is about events of AWS itself, which come over the account's default bus alone, and not over
// Strongroom's own: nobody else may use such a source (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html).
func (r EventRule) OfAWS() bool { return strings.HasPrefix(r.Source, "aws.") }

// Matches says whether an event is one of those that the rule is about. field answers a member of its detail, empty where it has
// none or one that is no text.
func (r EventRule) Matches(source, detailType string, field func(name string) string) bool {
	if source != r.Source || len(r.Types) > 0 && !slices.Contains(r.Types, detailType) {
		return false
	}
	for name, values := range r.Fields {
		if !slices.Contains(values, field(name)) {
			return false
		}
	}
	return true
}

// String is the rule in words: "strongroom: Principal Deleted, Principal Disabled".
func (r EventRule) String() string {
	words := r.Source
	if len(r.Types) > 0 {
		words += ": " + strings.Join(r.Types, ", ")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		words += ", " + name + " " + strings.Join(r.Fields[name], " or ")
	}
	return words
}

// Wants says whether one of the rules matches.
func (e Event) Wants(source, detailType string, field func(name string) string) bool {
	return slices.ContainsFunc(e.Rules, func(r EventRule) bool { return r.Matches(source, detailType, field) })
}

// String is the rules in words.
func (e Event) String() string {
	words := make([]string, len(e.Rules))
	for i, r := range e.Rules {
		words[i] = r.String()
	}
	return strings.Join(words, "; ")
}

// Wants says whether a change of the item with these keys is for the function.
func (s Stream) Wants(pk, sk string) bool {
	return slices.ContainsFunc(s.Items, func(of Items) bool { return strings.HasPrefix(pk, of.PK) && strings.HasPrefix(sk, of.SK) })
}

// Next is when the schedule is due for the first time after t.
func (s Schedule) Next(t time.Time) time.Time {
	every, after := int64(s.Every/time.Second), int64(s.After/time.Second)
	passed := (t.Unix() - after) / every
	if t.Unix() < after && (t.Unix()-after)%every != 0 {
		passed-- // division rounds towards zero
	}
	return time.Unix(after+(passed+1)*every, 0).UTC()
}

// String is the schedule in words: "every hour, 10 minutes past", "every 2 days, at 03:00 UTC".
func (s Schedule) String() string {
	const day = 24 * time.Hour
	words := "every " + count(s.Every, time.Minute, "minute")
	switch {
	case s.Every%day == 0:
		at := time.Unix(0, 0).UTC().Add(s.After)
		return "every " + count(s.Every, day, "day") + ", at " + at.Format("15:04") + " UTC"
	case s.Every%time.Hour == 0:
		words = "every " + count(s.Every, time.Hour, "hour")
	}
	if s.After > 0 {
		words += fmt.Sprintf(", %d minutes past", s.After/time.Minute)
	}
	return words
}

// count is how many units d has, in words, but "one" left out.
func count(d, unit time.Duration, word string) string {
	if d == unit {
		return word
	}
	return fmt.Sprintf("%d %ss", d/unit, word)
}

// Route is the route's key as API Gateway writes it: "GET /secrets/{secretId}".
func (h HTTP) Route() string { return h.Method + " " + h.Path }

// PathParameters names the parameters in the path, in their order.
func (h HTTP) PathParameters() []string {
	var names []string
	for segment := range strings.SplitSeq(h.Path, "/") {
		if strings.HasPrefix(segment, "{") {
			names = append(names, strings.Trim(segment, "{}"))
		}
	}
	return names
}

// Access is what a function's role is allowed in AWS, besides writing its own log. A test holds it equal to what the
// function does: nothing is allowed that no run of it needs.
type Access struct {
	// Table lists what the function does in the table, each action once. It does not have what is done in an index.
	Table []TableAccess
	// Index1 and Index2 say whether the function queries that index, whose partitions all begin with Index1Partition or
	// Index2Partition. IAM has a resource of its own for an index, and so the same action on the table is not meant by it.
	Index1, Index2 bool
	// StorageKey lists the KMS actions on the storage key, SigningKey those on the key that seals events.
	StorageKey, SigningKey []KeyAction
	// Bus says whether the function publishes to the event bus (events:PutEvents).
	Bus bool
	// Archive says whether the function keeps seals in the archive, and reads them there: an hour that has one is not sealed
	// anew. Package awsarchive says which S3 actions these are.
	Archive bool
}

// A TableAccess is an action on the items of some partitions.
type TableAccess struct {
	Action     TableAction
	Partitions []Partition
}

// A Partition names partitions of the table: where it ends in "#", all whose keys begin with it ("EVENT#" has every hour
// and shard, that of strangers too), and else the one whose key it is ("SEAL", which the keys of "SEALINDEX#" begin with as
// well). "{id}" in it stands for the id of an organization. What they hold is for package secrets to say.
type Partition string

// The table's partitions.
const (
	Identities    Partition = "IDENTITY#"
	Principals    Partition = "PRINCIPAL#"
	Projects      Partition = "PROJECT#"
	Secrets       Partition = "SECRET#"
	Organizations Partition = "ORG#{id}" // and what is kept for the whole of one: data keys, lists of names, sweeps
	Unassigned    Partition = "ORG#{id}#UNASSIGNED"
	TrashLists    Partition = "ORG#{id}#TRASH"
	Events        Partition = "EVENT#"
	ChangeMarks   Partition = "CHANGED#"
	Setters       Partition = "SETTER#" // the secrets whose rotation a principal set
	Seals         Partition = "SEAL"
	SealIndexes   Partition = "SEALINDEX#"
	Removals      Partition = "REMOVAL"
)

// What the keys of the indexes' partitions begin with.
const (
	Index1Partition Partition = "DUE#"
	Index2Partition Partition = "ORG#{id}#SECRETS#"
)

// PartitionOf is the kind of partition that a key is of, whether an operation does something there or not.
func PartitionOf(pk string) Partition {
	kind, rest, found := strings.Cut(pk, "#")
	switch {
	case !found:
		return Partition(pk)
	case kind+"#" != ofOrganization:
		return Partition(kind + "#")
	}
	_, list, found := strings.Cut(rest, "#")
	if !found {
		return Organizations
	}
	name, _, more := strings.Cut(list, "#")
	if more {
		name += "#"
	}
	return Organizations + Partition("#"+name)
}

const (
	// ofOrganization is what the keys of an organization's partitions begin with.
	ofOrganization = "ORG#"
	// anID stands for an id, and idLength is how long one is.
	anID     = "{id}"
	idLength = 36
)

// Has says whether p has the partition of that key.
func (p Partition) Has(pk string) bool {
	form := string(p)
	if before, after, found := strings.Cut(form, anID); found {
		rest, ok := strings.CutPrefix(pk, before)
		if !ok || len(rest) < idLength {
			return false
		}
		form, pk = after, rest[idLength:]
	}
	if strings.HasSuffix(form, "#") {
		return strings.HasPrefix(pk, form)
	}
	return pk == form
}

// Pattern is p as a condition on dynamodb:LeadingKeys has it, with StringLike
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html).
func (p Partition) Pattern() string {
	pattern := strings.ReplaceAll(string(p), anID, strings.Repeat("?", idLength))
	if strings.HasSuffix(pattern, "#") {
		return pattern + "*"
	}
	return pattern
}

// Example is a key that p has.
func (p Partition) Example() string {
	key := strings.ReplaceAll(string(p), anID, strings.Repeat("0", idLength))
	if strings.HasSuffix(key, "#") {
		return key + "x"
	}
	return key
}

// A TableAction is a DynamoDB action, as IAM names it.
type TableAction string

// The DynamoDB actions that operations use. IAM knows none for transactions: each of their reads is a GetItem, each put a
// PutItem and each delete a DeleteItem
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html).
const (
	BatchGetItem TableAction = "dynamodb:BatchGetItem"
	GetItem      TableAction = "dynamodb:GetItem"
	Query        TableAction = "dynamodb:Query"
	PutItem      TableAction = "dynamodb:PutItem"
	DeleteItem   TableAction = "dynamodb:DeleteItem"
	// ConditionCheckItem is no operation's: what many share would be checked by many at a time, who would cancel one another.
	ConditionCheckItem TableAction = "dynamodb:ConditionCheckItem"
)

// Allows says whether the function may do that to an item of that partition.
func (a Access) Allows(action TableAction, pk string) bool {
	return slices.ContainsFunc(a.Table, func(of TableAccess) bool {
		return of.Action == action && slices.ContainsFunc(of.Partitions, func(p Partition) bool { return p.Has(pk) })
	})
}

// A KeyAction is a KMS action, as IAM names it.
type KeyAction string

// The KMS actions that operations use.
const (
	Decrypt         KeyAction = "kms:Decrypt"
	GenerateDataKey KeyAction = "kms:GenerateDataKey"
	Sign            KeyAction = "kms:Sign"
	GetPublicKey    KeyAction = "kms:GetPublicKey"
)

// Lookup is the row of that name.
func Lookup(name Name) (Row, bool) {
	for _, row := range Table {
		if row.Name == name {
			return row, true
		}
	}
	return Row{}, false
}

// MustLookup is Lookup for names that are in the program's text; it panics for a name that no row has.
func MustLookup(name Name) Row {
	row, ok := Lookup(name)
	if !ok {
		panic(fmt.Sprintf("operation: no row is named %q", name))
	}
	return row
}
