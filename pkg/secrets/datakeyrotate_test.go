package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
	"strongroom/pkg/table/dynamo/meter"
)

func TestADataKeyIsReplacedAndEverythingSealedAnew(t *testing.T) {
	w := newKeyWorld(t, newBolt(t), 30, 3)
	nothing := secrets.KeyRotation{Generation: 1, Retired: []uint32{}}
	made := secrets.KeyRotation{Generation: 2, Made: true, Retired: []uint32{}, Unfinished: true}
	settling := secrets.KeyRotation{Generation: 2, Retired: []uint32{}, Unfinished: true}
	before := w.answers()
	for _, step := range []struct {
		after time.Duration
		want  secrets.KeyRotation
	}{
		{0, nothing},
		{keyLife - w.Clock.Now().Sub(w.born()) - time.Millisecond, nothing},
		{2 * time.Millisecond, made},
		{0, settling},
		{keySettles - time.Second, settling},
	} {
		w.Clock.Advance(step.after)
		if diff := cmp.Diff(step.want, w.rotate()); diff != "" {
			t.Fatalf("after %s (-want +got):\n%s", step.after, diff)
		}
	}
	w.wantUnder(1)
	w.Clock.Advance(2 * time.Second)
	told := w.rotate()
	want := secrets.KeyRotation{Generation: 2, Resealed: told.Resealed, Retired: []uint32{1}}
	if diff := cmp.Diff(want, told); diff != "" || told.Resealed < 30*4 {
		t.Errorf("resealing (-want +got):\n%s", diff)
	}
	w.wantUnder(2)
	w.wantSame(before)
	if diff := cmp.Diff(secrets.KeyRotation{Generation: 2, Retired: []uint32{}}, w.rotate()); diff != "" {
		t.Errorf("when all is done (-want +got):\n%s", diff)
	}
	w.write(w.ids[0], "after")
	w.wantUnder(2)
	w.wantKeyEvents("dataKeyRetired: 1", "dataKey: 2")
	if _, found, err := w.Table().Get(t.Context(), w.dataKeyKey(1)); err != nil || !found {
		t.Errorf("the retired key is gone: %v", err)
	}
}

// born is when the first data key was made.
func (w *keyWorld) born() time.Time {
	item, _, err := w.Table().Get(w.Context(), w.dataKeyKey(1))
	wantCode(w, err, "")
	return time.UnixMilli(number64(item, "created"))
}

// wantKeyEvents wants these events of data keys in the last two hours, newest first, and no others of resealing.
func (w *keyWorld) wantKeyEvents(changed ...string) {
	w.Helper()
	var got []string
	in, from := of(operation.RotateDataKeys), w.Clock.Now().Add(-2*time.Hour)
	in.From = &from
	for _, e := range events(w.World, in) {
		if e.Actor.Kind != "system" || e.Actor.Name != "rotate-data-keys" || e.Reason == "" || e.Resource == nil || e.Resource.Name != "demo" || len(e.Values) > 0 {
			w.Errorf("an event tells of %+v and %+v", e.Actor, e.Resource)
		}
		got = append(got, e.Changed...)
	}
	if diff := cmp.Diff(changed, got); diff != "" {
		w.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestWithoutAnOrganizationThereIsNothingToRotate(t *testing.T) {
	s := secrets.New(secrets.Config{Table: newBolt(t), Keys: secretstest.NewKeys(), Organization: uuid.New()})
	told, err := s.RotateDataKeys(t.Context())
	if diff := cmp.Diff(secrets.KeyRotation{Retired: []uint32{}}, told); diff != "" || err != nil {
		t.Errorf("%v, %s", err, diff)
	}
}

// TestSeveralDataKeysAreRetiredTogether: resealing was not done for two lives of a key.
func TestSeveralDataKeysAreRetiredTogether(t *testing.T) {
	w := newKeyWorld(t, newBolt(t), 12, 2)
	w.Clock.Advance(keyLife)
	w.rotate()
	w.Clock.Advance(time.Minute)
	w.write(w.ids[0], "under the second")
	w.age()
	if told := w.rotate(); !slices.Equal(told.Retired, []uint32{2, 1}) || told.Unfinished {
		t.Errorf("it tells %+v", told)
	}
	w.wantUnder(3)
}

// TestSeveralRunsAtOnceMakeOneKey has all begin before one has made it.
func TestSeveralRunsAtOnceMakeOneKey(t *testing.T) {
	w := newKeyWorld(t, newBolt(t), 1, 1)
	w.Clock.Advance(keyLife)
	var made atomic.Int64
	sideBySide(8, func(int) {
		told, err := w.Again(nil).RotateDataKeys(t.Context())
		if err != nil || told.Generation != 2 {
			t.Errorf("it tells %+v, %v", told, err)
		}
		if told.Made {
			made.Add(1)
		}
	})
	if made.Load() != 1 {
		t.Errorf("%d runs made a key", made.Load())
	}
	w.wantKeyEvents("dataKey: 2")
}

// A dyingTable is a container's: at a certain write it dies, before or after that is done, or only loses the answer.
type dyingTable struct {
	table.Table
	left  atomic.Int64
	after bool
	die   context.CancelFunc
}

func (d *dyingTable) Transact(ctx context.Context, t table.Transaction) error {
	if d.left.Add(-1) != 0 {
		return d.Table.Transact(ctx, t)
	}
	if d.after {
		if err := d.Table.Transact(ctx, t); err != nil {
			return err
		}
	}
	if d.die != nil {
		d.die()
	}
	return errors.New("connection lost")
}

// TestARunMayEndAtAnyWrite ends a run at each of its writes and lets another one finish.
func TestARunMayEndAtAnyWrite(t *testing.T) {
	for name, c := range map[string]struct{ after, dies bool }{
		"before it": {after: false, dies: true}, "after it": {after: true, dies: true}, "its answer is lost": {after: true},
	} {
		t.Run(name, func(t *testing.T) {
			step := int64(1)
			if testing.Short() {
				step = 5
			}
			for n, came := int64(1), true; came; n += step {
				w := newKeyWorld(t, newBolt(t), 6, 2)
				w.Clock.Advance(keyLife)
				before := w.answers()
				w.endAt(1, c.after, c.dies) // making the key is one write
				w.rotate()
				w.Clock.Advance(keySettles)
				came = w.endAt(n, c.after, c.dies)
				w.Clock.Advance(time.Hour)
				if told := w.rotate(); told.Unfinished {
					t.Fatalf("write %d: the next run tells %+v", n, told)
				}
				w.wantUnder(2)
				w.wantSame(before)
				w.wantKeyEvents("dataKeyRetired: 1", "dataKey: 2")
				if n < 10 && !came {
					t.Errorf("resealing took %d writes only", n)
				}
			}
		})
	}
}

// endAt lets a run end at its write of that number, and answers whether it came so far.
func (w *keyWorld) endAt(n int64, after, dies bool) bool {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	defer cancel()
	d := &dyingTable{after: after}
	d.left.Store(n)
	if dies {
		d.die = cancel
	}
	again := w.Again(func(inner table.Table) table.Table { d.Table = inner; return d })
	if _, err := again.RotateDataKeys(ctx); err != nil && !dies {
		w.Errorf("write %d: %v", n, err)
	}
	return d.left.Load() <= 0
}

// TestResealingNeverWinsAgainstAWriter: while several runs are under way, users write whatever they can.
func TestResealingNeverWinsAgainstAWriter(t *testing.T) {
	w := newKeyWorld(t, newBolt(t), 40, 2)
	w.age()
	stays := map[uuid.UUID]api.Secret{}
	var writers, runs sync.WaitGroup
	written := make(chan struct{})
	for range 3 {
		again := w.Again(nil)
		runs.Go(func() {
			for done := false; !done; {
				if _, err := again.RotateDataKeys(t.Context()); err != nil {
					t.Error(err)
				}
				select {
				case <-written:
					done = true
				default:
				}
			}
		})
	}
	var mu sync.Mutex
	for i, id := range w.ids {
		if w.trashed[id] || i%7 == 3 {
			continue
		}
		writers.Go(func() {
			var last api.Secret
			for k := range 5 {
				var err error
				last, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: id, UpdateSecret: api.UpdateSecret{
					Name: ptr(fmt.Sprintf("%d_%d_%s", k%2, k, id)), Value: ptr(fmt.Sprintf("%d of %s", k, id)), Note: ptr(fmt.Sprint("note ", k)),
				}})
				if err != nil {
					t.Errorf("update %d of %s: %v", k, id, err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			stays[id] = last
		})
	}
	writers.Wait()
	close(written)
	runs.Wait()
	w.rotate()
	w.wantUnder(2)
	for id, want := range stays {
		got := get(t, w.World, w.Owner, id)
		if diff := cmp.Diff(want, got); diff != "" || got.Version < 6 {
			t.Errorf("what was written last is not what is there (-written +there):\n%s", diff)
		}
	}
	w.wantKeyEvents("dataKeyRetired: 1", "dataKey: 2")
}

// TestAGrantBetweenReadingAndWritingStays: a grant changes nothing that is derived, so that only the secret's own revision
// keeps resealing from undoing it.
func TestAGrantBetweenReadingAndWritingStays(t *testing.T) {
	w := newKeyWorld(t, newBolt(t), 1, 1)
	reader := w.Principal(access.KindUser, "later", access.RoleMember)
	w.age()
	c := &countingTable{}
	granted := false
	grant := func() { w.GrantSecret(w.ids[0], access.Read, reader) }
	c.transact = func(ctx context.Context, tx table.Transaction) error {
		if tx.Writes[0].Item.Key.SK == "SECRET" && !granted {
			granted = true
			grant()
		}
		return c.Table.Transact(ctx, tx)
	}
	again := w.Again(func(inner table.Table) table.Table { c.Table = inner; return c })
	told, err := again.RotateDataKeys(t.Context())
	if err != nil || told.Unfinished || !granted {
		t.Errorf("granted: %t, it tells %+v, %v", granted, told, err)
	}
	policy, err := w.GetSecretAccess(t.Context(), w.Owner, w.ids[0])
	if err != nil || len(policy.Grants) != 1 || policy.Grants[0].Principal.ID != reader {
		t.Errorf("the grants are %+v, %v", policy.Grants, err)
	}
	w.wantUnder(2)
}

// TestASecretThatMovesDuringAWalkIsFoundByTheNext renames a secret, between two pages of its shard, from what is ahead of the
// walk to what was passed.
func TestASecretThatMovesDuringAWalkIsFoundByTheNext(t *testing.T) {
	w := newKeyWorld(t, newBolt(t), 700, 1)
	w.age()
	shards := map[byte][]uuid.UUID{}
	for i, id := range w.ids { // by name
		if !w.trashed[id] && i%7 != 3 { // a client-encrypted one is not so easily renamed
			shards[id[15]%4] = append(shards[id[15]%4], id)
		}
	}
	var full []uuid.UUID // more than a page
	for _, ids := range shards {
		if len(ids) > len(full) {
			full = ids
		}
	}
	last := full[len(full)-1]
	c := &countingTable{}
	var renamed, restarted, sealed, sealedNext bool
	c.transact = func(ctx context.Context, tx table.Transaction) error {
		item := tx.Writes[0].Item
		part, after := number64(item, "part"), item.Attributes["after"]
		switch {
		case item.Key.SK == "RESEAL" && part == int64(last[15]%4) && after != nil && !renamed:
			renamed = true
			_, err := w.UpdateSecret(ctx, w.Owner, secrets.UpdateSecret{ID: last, UpdateSecret: api.UpdateSecret{Name: ptr("A")}})
			wantCode(t, err, "")
		case item.Key.SK == "RESEAL" && part == 0 && after == nil && item.Attributes["found"] == nil:
			restarted = renamed
		case item.Key == table.Key{PK: "SECRET#" + last.String(), SK: "SECRET"}:
			sealed, sealedNext = true, restarted
		}
		return c.Table.Transact(ctx, tx)
	}
	again := w.Again(func(inner table.Table) table.Table { c.Table = inner; return c })
	told, err := again.RotateDataKeys(t.Context())
	if err != nil || told.Unfinished {
		t.Errorf("it tells %+v, %v", told, err)
	}
	if !renamed || !sealed || !sealedNext {
		t.Errorf("renamed: %t, sealed anew: %t, by the next walk: %t", renamed, sealed, sealedNext)
	}
	w.wantUnder(2)
}

// spoil changes a bit of what is stored under an attribute.
func (w *keyWorld) spoil(key table.Key, attribute string, at int) {
	w.Helper()
	item, _, err := w.Table().Get(w.Context(), key)
	wantCode(w, err, "")
	sealed := slices.Clone(item.Attributes[attribute].([]byte)) //nolint:forcetypeassert // the test fails
	sealed[(at+len(sealed))%len(sealed)] ^= 1
	item.Attributes[attribute] = sealed
	wantCode(w, w.Table().Transact(w.Context(), table.Transaction{Writes: []table.Write{table.Put(item, table.IfPresent())}}), "")
}

// TestWhatIsDamagedIsLeftAndTold: a value, a version and a note do not open. The rest is sealed anew; the old data key is
// retired only when they are mended.
func TestWhatIsDamagedIsLeftAndTold(t *testing.T) {
	w := newKeyWorld(t, newBolt(t), 10, 2)
	value, version, note := w.ids[0], w.ids[1], w.ids[5+1]
	w.spoil(table.Key{PK: "SECRET#" + value.String(), SK: "SECRET"}, "value", -1)
	w.spoil(table.Key{PK: "SECRET#" + version.String(), SK: "VERSIONVALUE#0000000001"}, "value", 2)
	w.spoil(table.Key{PK: "SECRET#" + note.String(), SK: "SECRET"}, "note", 0)
	w.age()
	told := w.rotate()
	if told.Damaged != 3 || !told.Unfinished || len(told.Retired) > 0 || told.Resealed < 20 {
		t.Errorf("it tells %+v", told)
	}
	for range 3 { // it rests
		w.Clock.Advance(time.Hour)
		want := secrets.KeyRotation{Generation: 2, Damaged: 3, Retired: []uint32{}, Unfinished: true}
		if diff := cmp.Diff(want, w.rotate()); diff != "" {
			t.Errorf("an hour later (-want +got):\n%s", diff)
		}
	}
	w.Clock.Advance(24 * time.Hour)
	if told := w.rotate(); told.Damaged != 3 || told.Resealed != 0 || !told.Unfinished {
		t.Errorf("a day later it tells %+v", told)
	}
	w.spoil(table.Key{PK: "SECRET#" + value.String(), SK: "SECRET"}, "value", -1) // back
	w.spoil(table.Key{PK: "SECRET#" + version.String(), SK: "VERSIONVALUE#0000000001"}, "value", 2)
	w.spoil(table.Key{PK: "SECRET#" + note.String(), SK: "SECRET"}, "note", 0)
	w.Clock.Advance(25 * time.Hour)
	if told := w.rotate(); told.Damaged != 0 || told.Unfinished || !slices.Equal(told.Retired, []uint32{1}) {
		t.Errorf("when all is mended it tells %+v", told)
	}
	w.wantUnder(2)
}

// TestWhatCantBeWrittenKeepsNothingElseBack: a list entry that is not what its secret derived keeps that secret from being
// written, and no other.
func TestWhatCantBeWrittenKeepsNothingElseBack(t *testing.T) {
	w := newKeyWorld(t, newBolt(t), 6, 1)
	key := table.Key{PK: "PROJECT#" + w.plain.String(), SK: "VALUE#" + w.ids[0].String()}
	wantCode(t, w.Table().Transact(t.Context(), table.Transaction{Writes: []table.Write{table.Delete(key, table.Unconditional())}}), "")
	w.age()
	told := w.rotate()
	if told.Failed != 1 || !told.Unfinished || told.Resealed < 8 {
		t.Errorf("it tells %+v", told)
	}
}

// A walkedTable notes where the first page of secrets was asked for.
type walkedTable struct {
	table.Table
	first *table.Query
}

func (w *walkedTable) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if w.first == nil && q.Index == table.Index2 {
		w.first = &q
	}
	return w.Table.Query(ctx, q)
}

// TestARunGoesOnWhereAnotherEnded ends the first run in the middle of its walk.
func TestARunGoesOnWhereAnotherEnded(t *testing.T) {
	const n = 450
	w := newKeyWorld(t, newBolt(t), n, 1)
	w.age()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := &countingTable{}
	var noted table.Item
	c.transact = func(ctx context.Context, tx table.Transaction) error {
		if c.writes.Load() > n {
			cancel()
			return ctx.Err()
		}
		if item := tx.Writes[0].Item; item.Key.SK == "RESEAL" {
			noted = item
		}
		return c.Table.Transact(ctx, tx)
	}
	first := w.Again(func(inner table.Table) table.Table { c.Table = inner; return c })
	told, err := first.RotateDataKeys(ctx)
	if err != nil || !told.Unfinished || told.Resealed == 0 || noted.Attributes["part"] == nil {
		t.Fatalf("the first run tells %+v, %v, and noted %v", told, err, noted.Attributes)
	}
	walked := &walkedTable{}
	second := w.Again(func(inner table.Table) table.Table { walked.Table = inner; return walked })
	told, err = second.RotateDataKeys(t.Context())
	if err != nil || told.Unfinished {
		t.Errorf("the second run tells %+v, %v", told, err)
	}
	after, _ := noted.Attributes["after"].(string)
	shard := fmt.Sprintf("ORG#%s#SECRETS#%d", w.Organization, number64(noted, "part"))
	if walked.first == nil || walked.first.PK != shard || walked.first.After.SK != after {
		t.Errorf("it went on at %+v, not after %q in %s", walked.first, after, shard)
	}
	w.wantUnder(2)
}

// TestARunEndsWithItsTime: with too little time nothing is begun, and that is no failure.
func TestARunEndsWithItsTime(t *testing.T) {
	w := newKeyWorld(t, newBolt(t), 6, 1)
	w.age()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	told, err := w.RotateDataKeys(ctx)
	if err != nil || told.Resealed != 0 || !told.Unfinished {
		t.Errorf("it tells %+v, %v", told, err)
	}
	w.wantUnder(1)
}

// TestWhoPollsAValueIsNotWokenByResealing: the project's values are what they were, and so is their change mark.
func TestWhoPollsAValueIsNotWokenByResealing(t *testing.T) {
	f := follow(t, 0)
	project := f.ServerProject("plain")
	for i := range 5 {
		f.Secret(fmt.Sprint("S", i), "value", project)
	}
	poll := func(etag string) secrets.ProjectValues {
		values, err := f.GetProjectValues(t.Context(), f.Owner, secrets.GetProjectValues{Project: project, Known: secrets.IfNoneMatch(etag)})
		wantCode(t, err, "")
		return values
	}
	f.Clock.Advance(keyLife)
	_, err := f.RotateDataKeys(t.Context())
	wantCode(t, err, "")
	f.Clock.Advance(keySettles)
	f.rollUp()
	before := poll(`""`)
	told, err := f.RotateDataKeys(t.Context())
	if err != nil || told.Resealed != 10 {
		t.Errorf("it tells %+v, %v", told, err)
	}
	f.rollUp()
	if !poll(before.ETag).Unchanged {
		t.Error("resealing changed the mark of the project's values")
	}
	f.Clock.Advance(time.Minute)
	_, err = f.UpdateSecret(t.Context(), f.Owner, secrets.UpdateSecret{ID: before.Data[0].ID, UpdateSecret: api.UpdateSecret{Name: ptr("T")}})
	wantCode(t, err, "")
	f.rollUp()
	if poll(before.ETag).Unchanged {
		t.Error("a new name did not change it")
	}
}

// TestResealingOnDynamoDB has one run alone, whose cost is told, and for the next data key three side by side.
func TestResealingOnDynamoDB(t *testing.T) {
	client, name := dynamotest.New(t)
	m := meter.New(client, name)
	w := newKeyWorld(t, dynamo.New(m.Client(), name), 20, 3)
	before := w.answers()
	w.age()
	m.Reset()
	told := w.rotate()
	r := m.Report()
	t.Logf("20 secrets, %d values and notes: %d requests, %g read and %g write units", told.Resealed, r.Requests, r.ReadUnits, r.WriteUnits)
	w.wantUnder(2)
	w.age()
	failed := make(chan error)
	for range 3 {
		again := w.Again(nil)
		go func() {
			_, err := again.RotateDataKeys(t.Context())
			failed <- err
		}()
	}
	for range 3 {
		wantCode(t, <-failed, "")
	}
	w.Clock.Advance(time.Hour)
	if told := w.rotate(); told.Unfinished {
		t.Errorf("it tells %+v", told)
	}
	w.wantUnder(3)
	w.wantSame(before)
	w.wantKeyEvents("dataKeyRetired: 2", "dataKey: 3")
}
