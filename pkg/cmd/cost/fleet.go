package main

import (
	"math"

	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
)

// A fleet is a number of secrets, and how often values are read in a month.
type fleet struct{ secrets, reads float64 }

var fleets = []fleet{{1_000, 10e6}, {10_000, 100e6}, {100_000, 1e9}}

// A mode is a way of reading values.
type mode struct {
	name string
	// budget is the request's, which is for so many values.
	operation operation.Name
	what      string
	values    float64
	// event is the size's name of the event that it leaves; empty for none. It tells of as many values.
	event string
}

var modes = []mode{
	{"one by one", operation.GetSecret, "hinted", 1, "event of one"},
	{"100 at a time", operation.GetProjectValues, "100", 100, "event of 100"},
	{"100 at a time, unchanged (304)", operation.GetProjectValues, "polled, nothing changed", 100, ""},
}

// A part is one thing of a bill.
type part struct {
	name string
	usd  float64
}

// bill is what a fleet costs in a month, when events have been kept for as long as they are.
func (m *model) bill(f fleet, by mode) []part {
	requests := f.reads / by.values
	b := m.budget(by.operation, by.what)
	read := m.once(b).times(requests)
	events := 0.0
	if by.event != "" {
		events = requests
	}
	return []part{
		{"keys", m.of("keyMonth", keys)},
		{"HTTP API", read.api},
		{"Lambda", read.lambda + m.cold(requests)},
		{"DynamoDB", read.table},
		{"KMS", m.unwrapping(requests, b)},
		{"log lines", read.logs},
		{"the record", m.record(events, by.event)},
		{"who read what", m.sums(events, by.values)},
		{"the secrets", m.kept(f.secrets * (m.bytes("secret") + versions*m.bytes("version")))},
		{"changes", m.changes(f.secrets * updates)},
		{"by the clock", m.clock()},
		{"metrics", m.metrics()},
	}
}

func sum(bill []part) float64 {
	total := 0.0
	for _, p := range bill {
		total += p.usd
	}
	return total
}

// cold is what starts cost besides.
func (m *model) cold(invocations float64) float64 {
	return m.of("lambdaGBSecond", invocations*coldStarts*coldStart/1000*memory)
}

// unwrapping is what it costs to have data keys unwrapped: by each new process, and by each again when it forgot.
func (m *model) unwrapping(requests float64, b budget) float64 {
	underWay := requests * b.duration() / month.Seconds()
	processes := math.Max(1, math.Ceil(underWay*busier))
	return m.of("kmsRequest", requests*coldStarts+processes*month.Seconds()/keyLifetime.Seconds())
}

// record is what it costs to keep events, to seal them, and to remove those that are too old: a month's of each.
func (m *model) record(events float64, size string) float64 {
	if events == 0 {
		return 0
	}
	each := m.bytes(size)
	kept := m.kept(events * (each + indexEntry) * eventDays / days)
	sealing := m.of("readUnit", events*each/4096)
	return kept + sealing + m.of("writeUnit", events*writeUnits(each))
}

// sums is what it costs at most to sum up who read what: when no batch of the stream has two reads of one secret by one
// principal.
func (m *model) sums(events, values float64) float64 {
	b := m.budget(operation.RollUpReads, "100 reads by one, of one secret")
	units := m.of("readUnit", b.ReadUnits) + m.of("writeUnit", b.WriteUnits)
	return events*values*units + m.batches(events, b)
}

// batches is what the functions cost that so many changes wake, without what they do in the table.
func (m *model) batches(changes float64, b budget) float64 {
	most := math.Max(changes/operation.StreamBatch, shards*month.Seconds()/window.Seconds())
	return m.invocation(b.duration()).times(math.Min(changes, most)).sum()
}

// changes is what new values cost: each is announced, and marks its project as changed.
func (m *model) changes(n float64) float64 {
	update := m.once(m.budget(operation.UpdateSecret, "in one project, hinted")).times(n).sum()
	mark := m.once(m.budget(operation.RollUpReads, "100 changed values of one project")).times(n).sum()
	publish := m.once(m.budget(operation.PublishChanges, "100 changes of a secret")).times(n).sum()
	return update + mark + publish + m.of("busEvent", n) + m.record(n, "event of one")
}

// clock is what is done whether anybody asks or not.
func (m *model) clock() float64 {
	total := 0.0
	for _, row := range operation.Table {
		schedule, ok := row.Trigger.(operation.Schedule)
		if !ok {
			continue
		}
		runs := month.Seconds() / schedule.Every.Seconds()
		total += m.once(m.first(row.Name)).times(runs).sum()
		if row.Access.SigningKey != nil {
			total += m.of("kmsSignature", runs*float64(len(row.Access.SigningKey)))
		}
	}
	return total
}

// first is the first that was counted of an operation.
func (m *model) first(name operation.Name) budget {
	for _, b := range m.budgets.Operations {
		if b.Operation == name {
			return b
		}
	}
	panic("cost: " + string(name) + " was not counted")
}

// metrics is what all metrics cost but those that are there only when an operation fails, where none is zero for an hour.
func (m *model) metrics() float64 {
	n := 0.0
	for _, row := range metric.Table {
		if !row.PerOperation || row.Only != "" {
			n++
		}
	}
	return m.of("metricMonth", n)
}

// secretsManager is what AWS Secrets Manager costs, which knows no "unchanged". Its BatchGetSecretValue answers 20 values; AWS
// does not say whether that is one call or 20, and here it is one.
func (m *model) secretsManager(f fleet, by mode) float64 {
	calls := f.reads / math.Min(by.values, 20)
	return m.of("secretsManagerMonth", f.secrets) + m.of("secretsManagerCall", calls+f.secrets*updates)
}

// parameters is what AWS Systems Manager's advanced parameters cost: it counts each parameter that a call answers.
func (m *model) parameters(f fleet) float64 {
	return m.of("parameterMonth", f.secrets) + m.of("parameterCall", f.reads+f.secrets*updates)
}
