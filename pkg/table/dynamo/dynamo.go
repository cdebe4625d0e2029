// Package dynamo keeps Strongroom's table in DynamoDB: the adapter for AWS.
//
// # The table
//
// The key attributes are PK and SK; an item's revision is rev (left out where it is zero), its keys in the indexes are
// GSI1PK, GSI1SK, GSI2PK and GSI2SK. No other attribute may have one of these names. [Schema] is the table's
// definition; what is deployed must have the same keys, indexes and projections.
//
// # Reads
//
// All reads but those of an index are strongly consistent. What DynamoDB leaves out of a batch is asked for again, with
// jittered back-off, until the context ends: it is never taken for absent.
//
// # Writes and lost answers
//
// A transaction of one put or delete is sent as PutItem or DeleteItem, which costs half of what a transaction does;
// its Token has no effect. All others are sent as TransactWriteItems under their Token, or one that the SDK makes up, so
// that the SDK's own retries never act twice.
//
// The SDK retries what it got no answer to. When an answer was lost and a later attempt is told that a condition was
// not met, the condition may have failed because of the first attempt itself. So that ConditionError,
// ErrConflict and ErrThrottled always mean that nothing was written, such an error is answered as one of unknown
// outcome; the caller reads the item and looks for its own mark in it. (A transaction's conditions are believed: its
// token makes DynamoDB answer success to an attempt that repeats a done one.)
//
// # The stream
//
// The table's stream is to carry new and old images. [DecodeRecord] reads its records as Lambda hands them to functions,
// which is JSON of another form than the client's own types (binary attributes in base64); [EncodeRecord] writes them,
// for who stands in for Lambda.
//
// # What is counted
//
// A client of NewClient counts, in the context's counts (package metric), every attempt of the SDK, those that were
// throttled, and transactions that were cancelled. All requests ask DynamoDB what they consumed, which costs nothing but a
// hundred bytes of the answer (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html),
// and what it says is counted too. Of requests that failed it says nothing, though some of them consume units as well.
//
// # Errors
//
// DynamoDB's errors are mapped to the port's; a cancelled transaction with conditions that were not met is a
// ConditionError, whatever other reasons there are beside. TransactionInProgress, server errors, lost connections and
// ended contexts leave the outcome unknown and are answered as they are, wrapped. See
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html.
package dynamo

import (
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"strongroom/pkg/table"
)

// A Table is a table in DynamoDB. Make one with New.
type Table struct {
	client *dynamodb.Client
	name   string
}

var _ table.Table = (*Table)(nil)

// New makes a Table of the DynamoDB table with that name, which must be there.
func New(client *dynamodb.Client, tableName string) *Table {
	return &Table{client: client, name: tableName}
}

const (
	maxAttempts = 3
	maxBackoff  = 200 * time.Millisecond
	dialTimeout = time.Second
	// idleConnections is enough for a local server's concurrent requests; a Lambda function opens a few.
	idleConnections = 64
)

// NewClient makes a client suited to a short-lived function: three attempts, at most 200 ms apart, and one second to
// connect; how long an answer may take is for the context to say. It leaves out the SDK's config package, which is slow
// to start. Endpoint is empty for AWS's own. Credentials that must be renewed want an aws.CredentialsCache around them.
func NewClient(region, endpoint string, credentials aws.CredentialsProvider) *dynamodb.Client {
	o := dynamodb.Options{
		Region:      region,
		Credentials: credentials,
		HTTPClient: awshttp.NewBuildableClient().
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
			WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = idleConnections }),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = maxAttempts
			o.MaxBackoff = maxBackoff
		}),
		APIOptions: []func(*middleware.Stack) error{countAttempts},
	}
	if endpoint != "" {
		o.BaseEndpoint = aws.String(endpoint)
	}
	return dynamodb.New(o)
}
