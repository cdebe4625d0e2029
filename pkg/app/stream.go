package app

import (
	"context"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"strongroom/pkg/api"
	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
)

// maxStreamTime is how long a function has for one batch of changes.
const maxStreamTime = StreamTimeout - timeToSpare

// A StreamUse is what an operation does with changes of the table; package handler's StreamFunc says what is asked of it.
type StreamUse = func(ctx context.Context, changes []table.Change) error

// StreamFunction makes the Lambda function of an operation that the table's stream starts; it panics for another. It
// takes batches of DynamoDB Streams (events.DynamoDBEvent, new and old images) and hands on the changes that the row
// wants.
//
// A batch is done or it is not: an error is the function's, upon which Lambda sends the whole batch again. Single
// records are not reported as failed, because use gets all changes at once, so that it can write once what many of them
// come to, and can't tell which of them failed. Where one record is the cause, Lambda finds it by halving the batch
// (BisectBatchOnFunctionError).
func StreamFunction(name operation.Name, use StreamUse, s Settings) lambda.Handler {
	trigger := triggered[operation.Stream](name, "started by the table's stream")
	return &task{teller{name: name, settings: s}, maxStreamTime, "batch", func(ctx context.Context, payload []byte) (any, []slog.Attr, error) {
		var e events.DynamoDBEvent
		if err := json.Unmarshal(payload, &e); err != nil || e.Records == nil {
			return nil, nil, api.Errorf(api.CodeInvalid, "this function takes batches of DynamoDB Streams only")
		}
		changes, err := s.changes(e.Records, trigger)
		said := []slog.Attr{slog.Int("records", len(e.Records))}
		metric.Add(ctx, metric.Changes, float64(len(changes)))
		if err != nil || len(changes) == 0 {
			return nil, said, err
		}
		return nil, said, use(ctx, changes)
	}}
}

// changes are those of the records that the row wants.
func (s Settings) changes(records []events.DynamoDBEventRecord, trigger operation.Stream) ([]table.Change, error) {
	changes := make([]table.Change, 0, len(records))
	for _, record := range records {
		if err := s.check(record); err != nil {
			return nil, err
		}
		change, err := dynamo.DecodeRecord(record)
		if err != nil {
			return nil, api.Errorf(api.CodeInvalid, "the record with sequence number %s: %v", record.Change.SequenceNumber, err)
		}
		if trigger.Wants(change.Key.PK, change.Key.SK) {
			changes = append(changes, change)
		}
	}
	return changes, nil
}

// check refuses records of anything but a table's stream in this deployment's account.
func (s Settings) check(record events.DynamoDBEventRecord) error {
	if record.EventSource != "aws:dynamodb" {
		return api.Errorf(api.CodeForbidden, "this function takes batches of DynamoDB Streams only")
	}
	parts := strings.Split(record.EventSourceArn, ":") // arn:aws:dynamodb:region:account:table/…
	if account := s.Account; account != "" && (len(parts) < 6 || parts[4] != account) {
		return api.Errorf(api.CodeForbidden, "this function serves a table of another account")
	}
	return nil
}
