package secrets

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/audit"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// A readRecord sums up the reads of one secret by one principal. It stands twice: under the secret, and under the principal.
type readRecord struct {
	header
	revision int64
	Kind     access.Kind `table:"kind"` // of the principal
	First    time.Time   `table:"first"`
	Last     time.Time   `table:"last"`
	Count    int64       `table:"n"`
	// Version is the highest that it knows: Read the highest that it read, Wrote the highest that it set itself. Items of before
	// these were told apart have Version alone.
	Version int64 `table:"version"`
	Read    int64 `table:"read"`
	Wrote   int64 `table:"wrote"`
	// Counted are, for each partition of the hours' events, the last that were counted. Within a partition the stream keeps
	// the order in which events were written, which is that of their ids but for writes that overlap.
	Counted []countedIn `table:"counted"`
}

// A countedIn is what was counted of one partition of events.
type countedIn struct {
	Shard string  `table:"s"`
	Last  counted `table:"l"`
}

// A reading is one read of one secret's version, or that it was written.
type reading struct {
	event   uuid.UUID
	shard   string
	at      time.Time
	version int64
	wrote   bool
}

// A pair is a secret and who read it.
type pair struct{ secret, principal uuid.UUID }

// RollUpReads takes the reads out of new events and sums them up by secret and principal, and marks the projects whose values
// changed. Whoever wrote a value knows it too, and counts as having read it. What is no event is passed over, as by
// PublishChanges.
func (s *Service) RollUpReads(ctx context.Context, changes []table.Change) error {
	if err := s.markChanged(ctx, changes); err != nil {
		return err
	}
	readings, kinds := map[pair][]reading{}, map[uuid.UUID]access.Kind{}
	for _, c := range changes {
		if c.New == nil || !strings.HasPrefix(c.Key.PK, eventPrefix) {
			continue
		}
		e, err := eventOf(*c.New)
		if err != nil {
			passOver(c.Key, err)
			continue
		}
		if e.Decision != audit.Allowed || e.Actor.ID == uuid.Nil {
			continue
		}
		kinds[e.Actor.ID] = access.Kind(e.Actor.Kind)
		shard := c.Key.PK[strings.LastIndexByte(c.Key.PK, '#')+1:]
		for _, v := range e.Values {
			p := pair{v.Secret, e.Actor.ID}
			readings[p] = append(readings[p], reading{e.ID, shard, e.At, v.Version, wroteValues(&e)})
		}
	}
	q := s.begin(Caller{}, operation.RollUpReads)
	pairs := slices.SortedFunc(maps.Keys(readings), func(a, b pair) int {
		return cmp.Or(bytes.Compare(a.secret[:], b.secret[:]), bytes.Compare(a.principal[:], b.principal[:]))
	})
	return q.sideBySide(ctx, len(pairs), func(ctx context.Context, i int) error {
		return q.rollUp(ctx, pairs[i], kinds[pairs[i].principal], readings[pairs[i]])
	})
}

// rollUp adds readings to what is known of a pair. The principal's item is written first and the secret's, which decides,
// under the revision that was read: apart they cost half of what a transaction does. A run that ends between the two is
// repeated by the stream, and writes both anew.
func (q *request) rollUp(ctx context.Context, p pair, kind access.Kind, readings []reading) error {
	keys := []table.Key{secretReadKey(p.secret, p.principal), principalReadKey(p.principal, p.secret)}
	slices.SortFunc(readings, func(a, b reading) int { return bytes.Compare(a.event[:], b.event[:]) })
	wrote := false // what is older by now, if another run came first
	return q.quietly(ctx, func(ctx context.Context) (plan, error) {
		item, found, err := q.table.Get(ctx, keys[0])
		if err != nil {
			return plan{}, err
		}
		rec := readRecord{revision: item.Revision}
		if found {
			if err := fromItem(item, &rec); err != nil {
				return plan{}, err
			}
		}
		rec.Kind = kind
		differs := false
		for _, r := range readings {
			differs = rec.add(r) || differs
		}
		if !differs && !wrote {
			return plan{}, nil
		}
		wrote = true
		next := table.NextRevision(rec.revision, q.Service.now())
		if err := q.write(ctx, table.Put(toItem(keys[1], next, &rec), table.Unconditional())); err != nil {
			return plan{}, err
		}
		var out plan
		out.put(toItem(keys[0], next, &rec), table.IfRevision(rec.revision))
		return out, nil
	})
}

// add counts a reading, unless it was counted, and says whether it was not.
func (rec *readRecord) add(r reading) bool {
	i := slices.IndexFunc(rec.Counted, func(c countedIn) bool { return c.Shard == r.shard })
	if i < 0 {
		i = len(rec.Counted)
		rec.Counted = append(rec.Counted, countedIn{Shard: r.shard})
	}
	if !rec.Counted[i].Last.add(markOf(r.event)) {
		return false
	}
	rec.Count++
	rec.Version = max(rec.Version, r.version)
	how := &rec.Read
	if r.wrote {
		how = &rec.Wrote
	}
	*how = max(*how, r.version)
	if rec.First.IsZero() || r.at.Before(rec.First) {
		rec.First = r.at
	}
	if r.at.After(rec.Last) {
		rec.Last = r.at
	}
	return true
}

// onlyWrote says that it knows the newest of what it knows because it set that itself, and has not read it since.
func (rec *readRecord) onlyWrote() bool { return rec.Wrote == rec.Version && rec.Read < rec.Version }

// markOf is the time of an event's id, without its first byte, which stays for 34 years, and as much of its random part as
// there is room for.
func markOf(id uuid.UUID) (m mark) {
	copy(m[:], id[1:6])
	copy(m[5:], id[13:16])
	return m
}
