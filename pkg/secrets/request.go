package secrets

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// freshness is how much older than the request a value must be for its readers to be decided by one read: an attempt
// to write it ends after two seconds, and clocks may differ by three.
const freshness = 5 * time.Second

// A request is one call of one use case.
type request struct {
	*Service
	table   reads
	name    operation.Name
	caller  Caller
	start   time.Time
	writeID writeID
	// system says that nobody asked: Strongroom does it by itself, and cause why, in words.
	system bool
	cause  string
	// who is the principal that was recognized last.
	who identityRecord
	// about is what a refusal is about that concerns no project and no secret: the organization, if nothing else.
	about audit.Resource
	// allowed are the reasons of what was allowed so far in this attempt.
	allowed []access.Reason
	// unsure says that nobody knows the outcome of an attempt to write.
	unsure bool
}

func (s *Service) begin(caller Caller, name operation.Name) *request {
	q := &request{
		Service: s, table: s.tableOf(name), name: name, caller: caller, start: s.now().UTC(), about: aboutOrganization(s.organization, ""),
	}
	_, _ = rand.Read(q.writeID[:]) // never fails (crypto/rand)
	return q
}

// beginSystem begins what nobody asks for.
func (s *Service) beginSystem(name operation.Name, cause string) *request {
	q := s.begin(Caller{}, name)
	q.system, q.cause = true, cause
	return q
}

// now is the time that expiries are compared with and changes are dated by, as the table stores it.
func (q *request) now() time.Time { return q.Service.now().UTC().Truncate(time.Millisecond) }

// A sight is what one strong read showed: who calls, as bound at that moment, and the items asked for.
type sight struct {
	who   identityRecord
	items map[table.Key]table.Item
}

// callerKeys are where the caller may be bound, the first binding counts.
func (q *request) callerKeys() []table.Key {
	keys := make([]table.Key, len(q.caller.Keys))
	for i, lookup := range q.caller.Keys {
		keys[i] = identityKey(lookup)
	}
	return keys
}

// Recognize is nil for a caller who is bound to a principal that is not disabled, and else the error that says so.
func (s *Service) Recognize(ctx context.Context, by Caller, name operation.Name) error {
	_, err := s.begin(by, name).look(ctx)
	return err
}

// look reads the caller's identity and the keys in one strong batch, and refuses a caller that is bound to nobody or
// disabled.
func (q *request) look(ctx context.Context, keys ...table.Key) (sight, error) {
	items, err := q.table.BatchGet(ctx, append(q.callerKeys(), keys...))
	if err != nil {
		return sight{}, err
	}
	return q.seen(ctx, items)
}

// lookAtOnce is look for items that must have been so at one moment. Transactions under way are waited for.
func (q *request) lookAtOnce(ctx context.Context, keys ...table.Key) (sight, error) {
	var items map[table.Key]table.Item
	err := q.patiently(ctx, func() (err error) {
		items, err = q.table.TransactGet(ctx, append(q.callerKeys(), keys...))
		return err
	})
	if err != nil {
		return sight{}, err
	}
	return q.seen(ctx, items)
}

// errDone: what was read shows that an attempt of unknown outcome happened. There is nothing left to decide.
var errDone = errors.New("an earlier attempt was written")

// seen finds out who calls, where somebody does. That somebody may do nothing is recorded.
func (q *request) seen(ctx context.Context, items map[table.Key]table.Item) (sight, error) {
	if q.unsure {
		for _, item := range items {
			if q.wroteItem(item) {
				return sight{}, errDone
			}
		}
	}
	if q.system {
		return sight{items: items}, nil
	}
	who, err := q.recognize(items)
	q.who = who
	var nobody *failure
	if errors.As(err, &nobody) && errors.Is(err, errNobody) {
		if who.Disabled {
			err = q.recordDenied(ctx, q.about, access.Reason{Cause: access.CauseDisabled}.String(), err)
		} else {
			err = q.recordStranger(ctx, "bound to nobody", err)
		}
	}
	return sight{who: who, items: items}, err
}

// errNobody: the caller is bound to nobody, or disabled.
var errNobody = errors.New("the caller may do nothing")

// recognize finds the caller's identity among the items.
func (q *request) recognize(items map[table.Key]table.Item) (identityRecord, error) {
	for _, lookup := range q.caller.Keys {
		item, ok := items[identityKey(lookup)]
		if !ok {
			continue
		}
		who := identityRecord{revision: item.Revision}
		if err := fromItem(item, &who); err != nil {
			return identityRecord{}, err
		}
		if !q.caller.Matches(lookup, who.UniqueID) {
			continue
		}
		if who.Disabled {
			return who, &failure{api.Errorf(api.CodeForbidden,
				"%s %q is disabled; an admin of the organization can enable it again", who.Kind, who.Name), errNobody}
		}
		return who, nil
	}
	return identityRecord{}, &failure{api.Errorf(api.CodeForbidden,
		"%s is bound to nobody in this organization; ask an admin to bind it to your user or service account", q.caller.ARN), errNobody}
}

// principal is the caller as package access wants it.
func (r identityRecord) principal() access.Principal {
	return access.Principal{ID: r.Principal, Kind: r.Kind, Role: r.Role, Disabled: r.Disabled, Groups: r.Groups}
}

func (r identityRecord) actor() actorRecord {
	return actorRecord{Kind: r.Kind, ID: r.Principal, Name: r.Name}
}

// An ask is a question to package access, and how to name in an error what can't be seen.
type ask struct {
	access.Request
	// addedField is the request's field that Added comes from.
	addedField string
	// evenTrashed asks as if what is in the trash were not: for who could have deleted it. To everybody else it is gone,
	// but for who is shown the whole trash.
	evenTrashed, shownTrash bool
	// gone is what is told of what the caller may not know of; that there is no such project or secret, where it is not set.
	gone *api.Error
	// about is what the record of a refusal names; the request's own where it is not set.
	about audit.Resource
}

// decide asks whether the caller may do what is asked. It is the one place where that is asked, and so the place
// where a refusal is recorded; the reasons of what is allowed go into the event of what comes of it. The error says 404
// where the caller may not know that the thing exists, and else 403 with what is missing.
func (q *request) decide(ctx context.Context, who identityRecord, a ask) error {
	decision := q.judge(who, a)
	if decision.Allowed {
		q.allowed = append(q.allowed, decision.Reasons...)
		return nil
	}
	about := a.about
	if about.Kind == "" {
		about = q.about
	}
	return q.recordDenied(ctx, about, decision.String(), a.refusal(decision))
}

// judge is decide without a record, for what is recorded in another way.
func (q *request) judge(who identityRecord, a ask) access.Decision {
	a.Principal, a.Now = who.principal(), q.now()
	if a.evenTrashed {
		return access.CouldDelete(a.Request)
	}
	return access.Evaluate(a.Request)
}

// refusal is what the caller is told.
func (a ask) refusal(decision access.Decision) error {
	switch {
	case a.evenTrashed && a.shownTrash:
		return api.Errorf(api.CodeForbidden, "%s", decision.Missing)
	case a.evenTrashed:
		return a.hide()
	case decision.Visible && len(decision.Invisible) > 0:
		field := indexed(a.addedField, decision.Invisible[0])
		return api.FieldError(api.CodeNotFound, field, "no such project, or none that you may see")
	case decision.Visible:
		return api.Errorf(api.CodeForbidden, "%s", decision.Missing)
	}
	return a.hide()
}

// hide is what the caller is told of what it may not know of.
func (a ask) hide() error {
	switch {
	case a.gone != nil:
		return a.gone
	case a.Secret != nil:
		return notFound("secret")
	}
	return notFound("project")
}

// may asks for what is left out of an answer rather than refused, and is not recorded.
func (q *request) may(who identityRecord, r access.Request) bool {
	r.Principal, r.Now = who.principal(), q.now()
	return access.Evaluate(r).Allowed
}

// decideOn is decide for an action that concerns the organization as a whole.
func (q *request) decideOn(ctx context.Context, who identityRecord, action access.Action) error {
	return q.decide(ctx, who, ask{Request: access.Request{Action: action}})
}

// fresh says whether a value that was changed then may be newer than a revocation that this request has not seen.
func (q *request) fresh(changedAt time.Time) bool {
	return changedAt.After(q.start.Add(-q.allowing(freshness)))
}
