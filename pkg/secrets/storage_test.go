package secrets_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
)

// An adapter is a table under test, and all that it stores as it stands there.
type adapter struct {
	table.Table
	raw func() []byte
}

// onBothAdapters runs a test over bolt and over DynamoDB.
func onBothAdapters(t *testing.T, test func(*testing.T, adapter)) {
	t.Run("bolt", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "table.bolt")
		db, err := bolt.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		test(t, adapter{db, func() []byte {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}})
	})
	t.Run("dynamo", func(t *testing.T) {
		client, name := dynamotest.New(t)
		test(t, adapter{dynamo.New(client, name), func() []byte { return scan(t, client, name) }})
	})
}

// scan is everything in the table, as text and bytes.
func scan(t *testing.T, client *dynamodb.Client, name string) []byte {
	t.Helper()
	var all bytes.Buffer
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: aws.String(name)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, attributes := range page.Items {
			item, err := dynamo.Decode(attributes)
			if err != nil {
				t.Fatal(err)
			}
			writeRaw(&all, item.Key.PK, item.Key.SK, item.Attributes)
		}
	}
	return all.Bytes()
}

func writeRaw(b *bytes.Buffer, values ...any) {
	for _, value := range values {
		switch v := value.(type) {
		case []byte:
			b.Write(v)
		case []any:
			writeRaw(b, v...)
		case map[string]any:
			for name, attribute := range v {
				writeRaw(b, name, attribute)
			}
		default:
			fmt.Fprint(b, v)
		}
		b.WriteByte(' ')
	}
}

func TestWhatIsStoredHoldsNoValueAndNoNote(t *testing.T) {
	onBothAdapters(t, func(t *testing.T, a adapter) {
		w := secretstest.New(t, a)
		project := w.ServerProject("plain")
		secret, _, err := w.CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{
			Name: "VISIBLE-NAME", Value: ptr("MARKED-VALUE-1"), Note: ptr("MARKED-NOTE-1"), ProjectIDs: []uuid.UUID{project},
		})
		wantCode(t, err, "")
		_, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{
			Value: ptr("MARKED-VALUE-2"), Note: ptr("MARKED-NOTE-2"),
		}})
		wantCode(t, err, "")
		_, err = w.RestoreSecretVersion(t.Context(), w.Owner, secret.ID, "", 1)
		wantCode(t, err, "")
		_, err = w.DeleteSecrets(t.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{secret.ID}})
		wantCode(t, err, "")
		raw := a.raw()
		if !bytes.Contains(raw, []byte("VISIBLE-NAME")) {
			t.Fatal("the search does not find what is stored in clear")
		}
		if bytes.Contains(raw, []byte("MARKED-")) {
			t.Error("a value or a note is stored in clear")
		}
	})
}
