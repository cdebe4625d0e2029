package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"strongroom/pkg/table"
)

// Transact implements table.Table.
func (t *Table) Transact(ctx context.Context, transaction table.Transaction) error {
	if err := table.CheckTransaction(transaction); err != nil {
		return err
	}
	lone := transaction.Writes[0]
	lost := &lostAnswers{repeatable: len(transaction.Writes) > 1 || lone.Op == table.OpCheck}
	var err error
	switch {
	case lost.repeatable:
		_, err = t.client.TransactWriteItems(ctx, t.transactInput(transaction), lost.watch)
	case lone.Op == table.OpPut:
		_, err = t.client.PutItem(ctx, t.putInput(lone), lost.watch)
	default:
		_, err = t.client.DeleteItem(ctx, t.deleteInput(lone), lost.watch)
	}
	if err == nil {
		return nil
	}
	return lost.judge(err)
}

func (t *Table) transactInput(transaction table.Transaction) *dynamodb.TransactWriteItemsInput {
	in := &dynamodb.TransactWriteItemsInput{
		TransactItems: make([]types.TransactWriteItem, len(transaction.Writes)), ReturnConsumedCapacity: consumed,
	}
	if transaction.Token != "" {
		in.ClientRequestToken = aws.String(transaction.Token)
	}
	for i, w := range transaction.Writes {
		in.TransactItems[i] = t.transactItem(w)
	}
	return in
}

func (t *Table) transactItem(w table.Write) types.TransactWriteItem {
	cond, values := condition(w.If)
	switch w.Op {
	case table.OpPut:
		return types.TransactWriteItem{Put: &types.Put{
			TableName: &t.name, Item: Encode(w.Item),
			ConditionExpression: cond, ExpressionAttributeValues: values,
		}}
	case table.OpDelete:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: &t.name, Key: encodeKey(w.Item.Key),
			ConditionExpression: cond, ExpressionAttributeValues: values,
		}}
	case table.OpCheck:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &t.name, Key: encodeKey(w.Item.Key),
			ConditionExpression: cond, ExpressionAttributeValues: values,
		}}
	}
	panic(fmt.Sprintf("dynamo: no operation %d", int(w.Op)))
}

func (t *Table) putInput(w table.Write) *dynamodb.PutItemInput {
	cond, values := condition(w.If)
	return &dynamodb.PutItemInput{
		TableName: &t.name, Item: Encode(w.Item),
		ConditionExpression: cond, ExpressionAttributeValues: values, ReturnConsumedCapacity: consumed,
	}
}

func (t *Table) deleteInput(w table.Write) *dynamodb.DeleteItemInput {
	cond, values := condition(w.If)
	return &dynamodb.DeleteItemInput{
		TableName: &t.name, Key: encodeKey(w.Item.Key),
		ConditionExpression: cond, ExpressionAttributeValues: values, ReturnConsumedCapacity: consumed,
	}
}

// condition is the condition as an expression; nil where there is none.
func condition(c table.Condition) (expression *string, values map[string]types.AttributeValue) {
	switch c.Kind {
	case table.Always:
		return nil, nil
	case table.Absent:
		return aws.String("attribute_not_exists(PK)"), nil
	case table.Present:
		return aws.String("attribute_exists(PK)"), nil
	case table.AtRevision:
		if c.Revision == 0 {
			return aws.String("attribute_exists(PK) AND attribute_not_exists(" + revisionName + ")"), nil
		}
		return aws.String(revisionName + " = :rev"), map[string]types.AttributeValue{":rev": number(c.Revision)}
	}
	panic(fmt.Sprintf("dynamo: no condition %d", int(c.Kind)))
}

// lostAnswers watches the SDK's attempts at one write for those whose outcome nobody knows.
type lostAnswers struct {
	any bool
	// repeatable is said of a request that DynamoDB answers again with success once it was done.
	repeatable bool
}

func (l *lostAnswers) watch(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("strongroom:LostAnswers", l.attempt),
			"Retry", middleware.After)
	})
}

// attempt runs once an attempt, one after another.
func (l *lostAnswers) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleFinalize(ctx, in)
	if err != nil && !wroteNothing(mapError("", err)) {
		l.any = true
	}
	return out, metadata, err
}

// judge turns the last attempt's error into the port's, unless an attempt before it may have written.
func (l *lostAnswers) judge(err error) error {
	mapped := mapError("write", err)
	if !l.any || !wroteNothing(mapped) {
		return mapped
	}
	var failed *table.ConditionError
	if l.repeatable && errors.As(mapped, &failed) {
		return mapped
	}
	return fmt.Errorf("dynamo: outcome unknown, an earlier attempt's answer was lost: %w", err)
}
