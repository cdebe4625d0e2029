package meter_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
	"strongroom/pkg/table/dynamo/meter"
)

// sized is an item of exactly that many bytes.
func sized(sk string, size int) table.Item {
	item := table.Item{Key: table.Key{PK: "p", SK: sk}, Revision: 1, Attributes: map[string]any{"v": ""}}
	item.Attributes["v"] = strings.Repeat("x", size-table.ItemSize(item))
	return item
}

func indexed(item table.Item, sk, name string) table.Item {
	item.Index2 = table.Key{PK: "x", SK: sk}
	item.Attributes = map[string]any{"name": name, "v": item.Attributes["v"]}
	return item
}

func set(item table.Item) table.Write { return table.Put(item, table.Unconditional()) }

func remove(sk string) table.Write {
	return table.Delete(table.Key{PK: "p", SK: sk}, table.Unconditional())
}

func TestWriteUnits(t *testing.T) {
	check := table.Check(table.Key{PK: "p", SK: "old"}, table.IfPresent())
	for _, test := range []struct {
		name   string
		before []table.Item
		writes []table.Write
		want   float64
	}{
		{"a put of 1 KB", nil, []table.Write{set(sized("a", 1024))}, 1},
		{"a put of a byte more", nil, []table.Write{set(sized("a", 1025))}, 2},
		{"a put over something larger", []table.Item{sized("a", 5000)}, []table.Write{set(sized("a", 100))}, 5},
		{"a delete of 3 KB", []table.Item{sized("a", 3000)}, []table.Write{remove("a")}, 3},
		{"a delete of nothing", nil, []table.Write{remove("a")}, 1},
		{"a put whose condition fails", []table.Item{sized("a", 3000)},
			[]table.Write{table.Put(sized("a", 100), table.IfAbsent())}, 3},
		{"a transaction of two", nil, []table.Write{set(sized("a", 1024)), set(sized("b", 1025))}, 6},
		{"a transaction with a check of 2 KB", []table.Item{sized("old", 2000)}, []table.Write{set(sized("a", 100)), check}, 6},
		{"a lone check", []table.Item{sized("old", 100)}, []table.Write{check}, 2},
		{"a transaction that fails", []table.Item{sized("a", 2000)},
			[]table.Write{set(sized("b", 100)), table.Put(sized("a", 100), table.IfAbsent())}, 6},
		{"a put into an index", nil, []table.Write{set(indexed(sized("a", 100), "s", "n"))}, 2},
		{"a put of 3 KB into an index that projects little", nil, []table.Write{set(indexed(sized("a", 3000), "s", "n"))}, 4},
		{"a put that the index does not see", []table.Item{indexed(sized("a", 100), "s", "n")},
			[]table.Write{set(indexed(sized("a", 500), "s", "n"))}, 1},
		{"a put that changes a projected attribute", []table.Item{indexed(sized("a", 100), "s", "n")},
			[]table.Write{set(indexed(sized("a", 100), "s", "m"))}, 2},
		{"a put that changes the index's key", []table.Item{indexed(sized("a", 100), "s", "n")},
			[]table.Write{set(indexed(sized("a", 100), "t", "n"))}, 3},
		{"a put out of the index", []table.Item{indexed(sized("a", 100), "s", "n")}, []table.Write{set(sized("a", 100))}, 2},
		{"a delete out of the index", []table.Item{indexed(sized("a", 100), "s", "n")}, []table.Write{remove("a")}, 2},
		{"a transaction into an index", nil, []table.Write{set(indexed(sized("a", 100), "s", "n")), set(sized("b", 100))}, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, name := dynamotest.New(t)
			for _, item := range test.before {
				if err := dynamo.New(client, name).Transact(t.Context(), table.Transaction{Writes: []table.Write{set(item)}}); err != nil {
					t.Fatal(err)
				}
			}
			m := meter.New(client, name)
			err := dynamo.New(m.Client(), name).Transact(t.Context(), table.Transaction{Writes: test.writes})
			if failing := strings.Contains(test.name, "fails"); failing != (err != nil) {
				t.Fatalf("Transact = %v", err)
			}
			want := meter.Report{Trips: 1, Requests: 1, WriteUnits: test.want}
			if diff := cmp.Diff(want, m.Report()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadUnits holds the meter's units against those that the emulator reports. It is right for reads, but that it
// charges nothing for what is not there in a batch or a query.
func TestReadUnits(t *testing.T) {
	client, name := dynamotest.New(t)
	plain := dynamo.New(client, name)
	for sk, size := range map[string]int{"a": 100, "b": 4096, "c": 4097, "d": 9000} {
		item := indexed(sized(sk, size), sk, strings.Repeat("n", size/4))
		item.Attributes["v"] = ""
		item.Attributes["v"] = strings.Repeat("x", max(0, size-table.ItemSize(item)))
		if err := plain.Transact(t.Context(), table.Transaction{Writes: []table.Write{set(item)}}); err != nil {
			t.Fatal(err)
		}
	}
	key := func(sk string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: "p"}, "SK": &types.AttributeValueMemberS{Value: sk}}
	}
	keys := []map[string]types.AttributeValue{key("a"), key("b"), key("c"), key("d"), key("missing")}
	total := types.ReturnConsumedCapacityTotal
	m := meter.New(client, name)
	metered := m.Client()
	get := func(sk string, consistent bool) func() (*types.ConsumedCapacity, error) {
		return func() (*types.ConsumedCapacity, error) {
			out, err := metered.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &name, Key: key(sk),
				ConsistentRead: &consistent, ReturnConsumedCapacity: total})
			return out.ConsumedCapacity, err
		}
	}
	query := func(index *string, consistent bool, pk string) func() (*types.ConsumedCapacity, error) {
		return func() (*types.ConsumedCapacity, error) {
			out, err := metered.Query(t.Context(), &dynamodb.QueryInput{TableName: &name, IndexName: index,
				ConsistentRead: &consistent, ReturnConsumedCapacity: total,
				KeyConditionExpression:    aws.String(aws.ToString(index) + "PK = :p"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: pk}}})
			return out.ConsumedCapacity, err
		}
	}
	for _, test := range []struct {
		name string
		want float64
		free float64 // what the emulator leaves out
		call func() (*types.ConsumedCapacity, error)
	}{
		{"a small item", 1, 0, get("a", true)},
		{"4 KB", 1, 0, get("b", true)},
		{"4 KB and a byte", 2, 0, get("c", true)},
		{"9,000 bytes", 3, 0, get("d", true)},
		{"9,000 bytes, eventually", 1.5, 0, get("d", false)},
		{"nothing", 1, 0, get("missing", true)},
		{"a batch", 1 + 1 + 2 + 3 + 1, 1, func() (*types.ConsumedCapacity, error) {
			out, err := metered.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{ReturnConsumedCapacity: total,
				RequestItems: map[string]types.KeysAndAttributes{name: {Keys: keys, ConsistentRead: aws.Bool(true)}}})
			if err != nil {
				return nil, err
			}
			return &out.ConsumedCapacity[0], nil
		}},
		{"a transaction", 2 * (1 + 1 + 2 + 3 + 1), 0, func() (*types.ConsumedCapacity, error) {
			in := &dynamodb.TransactGetItemsInput{ReturnConsumedCapacity: total}
			for _, key := range keys {
				in.TransactItems = append(in.TransactItems, types.TransactGetItem{Get: &types.Get{TableName: &name, Key: key}})
			}
			out, err := metered.TransactGetItems(t.Context(), in)
			if err != nil {
				return nil, err
			}
			return &out.ConsumedCapacity[0], nil
		}},
		{"a query of 17,293 bytes", 5, 0, query(nil, true, "p")},
		{"a query of nothing", 1, 1, query(nil, true, "q")},
		{"a query of an index, 4,500 bytes", 1, 0, query(aws.String("GSI2"), false, "x")},
	} {
		t.Run(test.name, func(t *testing.T) {
			m.Reset()
			consumed, err := test.call()
			if err != nil {
				t.Fatal(err)
			}
			got := m.Report()
			if diff := cmp.Diff(meter.Report{Trips: 1, Requests: 1, ReadUnits: test.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if emulators := aws.ToFloat64(consumed.CapacityUnits); emulators != got.ReadUnits-test.free {
				t.Errorf("%g read units, the emulator says %g", got.ReadUnits, emulators)
			}
		})
	}
}

func TestTripsAreTheLongestChain(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	for _, test := range []struct {
		name string
		want int
		ms   [][2]int // start and end of each call
	}{
		{"nothing", 0, nil},
		{"one", 1, [][2]int{{0, 10}}},
		{"one after another", 3, [][2]int{{0, 10}, {11, 20}, {21, 30}}},
		{"side by side", 1, [][2]int{{0, 10}, {1, 12}, {2, 9}}},
		{"a long one beside two", 2, [][2]int{{0, 30}, {1, 10}, {11, 20}}},
		{"two side by side, then one", 2, [][2]int{{0, 10}, {0, 15}, {16, 20}}},
		{"one that begins before the slower one ends", 2, [][2]int{{0, 10}, {0, 15}, {12, 20}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var calls []meter.Call
			for _, ms := range test.ms {
				calls = append(calls, meter.Call{Start: at(ms[0]), End: at(ms[1])})
			}
			if got := meter.Sum(calls).Trips; got != test.want {
				t.Errorf("%d trips, want %d", got, test.want)
			}
		})
	}
}

func TestCallsSideBySideAreOneTrip(t *testing.T) {
	client, name := dynamotest.New(t)
	m := meter.New(client, name)
	m.Hold = 50 * time.Millisecond
	metered := dynamo.New(m.Client(), name)
	get := func(i int) {
		if _, _, err := metered.Get(t.Context(), table.Key{PK: "p", SK: fmt.Sprint(i)}); err != nil {
			t.Error(err)
		}
	}
	var group sync.WaitGroup
	for i := range 5 {
		group.Go(func() { get(i) })
	}
	group.Wait()
	get(6)
	if diff := cmp.Diff(meter.Report{Trips: 2, Requests: 6, ReadUnits: 6}, m.Report()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnUnknownRequestIsAnError(t *testing.T) {
	client, name := dynamotest.New(t)
	m := meter.New(client, name)
	_, err := m.Client().Scan(t.Context(), &dynamodb.ScanInput{TableName: &name})
	if err == nil || !strings.Contains(err.Error(), "no price") {
		t.Errorf("Scan = %v, want an error of the meter's", err)
	}
}
