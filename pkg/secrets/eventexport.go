package secrets

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// ExportEvents reads a page of all that a file for verification needs, oldest first: what was removed, then hour by hour the
// seal, and shard by shard the index and the events. Nothing is decoded, so that what is wrong is exported as it is. A page
// visits at most 24 hours.
func (s *Service) ExportEvents(ctx context.Context, by Caller, organization uuid.UUID, times EventTimes, continuationToken string) (
	api.EventExport, error,
) {
	q := s.begin(by, operation.ExportEvents)
	x := eventExport{request: q, room: maxBulkAnswerSize}
	x.page.Data = []api.ExportedPart{}
	if err := q.checkOrganization(ctx, organization); err != nil {
		return x.page, err
	}
	if err := q.checkEventTimes(times); err != nil {
		return x.page, err
	}
	at, err := exportPosition(continuationToken)
	if err != nil {
		return x.page, err
	}
	rec, err := q.lookAtEvents(ctx)
	if err != nil {
		return x.page, err
	}
	x.from, x.to = times.hours(audit.HourOf(rec.CreatedAt), audit.HourOf(q.now()))
	if at.to != "" {
		x.to = min(x.to, at.to) // of all pages the same, however long they take
	}
	x.page.From, x.page.To = string(x.from), string(x.to)
	return x.page, x.gather(ctx, at)
}

// A place is where an export goes on: in the removals where the hour is empty; else in an hour, within its seal, its indexes
// or its events, behind a sort key.
type place struct {
	to, hour    audit.Hour
	step, after string
}

func exportPosition(text string) (place, error) {
	at, err := position("export", text, 4)
	if err != nil || at == nil {
		return place{}, err
	}
	malformed := api.FieldError(api.CodeInvalid, "continuationToken", "is not one that this operation answered")
	for _, hour := range at[:2] {
		if _, err := audit.ParseHour(hour); err != nil && (hour != "" || hour == at[0]) {
			return place{}, malformed
		}
	}
	p := place{to: audit.Hour(at[0]), hour: audit.Hour(at[1]), step: at[2], after: at[3]}
	shard, part := p.shard()
	if p.step != "" && (shard == "" || part != indexStep && part != eventStep) ||
		part == indexStep && p.after != "" && !strings.HasPrefix(p.after, shard+"#") {
		return place{}, malformed
	}
	return p, nil
}

// An hour's steps, in their order: the seal, whose step is empty, then each shard's index and events.
const (
	indexStep = "#1"
	eventStep = "#2"
)

func (p place) shard() (name, step string) {
	n := max(len(p.step)-len(indexStep), 0)
	return p.step[:n], p.step[n:]
}

// An eventExport gathers a page.
type eventExport struct {
	*request
	from, to audit.Hour
	room     int
	page     api.EventExport
}

func (x *eventExport) gather(ctx context.Context, at place) error {
	if at.hour == "" {
		if full, err := x.removals(ctx, at.after); full || err != nil {
			return err
		}
		at = place{hour: x.from}
		if removed, err := x.lastRemoval(ctx); err != nil {
			return err
		} else if removed != nil {
			at.hour = max(at.hour, removed.To.Next())
		}
	}
	for range maxEventHours {
		if at.hour > x.to {
			return nil
		}
		if full, err := x.hour(ctx, at); full || err != nil {
			return err
		}
		at = place{hour: at.hour.Next()}
	}
	if at.hour <= x.to {
		x.goOn(at.hour, "", "")
	}
	return nil
}

// goOn ends the page: the next one begins there.
func (x *eventExport) goOn(hour audit.Hour, step, after string) {
	x.page.ContinuationToken = token{"export", []string{string(x.to), string(hour), step, after}}.String()
}

// fits adds a part, unless the page is full.
func (x *eventExport) fits(part api.ExportedPart) bool {
	if x.room -= size(part) + 1; x.room < 0 && len(x.page.Data) > 0 {
		return false
	}
	x.page.Data = append(x.page.Data, part)
	return true
}

// removals adds those that concern the time asked for.
func (x *eventExport) removals(ctx context.Context, after string) (full bool, err error) {
	part := partition{at: place{after: after}, query: table.Query{PK: removalPK}}
	part.show = func(item table.Item) (shown api.ExportedPart, wanted bool, err error) {
		r, err := removalOf(item)
		if err != nil || r.To < x.from || r.From > x.to {
			return shown, false, err
		}
		s := signed(r.statement)
		return api.ExportedPart{Removal: &s}, true, nil
	}
	if err := part.fill(ctx, x.request); err != nil {
		return false, err
	}
	return x.each(ctx, &part)
}

// A partition is one that is exported, from a place on.
type partition struct {
	at    place
	query table.Query
	page  table.Page
	show  func(table.Item) (part api.ExportedPart, wanted bool, err error)
}

// fill reads the next page.
func (p *partition) fill(ctx context.Context, q *request) (err error) {
	p.query.After.SK = p.at.after
	if !p.page.Next.IsZero() {
		p.query.After = p.page.Next
	}
	p.page, err = q.table.Query(ctx, p.query)
	return err
}

// each goes through a partition whose first page was read, and ends the export's page where that is full.
func (x *eventExport) each(ctx context.Context, p *partition) (full bool, err error) {
	for {
		for _, item := range p.page.Items {
			part, wanted, err := p.show(item)
			if err != nil {
				return false, err
			}
			if wanted && !x.fits(part) {
				x.goOn(p.at.hour, p.at.step, p.at.after)
				return true, nil
			}
			p.at.after = item.Key.SK
		}
		if p.page.Next.IsZero() {
			return false, nil
		}
		if err := p.fill(ctx, x.request); err != nil {
			return false, err
		}
	}
}

// hour adds what there is of an hour behind a place.
func (x *eventExport) hour(ctx context.Context, at place) (full bool, err error) {
	item, sealed, err := x.table.Get(ctx, sealKey(at.hour))
	if err != nil {
		return false, err
	}
	var seal audit.Seal
	if sealed {
		statement, err := statementOf(item)
		if err != nil {
			return false, err
		}
		seal, _ = statement.Seal() // who verifies finds out what is wrong with it
		s := signed(statement)
		if at.step == "" && !x.fits(api.ExportedPart{Seal: &s}) {
			x.goOn(at.hour, "", "")
			return true, nil
		}
	}
	parts := partitions(seal, at)
	err = x.sideBySide(ctx, len(parts), func(ctx context.Context, i int) error { return parts[i].fill(ctx, x.request) })
	for i := 0; i < len(parts) && err == nil && !full; i++ {
		full, err = x.each(ctx, &parts[i])
	}
	return full, err
}

// partitions are those of an hour that are behind a place: of each shard the index, if its seal says that there is one, and
// the events.
func partitions(seal audit.Seal, at place) []partition {
	var all []partition
	for _, shard := range shardsOf(seal) {
		index := partition{at: place{hour: at.hour, step: shard + indexStep}, query: table.Query{PK: sealIndexPK(at.hour), Prefix: shard + "#"}}
		index.show = func(item table.Item) (api.ExportedPart, bool, error) {
			var rec indexRecord
			err := fromItem(item, &rec)
			return api.ExportedPart{Index: &api.ExportedIndex{Hour: string(at.hour), Shard: shard, Entries: rec.Entries}}, true, err
		}
		events := partition{at: place{hour: at.hour, step: shard + eventStep}, query: table.Query{PK: eventPK(at.hour, shard)}}
		events.show = func(item table.Item) (api.ExportedPart, bool, error) {
			id, stored := storedEvent(item)
			return api.ExportedPart{Event: &api.ExportedEvent{Hour: string(at.hour), Shard: shard, ID: id, Stored: stored}}, id != uuid.Nil, nil
		}
		if seal.Shard(shard).Count > 0 {
			all = append(all, index)
		}
		all = append(all, events)
	}
	all = slices.DeleteFunc(all, func(p partition) bool { return p.at.step < at.step })
	if len(all) > 0 && all[0].at.step == at.step {
		all[0].at.after = at.after
	}
	return all
}

// shardsOf are the shards that an hour may have events in: those of this program, and those that its seal names.
func shardsOf(seal audit.Seal) []string {
	names := shardNames()
	for _, s := range seal.Shards {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
