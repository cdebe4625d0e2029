package bench

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
)

// An amazon stands in for DynamoDB and KMS, as far as a function that reads a secret asks them: it answers out of a file of
// bolt, in less time than any emulator takes.
type amazon struct {
	b    *testing.B
	t    table.Table
	keys *secretstest.Keys
}

type attributes map[string]events.DynamoDBAttributeValue

func (a attributes) key() table.Key { return table.Key{PK: a["PK"].String(), SK: a["SK"].String()} }

func attributesOf(item table.Item) attributes {
	return dynamo.EncodeRecord(table.Change{Key: item.Key, New: &item}).Change.NewImage
}

type amazonRequest struct {
	// of DynamoDB
	TableName    string
	RequestItems map[string]struct{ Keys []attributes }
	Key          attributes
	// of KMS
	CiphertextBlob    []byte
	EncryptionContext map[string]string
}

func (a *amazon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in amazonRequest
	err := json.NewDecoder(r.Body).Decode(&in)
	var out any
	if err == nil {
		out, err = a.answer(r, in)
	}
	body, encodeErr := json.Marshal(out)
	if err != nil || encodeErr != nil {
		a.b.Error(r.Header.Get("X-Amz-Target"), err, encodeErr)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE(body)))
	_, _ = w.Write(body)
}

func (a *amazon) answer(r *http.Request, in amazonRequest) (any, error) {
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch action {
	case "BatchGetItem":
		return a.batch(r, in)
	case "GetItem":
		item, found, err := a.t.Get(r.Context(), in.Key.key())
		if !found {
			return struct{}{}, err
		}
		return map[string]any{"Item": attributesOf(item)}, err
	case "PutItem": // the event of the reading, which nobody looks for
		return struct{}{}, nil
	case "Decrypt":
		plaintext, err := a.keys.Decrypt(r.Context(), in.CiphertextBlob, in.EncryptionContext)
		return map[string]any{"Plaintext": plaintext}, err
	}
	return nil, fmt.Errorf("no answer is known to %q", action)
}

func (a *amazon) batch(r *http.Request, in amazonRequest) (any, error) {
	responses := map[string][]attributes{}
	for name, asked := range in.RequestItems {
		keys := make([]table.Key, len(asked.Keys))
		for i, key := range asked.Keys {
			keys[i] = key.key()
		}
		items, err := a.t.BatchGet(r.Context(), keys)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			responses[name] = append(responses[name], attributesOf(item))
		}
	}
	return map[string]any{"Responses": responses, "UnprocessedKeys": struct{}{}}, nil
}
