package evidence_test

import (
	"bytes"
	"slices"
	"testing"

	"strongroom/pkg/audit"
	"strongroom/pkg/audit/evidence"
)

// BenchmarkVerify says how many events a second are verified, readable form included.
func BenchmarkVerify(b *testing.B) {
	c := newChain(b)
	for range 10_000 {
		c.events[first]["0"] = append(c.events[first]["0"], event(first, 30))
	}
	slices.SortFunc(c.events[first]["0"], func(x, y audit.Event) int { return bytes.Compare(x.ID[:], y.ID[:]) })
	c.seals = nil
	for hour := first; hour <= last; hour = hour.Next() {
		c.seal(hour)
	}
	file := c.export()
	trust := c.trust()
	events := int64(0)
	for b.Loop() {
		r, err := evidence.Verify(bytes.NewReader(file), trust)
		if err != nil || !r.OK() {
			b.Fatal(err, r)
		}
		events = r.Events
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(len(file))/float64(events), "bytes/event")
}
