package dynamo

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/metric"
	"strongroom/pkg/table"
)

const (
	// batchSize is how many keys BatchGetItem takes.
	batchSize = 100
	// sideBySide is how many batches are under way at once at most.
	sideBySide = 32
	// firstPause and longestPause bound the waits before asking again for what a batch left out.
	firstPause   = 20 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// Get implements table.Table.
func (t *Table) Get(ctx context.Context, key table.Key) (table.Item, bool, error) {
	if err := table.CheckKeys([]table.Key{key}, 1); err != nil {
		return table.Item{}, false, err
	}
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &t.name,
		Key:            encodeKey(key),
		ConsistentRead: aws.Bool(true),

		ReturnConsumedCapacity: consumed,
	})
	if err != nil {
		return table.Item{}, false, mapError("get", err)
	}
	if len(out.Item) == 0 {
		return table.Item{}, false, nil
	}
	item, err := Decode(out.Item)
	return item, err == nil, err
}

// BatchGet implements table.Table.
func (t *Table) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := table.CheckKeys(keys, math.MaxInt); err != nil {
		return nil, err
	}
	items := make(map[table.Key]table.Item, len(keys))
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sideBySide)
	for part := range slices.Chunk(keys, batchSize) {
		group.Go(func() error {
			found, err := t.batch(ctx, part)
			mu.Lock()
			defer mu.Unlock()
			for _, item := range found {
				items[item.Key] = item
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return items, nil
}

// batch asks for up to batchSize items until it has an answer to each key.
func (t *Table) batch(ctx context.Context, keys []table.Key) ([]table.Item, error) {
	wanted := make([]map[string]types.AttributeValue, len(keys))
	for i, key := range keys {
		wanted[i] = encodeKey(key)
	}
	var items []table.Item
	for round := 0; ; round++ {
		out, err := t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{
				t.name: {Keys: wanted, ConsistentRead: aws.Bool(true)},
			},
			ReturnConsumedCapacity: consumed,
		})
		if err != nil {
			return nil, mapError("batch get", err)
		}
		for _, attributes := range out.Responses[t.name] {
			item, err := Decode(attributes)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		if wanted = out.UnprocessedKeys[t.name].Keys; len(wanted) == 0 {
			return items, nil
		}
		metric.Add(ctx, metric.TableThrottles, 1)
		if err := pause(ctx, round); err != nil {
			return nil, fmt.Errorf("%w: %d keys were left unread: %w", table.ErrThrottled, len(wanted), err)
		}
	}
}

// pause waits a random time, longer from round to round.
func pause(ctx context.Context, round int) error {
	longest := min(longestPause, firstPause<<min(round, 10))
	timer := time.NewTimer(rand.N(longest)) //nolint:gosec // jitter is no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TransactGet implements table.Table.
func (t *Table) TransactGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := table.CheckKeys(keys, table.MaxTransactionItems); err != nil {
		return nil, err
	}
	items := make(map[table.Key]table.Item, len(keys))
	if len(keys) == 0 {
		return items, nil
	}
	in := &dynamodb.TransactGetItemsInput{TransactItems: make([]types.TransactGetItem, len(keys)), ReturnConsumedCapacity: consumed}
	for i, key := range keys {
		in.TransactItems[i].Get = &types.Get{TableName: &t.name, Key: encodeKey(key)}
	}
	out, err := t.client.TransactGetItems(ctx, in)
	if err != nil {
		return nil, mapError("transactional get", err)
	}
	for _, response := range out.Responses {
		if len(response.Item) == 0 {
			continue
		}
		item, err := Decode(response.Item)
		if err != nil {
			return nil, err
		}
		items[item.Key] = item
	}
	return items, nil
}
