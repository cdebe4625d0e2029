package secrets_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// A trashWorld is an organization whose whole table a test may look at.
type trashWorld struct {
	*secretstest.World
	*recording
}

func newTrashWorld(t testing.TB) trashWorld {
	t.Helper()
	r := &recording{Table: newBolt(t), items: map[table.Key]table.Item{}}
	return trashWorld{secretstest.New(t, r), r}
}

// delete puts secrets or projects into the trash.
func (w trashWorld) delete(ids ...uuid.UUID) {
	w.Helper()
	for _, id := range ids {
		remove := w.DeleteSecrets
		if w.has(table.Key{PK: "PROJECT#" + id.String(), SK: "PROJECT"}) {
			remove = w.DeleteProjects
		}
		results, err := remove(w.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{id}})
		wantBulk(w, results, err, "")
	}
}

func (w trashWorld) restore(id uuid.UUID, name *string) api.Code {
	w.Helper()
	results, err := w.RestoreFromTrash(w.Context(), w.Owner, w.Organization, api.RestoreFromTrash{IDs: []uuid.UUID{id}, Name: name})
	return bulkCode(w, results, err)
}

func (w trashWorld) purge(ids ...uuid.UUID) {
	w.Helper()
	for _, id := range ids {
		if code := w.tryPurge(id); code != "" {
			w.Fatalf("purging %s: %s", id, code)
		}
	}
}

func (w trashWorld) tryPurge(id uuid.UUID) api.Code {
	w.Helper()
	results, err := w.PurgeTrash(w.Context(), w.Owner, w.Organization, api.IDs{IDs: []uuid.UUID{id}})
	return bulkCode(w, results, err)
}

// sweep runs what is due until all passes are over: three of them, and three of what they found late.
func (w trashWorld) sweep() {
	w.Helper()
	for range 6 {
		w.sweepOnce()
		w.Clock.Advance(24*time.Hour + time.Minute)
	}
	for key := range w.all() {
		if strings.HasPrefix(key.SK, "SWEEP#") {
			w.Errorf("%s is left after the last pass", key.SK)
		}
	}
}

func (w trashWorld) sweepOnce() secrets.RunSummary {
	w.Helper()
	done, err := w.SweepDeleted(w.Context())
	if err != nil || done.Failed > 0 || done.Unfinished {
		w.Fatalf("sweeping: %+v, %v", done, err)
	}
	return done
}

// trash is what is in the trash, as somebody sees it.
func trashOf(t testing.TB, w *secretstest.World, by secrets.Caller, limit int) []api.TrashEntry {
	t.Helper()
	var all []api.TrashEntry
	in := api.Page{Limit: limit}
	for {
		list, err := w.ListTrash(t.Context(), by, w.Organization, in)
		wantCode(t, err, "")
		if len(list.Data) > limit {
			t.Fatalf("a page of at most %d has %d entries", limit, len(list.Data))
		}
		all = append(all, list.Data...)
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			return all
		}
	}
}

// all is what the table holds.
func (r *recording) all() map[table.Key]table.Item {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[table.Key]table.Item, len(r.items))
	for key, item := range r.items {
		all[key] = item
	}
	return all
}

func (r *recording) has(key table.Key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.items[key]
	return ok
}

// mentions are, for each of the ids, the keys of the items that tell of it, but for the events of hours.
func mentions(items map[table.Key]table.Item, ids ...uuid.UUID) map[uuid.UUID][]string {
	found := map[uuid.UUID][]string{}
	for _, id := range ids {
		found[id] = nil
	}
	for key, item := range items {
		if strings.HasPrefix(key.PK, "EVENT#") {
			continue
		}
		name := key.PK + " / " + key.SK
		look(item.Attributes, func(id uuid.UUID) {
			if keys, wanted := found[id]; wanted && !slices.Contains(keys, name) {
				found[id] = append(keys, name)
			}
		}, name)
	}
	for _, keys := range found {
		slices.Sort(keys)
	}
	return found
}

var uuidText = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// look shows whatever may be an id in some values.
func look(value any, show func(uuid.UUID), more ...any) {
	for _, other := range more {
		look(other, show)
	}
	switch v := value.(type) {
	case string:
		for _, text := range uuidText.FindAllString(v, -1) {
			show(uuid.MustParse(text))
		}
	case []byte:
		look(string(v), show)
		for i := 0; i+16 <= len(v); i++ {
			show(uuid.UUID(v[i : i+16]))
		}
	case []any:
		look(nil, show, v...)
	case map[string]any:
		for _, inner := range v {
			look(inner, show)
		}
	}
}

// wantWhole checks that all that is stored fits together: each secret has exactly the entries and copies that it should,
// and nothing stands for what is not there.
func wantWhole(t testing.TB, organization uuid.UUID, items map[table.Key]table.Item) {
	t.Helper()
	want := map[table.Key]bool{}
	for key, item := range items {
		switch {
		case key.SK == "SECRET" && item.Attributes["trashed"] == nil:
			name := fmt.Sprint(item.Attributes["name"])
			projects, _ := item.Attributes["projects"].([]any)
			for _, raw := range projects {
				pk := "PROJECT#" + uuid.UUID(raw.([]byte)).String()
				want[table.Key{PK: pk, SK: "SECRET#" + name}] = true
				want[table.Key{PK: pk, SK: "VALUE#" + strings.TrimPrefix(key.PK, "SECRET#")}] = true
			}
			if len(projects) == 0 {
				want[table.Key{PK: "ORG#" + organization.String() + "#UNASSIGNED", SK: "SECRET#" + name}] = true
			}
			if item.Index2.IsZero() {
				t.Errorf("the live %s is not in the index", key.PK)
			}
		case key.SK == "SECRET" && !item.Index2.IsZero():
			t.Errorf("%s is in the index", key.PK)
		case key.SK == "ROTATION" && item.Attributes["setBy"] != nil:
			setter := uuid.UUID(item.Attributes["setBy"].(map[string]any)["id"].([]byte))
			want[table.Key{PK: "SETTER#" + setter.String(), SK: key.PK}] = true
		case key.SK == "PROJECT" && item.Attributes["trashed"] == nil:
			want[table.Key{PK: "ORG#" + organization.String(), SK: "PROJECT#" + fmt.Sprint(item.Attributes["name"])}] = true
		}
		if (key.SK == "SECRET" || key.SK == "PROJECT") && item.Attributes["trashed"] != nil && item.Attributes["purged"] == nil {
			at := time.UnixMilli(item.Attributes["trashed"].(int64))
			_, id, _ := strings.Cut(key.PK, "#")
			want[table.Key{PK: "ORG#" + organization.String() + "#TRASH", SK: fmt.Sprintf("%013d#%s", at.UnixMilli(), id)}] = true
		}
	}
	for key := range want {
		if _, ok := items[key]; !ok {
			t.Errorf("%s / %s is missing", key.PK, key.SK)
		}
	}
	for key := range items {
		derived := strings.HasPrefix(key.SK, "SECRET#") || strings.HasPrefix(key.SK, "VALUE#") ||
			strings.HasPrefix(key.PK, "ORG#") && strings.HasPrefix(key.SK, "PROJECT#") || strings.HasSuffix(key.PK, "#TRASH")
		if derived && !want[key] {
			t.Errorf("%s / %s stands for nothing", key.PK, key.SK)
		}
	}
}

func wantBulk(t testing.TB, results api.BulkResults, err error, want api.Code) {
	t.Helper()
	if code := bulkCode(t, results, err); code != want {
		t.Fatalf("got %q, want %q: %+v", code, want, results.Data)
	}
}

// bulkCode is what a bulk operation of one id answered for it.
func bulkCode(t testing.TB, results api.BulkResults, err error) api.Code {
	t.Helper()
	if err != nil || len(results.Data) != 1 {
		t.Fatalf("%+v, %v", results, err)
	}
	if failed := results.Data[0].Error; failed != nil {
		return failed.Code
	}
	return ""
}

// put writes items behind the service's back.
func (w trashWorld) put(keys ...table.Key) {
	w.Helper()
	for _, key := range keys {
		item := table.Item{Key: key, Attributes: map[string]any{"v": int64(1)}}
		err := w.Transact(context.Background(), table.Transaction{Writes: []table.Write{table.Put(item, table.Unconditional())}})
		wantCode(w, err, "")
	}
}
