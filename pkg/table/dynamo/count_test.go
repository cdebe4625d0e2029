package dynamo_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/metric"
	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
)

// counts are what was counted, by name.
func counts(c *metric.Counts) map[metric.Name]float64 {
	got := map[metric.Name]float64{}
	for _, v := range c.Values() {
		got[v.Name] = v.Value
	}
	return got
}

type counted = map[metric.Name]float64

// TestWhatRequestsConsumeIsCounted as DynamoDB says it, which the emulator does right where one item is written.
func TestWhatRequestsConsumeIsCounted(t *testing.T) {
	client, name := dynamotest.New(t)
	tbl := dynamo.New(client, name)
	put := func(sk string, cond table.Condition) table.Write {
		return table.Put(table.Item{Key: table.Key{PK: "p", SK: sk}, Attributes: map[string]any{"v": "x"}}, cond)
	}
	keys := []table.Key{{PK: "p", SK: "a"}, {PK: "p", SK: "b"}}
	for _, c := range []struct {
		name string
		do   func(ctx context.Context) error
		want counted
	}{
		{"a put", func(ctx context.Context) error {
			return tbl.Transact(ctx, table.Transaction{Writes: []table.Write{put("a", table.IfAbsent())}})
		}, counted{metric.TableCalls: 1, metric.WriteUnits: 1}},
		{"a put that is too late", func(ctx context.Context) error {
			return tbl.Transact(ctx, table.Transaction{Writes: []table.Write{put("a", table.IfAbsent())}})
		}, counted{metric.TableCalls: 1, metric.TransactionsCancelled: 1}},
		{"a get", func(ctx context.Context) error {
			_, _, err := tbl.Get(ctx, keys[0])
			return err
		}, counted{metric.TableCalls: 1, metric.ReadUnits: 1}},
		{"a transaction", func(ctx context.Context) error {
			return tbl.Transact(ctx, table.Transaction{Writes: []table.Write{put("b", table.IfAbsent()), put("c", table.Unconditional())}})
		}, counted{metric.TableCalls: 1, metric.WriteUnits: 4}},
		{"a batch", func(ctx context.Context) error {
			_, err := tbl.BatchGet(ctx, keys)
			return err
		}, counted{metric.TableCalls: 1, metric.ReadUnits: 2}},
		{"a transactional read", func(ctx context.Context) error {
			_, err := tbl.TransactGet(ctx, keys)
			return err
		}, counted{metric.TableCalls: 1, metric.ReadUnits: 4}},
		{"a query", func(ctx context.Context) error {
			_, err := tbl.Query(ctx, table.Query{PK: "p"})
			return err
		}, counted{metric.TableCalls: 1, metric.ReadUnits: 1}},
		{"a query of an index", func(ctx context.Context) error {
			_, err := tbl.Query(ctx, table.Query{PK: "p", Index: table.Index2})
			return err
		}, counted{metric.TableCalls: 1}},
		{"a delete", func(ctx context.Context) error {
			return tbl.Transact(ctx, table.Transaction{Writes: []table.Write{table.Delete(keys[0], table.Unconditional())}})
		}, counted{metric.TableCalls: 1, metric.WriteUnits: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, sums := metric.With(t.Context())
			err := c.do(ctx)
			if late := c.want[metric.TransactionsCancelled] > 0; late != (err != nil) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, counts(sums)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestThrottlesAndRepetitionsAreCounted attempt by attempt, whether or not the SDK got over them.
func TestThrottlesAndRepetitionsAreCounted(t *testing.T) {
	get := func(ctx context.Context, tbl *dynamo.Table) error {
		_, _, err := tbl.Get(ctx, table.Key{PK: "p", SK: "s"})
		return err
	}
	batch := func(ctx context.Context, tbl *dynamo.Table) error {
		_, err := tbl.BatchGet(ctx, []table.Key{{PK: "p", SK: "s"}})
		return err
	}
	two := func(ctx context.Context, tbl *dynamo.Table) error {
		return tbl.Transact(ctx, table.Transaction{Writes: []table.Write{
			table.Delete(table.Key{PK: "p", SK: "s"}, table.Unconditional()), table.Delete(table.Key{PK: "p", SK: "t"}, table.Unconditional()),
		}})
	}
	key := map[string]any{"PK": map[string]string{"S": "p"}, "SK": map[string]string{"S": "s"}}
	capacity := func(more map[string]any) []map[string]any {
		more["TableName"] = "t"
		return []map[string]any{more}
	}
	for _, c := range []struct {
		name   string
		do     func(context.Context, *dynamo.Table) error
		answer answer
		want   counted
	}{
		{"throttled once", get, func(n int, _ request) (int, any) {
			if n == 0 {
				return http.StatusBadRequest, failure("ThrottlingException")
			}
			return http.StatusOK, map[string]any{"ConsumedCapacity": map[string]any{"CapacityUnits": 1}}
		}, counted{metric.TableCalls: 2, metric.TableThrottles: 1, metric.ReadUnits: 1}},
		{"keys left unread", batch, func(n int, _ request) (int, any) {
			unread := map[string]any{"t": map[string]any{"Keys": []any{key}}}
			if n > 0 {
				unread = nil
			}
			return http.StatusOK, map[string]any{
				"Responses": map[string]any{"t": []any{}}, "UnprocessedKeys": unread,
				"ConsumedCapacity": capacity(map[string]any{"CapacityUnits": 0.5}),
			}
		}, counted{metric.TableCalls: 2, metric.TableThrottles: 1, metric.ReadUnits: 1}},
		{"a transaction that is done already", two, func(int, request) (int, any) {
			return http.StatusOK, map[string]any{
				"ConsumedCapacity": capacity(map[string]any{"CapacityUnits": 4, "ReadCapacityUnits": 4}),
			}
		}, counted{metric.TableCalls: 1, metric.ReadUnits: 4}},
		{"a transaction", two, func(int, request) (int, any) {
			return http.StatusOK, map[string]any{
				"ConsumedCapacity": capacity(map[string]any{"CapacityUnits": 4, "WriteCapacityUnits": 4}),
			}
		}, counted{metric.TableCalls: 1, metric.WriteUnits: 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tbl, fake := newFake(t, c.answer)
			ctx, sums := metric.With(t.Context())
			if err := c.do(ctx, tbl); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, counts(sums)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, r := range fake.requests {
				if r.body["ReturnConsumedCapacity"] != "TOTAL" {
					t.Errorf("%s does not ask what it consumes: %v", r.operation, r.body)
				}
			}
		})
	}
}
