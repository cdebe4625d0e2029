package secrets_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/audit/evidence"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// newSealWorld is a world whose clock is at the first minute of an hour when its organization is made.
func newSealWorld(t *testing.T, over func(table.Table) table.Table) *secretstest.World {
	t.Helper()
	tbl := newBolt(t)
	if over != nil {
		tbl = over(tbl)
	}
	return secretstest.NewAt(t, tbl, time.Date(2026, 11, 26, 10, 1, 0, 0, time.UTC))
}

func seal(t testing.TB, w *secretstest.World) secrets.SealReport {
	t.Helper()
	report, err := w.SealEvents(w.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// hourOf is the hour of the clock.
func hourOf(w *secretstest.World) audit.Hour { return audit.HourOf(w.Clock.Now()) }

// busyHour makes events of all kinds, of a stranger too, and goes to the next hour.
func busyHour(w *secretstest.World) {
	secret := w.Secret(fmt.Sprintf("A%d", w.Clock.Now().Unix()), "value")
	for range 20 {
		if _, err := w.GetSecret(w.Context(), w.Owner, secret.ID, nil); err != nil {
			w.Fatal(err)
		}
	}
	if _, err := w.Whoami(w.Context(), secretstest.Caller("stranger")); secretstest.Code(err) != api.CodeForbidden {
		w.Fatal(err)
	}
	w.Clock.Advance(time.Hour)
}

func clean(t testing.TB, r *evidence.Report) {
	t.Helper()
	for _, f := range r.Findings {
		t.Errorf("found: %s", f)
	}
}

func TestAnHourIsSealedTenMinutesAfterItEnded(t *testing.T) {
	w := newSealWorld(t, nil)
	busyHour(w)
	w.Clock.Advance(9*time.Minute - time.Second) // 11:09:59
	if r := seal(t, w); r.Sealed != 0 || r.Through != "" {
		t.Errorf("at %s: %+v", w.Clock.Now().UTC(), r)
	}
	w.Clock.Advance(time.Second)
	if r := seal(t, w); r.Sealed != 1 || r.Through != "2026-11-26T10" || r.Events < 22 {
		t.Errorf("at %s: %+v", w.Clock.Now().UTC(), r)
	}
	if r := seal(t, w); r.Sealed != 0 || r.Through != "2026-11-26T10" {
		t.Errorf("again: %+v", r)
	}
	report := w.Verify(w.Export(secrets.EventTimes{}))
	clean(t, report)
	if report.Seals != 1 || report.Events < 22 || report.Uncovered != 0 {
		t.Errorf("%d seals, %d events, %d not covered", report.Seals, report.Events, report.Uncovered)
	}
}

// After an outage of three days all hours are sealed, those without events too, in one chain.
func TestTheSealerCatchesUp(t *testing.T) {
	w := newSealWorld(t, nil)
	busyHour(w)
	busyHour(w)
	w.Clock.Advance(70 * time.Hour)
	busyHour(w) // 2026-11-29T10
	w.Clock.Advance(9 * time.Minute)
	r := seal(t, w)
	if r.Sealed != 73 || r.Through != "2026-11-29T10" || r.Unfinished {
		t.Errorf("%+v", r)
	}
	report := w.Verify(w.Export(secrets.EventTimes{}))
	clean(t, report)
	if report.Seals != 73 || report.First != "2026-11-26T10" || report.Last != "2026-11-29T10" {
		t.Errorf("%d seals, %s to %s", report.Seals, report.First, report.Last)
	}
	files := w.Archive.Files()
	if len(files) != 73 || !strings.HasPrefix(string(files["seal-2026-11-27T00.json"]), `{"seal":{"body":`) {
		t.Errorf("%d seals are archived", len(files))
	}
}

// A run that has little time stops between two hours, and the next goes on.
func TestARunEndsBeforeItsTimeDoes(t *testing.T) {
	w := newSealWorld(t, nil)
	w.Clock.Advance(50 * time.Hour)
	ctx, cancel := context.WithTimeout(w.Context(), 10*time.Second)
	defer cancel()
	r, err := w.SealEvents(ctx)
	if err != nil || !r.Unfinished || r.Sealed != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if r := seal(t, w); r.Sealed != 49 || r.Unfinished {
		t.Errorf("%+v", r)
	}
}

// Runs at the same time make one chain.
func TestSeveralSealersMakeOneChain(t *testing.T) {
	w := newSealWorld(t, nil)
	busyHour(w)
	w.Clock.Advance(30 * time.Hour)
	var group sync.WaitGroup
	var sealed atomic.Int64
	for range 4 {
		group.Go(func() {
			r, err := w.Again(nil).SealEvents(w.Context())
			if err != nil {
				t.Error(err)
			}
			sealed.Add(int64(r.Sealed))
		})
	}
	group.Wait()
	if sealed.Load() != 30 {
		t.Errorf("%d hours were sealed, of 30", sealed.Load())
	}
	clean(t, w.Verify(w.Export(secrets.EventTimes{})))
	if n := len(w.Archive.Files()); n != 30 {
		t.Errorf("%d seals are archived", n)
	}
}

// A failing table fails every n-th write, once before it was done and once after.
type failing struct {
	table.Table
	n, count atomic.Int64
}

func (f *failing) Transact(ctx context.Context, t table.Transaction) error {
	n := f.n.Load()
	if n == 0 {
		return f.Table.Transact(ctx, t)
	}
	switch count := f.count.Add(1); {
	case count%n != 0:
		return f.Table.Transact(ctx, t)
	case count/n%2 == 0:
		return errors.Join(f.Table.Transact(ctx, t), errors.New("the answer was lost"))
	}
	return errors.New("the table does not answer")
}

// untilDone runs the sealer until a run has nothing more to do, whatever fails.
func untilDone(t testing.TB, w *secretstest.World) (failures int) {
	t.Helper()
	for range 1000 {
		r, err := w.Again(nil).SealEvents(w.Context())
		switch {
		case err != nil:
			failures++
		case r.Sealed+r.Removed == 0:
			return failures
		}
	}
	t.Fatal("it does not end")
	return failures
}

func TestASealerThatIsStoppedAnywhereIsGoneOnWith(t *testing.T) {
	for _, n := range []int64{11, 12, 13, 17, 29} { // an hour has nine shards at most, whose index must be written in one run
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			f := &failing{}
			w := newSealWorld(t, func(tbl table.Table) table.Table { f.Table = tbl; return f })
			busyHour(w)
			busyHour(w)
			keepDays(t, w, 30)
			w.Clock.Advance(32 * 24 * time.Hour)
			busyHour(w)
			w.Clock.Advance(10 * time.Minute)
			f.n.Store(n)
			if untilDone(t, w) == 0 {
				t.Error("nothing failed")
			}
			f.n.Store(0)
			report := w.Verify(w.Export(secrets.EventTimes{}))
			clean(t, report)
			if report.Removals < 1 || report.First != "2026-11-26T10" {
				t.Errorf("%d removals, from %s", report.Removals, report.First)
			}
			if n := count(t, w, "SEALINDEX#2026-11-26T10") + count(t, w, "EVENT#2026-11-26T10#unbound"); n != 0 {
				t.Errorf("%d items are left of an hour that was removed", n)
			}
		})
	}
}

// keepDays sets how long events are kept.
func keepDays(t testing.TB, w *secretstest.World, days int64) {
	t.Helper()
	item, _, err := w.Table().Get(t.Context(), table.Key{PK: "ORG#" + w.Organization.String(), SK: "ORG"})
	if err != nil {
		t.Fatal(err)
	}
	item.Attributes["eventRetentionDays"] = days
	if err := w.Table().Transact(t.Context(), table.Transaction{Writes: []table.Write{table.Put(item, table.Unconditional())}}); err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, w *secretstest.World, pk string) int {
	t.Helper()
	page, err := w.Table().Query(t.Context(), table.Query{PK: pk})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Items)
}

// Whole days go, 30 days after their end, with a signed record of how many events there were; the chain holds on.
func TestEventsAreKeptFor400DaysUnlessSaidOtherwise(t *testing.T) {
	w := newSealWorld(t, nil)
	seal(t, w)
	w.Clock.Advance(400*24*time.Hour - time.Minute)
	if testing.Short() {
		t.Skip("seals 9,600 hours")
	}
	if r := seal(t, w); r.Removed != 0 || r.Sealed != 9599 {
		t.Errorf("%+v", r)
	}
	w.Clock.Advance(14 * time.Hour)
	if r := seal(t, w); r.Removed != 14 || r.Sealed != 14 {
		t.Errorf("%+v", r)
	}
}

func TestRetentionRemovesWholeSealedDays(t *testing.T) {
	w := newSealWorld(t, nil)
	busyHour(w)
	before := sealNow(t, w)
	events := int64(0)
	for _, s := range before {
		events += s.Events
	}
	keepDays(t, w, 30)
	at := time.Date(2026, 12, 26, 23, 59, 0, 0, time.UTC) // 29 days, 23 hours and 59 minutes after the first day
	w.Clock.Advance(at.Sub(w.Clock.Now()))
	if r := seal(t, w); r.Removed != 0 {
		t.Errorf("on the last day: %+v", r)
	}
	w.Clock.Advance(time.Minute)
	if r := seal(t, w); r.Removed != 14 || count(t, w, "REMOVAL") != 1 {
		t.Errorf("after it: %+v", r)
	}
	if r := seal(t, w); r.Removed != 0 || count(t, w, "REMOVAL") != 1 {
		t.Errorf("again: %+v", r)
	}
	w.Clock.Advance(24 * time.Hour)
	if r := seal(t, w); r.Removed != 24 || count(t, w, "REMOVAL") != 2 {
		t.Errorf("a day later: %+v", r)
	}
	report := w.Verify(w.Export(secrets.EventTimes{}))
	clean(t, report)
	list, err := w.ListSeals(t.Context(), w.Owner, w.Organization, secrets.EventTimes{To: ptr(at.Add(-29 * 24 * time.Hour))}, page)
	if err != nil || len(list.Data) != 2 {
		t.Fatal(list, err)
	}
	removal := list.Data[1]
	if removal.Kind != api.SealOfRemoval || removal.Hour != "2026-11-26T10" || removal.Through != "2026-11-26T23" || removal.Events != events {
		t.Errorf("the removal is %+v, of %d events", removal, events)
	}
	files := w.Archive.Files()
	if files["removal-2026-11-26T10.json"] == nil || files["seal-2026-11-26T10.json"] == nil {
		t.Error("the removal is not archived, or the archive has lost a seal")
	}
}

// sealNow seals, and lists the seals.
func sealNow(t testing.TB, w *secretstest.World) []api.SealEntry {
	t.Helper()
	w.Clock.Advance(10 * time.Minute)
	seal(t, w)
	list, err := w.ListSeals(t.Context(), w.Owner, w.Organization, secrets.EventTimes{}, page)
	if err != nil {
		t.Fatal(err)
	}
	return list.Data
}

// TestWhatIsDoneToTheTableIsFound alters what is stored, without Strongroom, and verifies an export.
func TestWhatIsDoneToTheTableIsFound(t *testing.T) {
	const hour = "2026-11-26T11"
	for _, test := range []struct {
		name string
		// alter changes the table, given an event's item of the hour. It answers what is found.
		alter func(t *testing.T, tbl table.Table, item table.Item) []evidence.Kind
	}{
		{"an event removed", func(t *testing.T, tbl table.Table, item table.Item) []evidence.Kind {
			write(t, tbl, table.Delete(item.Key, table.Unconditional()))
			return []evidence.Kind{evidence.Removed}
		}},
		{"an event altered", func(t *testing.T, tbl table.Table, item table.Item) []evidence.Kind {
			e, _ := item.Attributes["e"].([]byte)
			item.Attributes["e"] = bytes.Replace(e, []byte("get-secret"), []byte("GET-SECRET"), 1)
			write(t, tbl, table.Put(item, table.Unconditional()))
			return []evidence.Kind{evidence.Altered}
		}},
		{"an event added", func(t *testing.T, tbl table.Table, item table.Item) []evidence.Kind {
			item.Key.SK = uuid.Must(uuid.NewV7()).String()
			write(t, tbl, table.Put(item, table.Unconditional()))
			return []evidence.Kind{evidence.Inserted}
		}},
		{"an event moved to another hour", func(t *testing.T, tbl table.Table, item table.Item) []evidence.Kind {
			write(t, tbl, table.Delete(item.Key, table.Unconditional()))
			item.Key.PK = strings.Replace(item.Key.PK, hour, "2026-11-26T10", 1)
			write(t, tbl, table.Put(item, table.Unconditional()))
			return []evidence.Kind{evidence.Inserted, evidence.Removed}
		}},
		{"an event and its place in the index removed", func(t *testing.T, tbl table.Table, item table.Item) []evidence.Kind {
			shard := strings.TrimPrefix(item.Key.PK, "EVENT#"+hour+"#")
			write(t, tbl, table.Delete(item.Key, table.Unconditional()))
			write(t, tbl, table.Delete(table.Key{PK: "SEALINDEX#" + hour, SK: shard + "#000000"}, table.Unconditional()))
			return []evidence.Kind{evidence.Differs}
		}},
		{"a seal removed", func(t *testing.T, tbl table.Table, _ table.Item) []evidence.Kind {
			write(t, tbl, table.Delete(table.Key{PK: "SEAL", SK: hour}, table.Unconditional()))
			return []evidence.Kind{evidence.SealMissing}
		}},
		{"an hour's seal in the place of another's", func(t *testing.T, tbl table.Table, _ table.Item) []evidence.Kind {
			item, _, err := tbl.Get(t.Context(), table.Key{PK: "SEAL", SK: "2026-11-26T12"})
			if err != nil {
				t.Fatal(err)
			}
			item.Key.SK = hour
			write(t, tbl, table.Put(item, table.Unconditional()))
			return []evidence.Kind{evidence.SealMissing, evidence.Reordered, evidence.Reordered}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newSealWorld(t, nil)
			busyHour(w)
			busyHour(w)
			w.Clock.Advance(3 * time.Hour)
			seal(t, w)
			var got []evidence.Kind
			item := anEvent(t, w, hour)
			want := test.alter(t, w.Table(), item)
			for _, f := range w.Verify(w.Export(secrets.EventTimes{})).Findings {
				if f.Event.String() == item.Key.SK || f.Kind != evidence.Reordered || f.Event == uuid.Nil {
					got = append(got, f.Kind)
				}
			}
			got = slices.CompactFunc(got, func(a, b evidence.Kind) bool { return a == b && a == evidence.Reordered })
			want = slices.CompactFunc(want, func(a, b evidence.Kind) bool { return a == b && a == evidence.Reordered })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func write(t *testing.T, tbl table.Table, w table.Write) {
	t.Helper()
	if err := tbl.Transact(t.Context(), table.Transaction{Writes: []table.Write{w}}); err != nil {
		t.Fatal(err)
	}
}

// anEvent is the item of a read of the hour.
func anEvent(t *testing.T, w *secretstest.World, hour string) table.Item {
	t.Helper()
	for shard := range 8 {
		page, err := w.Table().Query(t.Context(), table.Query{PK: fmt.Sprintf("EVENT#%s#%d", hour, shard)})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if e, _ := item.Attributes["e"].([]byte); bytes.Contains(e, []byte("get-secret")) {
				return item
			}
		}
	}
	t.Fatal("there is no read in that hour")
	return table.Item{}
}

// What is no event is in nobody's way: who seals, exports, lists, publishes and sums up events passes it over. What has the
// bytes of an event is sealed as it is, whatever schema it says it has, and whether they decode or not.
func TestAnItemThatIsNoEventStopsNothing(t *testing.T) {
	id := uuid.Must(uuid.NewV7()).String()
	var whole []byte // an event, to be found where it can be read
	for _, test := range []struct {
		name, sk   string
		attributes func() map[string]any
		sealed     int64
	}{
		{"another key", "something", func() map[string]any { return map[string]any{"x": "y"} }, 0},
		{"an event under another key", "something", func() map[string]any { return map[string]any{"v": int64(1), "e": whole} }, 0},
		{"a later schema", id, func() map[string]any { return map[string]any{"v": int64(99), "e": whole} }, 1},
		{"a string for the event", id, func() map[string]any { return map[string]any{"v": int64(1), "e": "event"} }, 0},
		{"nothing", id, func() map[string]any { return map[string]any{"v": int64(1)} }, 0},
		{"a string for the schema", id, func() map[string]any { return map[string]any{"v": "1", "e": whole} }, 1},
		{"bytes that do not decode", id, func() map[string]any { return map[string]any{"v": int64(1), "e": []byte("garbage")} }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newSealWorld(t, nil)
			busyHour(w)
			read := anEvent(t, w, "2026-11-26T10")
			whole, _ = read.Attributes["e"].([]byte)
			before := listed(t, w)
			want := int64(len(before)) + test.sealed
			item := table.Item{Key: table.Key{PK: "EVENT#2026-11-26T10#0", SK: test.sk}, Attributes: test.attributes()}
			write(t, w.Table(), table.Put(item, table.Unconditional()))
			if diff := cmp.Diff(before, listed(t, w)); diff != "" {
				t.Errorf("the list (-before +with it):\n%s", diff)
			}
			changes := []table.Change{{Key: item.Key, New: &item}, {Key: read.Key, New: &read}}
			if err := w.PublishChanges(t.Context(), changes); err != nil {
				t.Error(err)
			}
			if err := w.RollUpReads(t.Context(), changes); err != nil {
				t.Error(err)
			}
			w.Clock.Advance(time.Hour)
			if r := seal(t, w); r.Sealed != 1 || r.Events != want {
				t.Errorf("%+v, want %d events", r, want)
			}
			clean(t, w.Verify(w.Export(secrets.EventTimes{})))
		})
	}
}

// listed are the ids of the events of the world's first hour, as they are listed.
func listed(t *testing.T, w *secretstest.World) []uuid.UUID {
	t.Helper()
	var ids []uuid.UUID
	in := secrets.ListEvents{
		Page: api.Page{Limit: 5}, EventTimes: secrets.EventTimes{
			From: ptr(time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)), To: ptr(time.Date(2026, 11, 26, 11, 0, 0, 0, time.UTC)),
		},
	}
	for {
		list, err := w.ListEvents(t.Context(), w.Owner, w.Organization, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list.Data {
			ids = append(ids, e.ID)
		}
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			return ids
		}
	}
}

// A page of an export is small enough for an answer, and all pages together hold everything once, also when they end
// within an hour's index or events.
func TestAnExportOfManyEvents(t *testing.T) {
	w := newSealWorld(t, nil)
	var writes []table.Write
	const events = 20_000
	want := map[string]bool{}
	at := w.Clock.Now()
	for i := range events {
		id := uuid.New()
		binary.BigEndian.PutUint32(id[:], uint32(at.UnixMilli()>>16))
		binary.BigEndian.PutUint16(id[4:], uint16(i))
		id[6] = 0x70 | id[6]&0xf
		e := audit.Event{ID: id, At: at.UTC(), Action: "get-secret", Decision: audit.Allowed, Reason: strings.Repeat("r", 300)}
		want[id.String()] = true
		writes = append(writes, table.Put(table.Item{
			Key: table.Key{PK: "EVENT#2026-11-26T10#3", SK: id.String()}, Attributes: map[string]any{"v": int64(1), "e": e.Encode()},
		}, table.Unconditional()))
	}
	for chunk := range slices.Chunk(writes, 100) {
		if err := w.Table().Transact(t.Context(), table.Transaction{Writes: chunk}); err != nil {
			t.Fatal(err)
		}
	}
	w.Clock.Advance(2 * time.Hour)
	if r := seal(t, w); r.Events < events {
		t.Errorf("%+v", r)
	}
	if n := count(t, w, "SEALINDEX#2026-11-26T10"); n < 2 {
		t.Errorf("the index has %d parts", n)
	}
	pages := 0
	for token := ""; pages == 0 || token != ""; pages++ {
		page, err := w.ExportEvents(t.Context(), w.Owner, w.Organization, secrets.EventTimes{}, token)
		if err != nil {
			t.Fatal(err)
		}
		if size := sizeOfAnswer(t, page); size > api.MaxAnswer {
			t.Errorf("a page has %d bytes", size)
		}
		for _, part := range page.Data {
			if part.Event != nil && part.Event.Shard == "3" && part.Event.Hour == "2026-11-26T10" {
				delete(want, part.Event.ID.String())
			}
		}
		token = page.ContinuationToken
	}
	if pages < 3 || len(want) != 0 {
		t.Errorf("%d pages, %d events are in none", pages, len(want))
	}
	clean(t, w.Verify(w.Export(secrets.EventTimes{})))
}

func TestAPartOfTheTimeIsExported(t *testing.T) {
	w := newSealWorld(t, nil)
	for range 5 {
		busyHour(w)
	}
	w.Clock.Advance(time.Hour)
	seal(t, w)
	at := func(clock string) *time.Time {
		parsed, err := time.Parse(time.RFC3339, "2026-11-26T"+clock+":00Z")
		if err != nil {
			t.Fatal(err)
		}
		return &parsed
	}
	for _, test := range []struct {
		from, to    *time.Time
		first, last audit.Hour
		seals       int64
	}{
		{nil, nil, "2026-11-26T10", hourOf(w), 5},
		{at("11:30"), at("13:00"), "2026-11-26T11", "2026-11-26T12", 2},
		{at("11:30"), at("13:01"), "2026-11-26T11", "2026-11-26T13", 3},
		{at("09:00"), at("10:01"), "2026-11-26T10", "2026-11-26T10", 1},
	} {
		r := w.Verify(w.Export(secrets.EventTimes{From: test.from, To: test.to}))
		clean(t, r)
		if r.Header.From != test.first || r.Header.To != test.last || r.Seals != test.seals {
			t.Errorf("%s to %s, %d seals; want %+v", r.Header.From, r.Header.To, r.Seals, test)
		}
		list, err := w.ListSeals(t.Context(), w.Owner, w.Organization, secrets.EventTimes{From: test.from, To: test.to}, page)
		if err != nil || int64(len(list.Data)) != test.seals {
			t.Errorf("%d seals are listed (%v), want %d", len(list.Data), err, test.seals)
		}
	}
}

func TestSealsAreListedInPages(t *testing.T) {
	w := newSealWorld(t, nil)
	busyHour(w)
	keepDays(t, w, 30)
	w.Clock.Advance(31 * 24 * time.Hour)
	seal(t, w)
	w.Clock.Advance(24 * time.Hour)
	seal(t, w)
	for _, limit := range []int{1, 7, 500} {
		var got []string
		in := api.Page{Limit: limit}
		times := secrets.EventTimes{To: ptr(time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC))}
		for {
			list, err := w.ListSeals(t.Context(), w.Owner, w.Organization, times, in)
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Data) > limit {
				t.Errorf("a page of %d", len(list.Data))
			}
			for _, s := range list.Data {
				got = append(got, string(s.Kind)+" "+s.Hour)
			}
			if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
				break
			}
		}
		want := []string{"removal 2026-11-27T00", "removal 2026-11-26T10"}
		for hour := audit.Hour("2026-11-28T00"); hour <= "2026-11-28T11"; hour = hour.Next() {
			want = slices.Insert(want, 0, "seal "+string(hour))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, diff)
		}
	}
}

func TestOnlyWhoMaySeeEventsExportsThem(t *testing.T) {
	w := newSealWorld(t, nil)
	_, asMember := w.User("member", access.RoleMember)
	_, asAuditor := w.User("auditor", access.RoleAuditor)
	for name, read := range map[string]func(by secrets.Caller, organization uuid.UUID, times secrets.EventTimes, token string) error{
		"ExportEvents": func(by secrets.Caller, organization uuid.UUID, times secrets.EventTimes, token string) error {
			_, err := w.ExportEvents(t.Context(), by, organization, times, token)
			return err
		},
		"ListSeals": func(by secrets.Caller, organization uuid.UUID, times secrets.EventTimes, token string) error {
			_, err := w.ListSeals(t.Context(), by, organization, times, api.Page{Limit: 10, ContinuationToken: token})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			none := secrets.EventTimes{}
			wantCode(t, read(asMember, w.Organization, none, ""), api.CodeForbidden)
			wantCode(t, read(secretstest.Caller("stranger"), w.Organization, none, ""), api.CodeForbidden)
			wantCode(t, read(asAuditor, w.Organization, none, ""), "")
			wantCode(t, read(asAuditor, uuid.New(), none, ""), api.CodeNotFound)
			now := w.Clock.Now()
			wantCode(t, read(asAuditor, w.Organization, secrets.EventTimes{From: ptr(now.Add(time.Hour))}, ""), api.CodeInvalid)
			wantCode(t, read(asAuditor, w.Organization, secrets.EventTimes{From: &now, To: &now}, ""), api.CodeInvalid)
			for _, token := range malformedTokens() {
				wantCode(t, read(asAuditor, w.Organization, none, token), api.CodeInvalid)
			}
		})
	}
}

func tokenOf(list string, at ...string) string {
	raw, _ := json.Marshal(struct {
		L string   `json:"l"`
		A []string `json:"a"`
	}{list, at})
	return base64.RawURLEncoding.EncodeToString(raw)
}

// malformedTokens are tokens that no page answered, among them some of the right form.
func malformedTokens() []string {
	return []string{
		"x", tokenOf("events", "2026-11-26T10", ""), tokenOf("seals", "ORG", "2026-11-26T10"), tokenOf("seals", "SEAL", "then"),
		tokenOf("export", "", "", "", ""), tokenOf("export", "2026-11-26T10", "then", "", ""),
		tokenOf("export", "2026-11-26T10", "2026-11-26T10", "0", ""), tokenOf("export", "2026-11-26T10", "2026-11-26T10", "#1", ""),
		tokenOf("export", "2026-11-26T10", "2026-11-26T10", "0#1", "1#000000"),
	}
}

// A key that is lost is followed by another: the chain goes on, and who knows both keys finds nothing wrong.
func TestAnotherKeyGoesOnWithTheChain(t *testing.T) {
	w := newSealWorld(t, nil)
	busyHour(w)
	w.Clock.Advance(10 * time.Minute)
	seal(t, w)
	second := w.With(secretstest.NewSigner())
	second.Clock.Advance(time.Hour)
	seal(t, second)
	file := w.Export(secrets.EventTimes{})
	if r := w.Verify(file); len(r.Findings) != 1 || r.Findings[0].Kind != evidence.OtherKey {
		t.Errorf("with the first key: %v", r.Findings)
	}
	keys := make([]audit.PublicKey, 2)
	for i, signer := range []*secretstest.Signer{w.Signer, second.Signer} {
		var err error
		if keys[i], err = signer.PublicKey(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	r, err := evidence.Verify(bytes.NewReader(file), evidence.Trust{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	clean(t, r)
}

// Who takes seals out of the table and changes events doesn't get them sealed once more: the hours get back the seals that
// the archive has.
func TestTheArchiveGivesSealsBack(t *testing.T) {
	w := newSealWorld(t, nil)
	busyHour(w)
	busyHour(w)
	w.Clock.Advance(10 * time.Minute)
	seal(t, w)
	gone := anEvent(t, w, "2026-11-26T11")
	write(t, w.Table(), table.Delete(gone.Key, table.Unconditional()))
	for _, hour := range []string{"2026-11-26T10", "2026-11-26T11"} {
		write(t, w.Table(), table.Delete(table.Key{PK: "SEAL", SK: hour}, table.Unconditional()))
	}
	before := w.Archive.Files()
	w.Clock.Advance(time.Hour)
	if r := seal(t, w); r.Restored != 2 || r.Sealed != 3 {
		t.Errorf("%+v", r)
	}
	report := w.Verify(w.Export(secrets.EventTimes{}))
	if len(report.Findings) != 1 || report.Findings[0].Kind != evidence.Removed || report.Findings[0].Event.String() != gone.Key.SK {
		t.Errorf("found %v", report.Findings)
	}
	for name, content := range before {
		if !bytes.Equal(content, w.Archive.Files()[name]) {
			t.Errorf("%s was replaced", name)
		}
	}
}
