package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"strongroom/pkg/table"
)

// Query implements table.Table.
func (t *Table) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if err := table.CheckQuery(q); err != nil {
		return table.Page{}, err
	}
	out, err := t.client.Query(ctx, t.queryInput(q))
	if err != nil {
		return table.Page{}, mapError("query", err)
	}
	var page table.Page
	for _, attributes := range out.Items {
		item, err := Decode(attributes)
		if err != nil {
			return table.Page{}, err
		}
		page.Items = append(page.Items, item)
	}
	if len(out.LastEvaluatedKey) > 0 {
		last, err := Decode(out.LastEvaluatedKey)
		if err != nil {
			return table.Page{}, err
		}
		page.Next = position(last, q.Index)
	}
	return page, nil
}

func (t *Table) queryInput(q table.Query) *dynamodb.QueryInput {
	pk, sk := KeyNames(q.Index)
	in := &dynamodb.QueryInput{
		TableName:                 &t.name,
		ConsistentRead:            aws.Bool(q.Index == table.Primary),
		ScanIndexForward:          aws.Bool(!q.Descending),
		KeyConditionExpression:    aws.String(pk + " = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text(q.PK)},
		ReturnConsumedCapacity:    consumed,
	}
	if q.Index != table.Primary {
		in.IndexName = aws.String(q.Index.Name())
	}
	if q.Prefix != "" {
		in.KeyConditionExpression = aws.String(pk + " = :pk AND begins_with(" + sk + ", :prefix)")
		in.ExpressionAttributeValues[":prefix"] = text(q.Prefix)
	}
	if q.Limit > 0 {
		in.Limit = aws.Int32(int32(q.Limit)) //nolint:gosec // CheckQuery bounds it
	}
	if !q.After.IsZero() {
		in.ExclusiveStartKey = startKey(q)
	}
	return in
}

// startKey needs no item to be there: DynamoDB takes any key within the query's bounds.
func startKey(q table.Query) map[string]types.AttributeValue {
	at := table.Key{PK: q.PK, SK: q.After.SK}
	if q.Index == table.Primary {
		return encodeKey(at)
	}
	start := encodeKey(q.After.Key)
	putKey(start, q.Index, at)
	return start
}

func position(last table.Item, index table.Index) table.Position {
	switch index {
	case table.Index1:
		return table.Position{SK: last.Index1.SK, Key: last.Key}
	case table.Index2:
		return table.Position{SK: last.Index2.SK, Key: last.Key}
	case table.Primary:
	}
	return table.Position{SK: last.Key.SK}
}
