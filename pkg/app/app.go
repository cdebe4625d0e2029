// Package app is where a Lambda function is put together: environment, clients, service, handler. The folders under
// functions/ hold one call of it each.
//
// # A request
//
// [Function] makes of an operation's http.Handler a function that takes an HTTP API's event (payload format 2.0) and
// answers it. API Gateway invokes it on Lambda; the local gateway invokes the very same value. It says to the handler,
// as [handler.Invocation], who the authorizer says signed, and gives it a deadline two seconds before Lambda's, and at
// most 13 seconds. Whatever the event or the handler, the answer is well formed: a panic is 500 and a log entry.
//
// # What nobody asks for
//
// [StreamFunction], [ScheduleFunction] and [EventFunction] make functions that the table's stream, the clock and events
// start, [InvokeFunction] one that an administrator of the account does. Lambda hands the first three real events of DynamoDB
// Streams and of EventBridge, and so does the local server. Such a function fails as Lambda functions do, with an error, and Lambda
// starts it again. It may take as long as Lambda lets it, less two seconds: a minute for a batch of changes or an
// event at most, 15 minutes for a run of the clock's.
//
// # What is refused
//
// An event that is none of this operation's route, or of another API or account than configured, or that no IAM
// authorizer has seen, is 403 and a warning in the log. That guards against a function wired up wrongly. It is no
// protection against somebody with lambda:InvokeFunction, who can write what an authorizer would.
//
// # The adapter
//
// The event becomes a request through aws-lambda-go-api-proxy; no other package uses it. What it gets wrong is put
// right here and each held by a test: it splits most request headers at commas, so that headers are set again from the
// event; it builds the URL from a path that API Gateway has decoded already; it prints what it can't convert, so that
// such events never reach it; it answers 504 for a handler that writes nothing, which is 500 here; it lets a second
// WriteHeader win.
//
// # Environment
//
//	STRONGROOM_TABLE          the DynamoDB table
//	STRONGROOM_ORGANIZATION   the id of this deployment's organization
//	STRONGROOM_ACCOUNT        the AWS account that callers must be of, and the API
//	STRONGROOM_CLIENT_KEY     the ARN of the KMS key that clients use; told to them
//	STRONGROOM_STORAGE_KEY    the ARN of the KMS key of data keys; only where WithKeys is given
//	STRONGROOM_BUS            the name of the EventBridge bus; only where WithBus is given
//	STRONGROOM_SIGNING_KEY    the ARN of the KMS key that signs seals of events; only where WithSigner is given
//	STRONGROOM_ARCHIVE        the name of the S3 bucket that keeps copies of seals; only where WithArchive is given
//	STRONGROOM_METRICS        on, as when it is empty, or off: whether lines carry metrics
//	STRONGROOM_API            the id of the API; when empty any API of the account will do
//	AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//	                          set by Lambda, for as long as the process lives
//	AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL_EVENTBRIDGE, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL
//	                          where these services are if not at AWS; the general one counts where the other is empty
//
// All that is missing or malformed is named in one message, and the process ends with it.
//
// # Log
//
// JSON lines on standard error, which Lambda sends to the function's log as standard output: one for each request, batch or
// run, and one more where something went wrong inside. No line holds a path, a query, a header, a body, a change or a
// principal.
//
//	operation        its name
//	requestId        API Gateway's, which the caller is told and events have
//	status           of the answer
//	lambdaRequestId  the invocation's
//	traceId          of the trace, where X-Ray keeps one
//	coldStart        true in a process's first line
//	at, records      when a run is for; how many records of the stream a batch has
//	source, eventId  of an event, and how old it was at the end: lateMilliseconds
//	milliseconds     how long a run, a batch or an event took
//	error, stack     what went wrong
//	and the metrics that there are, by their names
//
// # Metrics
//
// Each line is a document of CloudWatch's embedded metric format, unless Settings say otherwise: its member "_aws" says which
// others are metrics, of the namespace Strongroom. Those marked * have the dimension operation, the others none; package
// metric says why, and what they cost. Where one is zero it is left out, but for Requests, Runs, Duration,
// SealAgeSeconds and RotationLateSeconds. So let an alarm take a missing one for good, except for these two: a record that is not
// sealed, or that nobody looks for what is to be rotated, is not seen otherwise.
//
//	Requests               Count         requests that were answered, whatever with
//	Errors*                Count         requests that were answered with a status of 500 or more
//	Refused                Count         requests that were answered with a status from 400 to 499
//	Denied                 Count         decisions that were recorded as denied
//	Duration               Milliseconds  from a request's event to its answer
//	TableCalls             Count         requests to DynamoDB, attempts of the SDK counted one by one
//	TableThrottles         Count         of these, those that DynamoDB throttled, and answers that left keys unread
//	TransactionsCancelled  Count         of these, those that another write came before: conditions that were not met, and conflicts
//	ReadUnits              Count         read units that DynamoDB says were consumed
//	WriteUnits             Count         write units that DynamoDB says were consumed; of what it cancelled it says nothing
//	KmsCalls               Count         calls of the key service: data keys and signatures
//	Runs                   Count         runs of the clock, batches of the table's stream and direct invocations
//	Failures*              Count         of these, those that failed
//	Changes                Count         changes of the table's stream that were worked on
//	SealedHours*           Count         hours that seal-events sealed
//	SealAgeSeconds*        Seconds       how long ago the last hour that is sealed ended, when seal-events had run
//	RotationsDue           Count         rotations that a worker was asked for, or asked for again
//	RotationsFinished*     Count         rotations whose new value became the current one
//	RotationsFailed        Count         rotations that were given up, and leaked access keys that no rotation made
//	RotationsWaiting*      Count         looks at rotations whose old value still waits for readers
//	RotationLateSeconds*   Seconds       how long the rotation that is due for longest was due, when dispatch-rotations looked; 0 for none
//
// A request's line has about 580 bytes, which at $0.50 a gigabyte cost $0.29 a million; without metrics it has about 280.
// What Lambda itself writes of each invocation (START, END and REPORT) is as much again: the functions' log format wants to
// be JSON and their system log level WARN (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html),
// which leaves it out, and doesn't touch lines that are JSON already.
//
// # Traces
//
// Functions link no tracing library. Lambda's active tracing, a setting of the function, makes a segment for each
// invocation that X-Ray samples, with its start and end, whether it failed, the start of its process and the time before and
// after the handler; a line's traceId finds it. What happens inside, calls of DynamoDB and KMS say, it does not show: lines
// count them. AWS's X-Ray SDK for Go has been in maintenance since February 2026
// (https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-daemon-timeline.html), and would make get-secret 25.0 MB
// of 9.6, and its start three times as long; OpenTelemetry with its OTLP exporter 19.8 MB and half as long again, and wants
// a collector beside the function. So no trace can hold a value or a name: no code of ours writes one.
package app

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/envelope"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table/dynamo"
)

// An OpenKeys opens a KMS key by its ARN; endpoint is empty for AWS's own.
type OpenKeys func(region, endpoint string, credentials aws.CredentialsProvider, keyARN string) envelope.KeyService

// An OpenBus opens an event bus by its name; endpoint is empty for AWS's own.
type OpenBus func(region, endpoint string, credentials aws.CredentialsProvider, name string) secrets.Bus

// An Option says what a function needs besides what all need.
type Option func(*options)

type options struct {
	openKeys    OpenKeys
	openBus     OpenBus
	openSigner  OpenSigner
	openArchive OpenArchive
}

// WithKeys gives the function data keys. Only functions that seal or open pass it, so that the others don't link KMS.
func WithKeys(open OpenKeys) Option { return func(o *options) { o.openKeys = open } }

// WithBus gives the function the event bus. Only functions that publish pass it.
func WithBus(open OpenBus) Option { return func(o *options) { o.openBus = open } }

// An OpenSigner opens a KMS key that signs, as OpenKeys does one that encrypts.
type OpenSigner func(region, endpoint string, credentials aws.CredentialsProvider, keyARN string) envelope.Signer

// WithSigner gives the function the key that signs seals of events, likewise only where one is needed.
func WithSigner(open OpenSigner) Option { return func(o *options) { o.openSigner = open } }

// An OpenArchive opens an archive of seals by its name; endpoint is empty for AWS's own.
type OpenArchive func(region, endpoint string, credentials aws.CredentialsProvider, name string) secrets.Archive

// WithArchive gives the function the archive of seals, likewise only where one is needed.
func WithArchive(open OpenArchive) Option { return func(o *options) { o.openArchive = open } }

// Main serves an operation on Lambda; it does not return.
func Main(name operation.Name, h handler.Func, opts ...Option) {
	service, settings := start(opts)
	lambda.StartWithOptions(Function(name, h(service), settings))
}

// MainInvoke serves on Lambda an operation without a route; it does not return.
func MainInvoke(name operation.Name, h func(*secrets.Service) InvokeFunc, opts ...Option) {
	service, settings := start(opts)
	lambda.StartWithOptions(InvokeFunction(name, h(service), settings))
}

// MainStream serves on Lambda an operation that the table's stream starts; it does not return.
func MainStream(name operation.Name, h handler.StreamFunc, opts ...Option) {
	service, settings := start(opts)
	lambda.StartWithOptions(StreamFunction(name, h(service), settings))
}

// MainSchedule serves on Lambda an operation that the clock starts; it does not return.
func MainSchedule(name operation.Name, h handler.ScheduleFunc, opts ...Option) {
	service, settings := start(opts)
	lambda.StartWithOptions(ScheduleFunction(name, h(service), settings))
}

// MainEvent serves on Lambda an operation that events of EventBridge start; it does not return.
func MainEvent(name operation.Name, h handler.EventFunc, opts ...Option) {
	service, settings := start(opts)
	lambda.StartWithOptions(EventFunction(name, h(service), settings))
}

// start does what is common to all functions when their process starts. It ends the process when it can't.
func start(opts []Option) (*secrets.Service, Settings) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	var o options
	for _, option := range opts {
		option(&o)
	}
	e, err := readEnvironment(os.Getenv, o)
	if err != nil {
		slog.Error("the function can't start", "error", err)
		os.Exit(1)
	}
	return secrets.New(config(e, o)), Settings{Account: e.account, API: e.api, Metrics: e.metrics}
}

// config is what the service is made of, from the environment. It connects to nothing yet.
func config(e environment, o options) secrets.Config {
	c := secrets.Config{
		Table:        dynamo.New(dynamo.NewClient(e.region, e.tableEndpoint, e.credentials), e.table),
		Organization: e.organization,
		Account:      e.account,
		ClientKeyARN: e.clientKey,
	}
	if o.openKeys != nil {
		c.Keys = countedKeys{o.openKeys(e.region, e.keyEndpoint, e.credentials, e.storageKey)}
	}
	if o.openBus != nil {
		c.Bus = o.openBus(e.region, e.busEndpoint, e.credentials, e.bus)
	}
	if o.openSigner != nil {
		c.Signer = countedSigner{o.openSigner(e.region, e.keyEndpoint, e.credentials, e.signingKey)}
	}
	if o.openArchive != nil {
		c.Archive = o.openArchive(e.region, e.archiveEndpoint, e.credentials, e.archive)
	}
	return c
}
