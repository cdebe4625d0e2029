package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"strongroom/pkg/metric"
	"strongroom/pkg/table"
)

// consumed is how much every request wants to know of what it consumed: the sum.
const consumed = types.ReturnConsumedCapacityTotal

// countAttempts has every attempt of the SDK counted in the context's counts.
func countAttempts(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("strongroom:Count", countAttempt), "Retry", middleware.After)
}

func countAttempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleFinalize(ctx, in)
	metric.Add(ctx, metric.TableCalls, 1)
	if err != nil {
		countFailure(ctx, mapError("", err))
		return out, metadata, err
	}
	countUnits(ctx, out.Result)
	return out, metadata, nil
}

func countFailure(ctx context.Context, err error) {
	var unmet *table.ConditionError
	switch {
	case errors.Is(err, table.ErrThrottled):
		metric.Add(ctx, metric.TableThrottles, 1)
	case errors.Is(err, table.ErrConflict), errors.As(err, &unmet):
		metric.Add(ctx, metric.TransactionsCancelled, 1)
	}
}

// countUnits counts what an answer says was consumed. A transaction that repeats a done one reads, and writes nothing.
func countUnits(ctx context.Context, answer any) {
	switch out := answer.(type) {
	case *dynamodb.GetItemOutput:
		read(ctx, out.ConsumedCapacity)
	case *dynamodb.QueryOutput:
		read(ctx, out.ConsumedCapacity)
	case *dynamodb.BatchGetItemOutput:
		read(ctx, pointers(out.ConsumedCapacity)...)
	case *dynamodb.TransactGetItemsOutput:
		read(ctx, pointers(out.ConsumedCapacity)...)
	case *dynamodb.PutItemOutput:
		written(ctx, out.ConsumedCapacity)
	case *dynamodb.DeleteItemOutput:
		written(ctx, out.ConsumedCapacity)
	case *dynamodb.TransactWriteItemsOutput:
		written(ctx, pointers(out.ConsumedCapacity)...)
	}
}

func pointers(all []types.ConsumedCapacity) []*types.ConsumedCapacity {
	some := make([]*types.ConsumedCapacity, len(all))
	for i := range all {
		some[i] = &all[i]
	}
	return some
}

func read(ctx context.Context, all ...*types.ConsumedCapacity) {
	for _, c := range all {
		if c != nil {
			metric.Add(ctx, metric.ReadUnits, aws.ToFloat64(c.CapacityUnits))
		}
	}
}

func written(ctx context.Context, all ...*types.ConsumedCapacity) {
	for _, c := range all {
		switch {
		case c == nil:
		case c.ReadCapacityUnits != nil && c.WriteCapacityUnits == nil:
			metric.Add(ctx, metric.ReadUnits, *c.ReadCapacityUnits)
		case c.WriteCapacityUnits != nil:
			metric.Add(ctx, metric.WriteUnits, *c.WriteCapacityUnits)
		default:
			metric.Add(ctx, metric.WriteUnits, aws.ToFloat64(c.CapacityUnits))
		}
	}
}
