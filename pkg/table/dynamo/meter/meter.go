// Package meter counts, for tests of budgets, what requests to DynamoDB cost: round trips that wait for one another,
// requests, and read and write units.
//
// Units are computed from items' sizes by AWS's published rules, as emulators get the units of transactions wrong
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html):
//
//   - A strongly consistent read costs one unit for each 4 KB of the item, rounded up, an eventually consistent one
//     half of that, a transactional one twice. What is not there costs as much as 4 KB. Each item of a batch is rounded
//     up alone; a query is rounded up once, over the sum of its items.
//   - A write costs one unit for each 1 KB, rounded up, of the item before or after it, whichever is larger; in a
//     transaction twice that, a check included. A write whose condition is not met costs that too.
//   - Each index costs one unit more for each 1 KB of its entry, where the entry is made, removed, or changed in what
//     it projects, and where its key changes one for the removal and one for the making. A transaction does not
//     double that: the index is written once, after the commit.
//
// To know what an item was before a write, the meter reads it with a client of its own, which is not counted. Two
// writers of one item at the same time make its counts inexact. What the SDK retries is counted once.
package meter

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
)

// A Meter records the calls of the clients that it is attached to. Make one with New.
type Meter struct {
	// Hold delays each call, so that calls that are made side by side are seen to overlap even when they are answered
	// in less time than it takes to start the next. Set it before the first call; a few milliseconds do.
	Hold time.Duration

	plain *dynamodb.Client
	table string

	mu    sync.Mutex
	calls []Call
}

// A Call is one request to DynamoDB.
type Call struct {
	Operation             string // as DynamoDB calls it: GetItem
	Start, End            time.Time
	ReadUnits, WriteUnits float64
}

// New makes a meter for the table, which it reads with the plain client.
func New(plain *dynamodb.Client, tableName string) *Meter {
	return &Meter{plain: plain, table: tableName, Hold: 5 * time.Millisecond}
}

// Client is a metered copy of the plain client.
func (m *Meter) Client() *dynamodb.Client {
	return dynamodb.New(m.plain.Options(), m.Attach)
}

// Attach makes a client's calls be recorded: an argument of dynamodb.New.
func (m *Meter) Attach(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("strongroom:Meter", m.measure), middleware.Before)
	})
}

// Calls are the calls since the last Reset, in the order in which they ended.
func (m *Meter) Calls() []Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Call(nil), m.calls...)
}

// Reset forgets all calls.
func (m *Meter) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = nil
}

func (m *Meter) measure(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	call := Call{Operation: middleware.GetOperationName(ctx), Start: time.Now()}
	before, err := m.before(ctx, in.Parameters)
	if err != nil {
		return middleware.InitializeOutput{}, middleware.Metadata{}, err
	}
	time.Sleep(m.Hold)
	out, metadata, err := next.HandleInitialize(ctx, in)
	call.End = time.Now()
	cost, failure := price(exchange{in: in.Parameters, out: out.Result, before: before, err: err})
	if failure != nil {
		return out, metadata, fmt.Errorf("meter: %s: %w", call.Operation, failure)
	}
	call.ReadUnits, call.WriteUnits = cost.read, cost.write
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, call)
	return out, metadata, err
}

// before reads the items that a request is going to write or check, in the request's order.
func (m *Meter) before(ctx context.Context, in any) ([]attributes, error) {
	var before []attributes
	for _, key := range writtenKeys(in) {
		out, err := m.plain.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: &m.table, Key: key, ConsistentRead: aws.Bool(true),
		})
		if err != nil {
			return nil, fmt.Errorf("meter: reading what is written over: %w", err)
		}
		before = append(before, out.Item)
	}
	return before, nil
}
