package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// A Decision is what came of an attempt.
type Decision string

// The decisions.
const (
	Allowed Decision = "allowed"
	Denied  Decision = "denied"
)

// A Kind is what an actor or a resource is, in the words of the API.
type Kind string

// The kinds of actor.
const (
	ByUser           = Kind(access.KindUser)
	ByServiceAccount = Kind(access.KindServiceAccount)
	// ByUnbound is an IAM identity that is bound to no principal.
	ByUnbound Kind = "unbound"
	// ByAccount is an administrator of the AWS account, whom CloudTrail names.
	ByAccount Kind = "account"
	// BySystem is Strongroom itself: a schedule, or what follows from an earlier change.
	BySystem Kind = "system"
)

// The kinds of resource.
const (
	OnOrganization Kind = "organization"
	OnPrincipal    Kind = "principal"
	OnProject      Kind = "project"
	OnSecret       Kind = "secret"
)

// An Actor is who acted. ID and Name are a principal's, the name as it was then; ARN is the IAM identity as it called.
type Actor struct {
	Kind Kind
	ID   uuid.UUID
	Name string
	ARN  string
}

// A Resource is what was acted on, with its name as it was then, where that was known.
type Resource struct {
	Kind Kind
	ID   uuid.UUID
	Name string
}

// A Value names a value, never holding it: the secret and the version.
type Value struct {
	Secret  uuid.UUID
	Version int64
}

// A Grant is a grant as a change left it. The permission None says that it was taken away.
type Grant struct {
	Principal  uuid.UUID
	Permission access.Permission
	ExpiresAt  time.Time
}

// An Event is one record. At is in whole milliseconds, UTC.
type Event struct {
	ID       uuid.UUID
	At       time.Time
	Actor    Actor
	Action   string // an operation's name
	Resource Resource
	Decision Decision
	// Reason is why it was so decided, in words, with ids.
	Reason string
	// Values are those that the answer held or that were written.
	Values []Value
	// Refused are secrets of a bulk request that were denied.
	Refused []uuid.UUID
	// Changed names what of the resource changed.
	Changed []string
	// Grants are those that changed.
	Grants []Grant
	// Justification is what a person gave as the reason for an emergency.
	Justification string
	// Rotation is the rotation that it belongs to, and Rotator the kind of its rotator; zero where there is none.
	Rotation uuid.UUID
	Rotator  string
	// RotationReason is why an attempt at that rotation failed, as its worker says, or what else is to be known of its end.
	RotationReason                 string
	SourceIP, UserAgent, RequestID string
}

// About says whether the event concerns a thing: as what was acted on, or as one of several secrets or principals.
func (e *Event) About(id uuid.UUID) bool {
	return e.Resource.ID == id || slices.Contains(e.Refused, id) ||
		slices.ContainsFunc(e.Values, func(v Value) bool { return v.Secret == id }) ||
		slices.ContainsFunc(e.Grants, func(g Grant) bool { return g.Principal == id })
}

// stored is an event as it is encoded. A key is never used for anything else.
type stored struct {
	ID            uuid.UUID `cbor:"1,keyasint"`
	At            int64     `cbor:"2,keyasint"`
	ActorKind     Kind      `cbor:"3,keyasint"`
	ActorID       []byte    `cbor:"4,keyasint,omitempty"`
	ActorName     string    `cbor:"5,keyasint,omitempty"`
	ActorARN      string    `cbor:"6,keyasint,omitempty"`
	Action        string    `cbor:"7,keyasint"`
	ResourceKind  Kind      `cbor:"8,keyasint,omitempty"`
	ResourceID    []byte    `cbor:"9,keyasint,omitempty"`
	ResourceName  string    `cbor:"10,keyasint,omitempty"`
	Decision      Decision  `cbor:"11,keyasint"`
	Reason        string    `cbor:"12,keyasint,omitempty"`
	Values        []byte    `cbor:"13,keyasint,omitempty"`
	Refused       []byte    `cbor:"14,keyasint,omitempty"`
	Changed       []string  `cbor:"15,keyasint,omitempty"`
	Grants        []byte    `cbor:"16,keyasint,omitempty"`
	Justification string    `cbor:"17,keyasint,omitempty"`
	SourceIP      string    `cbor:"18,keyasint,omitempty"`
	UserAgent     string    `cbor:"19,keyasint,omitempty"`
	RequestID     string    `cbor:"20,keyasint,omitempty"`
	Rotation      []byte    `cbor:"21,keyasint,omitempty"`
	Rotator       string    `cbor:"22,keyasint,omitempty"`
	RotationWhy   string    `cbor:"23,keyasint,omitempty"`
}

var encoding = must(cbor.CoreDetEncOptions().EncMode())

// decoding reads what a later program wrote too, leaving out what it does not know.
var decoding = must(cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden}.DecMode())

func must[T any](value T, err error) T {
	if err != nil {
		panic(err) // options that are in the program's text
	}
	return value
}

// Encode is the event as it is stored. Values and grants are packed: 20 and 25 bytes each.
func (e Event) Encode() []byte {
	return must(encoding.Marshal(stored{
		ID: e.ID, At: e.At.UnixMilli(),
		ActorKind: e.Actor.Kind, ActorID: packID(e.Actor.ID), ActorName: e.Actor.Name, ActorARN: e.Actor.ARN,
		Action: e.Action, ResourceKind: e.Resource.Kind, ResourceID: packID(e.Resource.ID), ResourceName: e.Resource.Name,
		Decision: e.Decision, Reason: e.Reason, Values: packValues(e.Values), Refused: packIDs(e.Refused), Changed: e.Changed,
		Grants: packGrants(e.Grants), Justification: e.Justification, SourceIP: e.SourceIP, UserAgent: e.UserAgent,
		RequestID: e.RequestID, Rotation: packID(e.Rotation), Rotator: e.Rotator, RotationWhy: e.RotationReason,
	}))
}

// ErrEvent is what Decode answers for bytes that are no event.
var ErrEvent = errors.New("audit: not an event")

// Decode is the inverse of Encode.
func Decode(b []byte) (Event, error) {
	var s stored
	if err := decoding.Unmarshal(b, &s); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	e := Event{
		ID: s.ID, At: time.UnixMilli(s.At).UTC(), Actor: Actor{Kind: s.ActorKind, Name: s.ActorName, ARN: s.ActorARN},
		Action: s.Action, Resource: Resource{Kind: s.ResourceKind, Name: s.ResourceName}, Decision: s.Decision,
		Reason: s.Reason, Changed: s.Changed, Justification: s.Justification, SourceIP: s.SourceIP, UserAgent: s.UserAgent,
		RequestID: s.RequestID, Rotator: s.Rotator, RotationReason: s.RotationWhy,
	}
	if len(s.ActorID)%16+len(s.ResourceID)%16+len(s.Rotation)%16+len(s.Values)%packedValue+len(s.Refused)%16+len(s.Grants)%packedGrant != 0 {
		return Event{}, fmt.Errorf("%w: packed records are cut off", ErrEvent)
	}
	copy(e.Actor.ID[:], s.ActorID)
	copy(e.Resource.ID[:], s.ResourceID)
	copy(e.Rotation[:], s.Rotation)
	for ; len(s.Values) > 0; s.Values = s.Values[packedValue:] {
		e.Values = append(e.Values, Value{uuid.UUID(s.Values[:16]), int64(binary.BigEndian.Uint32(s.Values[16:]))})
	}
	for ; len(s.Refused) > 0; s.Refused = s.Refused[16:] {
		e.Refused = append(e.Refused, uuid.UUID(s.Refused[:16]))
	}
	for ; len(s.Grants) > 0; s.Grants = s.Grants[packedGrant:] {
		g := Grant{Principal: uuid.UUID(s.Grants[:16]), Permission: access.Permission(s.Grants[16])}
		if ms := int64(binary.BigEndian.Uint64(s.Grants[17:])); ms != 0 { //nolint:gosec // as it was packed
			g.ExpiresAt = time.UnixMilli(ms).UTC()
		}
		e.Grants = append(e.Grants, g)
	}
	return e, nil
}

const (
	packedValue = 16 + 4
	packedGrant = 16 + 1 + 8
)

func packID(id uuid.UUID) []byte {
	if id == uuid.Nil {
		return nil
	}
	return id[:]
}

func packIDs(ids []uuid.UUID) []byte {
	var packed []byte
	for _, id := range ids {
		packed = append(packed, id[:]...)
	}
	return packed
}

func packValues(values []Value) []byte {
	var packed []byte
	for _, v := range values {
		packed = append(packed, v.Secret[:]...)
		packed = binary.BigEndian.AppendUint32(packed, uint32(min(max(v.Version, 0), math.MaxUint32)))
	}
	return packed
}

func packGrants(grants []Grant) []byte {
	var packed []byte
	for _, g := range grants {
		packed = append(append(packed, g.Principal[:]...), byte(g.Permission)) //nolint:gosec // one of four
		var expiry int64
		if !g.ExpiresAt.IsZero() {
			expiry = g.ExpiresAt.UnixMilli()
		}
		packed = binary.BigEndian.AppendUint64(packed, uint64(expiry))
	}
	return packed
}

// hourForm is an hour in keys, exports and on the command line: 2026-11-26T15.
const hourForm = "2006-01-02T15"

// An Hour is an hour of UTC, as text that sorts by time: 2026-11-26T15.
type Hour string

// HourOf is the hour that holds t.
func HourOf(t time.Time) Hour { return Hour(t.UTC().Format(hourForm)) }

// ParseHour reads an hour.
func ParseHour(text string) (Hour, error) {
	t, err := time.Parse(hourForm, text)
	if err != nil || t.Format(hourForm) != text {
		return "", fmt.Errorf("audit: %q is no hour like 2006-01-02T15", text)
	}
	return Hour(text), nil
}

// Start is when the hour begins; the zero time for what is no hour.
func (h Hour) Start() time.Time {
	t, _ := time.Parse(hourForm, string(h))
	return t
}

// Next is the hour after h.
func (h Hour) Next() Hour { return HourOf(h.Start().Add(time.Hour)) }
