package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"

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
			graph("Requests", everyOperation(requests, "Sum")),
			graph("Errors (5xx)", everyOperation(errors5xx, "Sum"), v.apiMetric("5xx", "Sum")),
			graph("Refused (4xx)", everyOperation(refused, "Sum"), v.apiMetric("4xx", "Sum")),
		},
		{
			graph("Duration p50, ms", everyOperation(duration, "p50")),
			graph("Duration p99, ms", everyOperation(duration, "p99")),
			graph("Denied", everyOperation(denied4xx, "Sum")),
		},
		{
			graph("Throttled", everyOperation(tableThrottles, "Sum"), v.tableMetric("ReadThrottleEvents"), v.tableMetric("WriteThrottleEvents"),
				metric("AWS/Lambda", "Throttles", "Sum", nil)),
			graph("Transactions cancelled", everyOperation(transactionsCancelled, "Sum"), v.tableMetric("TransactionConflict")),
			graph("KMS calls", everyOperation(kmsCalls, "Sum")),
		},
		{
			graph("Read units", everyOperation(readUnits, "Sum"), v.tableMetric("ConsumedReadCapacityUnits")),
			graph("Write units", everyOperation(writeUnits, "Sum"), v.tableMetric("ConsumedWriteCapacityUnits")),
			graph("Changes done", everyOperation(changes, "Sum")),
		},
		{
			graph("Behind the stream, ms", lags...),
			graph("Runs, and failed ones", everyOperation(runs, "Sum"), everyOperation(failures, "Sum")),
			graph("Dead letters", letters...),
			graph("Age of the newest seal, s", everyOperation(sealAge, "Maximum")),
		},
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
