package secrets

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// What one page of events costs at most: it visits so many hours, and looks at about so many events whether they match or
// not. Then it ends, perhaps empty, with a token.
const (
	maxEventHours = 24
	maxEventsSeen = 5_000
)

// ListEvents asks for events that match all that is set.
type ListEvents struct {
	EventTimes
	Action     string
	ActorID    *uuid.UUID
	ResourceID *uuid.UUID
	api.Page
}

// ListEvents lists events, newest first. A page may be empty and have a token all the same. What can't be read is passed over.
func (s *Service) ListEvents(ctx context.Context, by Caller, organization uuid.UUID, in ListEvents) (
	list api.List[api.Event], err error,
) {
	q := s.begin(by, operation.ListEvents)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return list, err
	}
	if err := q.checkEventTimes(in.EventTimes); err != nil {
		return list, err
	}
	l := eventList{q: q, in: in}
	if err := l.begin(); err != nil {
		return list, err
	}
	rec, err := q.lookAtEvents(ctx)
	if err != nil {
		return list, err
	}
	l.from = rec.CreatedAt
	if in.From != nil && in.From.After(l.from) {
		l.from = *in.From
	}
	return l.gather(ctx)
}

// An eventList gathers a page of events, hour by hour back in time, each hour from all its partitions in the order of ids.
type eventList struct {
	q    *request
	in   ListEvents
	from time.Time
	hour audit.Hour
	// before is the id, within the hour, that the last page ended at; nothing where the hour begins anew.
	before string
	seen   int
	list   api.List[api.Event]
}

// begin finds where to begin: where the last page ended, or at the end of the time asked for.
func (l *eventList) begin() error {
	to := l.q.now().Add(time.Hour) // a writer's clock may be ahead
	if l.in.To != nil && l.in.To.Before(to) {
		to = *l.in.To
	}
	l.hour = audit.HourOf(to.Add(-time.Millisecond))
	at, err := position("events", l.in.ContinuationToken, 2)
	if err != nil || at == nil {
		return err
	}
	malformed := api.FieldError(api.CodeInvalid, "continuationToken", "is not one that this list answered")
	if l.hour, err = audit.ParseHour(at[0]); err != nil {
		return malformed
	}
	if _, err := uuid.Parse(at[1]); at[1] != "" && err != nil {
		return malformed
	}
	l.before = at[1]
	return nil
}

func (l *eventList) gather(ctx context.Context) (api.List[api.Event], error) {
	l.list.Data = []api.Event{}
	first := audit.HourOf(l.from)
	for range maxEventHours {
		if l.hour < first {
			return l.list, nil
		}
		full, err := l.gatherHour(ctx)
		if err != nil || full {
			return l.list, err
		}
		l.hour, l.before = audit.HourOf(l.hour.Start().Add(-time.Hour)), ""
	}
	if l.hour >= first {
		l.list.ContinuationToken = token{"events", []string{string(l.hour), ""}}.String()
	}
	return l.list, nil
}

// gatherHour merges the hour's partitions.
func (l *eventList) gatherHour(ctx context.Context) (full bool, err error) {
	shards := make([]*eventCursor, 0, eventShards+1)
	for n := range eventShards {
		shards = append(shards, l.cursor(strconv.Itoa(n)))
	}
	shards = append(shards, l.cursor(unboundShard))
	err = l.q.sideBySide(ctx, len(shards), func(ctx context.Context, i int) error { return shards[i].fill(ctx) })
	for err == nil {
		newest := shards[0]
		for _, c := range shards[1:] {
			if c.head() > newest.head() {
				newest = c
			}
		}
		if newest.head() == "" {
			return false, nil
		}
		if l.add(newest.items[0]) {
			return true, nil
		}
		newest.items = newest.items[1:]
		err = newest.fill(ctx)
	}
	return false, err
}

func (l *eventList) cursor(shard string) *eventCursor {
	c := &eventCursor{q: l.q, query: table.Query{
		PK: eventPK(l.hour, shard), Limit: l.in.Limit + 1, Descending: true,
	}}
	if l.before != "" {
		c.query.After = table.Position{SK: l.before}
	}
	return c
}

// add takes an event into the page if it matches, and says whether the page is full.
func (l *eventList) add(item table.Item) (full bool) {
	if _, err := uuid.Parse(item.Key.SK); err != nil {
		passOver(item.Key, err) // and no token names it, since tokens name ids
		return false
	}
	e, err := eventOf(item)
	if err != nil {
		passOver(item.Key, err)
	}
	l.seen++
	matches := err == nil && l.matches(&e)
	if (matches && len(l.list.Data) == l.in.Limit) || l.seen > maxEventsSeen {
		l.list.ContinuationToken = token{"events", []string{string(l.hour), l.before}}.String()
		return true
	}
	if matches {
		l.list.Data = append(l.list.Data, api.EventOf(e))
	}
	l.before = item.Key.SK
	return false
}

func (l *eventList) matches(e *audit.Event) bool {
	in := l.in
	return !e.At.Before(l.from) && (in.To == nil || e.At.Before(*in.To)) &&
		(in.Action == "" || e.Action == in.Action) &&
		(in.ActorID == nil || e.Actor.ID == *in.ActorID) &&
		(in.ResourceID == nil || e.About(*in.ResourceID))
}

// An eventCursor reads one partition of an hour, newest first.
type eventCursor struct {
	q     *request
	query table.Query
	items []table.Item
	done  bool
}

// fill reads on where nothing is left of what was read.
func (c *eventCursor) fill(ctx context.Context) error {
	for len(c.items) == 0 && !c.done {
		page, err := c.q.table.Query(ctx, c.query)
		if err != nil {
			return err
		}
		c.items, c.query.After, c.done = page.Items, page.Next, page.Next.IsZero()
	}
	return nil
}

// head is the id of the next event, empty where there is none.
func (c *eventCursor) head() string {
	if len(c.items) == 0 {
		return ""
	}
	return c.items[0].Key.SK
}

func eventOf(item table.Item) (audit.Event, error) {
	var rec eventRecord
	if err := fromItem(item, &rec); err != nil {
		return audit.Event{}, err
	}
	return audit.Decode(rec.Event)
}

// ListSecretEvents lists the changes of a secret, newest first. Reasons name other projects of the secret and groups, and are
// shown to those alone who see all events.
func (s *Service) ListSecretEvents(ctx context.Context, by Caller, id uuid.UUID, in api.Page) (
	list api.List[api.Event], err error,
) {
	q := s.begin(by, operation.ListSecretEvents)
	query := table.Query{PK: secretPK(id), Prefix: eventPrefix, Limit: in.Limit, Descending: true}
	at, err := position("secret-events", in.ContinuationToken, 1)
	if err != nil {
		return list, err
	}
	if at != nil {
		query.After = table.Position{SK: eventPrefix + at[0]}
	}
	v, page, err := q.lookSecretAndQuery(ctx, id, access.SeeSecretAccess, query)
	if err != nil {
		return list, err
	}
	seesReasons := q.may(v.who, access.Request{Action: access.SeeEvents})
	list.Data = make([]api.Event, 0, len(page.Items))
	for _, item := range page.Items {
		e, err := eventOf(item)
		if err != nil {
			passOver(item.Key, err)
			continue
		}
		shown := api.EventOf(e)
		if !seesReasons {
			shown.Reason = ""
		}
		list.Data = append(list.Data, shown)
	}
	if !page.Next.IsZero() {
		list.ContinuationToken = token{"secret-events", []string{strings.TrimPrefix(page.Next.SK, eventPrefix)}}.String()
	}
	return list, nil
}
