package dynamo_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
)

// TestChangesSurviveTheStream encodes changes as Lambda would send them, and decodes them.
func TestChangesSurviveTheStream(t *testing.T) {
	key := table.Key{PK: "p\x00\"<>", SK: "s\u2028"}
	full := &table.Item{
		Key: key, Revision: 1 << 60, Index1: table.Key{PK: "i", SK: "1"}, Index2: table.Key{PK: "i", SK: "2"},
		Attributes: map[string]any{
			"text": "é\x00", "empty": "", "number": int64(-1 << 63), "yes": true, "no": false,
			"bytes": []byte{0, 255, 254}, "no bytes": []byte{},
			"list": []any{[]any{}, map[string]any{"": int64(0)}, []byte{1}, "x"}, "map": map[string]any{"m": map[string]any{}},
		},
	}
	bare := &table.Item{Key: key, Attributes: map[string]any{}}
	for name, c := range map[string]struct {
		change table.Change
		kind   string
	}{
		"inserted": {table.Change{Key: key, New: full}, "INSERT"},
		"modified": {table.Change{Key: key, Old: full, New: bare}, "MODIFY"},
		"removed":  {table.Change{Key: key, Old: bare}, "REMOVE"},
	} {
		record := dynamo.EncodeRecord(c.change)
		if record.EventName != c.kind {
			t.Errorf("%s: the record is of kind %s", name, record.EventName)
		}
		payload, err := json.Marshal(events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record}})
		if err != nil {
			t.Fatal(err)
		}
		var back events.DynamoDBEvent
		if err := json.Unmarshal(payload, &back); err != nil {
			t.Fatal(err)
		}
		got, err := dynamo.DecodeRecord(back.Records[0])
		if diff := cmp.Diff(c.change, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}
