// Package metric names what functions measure, and counts it while a request is under way.
//
// # The table
//
// [Table] has every metric: its name, its unit, how it is told apart and what it means. What writes metrics (package app)
// and what draws and watches them (the stack's dashboard and alarms) take the names from here; app's package comment shows
// the table to people, and a test compares.
//
// # What they cost
//
// CloudWatch takes $0.30 a month for each metric and each combination of its dimensions, for the hours in which it was
// sent (https://aws.amazon.com/cloudwatch/pricing/). With fifty-five operations one metric of each would be up to $16.50,
// and all twenty-one $346.50, many times what ten million audited reads cost. So two of them alone have the dimension [Dimension]
// for all operations, those that somebody is woken for, and both are left out where they are zero: an operation that works costs
// nothing. Five others have it because one operation alone has them. The other fourteen are sums over all operations. That is
// $5.70 a month at most, where each of them is not zero in every hour; where nothing is rotated, $1.20 less. How often an operation was called and how long it took,
// one by one, is in Lambda's own metrics, which are free, since each operation is one function: Invocations, Duration and
// Errors of AWS/Lambda (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html).
//
// # Counting
//
// [With] gives a context its counts; whoever does something that is counted calls [Add] with the context that it has
// anyway. A context without counts is none the worse.
package metric

import (
	"context"
	"slices"
	"sync"
)

// Namespace is where CloudWatch keeps the metrics.
const Namespace = "Strongroom"

// Dimension is the one dimension that a metric may have: the operation's name.
const Dimension = "operation"

// A Name names a metric.
type Name string

// The metrics' names.
const (
	Requests              Name = "Requests"
	Errors                Name = "Errors"
	Refused               Name = "Refused"
	Denied                Name = "Denied"
	Duration              Name = "Duration"
	TableCalls            Name = "TableCalls"
	TableThrottles        Name = "TableThrottles"
	TransactionsCancelled Name = "TransactionsCancelled"
	ReadUnits             Name = "ReadUnits"
	WriteUnits            Name = "WriteUnits"
	KmsCalls              Name = "KmsCalls"
	Runs                  Name = "Runs"
	Failures              Name = "Failures"
	Changes               Name = "Changes"
	SealedHours           Name = "SealedHours"
	SealAgeSeconds        Name = "SealAgeSeconds"
	RotationsDue          Name = "RotationsDue"
	RotationsFinished     Name = "RotationsFinished"
	RotationsFailed       Name = "RotationsFailed"
	RotationsWaiting      Name = "RotationsWaiting"
	RotationLateSeconds   Name = "RotationLateSeconds"
)

// A Unit is a unit as CloudWatch writes it
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html).
type Unit string

// The units in use.
const (
	Count        Unit = "Count"
	Milliseconds Unit = "Milliseconds"
	Seconds      Unit = "Seconds"
)

// A Row is what is known of one metric.
type Row struct {
	Name Name
	Unit Unit
	// PerOperation says that the metric has the dimension [Dimension]; else it has none.
	PerOperation bool
	// Only is the name of the one operation that has the metric; empty for a metric of several.
	Only string
	// Meaning is one line for people.
	Meaning string
}

// The operations that have metrics of their own. (Package operation's names are not for a package that imports nothing; a test
// there compares.)
const (
	sealEvents        = "seal-events"
	promoteVersion    = "promote-version"
	dispatchRotations = "dispatch-rotations"
)

// Table is all metrics. Those that are zero are left out of a line, but for Requests, Runs, Duration, SealAgeSeconds and
// RotationLateSeconds, whose zeros mean something: alarms take a missing one for nothing.
var Table = []Row{
	{Requests, Count, false, "", "requests that were answered, whatever with"},
	{Errors, Count, true, "", "requests that were answered with a status of 500 or more"},
	{Refused, Count, false, "", "requests that were answered with a status from 400 to 499"},
	{Denied, Count, false, "", "decisions that were recorded as denied"},
	{Duration, Milliseconds, false, "", "from a request's event to its answer"},
	{TableCalls, Count, false, "", "requests to DynamoDB, attempts of the SDK counted one by one"},
	{TableThrottles, Count, false, "", "of these, those that DynamoDB throttled, and answers that left keys unread"},
	{TransactionsCancelled, Count, false, "", "of these, those that another write came before: conditions that were not met, and conflicts"},
	{ReadUnits, Count, false, "", "read units that DynamoDB says were consumed"},
	{WriteUnits, Count, false, "", "write units that DynamoDB says were consumed; of what it cancelled it says nothing"},
	{KmsCalls, Count, false, "", "calls of the key service: data keys and signatures"},
	{Runs, Count, false, "", "runs of the clock, batches of the table's stream and direct invocations"},
	{Failures, Count, true, "", "of these, those that failed"},
	{Changes, Count, false, "", "changes of the table's stream that were worked on"},
	{SealedHours, Count, true, sealEvents, "hours that seal-events sealed"},
	{SealAgeSeconds, Seconds, true, sealEvents, "how long ago the last hour that is sealed ended, when seal-events had run"},
	{RotationsDue, Count, false, "", "rotations that a worker was asked for, or asked for again"},
	{RotationsFinished, Count, true, promoteVersion, "rotations whose new value became the current one"},
	{RotationsFailed, Count, false, "", "rotations that were given up, and leaked access keys that no rotation made"},
	{RotationsWaiting, Count, true, dispatchRotations, "looks at rotations whose old value still waits for readers"},
	{RotationLateSeconds, Seconds, true, dispatchRotations, "how long the rotation that is due for longest was due, when dispatch-rotations looked; 0 for none"},
}

// Lookup is the row of that name; it panics for a name that no row has.
func Lookup(name Name) Row {
	for _, row := range Table {
		if row.Name == name {
			return row
		}
	}
	panic("metric: no row is named " + string(name))
}

// Counts is what was counted. Its methods may be called at the same time.
type Counts struct {
	mu     sync.Mutex
	counts map[Name]float64
}

type countsKey struct{}

// With gives a context counts of its own, all zero.
func With(ctx context.Context) (context.Context, *Counts) {
	c := &Counts{counts: map[Name]float64{}}
	return context.WithValue(ctx, countsKey{}, c), c
}

// Add adds n to a metric of the context's counts, where it has some.
func Add(ctx context.Context, name Name, n float64) {
	if c, ok := ctx.Value(countsKey{}).(*Counts); ok {
		c.Add(name, n)
	}
}

// Add adds n to a metric. From then on it is counted, if only as zero.
func (c *Counts) Add(name Name, n float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[name] += n
}

// A Value is a metric and how much of it there was.
type Value struct {
	Row
	Value float64
}

// Values are the metrics that are to be written, in the table's order.
func (c *Counts) Values() []Value {
	c.mu.Lock()
	defer c.mu.Unlock()
	var values []Value
	for _, row := range Table {
		if n, counted := c.counts[row.Name]; counted && (n != 0 || !row.sparse()) {
			values = append(values, Value{row, n})
		}
	}
	return values
}

// sparse says that a zero is left out.
func (r Row) sparse() bool {
	return !slices.Contains([]Name{Requests, Runs, Duration, SealAgeSeconds, RotationLateSeconds}, r.Name)
}
