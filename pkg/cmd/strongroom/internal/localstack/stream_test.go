//go:build localstack

package localstack_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"strongroom/pkg/operation"
)

// How the stream is read: for how long changes are gathered, and how often a batch is tried.
const (
	streamWindow  = 200 * time.Millisecond
	streamRetries = 5
)

// follow hands the table's changes to the functions that want them, as Lambda's event source mappings do
// (https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html): from the oldest on, shard by shard, only those that the row
// wants, in batches that are tried again until the function takes them. It goes on until the deployment is closed.
func (d *deployment) follow(ctx context.Context) error {
	out, err := d.dynamodb().DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &d.table})
	if err != nil {
		return err
	}
	if out.Table.LatestStreamArn == nil {
		return errors.New("the table has no stream")
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	for _, row := range operation.Table {
		if trigger, ok := row.Trigger.(operation.Stream); ok {
			m := &mapping{d, *out.Table.LatestStreamArn, trigger, d.functions[row.Name], map[string]string{}}
			all.Go(func() { m.run(ctx, string(row.Name)) })
		}
	}
	d.stops = append(d.stops, func() { cancel(); all.Wait() })
	return nil
}

// A mapping is an event source mapping: the stream, and a function.
type mapping struct {
	*deployment
	arn      string
	trigger  operation.Stream
	function lambda.Handler
	// iterators say where each shard is read from next.
	iterators map[string]string
}

// A record is one of the stream's. What Lambda hands to functions is the same JSON, and names the stream besides.
type record struct {
	raw  map[string]any
	keys struct{ pk, sk string }
}

// run reads the stream until ctx ends. What can't be done is said in the log, and fails the test that waits for it.
func (m *mapping) run(ctx context.Context, name string) {
	for ctx.Err() == nil {
		records, err := m.read(ctx)
		if err == nil {
			err = m.deliver(ctx, records)
		}
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(m.log, "the stream's %s: %v\n", name, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(streamWindow):
		}
	}
}

// read answers what the shards have that was not read yet, as far as the row wants it.
func (m *mapping) read(ctx context.Context) ([]record, error) {
	var described struct {
		StreamDescription struct {
			Shards []struct {
				ShardID string `json:"ShardId"`
			}
		}
	}
	if err := m.streams(ctx, "DescribeStream", object{"StreamArn": m.arn}, &described); err != nil {
		return nil, err
	}
	var all []record
	for _, shard := range described.StreamDescription.Shards {
		iterator, known := m.iterators[shard.ShardID]
		if !known {
			var got struct{ ShardIterator string }
			in := object{"StreamArn": m.arn, "ShardId": shard.ShardID, "ShardIteratorType": "TRIM_HORIZON"}
			if err := m.streams(ctx, "GetShardIterator", in, &got); err != nil {
				return nil, err
			}
			iterator = got.ShardIterator
		}
		if iterator == "" { // it is closed, and was read to its end
			continue
		}
		var got struct {
			Records           []map[string]any
			NextShardIterator string
		}
		if err := m.streams(ctx, "GetRecords", object{"ShardIterator": iterator, "Limit": operation.StreamBatch}, &got); err != nil {
			return nil, err
		}
		m.iterators[shard.ShardID] = got.NextShardIterator
		for _, raw := range got.Records {
			r := newRecord(raw)
			if raw["eventSourceARN"] = m.arn; m.trigger.Wants(r.keys.pk, r.keys.sk) {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

func newRecord(raw map[string]any) record {
	r := record{raw: raw}
	text := func(name string) string {
		change, _ := raw["dynamodb"].(map[string]any)
		keys, _ := change["Keys"].(map[string]any)
		value, _ := keys[name].(map[string]any)
		s, _ := value["S"].(string)
		return s
	}
	r.keys.pk, r.keys.sk = text("PK"), text("SK")
	return r
}

// deliver has the function take the records. A batch that fails is halved; a single record is tried a few times.
func (m *mapping) deliver(ctx context.Context, records []record) error {
	if len(records) == 0 {
		return nil
	}
	batch := make([]map[string]any, len(records))
	for i, r := range records {
		batch[i] = r.raw
	}
	payload, err := json.Marshal(object{"Records": batch})
	if err != nil {
		return err
	}
	for range streamRetries {
		if _, err = m.function.Invoke(ctx, payload); err == nil || ctx.Err() != nil {
			return nil
		}
		if half := len(records) / 2; half > 0 {
			return errors.Join(m.deliver(ctx, records[:half]), m.deliver(ctx, records[half:]))
		}
	}
	return err
}

// streams asks DynamoDB Streams in JSON, since that is what Lambda hands on: AWS's own client would turn it into values of
// another form.
func (m *mapping) streams(ctx context.Context, action string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.emulator.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-Amz-Target", "DynamoDBStreams_20120810."+action)
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	credentials, err := awsCredentials().Retrieve(ctx)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), "dynamodb", region, time.Now()); err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d %s", action, answer.StatusCode, content)
	}
	return json.Unmarshal(content, out)
}
