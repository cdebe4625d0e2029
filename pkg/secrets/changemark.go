package secrets

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// A changedRecord is a project's change mark: a count of the changes of its values, from the table's stream. It lags behind
// them, so that whoever compares marks must have read the mark first and the values after it.
type changedRecord struct {
	header
	Count int64 `table:"n"`
	// Counted are the last changes that were counted, in no order.
	Counted []byte `table:"counted"`
}

// maxMarked is how many changes a mark remembers. One that comes again later than that counts twice, which costs whoever
// polls one full answer.
const maxMarked = 32

// markChanged counts the changes of value copies in the marks of their projects.
func (s *Service) markChanged(ctx context.Context, changes []table.Change) error {
	found := map[uuid.UUID][]mark{}
	for _, c := range changes {
		if !strings.HasPrefix(c.Key.SK, valuePrefix) || onlyResealed(c) {
			continue
		}
		project, err := uuid.Parse(strings.TrimPrefix(c.Key.PK, projectPrefix))
		if err != nil {
			return err
		}
		found[project] = append(found[project], markOfChange(c))
	}
	q := s.begin(Caller{}, operation.RollUpReads)
	projects := slices.Collect(maps.Keys(found))
	return q.sideBySide(ctx, len(projects), func(ctx context.Context, i int) error {
		return q.markProject(ctx, projects[i], found[projects[i]])
	})
}

func (q *request) markProject(ctx context.Context, project uuid.UUID, changes []mark) error {
	key := changedKey(project)
	return q.quietly(ctx, func(ctx context.Context) (plan, error) {
		item, found, err := q.table.Get(ctx, key)
		if err != nil {
			return plan{}, err
		}
		var rec changedRecord
		if found {
			if err := fromItem(item, &rec); err != nil {
				return plan{}, err
			}
		}
		before := rec.Count
		for _, m := range changes {
			rec.add(m)
		}
		if rec.Count == before {
			return plan{}, nil
		}
		var p plan
		p.put(toItem(key, table.NextRevision(item.Revision, q.Service.now()), &rec), table.IfRevision(item.Revision))
		return p, nil
	})
}

// add counts a change unless it is among those that were counted last.
func (rec *changedRecord) add(m mark) {
	for known := range slices.Chunk(rec.Counted, countedSize) {
		if slices.Equal(known, m[:]) {
			return
		}
	}
	rec.Count++
	rec.Counted = append(slices.Clip(rec.Counted), m[:]...)
	if over := len(rec.Counted) - maxMarked*countedSize; over > 0 {
		rec.Counted = rec.Counted[over:]
	}
}

// onlyResealed says that a value copy is what it was, but for what the value is sealed in: it still has its version, and every
// value has a version of its own. Whoever polls has all there is to have.
func onlyResealed(c table.Change) bool {
	if c.Old == nil || c.New == nil {
		return false
	}
	shown := func(item *table.Item) map[string]any {
		attributes := maps.Clone(item.Attributes)
		delete(attributes, "value")
		return attributes
	}
	return reflect.DeepEqual(shown(c.Old), shown(c.New))
}

// markOfChange tells a change of an item from others: by what the item was and became.
func markOfChange(c table.Change) (m mark) {
	digest := fnv.New64a()
	_, _ = digest.Write([]byte(c.Key.SK)) // a hash never fails
	for _, item := range []*table.Item{c.Old, c.New} {
		var revision [9]byte
		if item != nil {
			binary.BigEndian.PutUint64(revision[:], uint64(item.Revision)) //nolint:gosec // as its bits
			revision[8] = 1
		}
		_, _ = digest.Write(revision[:])
	}
	copy(m[:], digest.Sum(nil))
	return m
}
