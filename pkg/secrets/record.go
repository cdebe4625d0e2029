package secrets

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/audit"
	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// An act is what a request did or tried, as its event tells it.
type act struct {
	on audit.Resource
	// values are those that the answer holds or that were written.
	values  []audit.Value
	refused []uuid.UUID
	changed []string
	grants  []audit.Grant
	// justification is a person's own reason.
	justification string
	// rotation is the rotation that it belongs to, rotator the kind of its rotator.
	rotation uuid.UUID
	rotator  string
	// rotationReason is why an attempt at it failed, or what else is to be known of its end.
	rotationReason string
}

// reveals notes that the answer holds a value.
func (a *act) reveals(secret uuid.UUID, version int64) *act {
	a.values = append(a.values, audit.Value{Secret: secret, Version: version})
	return a
}

// The words for a value that was stored.
const (
	changedCreated = "created" // with its first value
	changedValue   = "value"
)

// wroteValues says whether the values that an event tells of are what its actor stored, and not only what it was answered.
func wroteValues(e *audit.Event) bool {
	return slices.ContainsFunc(e.Changed, func(word string) bool {
		return word == changedCreated || word == changedValue || word == rotationPending
	})
}

// note notes that something changed, where it did.
func (a *act) note(differs bool, what string) {
	if differs {
		a.changed = append(a.changed, what)
	}
}

// changedGrants are the grants that differ, as they are now.
func changedGrants(old, new access.Grants) []audit.Grant {
	var grants []audit.Grant
	for _, c := range access.Changed(old, new) {
		grants = append(grants, audit.Grant{Principal: c.Principal, Permission: c.New.Permission, ExpiresAt: c.New.ExpiresAt})
	}
	return grants
}

func aboutOrganization(id uuid.UUID, name string) audit.Resource {
	return audit.Resource{Kind: audit.OnOrganization, ID: id, Name: name}
}

func aboutPrincipal(id uuid.UUID, name string) audit.Resource {
	return audit.Resource{Kind: audit.OnPrincipal, ID: id, Name: name}
}

func aboutProject(id uuid.UUID, name string) audit.Resource {
	return audit.Resource{Kind: audit.OnProject, ID: id, Name: name}
}

func aboutSecret(id uuid.UUID, name string) audit.Resource {
	return audit.Resource{Kind: audit.OnSecret, ID: id, Name: name}
}

// resourcePK is the partition of what an event is about.
func (q *request) resourcePK(r audit.Resource) string {
	switch r.Kind { //nolint:exhaustive // the rest are kinds of actors
	case audit.OnProject:
		return projectPK(r.ID)
	case audit.OnSecret:
		return secretPK(r.ID)
	case audit.OnPrincipal:
		return principalPK(r.ID)
	}
	return organizationPK(q.organization)
}

// eventSize is what an event of one thing may take as it is stored, so that its item, with key and frame, stays under the
// kilobyte of one write unit.
const eventSize = 920

// event is the event of this request at this moment.
func (q *request) event(decision audit.Decision, reason string, a act) audit.Event {
	now := q.now()
	e := audit.Event{
		ID: q.eventIDs.next(now), At: now, Actor: q.actor(), Action: string(q.name), Resource: a.on, Decision: decision, Reason: reason,
		Values: a.values, Refused: a.refused, Changed: a.changed, Grants: a.grants, Justification: a.justification, Rotation: a.rotation, Rotator: a.rotator,
		RotationReason: clip(a.rotationReason, maxReason),
		SourceIP:       clip(q.caller.SourceIP, 64), UserAgent: clip(q.caller.UserAgent, 256), RequestID: clip(q.caller.RequestID, 64),
	}
	fit(&e)
	return e
}

// fit shortens what a caller can make long, the least telling first. What is packed is never cut, nor what a person gave as
// the reason of an emergency: such an event may take another write unit.
func fit(e *audit.Event) {
	whole := 20*len(e.Values) + 16*len(e.Refused) + 25*len(e.Grants) + len(e.Justification)
	for _, long := range []*string{&e.UserAgent, &e.Reason, &e.RotationReason, &e.Resource.Name, &e.Actor.ARN} {
		over := len(e.Encode()) - whole - eventSize
		if over <= 0 {
			return
		}
		*long = clip(*long, max(len(*long)-over, 40))
	}
}

// clip cuts a text to so many bytes at most, and says that it did.
func clip(text string, most int) string {
	const cut = "…"
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len(cut)], "") + cut
}

// actor is who acts: the principal that was recognized, or what is known of who is none.
func (q *request) actor() audit.Actor {
	switch {
	case q.system:
		return audit.Actor{Kind: audit.BySystem, Name: string(q.name)}
	case q.name == operation.CreateOrganization:
		return audit.Actor{Kind: audit.ByAccount}
	case q.who.Principal == uuid.Nil:
		return audit.Actor{Kind: audit.ByUnbound, ARN: clip(q.caller.ARN, 256)}
	}
	return audit.Actor{Kind: audit.Kind(q.who.Kind), ID: q.who.Principal, Name: q.who.Name, ARN: clip(q.caller.ARN, 256)}
}

// eventIDs makes the ids of events, in the order of time: UUIDs of version 7 for the service's own clock, which the uuid
// package makes for the machine's alone. Those of one millisecond are counted (RFC 9562, 6.2, method 1), so that one
// container's events are in the order in which it wrote them.
type eventIDs struct {
	mu    sync.Mutex
	last  int64
	count uint16
}

func (m *eventIDs) next(at time.Time) uuid.UUID {
	m.mu.Lock()
	defer m.mu.Unlock()
	ms := at.UnixMilli()
	if m.count++; ms != m.last {
		m.last, m.count = ms, 0
	}
	id := uuid.New()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i)) //nolint:gosec // cuts out one byte
	}
	binary.BigEndian.PutUint16(id[6:], 0x7000|m.count&0x0fff)
	return id
}

// An eventRecord is an event's item: nothing but the bytes that are sealed and exported.
type eventRecord struct {
	header
	Event []byte `table:"e"`
}

func eventItem(key table.Key, e audit.Event) table.Item {
	return toItem(key, 0, &eventRecord{Event: e.Encode()})
}

// record writes the event of what is about to be answered. Without it nothing may be answered: its error takes the answer's
// place.
func (q *request) record(ctx context.Context, a act) error {
	return q.recordAll(ctx, audit.Allowed, inWords(q.allowed), a)
}

func (q *request) recordAll(ctx context.Context, decision audit.Decision, reason string, a act) error {
	e := q.event(decision, reason, a)
	err := q.writeEvent(ctx, eventItem(eventKey(audit.HourOf(e.At), randomShard(), e.ID), e))
	if err == nil && decision == audit.Denied {
		metric.Add(ctx, metric.Denied, 1)
	}
	return err
}

// recordDenied writes the event of a refusal, and answers the refusal, or why it could not be recorded.
func (q *request) recordDenied(ctx context.Context, on audit.Resource, reason string, refusal error) error {
	if err := q.recordAll(ctx, audit.Denied, clip(reason, maxReason), act{on: on}); err != nil {
		return err
	}
	return refusal
}

// writeEvent puts an event, whose key is its own: doing so twice is doing it once.
func (q *request) writeEvent(ctx context.Context, item table.Item) error {
	return q.write(ctx, table.Put(item, table.Unconditional()))
}

// write does together what may be done twice as well as once, and what no event tells of. A condition that is not met is
// an error.
func (q *request) write(ctx context.Context, writes ...table.Write) error {
	failures := 0
	return q.patiently(ctx, func() error {
		attempt, cancel := context.WithTimeout(ctx, attemptTime)
		defer cancel()
		err := q.table.Transact(attempt, table.Transaction{Writes: writes})
		var unmet *table.ConditionError
		if err == nil || errors.Is(err, table.ErrInvalid) || errors.As(err, &unmet) {
			return err
		}
		if failures++; failures == maxFailures {
			return unavailable(err)
		}
		return errors.Join(errAgain, err)
	})
}

// errUntold: a change that no event tells of is a mistake in this program.
var errUntold = errors.New("secrets: a change without an event")

// tell adds to a plan the event of what it does: among the events of the hour, and under what was changed.
func (q *request) tell(p *plan) error {
	if p.act == nil {
		return fmt.Errorf("%w: %s", errUntold, q.name)
	}
	reason := inWords(q.allowed)
	if q.system {
		reason = clip(q.cause, maxReason)
	}
	e := q.event(audit.Allowed, reason, *p.act)
	p.put(eventItem(eventKey(audit.HourOf(e.At), randomShard(), e.ID), e), table.Unconditional())
	p.put(eventItem(resourceEventKey(q.resourcePK(e.Resource), e.ID), e), table.Unconditional())
	return nil
}

func randomShard() string { return fmt.Sprint(rand.N(eventShards)) } //nolint:gosec // spreads load

// maxReason is how long the words of a decision are in an event, in bytes.
const maxReason = 400

// inWords says reasons, each once.
func inWords(reasons []access.Reason) string {
	var words []string
	seen := map[access.Reason]bool{}
	for _, r := range reasons {
		if !seen[r] {
			seen[r] = true
			words = append(words, r.String())
		}
	}
	return clip(strings.Join(words, "; "), maxReason)
}
