package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"

	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
)

// newDashboard makes the page that answers "how does it do": what is asked of it, how long that takes, what it costs and
// what lags. Lines of operations come and go with the operations that are used.
func (v *server) newDashboard() {
	var lags, letters []awscloudwatch.IMetric
	for _, row := range operation.Table {
		f := v.functions[row.Name]
		if f.queue == nil {
			continue
		}
		letters = append(letters, v.deadLetters(row.Name))
		if _, ok := row.Trigger.(operation.Stream); ok {
			lags = append(lags, v.lag(row.Name))
		}
	}
	rows := [][]awscloudwatch.IWidget{
		{
			graph("Requests", measured(metric.Requests, "Sum"), v.apiMetric("Count", "Sum")),
			graph("Errors (5xx), by operation", measured(metric.Errors, "Sum"), v.apiMetric("5xx", "Sum")),
			graph("Refused (4xx), and denied", measured(metric.Refused, "Sum"), measured(metric.Denied, "Sum"), v.apiMetric("4xx", "Sum")),
		},
		{
			graph("Duration, ms", measured(metric.Duration, "p50"), measured(metric.Duration, "p99")),
			graph("Duration p50 by operation, ms", v.each("Duration", "p50")),
			graph("Duration p99 by operation, ms", v.each("Duration", "p99")),
		},
		{
			graph("Invocations by operation", v.each("Invocations", "Sum")),
			graph("Throttled", measured(metric.TableThrottles, "Sum"), v.tableMetric("ReadThrottleEvents"),
				v.tableMetric("WriteThrottleEvents"), metricOf("AWS/Lambda", "Throttles", "Sum", nil)),
			graph("Transactions cancelled", measured(metric.TransactionsCancelled, "Sum"), v.tableMetric("TransactionConflict")),
		},
		{
			graph("Calls of DynamoDB and KMS", measured(metric.TableCalls, "Sum"), measured(metric.KmsCalls, "Sum")),
			graph("Read units", measured(metric.ReadUnits, "Sum"), v.tableMetric("ConsumedReadCapacityUnits")),
			graph("Write units", measured(metric.WriteUnits, "Sum"), v.tableMetric("ConsumedWriteCapacityUnits")),
		},
		{
			graph("Runs, and failed ones by operation", measured(metric.Runs, "Sum"), measured(metric.Failures, "Sum")),
			graph("Behind the stream, ms", lags...),
			graph("Changes done", measured(metric.Changes, "Sum")),
		},
		{
			graph("Dead letters", letters...),
			graph("Hours sealed", measured(metric.SealedHours, "Sum")),
			graph("Age of the newest seal, s", measured(metric.SealAgeSeconds, "Maximum")),
		},
		{
			graph("Rotations asked for, finished and failed", measured(metric.RotationsDue, "Sum"), measured(metric.RotationsFinished, "Sum"),
				measured(metric.RotationsFailed, "Sum")),
			graph("Looks at rotations that wait for readers", measured(metric.RotationsWaiting, "Sum")),
			graph("The rotation that is due for longest, s", measured(metric.RotationLateSeconds, "Maximum")),
		},
		workerGraphs(v.settings),
	}
	var widgets []*[]awscloudwatch.IWidget
	for i := range rows {
		widgets = append(widgets, &rows[i])
	}
	awscloudwatch.NewDashboard(v.stack, str("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName: str("strongroom-" + v.settings.Stage), Widgets: &widgets,
	})
}

func graph(title string, lines ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Title: str(title), Left: &lines, Period: minutes(5)})
}
