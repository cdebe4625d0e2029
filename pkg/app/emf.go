package app

import (
	"time"

	"strongroom/pkg/metric"
)

// An emf is the part of a log line by which CloudWatch takes metrics from the line's other members: the "_aws" member of
// the embedded metric format
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
type emf struct {
	Timestamp         int64
	CloudWatchMetrics []directive
}

// A directive says of some metrics which members are their dimensions.
type directive struct {
	Namespace string
	// Dimensions are sets of names of members; an empty set makes a metric without dimensions.
	Dimensions [][]string
	Metrics    []definition
}

type definition struct {
	Name metric.Name
	Unit metric.Unit
}

// newEMF makes the envelope of these metrics, which must be members of the line by their names. A directive without
// metrics is left out.
func newEMF(at time.Time, values []metric.Value) emf {
	one := directive{Namespace: metric.Namespace, Dimensions: [][]string{{}}}
	each := directive{Namespace: metric.Namespace, Dimensions: [][]string{{metric.Dimension}}}
	for _, v := range values {
		into := &one
		if v.PerOperation {
			into = &each
		}
		into.Metrics = append(into.Metrics, definition{v.Name, v.Unit})
	}
	e := emf{Timestamp: at.UnixMilli()}
	for _, d := range []directive{one, each} {
		if len(d.Metrics) > 0 {
			e.CloudWatchMetrics = append(e.CloudWatchMetrics, d)
		}
	}
	return e
}
