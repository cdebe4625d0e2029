package dynamo

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"strongroom/pkg/table"
)

// StreamViewType is how the table's stream must be configured: records with the item before and after.
const StreamViewType = "NEW_AND_OLD_IMAGES"

// The kinds of change that a record names.
const (
	inserted = string(events.DynamoDBOperationTypeInsert)
	modified = string(events.DynamoDBOperationTypeModify)
	removed  = string(events.DynamoDBOperationTypeRemove)
)

// DecodeRecord turns a record of the table's stream, as a Lambda function gets it, into a change
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html). A stream without both images
// and an attribute of a type that the port doesn't have are errors; they never show a value.
func DecodeRecord(record events.DynamoDBEventRecord) (table.Change, error) {
	if record.Change.StreamViewType != StreamViewType {
		return table.Change{}, fmt.Errorf("dynamo: the stream is not one of %s", StreamViewType)
	}
	keys, err := decodeImage(record.Change.Keys)
	if err != nil {
		return table.Change{}, err
	}
	if keys == nil || keys.Key.PK == "" || keys.Key.SK == "" {
		return table.Change{}, errors.New("dynamo: the record has no key of this table")
	}
	change := table.Change{Key: keys.Key}
	if change.Old, err = decodeImage(record.Change.OldImage); err != nil {
		return table.Change{}, err
	}
	if change.New, err = decodeImage(record.Change.NewImage); err != nil {
		return table.Change{}, err
	}
	if name := eventName(change); name == "" || name != record.EventName {
		return table.Change{}, errors.New("dynamo: the record's images are not those of its kind of change")
	}
	return change, nil
}

// EncodeRecord turns a change into a record of the table's stream, for who stands in for Lambda. What the record says of
// its stream (region, ARN, sequence number) is the caller's to fill in.
func EncodeRecord(change table.Change) events.DynamoDBEventRecord {
	size := len("PKSK") + len(change.Key.PK) + len(change.Key.SK)
	for _, item := range []*table.Item{change.Old, change.New} {
		if item != nil {
			size += table.ItemSize(*item)
		}
	}
	return events.DynamoDBEventRecord{
		EventName: eventName(change), EventSource: "aws:dynamodb", EventVersion: "1.1",
		Change: events.DynamoDBStreamRecord{
			Keys:     encodeImage(&table.Item{Key: change.Key}),
			OldImage: encodeImage(change.Old), NewImage: encodeImage(change.New),
			SizeBytes: int64(size), StreamViewType: StreamViewType,
		},
	}
}

// eventName is the kind of a change; empty for one that there can't be.
func eventName(change table.Change) string {
	switch {
	case change.Old != nil && change.New != nil:
		return modified
	case change.New != nil:
		return inserted
	case change.Old != nil:
		return removed
	}
	return ""
}

// decodeImage is nil where there is no image: an item always has its key.
func decodeImage(image map[string]events.DynamoDBAttributeValue) (*table.Item, error) {
	if len(image) == 0 {
		return nil, nil
	}
	attributes := make(map[string]any, len(image))
	for name, attribute := range image {
		value, err := decodeStreamed(attribute)
		if err != nil {
			return nil, fmt.Errorf("dynamo: attribute %q: %w", name, err)
		}
		attributes[name] = value
	}
	item := itemOf(attributes)
	return &item, nil
}

// decodeStreamed is decodeValue for Lambda's form of an attribute.
func decodeStreamed(attribute events.DynamoDBAttributeValue) (any, error) {
	switch kind := attribute.DataType(); kind {
	case events.DataTypeString:
		return attribute.String(), nil
	case events.DataTypeNumber:
		return decodeNumber(attribute.Number())
	case events.DataTypeBoolean:
		return attribute.Boolean(), nil
	case events.DataTypeBinary:
		return append([]byte{}, attribute.Binary()...), nil
	case events.DataTypeList:
		list := make([]any, len(attribute.List()))
		for i, element := range attribute.List() {
			value, err := decodeStreamed(element)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			list[i] = value
		}
		return list, nil
	case events.DataTypeMap:
		m := make(map[string]any, len(attribute.Map()))
		for name, element := range attribute.Map() {
			value, err := decodeStreamed(element)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", name, err)
			}
			m[name] = value
		}
		return m, nil
	case events.DataTypeNull, events.DataTypeBinarySet, events.DataTypeNumberSet, events.DataTypeStringSet:
	}
	return nil, errors.New("is null or a set, which are never written here")
}

func encodeImage(item *table.Item) map[string]events.DynamoDBAttributeValue {
	if item == nil {
		return nil
	}
	image := make(map[string]events.DynamoDBAttributeValue, len(item.Attributes)+7)
	for name, value := range item.Attributes {
		image[name] = encodeStreamed(value)
	}
	for index, key := range map[table.Index]table.Key{
		table.Primary: item.Key, table.Index1: item.Index1, table.Index2: item.Index2,
	} {
		if !key.IsZero() {
			pk, sk := KeyNames(index)
			image[pk], image[sk] = events.NewStringAttribute(key.PK), events.NewStringAttribute(key.SK)
		}
	}
	if item.Revision != 0 {
		image[revisionName] = encodeStreamed(item.Revision)
	}
	return image
}

// encodeStreamed is encodeValue for Lambda's form of an attribute.
func encodeStreamed(value any) events.DynamoDBAttributeValue {
	switch x := value.(type) {
	case string:
		return events.NewStringAttribute(x)
	case int64:
		return events.NewNumberAttribute(strconv.FormatInt(x, 10))
	case bool:
		return events.NewBooleanAttribute(x)
	case []byte:
		return events.NewBinaryAttribute(append([]byte{}, x...)) // nil would be null
	case []any:
		list := make([]events.DynamoDBAttributeValue, len(x))
		for i, element := range x {
			list[i] = encodeStreamed(element)
		}
		return events.NewListAttribute(list)
	case map[string]any:
		m := make(map[string]events.DynamoDBAttributeValue, len(x))
		for name, element := range x {
			m[name] = encodeStreamed(element)
		}
		return events.NewMapAttribute(m)
	}
	panic(fmt.Sprintf("dynamo: can't encode a %T", value))
}
