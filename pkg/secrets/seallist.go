package secrets

import (
	"context"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// An EventTimes is a time of events: From included, To not; nil for the beginning, or for now.
type EventTimes struct{ From, To *time.Time }

// hours are the hours that hold such a time, both included, given the first and the last that there can be.
func (in EventTimes) hours(first, last audit.Hour) (from, to audit.Hour) {
	from, to = first, last
	if in.From != nil {
		from = max(from, audit.HourOf(*in.From))
	}
	if in.To != nil {
		to = min(to, audit.HourOf(in.To.Add(-1)))
	}
	return from, to
}

func (q *request) checkEventTimes(in EventTimes) error {
	var wrong problems
	if in.From != nil && in.From.After(q.now()) {
		wrong.add("from", "is in the future; events are of the past")
	}
	if in.From != nil && in.To != nil && !in.From.Before(*in.To) {
		wrong.add("to", "must be later than from")
	}
	return wrong.err()
}

// lookAtEvents asks whether the caller may see all events, and answers the organization.
func (q *request) lookAtEvents(ctx context.Context) (organizationRecord, error) {
	seen, err := q.look(ctx, organizationKey(q.organization))
	if err != nil {
		return organizationRecord{}, err
	}
	if err := q.decideOn(ctx, seen.who, access.SeeEvents); err != nil {
		return organizationRecord{}, err
	}
	return q.organizationIn(seen.items)
}

// ListSeals lists the seals of the hours in that time, newest first, and then what was removed of them.
func (s *Service) ListSeals(ctx context.Context, by Caller, organization uuid.UUID, times EventTimes, in api.Page) (
	list api.List[api.SealEntry], err error,
) {
	q := s.begin(by, operation.ListSeals)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return list, err
	}
	if err := q.checkEventTimes(times); err != nil {
		return list, err
	}
	at, err := sealPosition(in.ContinuationToken)
	if err != nil {
		return list, err
	}
	rec, err := q.lookAtEvents(ctx)
	if err != nil {
		return list, err
	}
	l := sealList{request: q, limit: in.Limit}
	l.from, l.to = times.hours(audit.HourOf(rec.CreatedAt), audit.HourOf(q.now()))
	l.data.Data = []api.SealEntry{}
	if at.PK != removalPK {
		if full, err := l.list(ctx, sealPK, at.SK); full || err != nil {
			return l.data, err
		}
		at.SK = ""
	}
	_, err = l.list(ctx, removalPK, at.SK)
	return l.data, err
}

// sealPosition is the key of the item that the last page ended with; without a sort key the partition's beginning.
func sealPosition(text string) (table.Key, error) {
	at, err := position("seals", text, 2)
	if err != nil || at == nil {
		return table.Key{}, err
	}
	if _, err := audit.ParseHour(at[1]); err != nil && at[1] != "" || at[0] != sealPK && at[0] != removalPK {
		return table.Key{}, api.FieldError(api.CodeInvalid, "continuationToken", "is not one that this list answered")
	}
	return table.Key{PK: at[0], SK: at[1]}, nil
}

// A sealList gathers a page.
type sealList struct {
	*request
	from, to audit.Hour
	limit    int
	data     api.List[api.SealEntry]
}

// list goes through a partition, and says whether the page is full.
func (l *sealList) list(ctx context.Context, pk, after string) (full bool, err error) {
	query := table.Query{PK: pk, Descending: true, Limit: l.limit + 1, After: table.Position{SK: after}}
	if after == "" { // "~" comes after every hour
		query.After.SK = string(l.to) + "~"
	}
	for {
		page, err := l.table.Query(ctx, query)
		if err != nil {
			return false, err
		}
		for _, item := range page.Items {
			entry, err := sealEntry(item)
			if err != nil {
				return false, err
			}
			if last := max(entry.Hour, entry.Through); last < string(l.from) {
				return false, nil
			}
			if len(l.data.Data) == l.limit {
				l.data.ContinuationToken = token{"seals", []string{pk, after}}.String()
				return true, nil
			}
			l.data.Data = append(l.data.Data, entry)
			after = item.Key.SK
		}
		if query.After = page.Next; page.Next.IsZero() {
			return false, nil
		}
	}
}

func sealEntry(item table.Item) (api.SealEntry, error) {
	if item.Key.PK == removalPK {
		r, err := removalOf(item)
		if err != nil {
			return api.SealEntry{}, err
		}
		return api.SealEntry{
			Kind: api.SealOfRemoval, Hour: string(r.From), Through: string(r.To), At: r.RemovedAt, Events: r.Events, KeyARN: r.KeyARN,
			PublicKey: r.PublicKey, Fingerprint: r.PublicKey.Fingerprint(), Signed: signed(r.statement),
		}, nil
	}
	statement, seal, err := sealOf(item)
	return api.SealEntry{
		Kind: api.SealOfHour, Hour: string(seal.Hour), At: seal.SealedAt, Events: seal.Events(), KeyARN: seal.KeyARN,
		PublicKey: seal.PublicKey, Fingerprint: seal.PublicKey.Fingerprint(), Signed: signed(statement),
	}, err
}

func signed(s audit.Statement) api.Signed { return api.Signed{Body: s.Body, Signature: s.Signature} }
