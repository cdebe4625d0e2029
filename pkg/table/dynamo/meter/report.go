package meter

import (
	"fmt"
	"slices"
	"time"
)

// A Report is what a number of calls came to.
type Report struct {
	// Trips is the longest chain of calls each of which began after the one before it had ended: how many round trips
	// somebody waited for, one after another.
	Trips int
	// Requests is the number of calls.
	Requests int
	// ReadUnits and WriteUnits are DynamoDB's request units.
	ReadUnits, WriteUnits float64
}

// Report sums up the calls since the last Reset.
func (m *Meter) Report() Report { return Sum(m.Calls()) }

// Sum sums up calls.
func Sum(calls []Call) Report {
	report := Report{Requests: len(calls)}
	for _, call := range calls {
		report.ReadUnits += call.ReadUnits
		report.WriteUnits += call.WriteUnits
	}
	report.Trips = longestChain(calls)
	return report
}

// longestChain takes, again and again, the call that ends first of those that begin after the chain's end: no other
// choice leaves more room.
func longestChain(calls []Call) int {
	byEnd := slices.SortedFunc(slices.Values(calls), func(a, b Call) int { return a.End.Compare(b.End) })
	length := 0
	var end time.Time
	for _, call := range byEnd {
		if length == 0 || call.Start.After(end) {
			length++
			end = call.End
		}
	}
	return length
}

func (r Report) String() string {
	return fmt.Sprintf("%d trips, %d requests, %g read units, %g write units",
		r.Trips, r.Requests, r.ReadUnits, r.WriteUnits)
}
