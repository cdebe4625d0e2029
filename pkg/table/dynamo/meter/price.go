package meter

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
)

type attributes = map[string]types.AttributeValue

const (
	readUnit  = 4 << 10
	writeUnit = 1 << 10
)

// What a kind of read or write costs beside a plain, strongly consistent one.
const (
	eventual      = 0.5
	strong        = 1
	transactional = 2
)

// An exchange is a request, its answer, and what was there before.
type exchange struct {
	in, out any
	before  []attributes // of writtenKeys(in)
	err     error
}

// A cost is in request units.
type cost struct{ read, write float64 }

// price is what an exchange cost. A request that the meter does not know is an error, so that no budget holds only
// because something was not counted.
func price(e exchange) (cost, error) {
	switch in := e.in.(type) {
	case *dynamodb.PutItemInput, *dynamodb.DeleteItemInput, *dynamodb.TransactWriteItemsInput:
		write, err := priceWrites(e)
		return cost{write: write}, err
	case *dynamodb.GetItemInput, *dynamodb.BatchGetItemInput, *dynamodb.TransactGetItemsInput, *dynamodb.QueryInput:
		if e.err != nil {
			return cost{}, nil
		}
		read, err := priceRead(e)
		return cost{read: read}, err
	default:
		return cost{}, fmt.Errorf("no price is known for a %T", in)
	}
}

func priceRead(e exchange) (float64, error) {
	switch in := e.in.(type) {
	case *dynamodb.GetItemInput:
		out := e.out.(*dynamodb.GetItemOutput)
		units, err := eachUnits([]attributes{out.Item})
		return units * consistency(in.ConsistentRead), err
	case *dynamodb.TransactGetItemsInput:
		var items []attributes
		for _, response := range e.out.(*dynamodb.TransactGetItemsOutput).Responses {
			items = append(items, response.Item)
		}
		units, err := eachUnits(items)
		return units * transactional, err
	case *dynamodb.BatchGetItemInput:
		return priceBatch(in, e.out.(*dynamodb.BatchGetItemOutput))
	case *dynamodb.QueryInput:
		size := 0
		for _, item := range e.out.(*dynamodb.QueryOutput).Items {
			n, err := sizeOf(item)
			if err != nil {
				return 0, err
			}
			size += n
		}
		return units(size, readUnit) * consistency(in.ConsistentRead), nil
	}
	return 0, fmt.Errorf("no price is known for a %T", e.in)
}

func priceBatch(in *dynamodb.BatchGetItemInput, out *dynamodb.BatchGetItemOutput) (float64, error) {
	total := 0.0
	for name, asked := range in.RequestItems {
		found := out.Responses[name]
		missing := len(asked.Keys) - len(found) - len(out.UnprocessedKeys[name].Keys)
		n, err := eachUnits(append(make([]attributes, missing), found...))
		if err != nil {
			return 0, err
		}
		total += n * consistency(asked.ConsistentRead)
	}
	return total, nil
}

// eachUnits rounds each item up alone; one that is not there counts as the least.
func eachUnits(items []attributes) (float64, error) {
	total := 0.0
	for _, item := range items {
		size, err := sizeOf(item)
		if err != nil {
			return 0, err
		}
		total += units(size, readUnit)
	}
	return total, nil
}

func consistency(consistent *bool) float64 {
	if aws.ToBool(consistent) {
		return strong
	}
	return eventual
}

// writes lists what a request writes or checks.
func writes(in any) []types.TransactWriteItem {
	switch in := in.(type) {
	case *dynamodb.PutItemInput:
		return []types.TransactWriteItem{{Put: &types.Put{Item: in.Item}}}
	case *dynamodb.DeleteItemInput:
		return []types.TransactWriteItem{{Delete: &types.Delete{Key: in.Key}}}
	case *dynamodb.TransactWriteItemsInput:
		return in.TransactItems
	}
	return nil
}

func writtenKeys(in any) []attributes {
	var keys []attributes
	for _, w := range writes(in) {
		switch {
		case w.Put != nil:
			keys = append(keys, attributes{"PK": w.Put.Item["PK"], "SK": w.Put.Item["SK"]})
		case w.Delete != nil:
			keys = append(keys, w.Delete.Key)
		case w.ConditionCheck != nil:
			keys = append(keys, w.ConditionCheck.Key)
		}
	}
	return keys
}

func priceWrites(e exchange) (float64, error) {
	factor := float64(strong)
	if _, ok := e.in.(*dynamodb.TransactWriteItemsInput); ok {
		factor = transactional
	}
	if e.err != nil && !conditionFailed(e.err) {
		return 0, nil
	}
	total := 0.0
	for i, w := range writes(e.in) {
		before, err := decode(e.before[i])
		if err != nil {
			return 0, err
		}
		after := table.Item{} // of a delete
		switch {
		case w.Put != nil:
			if after, err = decode(w.Put.Item); err != nil {
				return 0, err
			}
		case w.ConditionCheck != nil:
			after = before
		}
		total += factor * units(max(table.ItemSize(before), table.ItemSize(after)), writeUnit)
		if e.err == nil {
			total += indexUnits(before, after)
		}
	}
	return total, nil
}

func conditionFailed(err error) bool {
	var failed *types.ConditionalCheckFailedException
	var cancelled *types.TransactionCanceledException
	return errors.As(err, &failed) || errors.As(err, &cancelled)
}

// indexUnits are what both indexes cost when an item changes; an item that is not there has no key.
func indexUnits(before, after table.Item) float64 {
	total := 0.0
	for _, index := range []table.Index{table.Index1, table.Index2} {
		old, made := table.Project(before, index), table.Project(after, index)
		was, is := indexKey(old, index), indexKey(made, index)
		oldUnits, madeUnits := units(table.ItemSize(old), writeUnit), units(table.ItemSize(made), writeUnit)
		switch {
		case was.IsZero() && is.IsZero():
		case was.IsZero():
			total += madeUnits
		case is.IsZero():
			total += oldUnits
		case was != is:
			total += oldUnits + madeUnits
		case !reflect.DeepEqual(old, made):
			total += max(oldUnits, madeUnits)
		}
	}
	return total
}

func indexKey(item table.Item, index table.Index) table.Key {
	if index == table.Index1 {
		return item.Index1
	}
	return item.Index2
}

func decode(item attributes) (table.Item, error) {
	if item == nil {
		return table.Item{}, nil
	}
	return dynamo.Decode(item)
}

func sizeOf(item attributes) (int, error) {
	decoded, err := decode(item)
	return table.ItemSize(decoded), err
}

// units rounds a size up to whole units, and to one at least.
func units(size, unit int) float64 {
	return float64(max(1, (size+unit-1)/unit))
}
