package metric_test

import (
	"context"
	"regexp"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/metric"
)

func TestTheTableHoldsTogether(t *testing.T) {
	seen := map[metric.Name]bool{}
	perOperation, billed := 0, 0
	for _, row := range metric.Table {
		if seen[row.Name] || !regexp.MustCompile(`^[A-Z][A-Za-z]+$`).MatchString(string(row.Name)) || row.Meaning == "" {
			t.Errorf("%+v is there twice, or is no metric", row)
		}
		seen[row.Name] = true
		if row.PerOperation {
			perOperation++
		}
		if !row.PerOperation || row.Only != "" {
			billed++
		}
		if row.Only != "" && !row.PerOperation {
			t.Errorf("%s is of one operation, which it does not say", row.Name)
		}
		if metric.Lookup(row.Name) != row {
			t.Errorf("%s is looked up as %+v", row.Name, metric.Lookup(row.Name))
		}
	}
	// The package comment says what these cost.
	if len(metric.Table) != 21 || perOperation != 7 || billed != 19 {
		t.Errorf("%d metrics, %d by operation, %d billed; the package comment's sum is of 21, 7 and 19", len(metric.Table), perOperation, billed)
	}
}

func TestCountsAreTheirContexts(t *testing.T) {
	metric.Add(context.Background(), metric.Requests, 1) // nobody counts
	ctx, counts := metric.With(context.Background())
	other, others := metric.With(ctx)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { metric.Add(ctx, metric.ReadUnits, 0.5) })
	}
	group.Wait()
	metric.Add(other, metric.KmsCalls, 1)
	metric.Add(ctx, metric.SealAgeSeconds, 0)
	metric.Add(ctx, metric.Refused, 0)
	want := []metric.Value{{metric.Lookup(metric.ReadUnits), 25}, {metric.Lookup(metric.SealAgeSeconds), 0}}
	if diff := cmp.Diff(want, counts.Values()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]metric.Value{{metric.Lookup(metric.KmsCalls), 1}}, others.Values()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
