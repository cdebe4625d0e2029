package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"strongroom/pkg/operation"
	"strongroom/pkg/table/bolt"
	"strongroom/pkg/table/dynamo"
)

// window is the pause after a batch that was not full, where no other is set.
const window = 250 * time.Millisecond

// A stream starts a function with the changes of its feed.
type stream struct {
	starter
	feed *bolt.Feed
}

// run hands batches to the function until ctx ends or the table is closed.
func (s *stream) run(ctx, working context.Context) {
	most, failures := operation.StreamBatch, streak(0)
	for {
		records, err := s.feed.Next(ctx, most)
		if err == nil {
			err = s.deliver(working, records)
		}
		switch {
		case ctx.Err() != nil || errors.Is(err, bolt.ErrClosed):
			return
		case err != nil:
			most = max(1, len(records)/2)
			err = s.pause(ctx, &failures, err)
		default:
			s.worked(ctx, &failures)
			if most = operation.StreamBatch; len(records) < operation.StreamBatch {
				err = s.sleep(ctx, s.config.Window)
			}
		}
		if err != nil {
			return
		}
	}
}

// deliver has the function take a batch and notes that it did.
func (s *stream) deliver(ctx context.Context, records []bolt.Record) error {
	payload, err := s.payload(records)
	if err != nil {
		return err
	}
	if _, err := s.function.Invoke(ctx, payload); err != nil {
		return err
	}
	// Also when the function used up its time: it is done.
	return s.feed.Done(context.WithoutCancel(ctx), records[len(records)-1].Sequence)
}

// payload is the batch as Lambda hands it to functions
// (https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html).
func (s *stream) payload(records []bolt.Record) ([]byte, error) {
	e := events.DynamoDBEvent{Records: make([]events.DynamoDBEventRecord, len(records))}
	for i, r := range records {
		record := dynamo.EncodeRecord(r.Change)
		record.EventID = fmt.Sprintf("%032x", r.Sequence)
		record.AWSRegion = s.config.Region
		record.EventSourceArn = fmt.Sprintf("arn:aws:dynamodb:%s:%s:table/strongroom/stream/%s",
			s.config.Region, s.config.Account, s.name)
		record.Change.SequenceNumber = strconv.FormatUint(r.Sequence, 10)
		record.Change.ApproximateCreationDateTime = events.SecondsEpochTime{Time: s.config.Clock.Now().Truncate(time.Second)}
		e.Records[i] = record
	}
	return json.Marshal(e)
}
