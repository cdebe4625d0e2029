package secrets

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/table"
)

// An EventSummary says what came of one event.
type EventSummary struct {
	// Requested counts the rotations that were asked for, Known those that were asked for already.
	Requested int `json:"requested"`
	Known     int `json:"known"`
	// Unset counts the secrets that the event is about and that nothing rotates.
	Unset int `json:"unset"`
	// Unknown counts ids that are of nothing here.
	Unknown int `json:"unknown"`
	// Ignored says that the organization wants nothing done about such an event, or that nothing is to be done about it any more.
	Ignored bool `json:"ignored,omitempty"`
	// Unfinished says that a later run goes on.
	Unfinished bool `json:"unfinished,omitempty"`
}

func (s *EventSummary) add(outcome requested) {
	switch outcome {
	case requestMade:
		s.Requested++
	case requestKnown:
		s.Known++
	case requestUnset:
		s.Unset++
	case requestUnknown:
		s.Unknown++
	}
}

// maxTold is how much of a reason that came with an event is believed, in bytes.
const maxTold = 200

// An occurrence is an event that is being dealt with.
type occurrence struct {
	*run
	BusEvent
	// id is the event's: the same when it comes twice.
	id  uuid.UUID
	out EventSummary
}

// RotateOnEvent has secrets rotated because of an event: somebody left, or something leaked, or a rule of the user's own says so.
// Of an event nothing is believed but ids, which lead nowhere unless they are of something here, and a reason, which is shown to
// people. That somebody left, the record of events must say itself. An event that comes twice acts once; a departure that comes
// when all that it asks for is long done, or when who left is back, does nothing.
func (s *Service) RotateOnEvent(ctx context.Context, e BusEvent) (EventSummary, error) {
	o := &occurrence{run: s.newRun(operation.RotateOnEvent), BusEvent: e}
	var err error
	if o.id, err = uuid.Parse(e.ID); err != nil {
		o.id = uuid.NewSHA1(uuid.NameSpaceOID, []byte(e.Source+"\x00"+e.ID))
	}
	switch e.Source {
	case sourceOwn:
		err = o.departed(ctx)
	case sourceHealth:
		err = o.exposed(ctx)
	case sourceLeak:
		err = o.leaked(ctx)
	case sourceRotate:
		err = o.asked(ctx)
	default:
		err = api.Errorf(api.CodeInvalid, "events of %q are none of those that rotate anything", clip(e.Source, 64))
	}
	return o.out, err
}

// The sources of the events that rotate something.
const (
	sourceOwn    = operation.BusSource
	sourceHealth = "aws.health"
	sourceLeak   = "strongroom.leak"
	sourceRotate = "strongroom.rotate"
)

// detail reads what an event says. Members that are not known here are of no interest.
func (o *occurrence) detail(to any) error {
	if err := json.Unmarshal(o.Detail, to); err != nil {
		return api.Errorf(api.CodeInvalid, "the detail of an event of %s is not of the form that it must have", o.Source)
	}
	return nil
}

// departureAge is how old a departure may be that is told of for the first time. It is as long as a departure's passes take, and as
// long again for what comes late: EventBridge tries for a day
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html). What is done by then isn't begun anew.
const departureAge = 48 * time.Hour

// departed deals with our own notice that somebody was disabled or deleted.
func (o *occurrence) departed(ctx context.Context) error {
	var d Detail
	if err := o.detail(&d); err != nil {
		return err
	}
	q := o.beginSystem(o.name, "")
	item, found, err := q.table.Get(ctx, resourceEventKey(principalPK(d.ResourceID), d.EventID))
	if err != nil {
		return err
	}
	var e audit.Event
	if found {
		if e, err = eventOf(item); err != nil {
			return err
		}
	}
	word, left := map[string]string{string(operation.DisablePrincipal): "disabled", string(operation.DeletePrincipal): "deleted"}[e.Action]
	if !left || e.Decision != audit.Allowed || e.Resource.ID != d.ResourceID {
		o.unknown(ctx, "a departure that no event tells of")
		return nil
	}
	items, err := q.table.BatchGet(ctx, []table.Key{organizationKey(q.organization), principalKey(d.ResourceID)})
	if err != nil {
		return err
	}
	organization, err := q.organizationIn(items)
	if err != nil {
		return err
	}
	who, err := principalIn(items, d.ResourceID)
	if err != nil {
		return err
	}
	setting := organization.settings().RotateOnLeave
	if setting == api.RotateOnLeaveNone || who.departure() == "" || o.now().After(e.At.Add(o.allowing(departureAge))) {
		o.out.Ignored = true
		return nil
	}
	o.id = e.ID
	return o.leave(ctx, leavingRecord{
		Principal: d.ResourceID, Reachable: setting == api.RotateOnLeaveReachable, At: e.At, Due: e.At,
		Cause: causeRecord{api.CauseLeaver, fmt.Sprintf("%s %s was %s at %s", who.Kind, clip(who.Name, 128), word, e.At.UTC().Format(time.RFC3339))},
	})
}

// exposed deals with AWS's word that access keys are known to the public
// (https://docs.aws.amazon.com/health/latest/ug/cloudwatch-events-health.html).
func (o *occurrence) exposed(ctx context.Context) error {
	var d struct {
		AffectedEntities []struct {
			EntityValue string `json:"entityValue"`
		} `json:"affectedEntities"`
	}
	if err := o.detail(&d); err != nil {
		return err
	}
	var keys []string
	for _, entity := range d.AffectedEntities {
		keys = append(keys, entity.EntityValue)
	}
	return o.keys(ctx, "AWS says that the access key is exposed", keys)
}

// leaked deals with whoever found something of ours where it does not belong: a secret, an access key, or all that a principal read.
func (o *occurrence) leaked(ctx context.Context) error {
	var d struct {
		SecretID    *uuid.UUID `json:"secretId"`
		AccessKeyID string     `json:"accessKeyId"`
		PrincipalID *uuid.UUID `json:"principalId"`
		Reason      string     `json:"reason"`
	}
	if err := o.detail(&d); err != nil {
		return err
	}
	because := "said to have leaked"
	switch {
	case d.SecretID != nil && d.AccessKeyID == "" && d.PrincipalID == nil:
		return o.secret(ctx, *d.SecretID, o.cause(api.CauseLeak, because, d.Reason))
	case d.SecretID == nil && d.AccessKeyID != "" && d.PrincipalID == nil:
		return o.keys(ctx, o.because(because, d.Reason), []string{d.AccessKeyID})
	case d.SecretID == nil && d.AccessKeyID == "" && d.PrincipalID != nil:
		return o.principal(ctx, *d.PrincipalID, d.Reason)
	}
	return api.Errorf(api.CodeInvalid, "the detail of an event of %s names one of secretId, accessKeyId and principalId", o.Source)
}

// asked deals with a rule of the user's own.
func (o *occurrence) asked(ctx context.Context) error {
	var d struct {
		SecretID *uuid.UUID `json:"secretId"`
		Reason   string     `json:"reason"`
	}
	if err := o.detail(&d); err != nil {
		return err
	}
	if d.SecretID == nil {
		return api.Errorf(api.CodeInvalid, "the detail of an event of %s names a secretId", o.Source)
	}
	return o.secret(ctx, *d.SecretID, o.cause(api.CauseEvent, "asked for by an event", d.Reason))
}

// because is why, in words: what is said of it may have been made long by anybody, and be no line that can be seen.
func (o *occurrence) because(what, reason string) string {
	if reason = rotation.Line(reason, maxTold); reason != "" {
		what += ": " + reason
	}
	return what
}

// cause tells one event from all others.
func (o *occurrence) cause(kind api.RotationCause, what, reason string) rotation.Cause {
	return rotation.Cause{Kind: kind, Because: fmt.Sprintf("%s (event %s)", o.because(what, reason), o.id)}
}

// unknown notes an id that is of nothing here. The id itself, which anybody may have made up, is in no log.
func (o *occurrence) unknown(ctx context.Context, what string) {
	o.out.Unknown++
	slog.WarnContext(ctx, "an event is about nothing that is known here", "source", o.Source, "about", what)
}

// secret has one secret rotated.
func (o *occurrence) secret(ctx context.Context, id uuid.UUID, cause rotation.Cause) error {
	outcome, err := o.requestRotation(ctx, id, o.id, 0, cause)
	if err != nil {
		return err
	}
	if outcome == requestUnknown {
		o.unknown(ctx, "a secret")
		return nil
	}
	o.out.add(outcome)
	return nil
}

// keys has the secrets rotated whose values are known outside by these names. It walks all rotations, since that is rare. What a
// value is known by that no rotation made, the first one of an IAM user say, nobody says: a key that is not found is an alarm.
func (o *occurrence) keys(ctx context.Context, because string, names []string) error {
	found, q := map[string]bool{}, o.beginSystem(o.name, "")
	for shard := range dueShards {
		query := table.Query{Index: table.Index1, PK: duePK(shard), Limit: dispatchPage}
		for {
			page, err := q.table.Query(ctx, query)
			if err != nil {
				return err
			}
			if err := o.keysIn(ctx, page, because, names, found); err != nil {
				return err
			}
			if page.Next.IsZero() {
				break
			}
			query.After = page.Next
		}
	}
	for _, name := range names {
		if !found[name] {
			o.unknown(ctx, "an access key")
			metric.Add(ctx, metric.RotationsFailed, 1) // which somebody is to look at: it may be one that was set by hand
		}
	}
	return nil
}

// keysIn does so for a page of rotations.
func (o *occurrence) keysIn(ctx context.Context, page table.Page, because string, names []string, found map[string]bool) error {
	keys := make([]table.Key, len(page.Items))
	for i, item := range page.Items {
		keys[i] = item.Key
	}
	if len(keys) == 0 {
		return nil
	}
	items, err := o.table.BatchGet(ctx, keys)
	if err != nil {
		return err
	}
	for _, item := range items {
		rec, err := rotationOf(item)
		if err != nil {
			return err
		}
		secret, err := uuid.Parse(strings.TrimPrefix(item.Key.PK, secretPrefix))
		if err != nil {
			return err
		}
		known, err := o.knownAs(ctx, secret, &rec, names)
		if err != nil {
			return err
		}
		for _, name := range known {
			if name == "" || !slices.Contains(names, name) {
				continue
			}
			found[name] = true
			if err := o.secret(ctx, secret, o.cause(api.CauseLeak, because, "")); err != nil {
				return err
			}
		}
	}
	return nil
}

// knownAs is what values of a secret are known by outside that work, where the names may have one of them.
func (o *occurrence) knownAs(ctx context.Context, secret uuid.UUID, rec *rotationRecord, names []string) ([]string, error) {
	if !slices.Contains(names, rec.PublicID) {
		return []string{rec.PendingID, rec.OldID}, nil
	}
	v, err := o.beginSystem(o.name, "").lookSecret(ctx, secret, nil)
	return []string{rec.knownAs(v.rec.Version), rec.PendingID, rec.OldID}, err
}

// principal has all rotated that a principal read.
func (o *occurrence) principal(ctx context.Context, id uuid.UUID, reason string) error {
	items, err := o.table.BatchGet(ctx, []table.Key{principalKey(id)})
	if err != nil {
		return err
	}
	who, err := principalIn(items, id)
	if err != nil {
		return err
	}
	if who.revision == 0 {
		o.unknown(ctx, "a principal")
		return nil
	}
	cause := o.cause(api.CauseLeak, fmt.Sprintf("what %s %s read is said to have leaked", who.Kind, clip(who.Name, 128)), reason)
	now := o.now().UTC().Truncate(time.Millisecond)
	return o.leave(ctx, leavingRecord{Principal: id, At: now, Due: now, Cause: causeRecord{cause.Kind, cause.Because}})
}

// leave notes what is to be done about all that a principal knows, and does the first pass. What it does not come to, the later
// passes, and the walk over all that is reachable, dispatch-rotations does, within a minute.
func (o *occurrence) leave(ctx context.Context, rec leavingRecord) error {
	key := sweepKey(o.organization, onLeaver, o.id)
	item := toItem(key, table.NextRevision(0, o.now()), &rec)
	q := o.beginSystem(o.name, rec.Cause.Because)
	if err := unlessMet(q.write(ctx, table.Put(item, table.IfAbsent()))); err != nil {
		return err
	}
	items, err := q.table.BatchGet(ctx, []table.Key{key})
	if err != nil {
		return err
	}
	item, found := items[key]
	if !found { // another container has done the last pass
		return nil
	}
	l, err := o.leavingOf(item)
	if err != nil {
		return err
	}
	if l.Reachable {
		o.out.Unfinished = true
		return nil
	}
	if l.Pass == 0 { // the others are the dispatcher's
		err = l.pass(ctx)
	}
	o.out = *l.count
	o.mu.Lock()
	o.out.Unfinished = o.told.Unfinished || err != nil
	o.mu.Unlock()
	if err != nil {
		slog.WarnContext(ctx, "not all is asked for yet that an event has rotated; the dispatcher goes on", "source", o.Source, "error", err)
	}
	return nil
}
