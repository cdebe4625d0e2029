package secrets_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"strongroom/pkg/localkms"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
)

// Files of a folder of testdata/upgrade; its README says what they are.
const (
	upgradeFolder  = "../../testdata/upgrade"
	upgradeBolt    = "strongroom.db"
	upgradeItems   = "items.jsonl"
	upgradeKeys    = "keys.json"
	upgradeSigning = "signing.json"
	upgradeSeals   = "seals"
	upgradeExport  = "export.jsonl"
	upgradeAnswers = "answers.json"
)

// A golden is the data of a release, and what that release answered about it.
type golden struct {
	// Now is when the data was left: what was to come then is still to come.
	Now          time.Time            `json:"now"`
	Organization uuid.UUID            `json:"organization"`
	IDs          map[string]uuid.UUID `json:"ids"`
	// Values and Notes are what opens: by secret, of each version.
	Values map[string][]string `json:"values"`
	Notes  map[string]string   `json:"notes"`
	// Answers are those of the release to the questions of that name, JSON.
	Answers map[string]json.RawMessage `json:"answers"`
}

// A goldenWorld is an organization of a golden: a service over a table, with keys and signer from files.
type goldenWorld struct {
	testing.TB
	*golden
	*secrets.Service
	clock   *secretstest.Clock
	kms     *localkms.KMS
	signer  *localkms.Signer
	archive *secretstest.Archive
}

// openGolden makes the service. Key and signer are those of the folder's files, which are made where there are none.
func openGolden(t testing.TB, g *golden, folder string, tbl table.Table) *goldenWorld {
	t.Helper()
	w := &goldenWorld{TB: t, golden: g, clock: secretstest.NewClock(), archive: &secretstest.Archive{}}
	w.clock.Advance(g.Now.Sub(w.clock.Now()))
	var err error
	if w.kms, err = localkms.Open(filepath.Join(folder, upgradeKeys)); err != nil {
		t.Fatal(err)
	}
	if w.signer, err = localkms.OpenSigner(filepath.Join(folder, upgradeSigning)); err != nil {
		t.Fatal(err)
	}
	seals, err := filepath.Glob(filepath.Join(folder, upgradeSeals, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range seals {
		content, err := os.ReadFile(file)
		if err == nil {
			err = w.archive.Put(t.Context(), filepath.Base(file), content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Service = secrets.New(secrets.Config{
		Table: tbl, Keys: w.kms.Key(localkms.Storage), Signer: w.signer, Archive: w.archive, Organization: g.Organization,
		Account: secretstest.Account, ClientKeyARN: w.kms.Key(localkms.Client).ARN(), Bus: &secretstest.Bus{}, Now: w.clock.Now,
	})
	return w
}

func (w *goldenWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// readGolden reads a folder's answers, and copies the folder to where it may be written.
func readGolden(t *testing.T, name string) (*golden, string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(upgradeFolder, name))); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600) //nolint:gosec // keys are nobody else's, and the folder is the test's own
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, upgradeAnswers))
	if err != nil {
		t.Fatal(err)
	}
	g := &golden{}
	if err := json.Unmarshal(text, g); err != nil {
		t.Fatal(err)
	}
	return g, folder
}

// loadItems puts a dump's items into DynamoDB as they are, without this program's own reading of them.
func loadItems(t *testing.T, client *dynamodb.Client, name, file string) (loaded int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for ; lines.Scan(); loaded++ {
		var image map[string]lambdaevents.DynamoDBAttributeValue
		if err := json.Unmarshal(lines.Bytes(), &image); err != nil {
			t.Fatal(err)
		}
		item := map[string]types.AttributeValue{}
		for attribute, value := range image {
			item[attribute] = clientsOwn(t, value)
		}
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	return loaded
}

// clientsOwn is a value in the type of AWS's client.
func clientsOwn(t *testing.T, v lambdaevents.DynamoDBAttributeValue) types.AttributeValue {
	t.Helper()
	switch v.DataType() { //nolint:exhaustive // sets are not used
	case lambdaevents.DataTypeString:
		return &types.AttributeValueMemberS{Value: v.String()}
	case lambdaevents.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: v.Number()}
	case lambdaevents.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: v.Boolean()}
	case lambdaevents.DataTypeBinary:
		return &types.AttributeValueMemberB{Value: v.Binary()}
	case lambdaevents.DataTypeList:
		list := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
		for _, element := range v.List() {
			list.Value = append(list.Value, clientsOwn(t, element))
		}
		return list
	case lambdaevents.DataTypeMap:
		inner := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}}
		for name, element := range v.Map() {
			inner.Value[name] = clientsOwn(t, element)
		}
		return inner
	}
	t.Fatalf("an attribute of type %d", v.DataType())
	return nil
}

// dumpItems writes items as DynamoDB has them, JSON lines in the order of their keys.
func dumpItems(t *testing.T, items map[table.Key]table.Item, file string) {
	t.Helper()
	keys := slices.SortedFunc(maps.Keys(items), func(a, b table.Key) int {
		return bytes.Compare([]byte(a.PK+"\x00"+a.SK), []byte(b.PK+"\x00"+b.SK))
	})
	var out bytes.Buffer
	for _, key := range keys {
		item := items[key]
		line, err := json.Marshal(dynamo.EncodeRecord(table.Change{Key: key, New: &item}).Change.NewImage)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// export is the file of two hours' events, as the command line would write it.
func (w *goldenWorld) export(from time.Time) []byte {
	w.Helper()
	to := from.Add(2 * time.Hour)
	return secretstest.Export(w, w.Service, w.owner(), w.Organization, secrets.EventTimes{From: &from, To: &to}, w.clock.Now())
}

func (w *goldenWorld) owner() secrets.Caller { return secretstest.Caller("owner") }

// ask answers the questions that a golden has answers to.
func (w *goldenWorld) ask() map[string]json.RawMessage {
	w.Helper()
	answers := map[string]json.RawMessage{}
	for name, question := range w.questions() {
		answer, err := question(w.Context())
		if err != nil {
			answer = map[string]any{"error": secretstest.Code(err)} // its words may change
		}
		text, err := json.Marshal(answer)
		w.must(err)
		answers[name] = text
	}
	return answers
}
