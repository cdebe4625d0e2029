package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
	"strongroom/pkg/table/tabletest"
)

func TestConformance(t *testing.T) {
	client, name := dynamotest.New(t)
	tabletest.Run(t, func(*testing.T) table.Table { return dynamo.New(client, name) })
}

// keysOf makes n keys, and the batch's form of them.
func keysOf(n int) []table.Key {
	keys := make([]table.Key, n)
	for i := range keys {
		keys[i] = table.Key{PK: "p", SK: fmt.Sprintf("%04d", i)}
	}
	return keys
}

// asked are the keys of a BatchGetItem request.
func asked(r request) []any {
	return r.body["RequestItems"].(map[string]any)["t"].(map[string]any)["Keys"].([]any)
}

// batchAnswer answers the first of the keys and leaves out the others.
func batchAnswer(r request, processed int) map[string]any {
	keys := asked(r)
	body := map[string]any{"Responses": map[string]any{"t": keys[:processed]}, "UnprocessedKeys": map[string]any{}}
	if len(keys) > processed {
		body["UnprocessedKeys"] = map[string]any{"t": map[string]any{"Keys": keys[processed:]}}
	}
	return body
}

func TestWhatABatchLeavesOutIsAskedForAgain(t *testing.T) {
	adapter, f := newFake(t, func(_ int, r request) (int, any) {
		if r.body["RequestItems"].(map[string]any)["t"].(map[string]any)["ConsistentRead"] != true {
			t.Error("a read is not consistent")
		}
		return 200, batchAnswer(r, min(3, len(asked(r))))
	})
	items, err := adapter.BatchGet(t.Context(), keysOf(10))
	if err != nil || len(items) != 10 {
		t.Errorf("%d items, %v; want all 10", len(items), err)
	}
	if n := len(f.operations()); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
}

func TestWhatABatchLeavesOutIsNeverAbsent(t *testing.T) {
	adapter, _ := newFake(t, func(_ int, r request) (int, any) { return 200, batchAnswer(r, 0) })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	items, err := adapter.BatchGet(ctx, keysOf(2))
	if items != nil || !errors.Is(err, table.ErrThrottled) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("BatchGet = %v, %v; want an error", items, err)
	}
}

func TestPartsOfABatchAreAskedForSideBySide(t *testing.T) {
	var all sync.WaitGroup
	all.Add(3)
	adapter, f := newFake(t, func(_ int, r request) (int, any) {
		all.Done()
		all.Wait() // answers only once all three are here
		return 200, batchAnswer(r, len(asked(r)))
	})
	items, err := adapter.BatchGet(t.Context(), keysOf(250))
	if err != nil || len(items) != 250 || len(f.operations()) != 3 {
		t.Errorf("%d items in %d requests, %v; want 250 in 3", len(items), len(f.operations()), err)
	}
}

func TestALoneWriteIsNoTransaction(t *testing.T) {
	key := table.Key{PK: "p", SK: "a"}
	put := table.Put(table.Item{Key: key}, table.IfAbsent())
	remove, check := table.Delete(key, table.IfPresent()), table.Check(key, table.IfAbsent())
	for want, writes := range map[string][]table.Write{
		"PutItem": {put}, "DeleteItem": {remove}, "TransactWriteItems": {check},
	} {
		adapter, f := newFake(t, func(int, request) (int, any) { return 200, map[string]any{} })
		if err := adapter.Transact(t.Context(), table.Transaction{Writes: writes, Token: "token"}); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{want}, f.operations()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if token := f.requests[0].body["ClientRequestToken"]; (want == "TransactWriteItems") != (token == "token") {
			t.Errorf("%s was sent with the token %v", want, token)
		}
	}
}

func TestIndexesAreNotReadConsistently(t *testing.T) {
	adapter, f := newFake(t, func(int, request) (int, any) { return 200, map[string]any{} })
	for _, index := range []table.Index{table.Primary, table.Index1, table.Index2} {
		if _, err := adapter.Query(t.Context(), table.Query{PK: "p", Index: index}); err != nil {
			t.Error(err)
		}
	}
	for i, r := range f.requests {
		if got, want := r.body["ConsistentRead"], i == 0; got != want {
			t.Errorf("query %d: ConsistentRead is %v, want %v", i, got, want)
		}
	}
}

func TestDecodeRefusesWhatThePortDoesNotHave(t *testing.T) {
	for name, attribute := range map[string]types.AttributeValue{
		"a fraction":   &types.AttributeValueMemberN{Value: "12.5"},
		"a large one":  &types.AttributeValueMemberN{Value: "98765432109876543210"},
		"a null":       &types.AttributeValueMemberNULL{Value: true},
		"a set":        &types.AttributeValueMemberSS{Value: []string{"98765"}},
		"one in a map": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"a": &types.AttributeValueMemberN{Value: "9876.5"}}},
		"one in a list": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberNS{Value: []string{"98765"}},
		}},
	} {
		_, err := dynamo.Decode(map[string]types.AttributeValue{"attr": attribute})
		if err == nil || !strings.Contains(err.Error(), `"attr"`) || strings.Contains(err.Error(), "9876") {
			t.Errorf("%s: error %v, want one with the name and without the value", name, err)
		}
	}
}

// TestItemSizeIsDynamoDBs fills items of every kind to the limit by table.ItemSize: the server takes them, and refuses
// them with a byte more.
func TestItemSizeIsDynamoDBs(t *testing.T) {
	client, name := dynamotest.New(t)
	numbers := []any{}
	for i := range int64(1000) {
		numbers = append(numbers, i, -i, i*1_000_003, i*1000)
	}
	for kind, attributes := range map[string]map[string]any{
		"text":    {"é": "日本語"},
		"bytes":   {"b": make([]byte, 1000)},
		"truth":   {"t": true, "f": false},
		"lists":   {"l": []any{[]any{}, []any{"a", []any{"b"}}, true}},
		"maps":    {"m": map[string]any{"a": map[string]any{}, "é": map[string]any{"c": []byte{1}}}},
		"numbers": {"n": numbers},
		"one":     {"n": int64(1)},
		"time":    {"n": int64(1_795_000_000_123)},
	} {
		item := table.Item{Key: table.Key{PK: "p", SK: kind}, Revision: 1_795_000_000_123,
			Index1: table.Key{PK: "i", SK: kind}, Attributes: attributes}
		item.Attributes["filler"] = ""
		room := table.MaxItem - table.ItemSize(item)
		for _, test := range []struct {
			more int
			fits bool
		}{{0, true}, {1, false}} {
			item.Attributes["filler"] = strings.Repeat("x", room+test.more)
			_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: dynamo.Encode(item)})
			if fits := err == nil; fits != test.fits {
				t.Errorf("%s: %d bytes by our count: %v", kind, table.ItemSize(item), err)
			}
		}
	}
}
