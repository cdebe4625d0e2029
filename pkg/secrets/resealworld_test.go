package secrets_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/envelope"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

const (
	keyLife    = 90 * 24 * time.Hour
	keySettles = 10 * time.Minute
)

// A keyWorld has secrets wherever there can be some: in one project, in two, in none, in the trash, in a project in the trash,
// client-encrypted; with notes and without.
type keyWorld struct {
	*secretstest.World
	plain, other uuid.UUID
	client       secretstest.ClientProject
	ids          []uuid.UUID
	trashed      map[uuid.UUID]bool
}

func newKeyWorld(t testing.TB, tbl table.Table, n, versions int) *keyWorld {
	t.Helper()
	w := &keyWorld{World: secretstest.New(t, tbl), trashed: map[uuid.UUID]bool{}}
	w.plain, w.other, w.client = w.ServerProject("plain"), w.ServerProject("other"), w.ClientProject("client")
	gone := w.ServerProject("gone")
	reader, _ := w.User("reader", access.RoleMember)
	for i := range n {
		name := fmt.Sprintf("SECRET_%05d", i)
		if i%7 == 3 {
			w.ids = append(w.ids, w.ClientSecret(name, "value", w.client).ID)
			continue
		}
		projects := [][]uuid.UUID{{w.plain}, {w.plain, w.other}, {w.other}, {}, {gone}, {w.plain}}[i%6]
		in := api.CreateSecret{Name: name, Value: ptr("version 1 of " + name), ProjectIDs: projects}
		if i%2 == 0 {
			in.Note = ptr("about " + name)
		}
		made, _, err := w.CreateSecret(t.Context(), w.Owner, w.Organization, in)
		wantCode(t, err, "")
		w.ids = append(w.ids, made.ID)
		for v := 2; v <= versions; v++ {
			w.Clock.Advance(time.Millisecond)
			w.write(made.ID, fmt.Sprintf("version %d of %s", v, name))
		}
		if i%5 == 4 {
			w.GrantSecret(made.ID, access.Read, reader)
		}
		if i%5 == 2 {
			w.throwAway(made.ID)
		}
	}
	w.Trash(gone)
	return w
}

func (w *keyWorld) write(id uuid.UUID, value string) {
	w.Helper()
	_, err := w.UpdateSecret(w.Context(), w.Owner, secrets.UpdateSecret{ID: id, UpdateSecret: api.UpdateSecret{Value: &value}})
	wantCode(w, err, "")
}

func (w *keyWorld) throwAway(id uuid.UUID) {
	w.Helper()
	results, err := w.DeleteSecrets(w.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{id}})
	if err != nil || results.Data[0].Error != nil {
		w.Fatal(err, results)
	}
	w.trashed[id] = true
}

// rotate is one run.
func (w *keyWorld) rotate() secrets.KeyRotation {
	w.Helper()
	told, err := w.RotateDataKeys(w.Context())
	wantCode(w, err, "")
	return told
}

// age makes a new data key and lets it settle.
func (w *keyWorld) age() {
	w.Helper()
	w.Clock.Advance(keyLife)
	if told := w.rotate(); !told.Made || !told.Unfinished {
		w.Fatalf("after its life the data key was not replaced: %+v", told)
	}
	w.Clock.Advance(keySettles)
}

// answers are what the owner is answered to everything that can be asked about the secrets.
func (w *keyWorld) answers() map[string]string {
	w.Helper()
	all := map[string]string{}
	keep := func(what string, answer any, err error) {
		w.Helper()
		wantCode(w, err, "")
		text, err := json.Marshal(answer)
		wantCode(w, err, "")
		all[what] = string(text)
	}
	for _, id := range w.ids {
		if w.trashed[id] {
			continue
		}
		secret, err := w.GetSecret(w.Context(), w.Owner, id, nil)
		keep("secret "+id.String(), secret, err)
		grants, err := w.GetSecretAccess(w.Context(), w.Owner, id)
		keep("access "+id.String(), grants, err)
		versions, err := w.ListSecretVersions(w.Context(), w.Owner, id, api.Page{Limit: 100})
		keep("versions "+id.String(), versions, err)
		for _, v := range versions.Data {
			version, err := w.GetSecretVersion(w.Context(), w.Owner, id, v.Version)
			keep(fmt.Sprint("version ", v.Version, " of ", id), version, err)
		}
	}
	for _, project := range []uuid.UUID{w.plain, w.other, w.client.ID} {
		list, err := w.ListProjectSecrets(w.Context(), w.Owner, project, secrets.ListSecrets{Page: api.Page{Limit: 500}})
		keep("list of "+project.String(), list, err)
		values, err := w.GetProjectValues(w.Context(), w.Owner, secrets.GetProjectValues{Project: project})
		keep("values of "+project.String(), values.List, err) // its ETag is another every day
	}
	list, err := w.ListSecrets(w.Context(), w.Owner, w.Organization, secrets.ListSecrets{Page: api.Page{Limit: 500}})
	keep("list", list, err)
	return all
}

// wantSame compares answers before and after.
func (w *keyWorld) wantSame(before map[string]string) {
	w.Helper()
	if diff := cmp.Diff(before, w.answers()); diff != "" {
		w.Errorf("after resealing other answers are given (-before +after):\n%s", diff)
	}
}

// dataKey unwraps a data key.
func (w *keyWorld) dataKey(generation uint32) envelope.Key {
	w.Helper()
	item, _, err := w.Table().Get(w.Context(), w.dataKeyKey(generation))
	wantCode(w, err, "")
	wrapped, _ := item.Attributes["wrapped"].([]byte)
	material, err := w.Keys.Decrypt(w.Context(), wrapped, envelope.KeyContext(w.Organization, generation))
	wantCode(w, err, "")
	key, err := envelope.NewKey(generation, material)
	wantCode(w, err, "")
	return key
}

func (w *keyWorld) dataKeyKey(generation uint32) table.Key {
	return table.Key{PK: "ORG#" + w.Organization.String(), SK: fmt.Sprintf("DATAKEY#%010d", generation)}
}

// wantUnder looks at all that is stored of the secrets: it opens under that data key, and what is derived is what it derives
// from.
func (w *keyWorld) wantUnder(generation uint32) {
	w.Helper()
	key := w.dataKey(generation)
	for _, id := range w.ids {
		page, err := w.Table().Query(w.Context(), table.Query{PK: "SECRET#" + id.String()})
		wantCode(w, err, "")
		for _, item := range page.Items {
			kind, number, _ := strings.Cut(item.Key.SK, "#")
			switch kind {
			case "VERSIONVALUE":
				n, err := strconv.ParseInt(number, 10, 64)
				wantCode(w, err, "")
				w.wantOpens(key, id, envelope.PurposeValue, n, item)
			case "SECRET":
				w.wantOpens(key, id, envelope.PurposeValue, number64(item, "version"), item)
				w.wantOpens(key, id, envelope.PurposeNote, number64(item, "noteNumber"), item)
				w.wantDerived(id, item)
			}
		}
	}
}

// wantOpens opens what an item holds under its purpose's name.
func (w *keyWorld) wantOpens(key envelope.Key, id uuid.UUID, purpose envelope.Purpose, number int64, item table.Item) {
	w.Helper()
	sealed, ok := item.Attributes[string(purpose)].([]byte)
	if !ok && purpose == envelope.PurposeNote {
		return
	}
	place := envelope.Place{Organization: w.Organization, Secret: id, Purpose: purpose, Number: uint64(number)}
	if _, err := key.Open(place, sealed); err != nil {
		generation, _ := envelope.Generation(sealed)
		w.Errorf("the %s in %s / %s is under data key %d, not %d: %v", purpose, item.Key.PK, item.Key.SK, generation, key.Generation(), err)
	}
}

// wantDerived compares a secret's copies and list entries with it.
func (w *keyWorld) wantDerived(id uuid.UUID, secret table.Item) {
	w.Helper()
	if w.trashed[id] {
		return
	}
	packed, _ := secret.Attributes["projects"].([]any)
	for _, p := range packed {
		project, err := uuid.FromBytes(p.([]byte)) //nolint:forcetypeassert // the test fails
		wantCode(w, err, "")
		name, _ := secret.Attributes["name"].(string)
		for _, sk := range []string{"VALUE#" + id.String(), "SECRET#" + name} {
			item, found, err := w.Table().Get(w.Context(), table.Key{PK: "PROJECT#" + project.String(), SK: sk})
			if err != nil || !found || item.Revision != number64(secret, "derived") {
				w.Errorf("%s / %s is not what the secret derived: %t, %d, %v", item.Key.PK, sk, found, item.Revision, err)
			}
			value, copied := item.Attributes["value"].([]byte)
			if want, _ := secret.Attributes["value"].([]byte); copied && !bytes.Equal(value, want) {
				w.Errorf("the copy of %s in %s is another", id, project)
			}
		}
	}
}

func number64(item table.Item, attribute string) int64 {
	n, _ := item.Attributes[attribute].(int64)
	return n
}
