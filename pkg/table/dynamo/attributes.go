package dynamo

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"strongroom/pkg/table"
)

const revisionName = "rev"

// Encode turns an item into what DynamoDB stores. It panics at an attribute of another type than the port's, which
// table.CheckTransaction refuses.
func Encode(item table.Item) map[string]types.AttributeValue {
	attributes := make(map[string]types.AttributeValue, len(item.Attributes)+7)
	for name, value := range item.Attributes {
		attributes[name] = encodeValue(value)
	}
	putKey(attributes, table.Primary, item.Key)
	putKey(attributes, table.Index1, item.Index1)
	putKey(attributes, table.Index2, item.Index2)
	if item.Revision != 0 {
		attributes[revisionName] = number(item.Revision)
	}
	return attributes
}

func encodeKey(key table.Key) map[string]types.AttributeValue {
	attributes := make(map[string]types.AttributeValue, 2)
	putKey(attributes, table.Primary, key)
	return attributes
}

func putKey(attributes map[string]types.AttributeValue, index table.Index, key table.Key) {
	if key.IsZero() {
		return
	}
	pk, sk := KeyNames(index)
	attributes[pk] = text(key.PK)
	attributes[sk] = text(key.SK)
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func encodeValue(value any) types.AttributeValue {
	switch x := value.(type) {
	case string:
		return text(x)
	case int64:
		return number(x)
	case bool:
		return &types.AttributeValueMemberBOOL{Value: x}
	case []byte:
		if x == nil {
			x = []byte{} // nil is sent as null, which DynamoDB refuses
		}
		return &types.AttributeValueMemberB{Value: x}
	case []any:
		list := make([]types.AttributeValue, len(x))
		for i, element := range x {
			list[i] = encodeValue(element)
		}
		return &types.AttributeValueMemberL{Value: list}
	case map[string]any:
		m := make(map[string]types.AttributeValue, len(x))
		for name, element := range x {
			m[name] = encodeValue(element)
		}
		return &types.AttributeValueMemberM{Value: m}
	}
	panic(fmt.Sprintf("dynamo: can't encode a %T", value))
}

// Decode turns what DynamoDB answered into an item. An attribute of a type that the port doesn't have is an error that
// names it, and never shows its value.
func Decode(attributes map[string]types.AttributeValue) (table.Item, error) {
	values := make(map[string]any, len(attributes))
	for name, attribute := range attributes {
		value, err := decodeValue(attribute)
		if err != nil {
			return table.Item{}, fmt.Errorf("dynamo: attribute %q: %w", name, err)
		}
		values[name] = value
	}
	return itemOf(values), nil
}

// itemOf takes an item's other parts out of its attributes.
func itemOf(attributes map[string]any) table.Item {
	item := table.Item{Attributes: attributes}
	item.Key = takeKey(item.Attributes, table.Primary)
	item.Index1 = takeKey(item.Attributes, table.Index1)
	item.Index2 = takeKey(item.Attributes, table.Index2)
	item.Revision, _ = item.Attributes[revisionName].(int64)
	delete(item.Attributes, revisionName)
	return item
}

func takeKey(attributes map[string]any, index table.Index) table.Key {
	pk, sk := KeyNames(index)
	var key table.Key
	key.PK, _ = attributes[pk].(string)
	key.SK, _ = attributes[sk].(string)
	delete(attributes, pk)
	delete(attributes, sk)
	return key
}

func decodeValue(attribute types.AttributeValue) (any, error) {
	switch x := attribute.(type) {
	case *types.AttributeValueMemberS:
		return x.Value, nil
	case *types.AttributeValueMemberN:
		return decodeNumber(x.Value)
	case *types.AttributeValueMemberBOOL:
		return x.Value, nil
	case *types.AttributeValueMemberB:
		if x.Value == nil {
			return []byte{}, nil
		}
		return x.Value, nil
	case *types.AttributeValueMemberL:
		return decodeList(x.Value)
	case *types.AttributeValueMemberM:
		return decodeMap(x.Value)
	}
	return nil, fmt.Errorf("has the type %T, which is never written here", attribute)
}

func decodeNumber(text string) (any, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, errors.New("is no integer of 64 bits")
	}
	return n, nil
}

func decodeList(elements []types.AttributeValue) (any, error) {
	list := make([]any, len(elements))
	for i, element := range elements {
		value, err := decodeValue(element)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		list[i] = value
	}
	return list, nil
}

func decodeMap(elements map[string]types.AttributeValue) (any, error) {
	m := make(map[string]any, len(elements))
	for name, element := range elements {
		value, err := decodeValue(element)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		m[name] = value
	}
	return m, nil
}
