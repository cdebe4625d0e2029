package secrets

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/audit"
	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/table"
)

// A Bus is where notices of changes are published. It gets each at least once.
type Bus interface {
	// Publish sends notices, in this order. Its error says that some may not have been sent.
	Publish(ctx context.Context, notices []Notice) error
}

// A Notice says that something changed. It holds ids only; who wants more asks for it, with its own rights.
type Notice struct {
	// Kind is the notice's detail-type on an EventBridge bus: "Secret Created".
	Kind string
	At   time.Time
	Detail
}

// A Detail is what a notice says, as JSON.
type Detail struct {
	// EventID is the id of the event that records the change, and the same when a notice comes twice. Of an event that is worth
	// two notices, both have it: they differ in their kinds.
	EventID        uuid.UUID `json:"eventId"`
	OrganizationID uuid.UUID `json:"organizationId"`
	Action         string    `json:"action"`
	ResourceKind   string    `json:"resourceKind"`
	ResourceID     uuid.UUID `json:"resourceId"`
	// Version is the version that a secret got.
	Version   int64      `json:"version,omitempty"`
	ActorKind string     `json:"actorKind"`
	ActorID   *uuid.UUID `json:"actorId,omitempty"`
	Changed   []string   `json:"changed,omitempty"`
	// RotationID is the rotation that the notice belongs to, and Rotator the kind of its rotator.
	RotationID *uuid.UUID `json:"rotationId,omitempty"`
	Rotator    string     `json:"rotator,omitempty"`
}

// PublishChanges publishes what changed, as the events tell that stand under the changed things themselves. It does nothing
// else, so that a bus that fails holds up nothing else. What is no event is passed over: an error would have the stream send it
// again, and nothing behind it.
func (s *Service) PublishChanges(ctx context.Context, changes []table.Change) error {
	var notices []Notice
	for _, c := range changes {
		if c.New == nil || !strings.HasPrefix(c.Key.SK, eventPrefix) {
			continue
		}
		e, err := eventOf(*c.New)
		if err != nil {
			passOver(c.Key, err)
			continue
		}
		for _, kind := range noticesOf(&e) {
			notices = append(notices, s.notice(kind, &e))
		}
	}
	if len(notices) == 0 {
		return nil
	}
	return s.bus.Publish(ctx, notices)
}

func (s *Service) notice(kind string, e *audit.Event) Notice {
	n := Notice{Kind: kind, At: e.At, Detail: Detail{
		EventID: e.ID, OrganizationID: s.organization, Action: e.Action, ResourceKind: string(e.Resource.Kind),
		ResourceID: e.Resource.ID, ActorKind: string(e.Actor.Kind), Rotator: e.Rotator,
	}}
	if e.Rotation != uuid.Nil {
		n.RotationID = &e.Rotation
	}
	if e.Actor.ID != uuid.Nil {
		n.ActorID = &e.Actor.ID
	}
	for _, v := range e.Values {
		if v.Secret == e.Resource.ID {
			n.Version = v.Version
		}
	}
	for _, what := range e.Changed {
		word, _, _ := strings.Cut(what, ":") // without the names and ARNs that may follow
		n.Changed = append(n.Changed, word)
	}
	return n
}

// noticesOf are the kinds of notice that an event is worth: a rotation that makes its version the current one is two things.
func noticesOf(e *audit.Event) []string {
	kind := noticeOf(e)
	switch {
	case kind == "":
		return nil
	case kind == noticeFinished && slices.Contains(e.Changed, changedValue):
		return []string{noticeVersion, kind}
	}
	return []string{kind}
}

// noticeOf is the kind of notice that an event is worth; empty for reads, refusals and what only keeps house.
func noticeOf(e *audit.Event) string {
	if e.Decision != audit.Allowed || len(e.Changed) == 0 {
		return ""
	}
	if e.Justification != "" {
		return "Break Glass"
	}
	for _, fate := range rotationNotices {
		if slices.Contains(e.Changed, fate.what) {
			return fate.kind
		}
	}
	switch operation.Name(e.Action) { //nolint:exhaustive // the others go by what changed
	case operation.DisablePrincipal:
		return "Principal Disabled"
	case operation.PutProjectAccess, operation.PutSecretAccess:
		return "Access Changed"
	}
	noun := map[audit.Kind]string{
		audit.OnOrganization: "Organization", audit.OnPrincipal: "Principal", audit.OnProject: "Project", audit.OnSecret: "Secret",
	}[e.Resource.Kind]
	for _, verb := range []struct{ what, kind string }{
		{changedCreated, "Created"}, {"trashed", "Deleted"}, {"deleted", "Deleted"}, {"restored", "Restored"}, {"purged", "Purged"},
	} {
		if slices.Contains(e.Changed, verb.what) {
			return noun + " " + verb.kind
		}
	}
	if e.Resource.Kind == audit.OnSecret && slices.Contains(e.Changed, changedValue) {
		return noticeVersion
	}
	return noun + " Changed"
}

const (
	noticeVersion  = "Secret Version Created"
	noticeFinished = "Rotation Finished"
)

// What the events of a rotation say that changed.
const (
	rotationSet      = "rotation"         // how it is rotated
	rotationDue      = "rotationDue"      // a worker is asked for
	rotationFinished = "rotationFinished" // the new value is current
	rotationRetired  = "rotationRetired"  // the old one works no more
	rotationKept     = "rotationKept"     // the old one works on, since it is current again
	rotationFailed   = "rotationFailed"
	rotationDelayed  = "rotationDelayed" // an attempt failed, and another follows
	rotationClaimed  = "rotationClaimed" // a worker has taken it
	rotationFollows  = "rotationFollows" // another is to follow it, or it is more urgent than it was
	rotationPending  = "pending"         // the secret has a pending version
)

// rotationNotices are the kinds of notice that these are worth, and what they are counted as, empty for none; where an event says
// several of them, the notice is the first one's.
var rotationNotices = []struct {
	what, kind string
	count      metric.Name
}{
	{rotationDue, rotation.NoticeDue, metric.RotationsDue}, {rotationFailed, rotation.NoticeFailed, metric.RotationsFailed},
	{rotationFinished, noticeFinished, metric.RotationsFinished}, {rotationRetired, "Rotation Retired", ""}, {rotationKept, "Rotation Kept", ""},
	{rotationDelayed, "Rotation Delayed", ""}, {rotationClaimed, "", ""}, {rotationFollows, "", ""}, {rotationPending, "", ""},
}

// countRotation counts what was written of a rotation.
func countRotation(ctx context.Context, a *act) {
	for _, of := range rotationNotices {
		if of.count != "" && a != nil && a.rotation != uuid.Nil && slices.Contains(a.changed, of.what) {
			metric.Add(ctx, of.count, 1)
		}
	}
}
