package secrets_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/audit/evidence"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/localkms"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
)

// TestTheDataOfEveryReleaseIsRead by this program, as it was left on both adapters: what is answered is what the release
// answered, whatever may have come to the answers since; every value and note opens; the record is verified; and work goes on.
func TestTheDataOfEveryReleaseIsRead(t *testing.T) {
	releases, err := os.ReadDir(upgradeFolder)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, release := range releases {
		if !release.IsDir() {
			continue
		}
		read++
		t.Run(release.Name()+"/bolt", func(t *testing.T) {
			g, folder := readGolden(t, release.Name())
			db, err := bolt.Open(filepath.Join(folder, upgradeBolt), bolt.NoSync())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			checkGolden(t, g, folder, db)
		})
		t.Run(release.Name()+"/dynamo", func(t *testing.T) {
			g, folder := readGolden(t, release.Name())
			client, name := dynamotest.New(t)
			if n := loadItems(t, client, name, filepath.Join(folder, upgradeItems)); n < 100 {
				t.Fatalf("only %d items", n)
			}
			checkGolden(t, g, folder, dynamo.New(client, name))
		})
	}
	if read < 1 {
		t.Errorf("%d releases", read)
	}
}

func checkGolden(t *testing.T, g *golden, folder string, tbl table.Table) {
	t.Helper()
	w := openGolden(t, g, folder, tbl)
	w.clock.Advance(time.Minute)
	checkAnswers(t, g.Answers, w.ask())
	w.checkValues()
	w.checkRecord(folder)
	w.goesOn()
	w.checkValues()
}

// checkAnswers compares answers with those of the release.
func checkAnswers(t *testing.T, want, got map[string]json.RawMessage) {
	t.Helper()
	if len(want) < 300 {
		t.Errorf("only %d answers", len(want))
	}
	for name, answer := range want {
		var before, now any
		if err := json.Unmarshal(answer, &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got[name], &now); err != nil {
			t.Errorf("%s: no answer: %v", name, err)
			continue
		}
		if diff := cmp.Diff(before, onlyOf(before, now)); diff != "" {
			t.Errorf("%s is another (-release +now):\n%s", name, diff)
		}
	}
}

// onlyOf is what is answered now, without members that the release did not have, and without etags, which are nobody's to
// keep.
func onlyOf(before, now any) any {
	switch b := before.(type) {
	case map[string]any:
		n, ok := now.(map[string]any)
		if !ok {
			return now
		}
		kept := map[string]any{}
		for name, member := range b {
			if value, there := n[name]; there {
				kept[name] = onlyOf(member, value)
			}
			if name == "etag" || name == "ETag" {
				kept[name] = member
			}
		}
		return kept
	case []any:
		n, ok := now.([]any)
		if !ok || len(n) != len(b) {
			return now
		}
		kept := make([]any, len(b))
		for i := range b {
			kept[i] = onlyOf(b[i], n[i])
		}
		return kept
	}
	return now
}

// checkValues opens every version of every secret that is not gone, and its note.
func (w *goldenWorld) checkValues() {
	w.Helper()
	opened := 0
	for name, values := range w.Values {
		if name == "GONE" || name == "PURGED" {
			continue
		}
		s, err := w.GetSecret(w.Context(), w.owner(), w.IDs[name], nil)
		w.must(err)
		if s.Note != w.Notes[name] || s.Version != int64(len(values)) {
			w.Errorf("%s: note %q, version %d", name, s.Note, s.Version)
		}
		for i, want := range values {
			v, err := w.GetSecretVersion(w.Context(), w.owner(), w.IDs[name], int64(i+1))
			w.must(err)
			if got := w.plaintext(s, *v.Value); got != want {
				w.Errorf("%s, version %d: %q, want %q", name, i+1, got, want)
			}
			opened++
		}
		if got := w.plaintext(s, s.Value); got != values[len(values)-1] {
			w.Errorf("%s: %q", name, got)
		}
	}
	if opened < 10 {
		w.Errorf("only %d values were opened", opened)
	}
}

// plaintext is a value as its reader sees it.
func (w *goldenWorld) plaintext(s api.Secret, value string) string {
	w.Helper()
	if s.Encryption != api.EncryptionClient {
		return value
	}
	project := w.IDs["demo"]
	var keys []clientcrypto.ProjectKey
	for _, key := range *s.Keys {
		material, err := w.kms.Key(localkms.Client).Decrypt(w.Context(), key.Wrapped, clientcrypto.KeyContext(w.Organization, project))
		w.must(err)
		k, err := clientcrypto.NewProjectKey(key.ID, project, material)
		w.must(err)
		keys = append(keys, k)
	}
	opened, err := clientcrypto.Open(value, keys, clientcrypto.Expectation{Organization: w.Organization, Secret: s.ID, Project: project})
	w.must(err)
	return string(opened.Plaintext)
}

// checkRecord verifies the release's own export, and one of today, with the key that seals.
func (w *goldenWorld) checkRecord(folder string) {
	w.Helper()
	released, err := os.ReadFile(filepath.Join(folder, upgradeExport))
	w.must(err)
	key, err := w.signer.PublicKey(w.Context())
	w.must(err)
	for name, file := range map[string][]byte{"the release's": released, "today's": w.export(w.began().Truncate(time.Hour))} {
		report, err := evidence.Verify(bytes.NewReader(file), evidence.Trust{Keys: []audit.PublicKey{key}, Organization: w.Organization})
		w.must(err)
		if !report.OK() || report.Events < 50 {
			w.Errorf("%s export: %+v", name, report)
		}
	}
}

// goesOn does what is to be done next: the chain of seals and the sweep are continued, and what is under the old data key is
// sealed anew.
func (w *goldenWorld) goesOn() {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 21*time.Second) // of which a run leaves twenty
	defer cancel()
	sealed, err := w.SealEvents(ctx)
	w.must(err)
	if sealed.Sealed == 0 {
		w.Errorf("nothing was sealed: %+v", sealed)
	}
	swept, err := w.SweepDeleted(w.Context())
	w.must(err)
	if swept.Failed > 0 {
		w.Errorf("swept: %+v", swept)
	}
	w.clock.Advance(time.Hour)
	for range 5 {
		told, err := w.RotateDataKeys(w.Context())
		w.must(err)
		if told.Damaged+told.Failed > 0 {
			w.Errorf("resealed: %+v", told)
		}
		if !told.Unfinished {
			break
		}
	}
	if told, err := w.RotateDataKeys(w.Context()); err != nil || told.Unfinished || told.Generation != 2 {
		w.Errorf("not everything is under the second data key: %+v, %v", told, err)
	}
	if _, err := w.UpdateSecret(w.Context(), w.owner(), secretsUpdate(w.IDs["DATABASE_URL"], "postgres://later")); err != nil {
		w.Error(err)
	}
	w.Values["DATABASE_URL"] = append(w.Values["DATABASE_URL"], "postgres://later")
}

func secretsUpdate(id uuid.UUID, value string) secrets.UpdateSecret {
	return secrets.UpdateSecret{ID: id, UpdateSecret: api.UpdateSecret{Value: &value}}
}

// TestFormsStandWhereTheReadmeSays: whoever changes the number of a form has read what goes with it.
func TestFormsStandWhereTheReadmeSays(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(upgradeFolder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| [^|]+ \\| [^|]+ \\| `(pkg/[^`]+)`: `([^`]+)` \\|$").FindAllStringSubmatch(string(readme), -1)
	if len(rows) != 10 {
		t.Errorf("%d forms are listed", len(rows))
	}
	for _, row := range rows {
		source, err := os.ReadFile(filepath.Join("../..", row[1]))
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(source), row[2]) {
			t.Errorf("%s has no %q: see testdata/upgrade/README.md", row[1], row[2])
		}
	}
}

// TestANewerSchemaIsRefusedWhateverItIsOf, with 503 and a word of advice, and what decides is read again when it is there.
func TestANewerSchemaIsRefusedWhateverItIsOf(t *testing.T) {
	g, folder := readGolden(t, "first")
	db, err := bolt.Open(filepath.Join(folder, upgradeBolt), bolt.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := openGolden(t, g, folder, db)
	read := func() error {
		_, err := w.GetSecret(w.Context(), w.owner(), w.IDs["DATABASE_URL"], nil)
		return err
	}
	put := func(item table.Item) {
		w.must(db.Transact(w.Context(), table.Transaction{Writes: []table.Write{table.Put(item, table.Unconditional())}}))
	}
	for _, key := range []table.Key{
		{PK: "IDENTITY#arn:aws:iam::" + secretstest.Account + ":role/owner", SK: "IDENTITY"},
		{PK: "PROJECT#" + w.IDs["plain"].String(), SK: "PROJECT"},
		{PK: "SECRET#" + w.IDs["DATABASE_URL"].String(), SK: "SECRET"},
	} {
		item, found, err := db.Get(w.Context(), key)
		if err != nil || !found {
			t.Fatalf("%v: found %t, %v", key, found, err)
		}
		newer := item
		newer.Attributes = maps.Clone(item.Attributes)
		newer.Attributes["v"] = int64(2)
		put(newer)
		if err := read(); secretstest.Code(err) != api.CodeUnavailable || !strings.Contains(err.Error(), "newer version of Strongroom") {
			t.Errorf("%v: %v", key, err)
		}
		put(item)
		if err := read(); err != nil {
			t.Errorf("%v: put back: %v", key, err)
		}
	}
}

// TestGoldenItemsAreOfTheSchemaThatIsSaid: each has its number, and none a higher one than its release wrote.
func TestGoldenItemsAreOfTheSchemaThatIsSaid(t *testing.T) {
	kinds := map[string]bool{}
	text, err := os.ReadFile(filepath.Join(upgradeFolder, "first", upgradeItems))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var item map[string]map[string]any
		if err := json.Unmarshal([]byte(line), &item); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(item["v"]["N"]) != "1" {
			t.Errorf("%v / %v has schema %v", item["PK"]["S"], item["SK"]["S"], item["v"])
		}
		pk, _, _ := strings.Cut(fmt.Sprint(item["PK"]["S"]), "#")
		sk, _, _ := strings.Cut(fmt.Sprint(item["SK"]["S"]), "#")
		if pk == "EVENT" || pk == "SEAL" || pk == "SEALINDEX" || strings.HasSuffix(fmt.Sprint(item["PK"]["S"]), "#TRASH") {
			sk = "*"
		}
		kinds[pk+"/"+sk] = true
	}
	want := map[string]bool{}
	for _, kind := range strings.Fields(`ORG/ORG ORG/DATAKEY ORG/PROJECT ORG/USER ORG/GROUP ORG/SERVICEACCOUNT ORG/SECRET ORG/SWEEP ORG/*
		ORG/EVENT PRINCIPAL/PRINCIPAL PRINCIPAL/MEMBER PRINCIPAL/REACH PRINCIPAL/READ PRINCIPAL/EVENT IDENTITY/IDENTITY
		PROJECT/PROJECT PROJECT/SECRET PROJECT/VALUE PROJECT/EVENT CHANGED/CHANGED
		SECRET/SECRET SECRET/VERSION SECRET/VERSIONVALUE SECRET/READ SECRET/EVENT EVENT/* SEAL/* SEALINDEX/*`) {
		want[kind] = true
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("kinds of items (-want +golden):\n%s", diff)
	}
}
