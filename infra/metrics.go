package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"

	"strongroom/pkg/operation"
)

// Functions write metrics of their own into their logs, in this namespace and by operation. A region of an account can have
// several deployments; their metrics are then in one, which is another reason to give Strongroom an account of its own.
const (
	namespace   = "Strongroom"
	byOperation = "operation"
)

// The metrics that functions write.
const (
	requests              = "Requests"
	failures              = "Failures"
	errors5xx             = "Errors"
	refused               = "Refused"
	denied4xx             = "Denied"
	duration              = "Duration"
	tableThrottles        = "TableThrottles"
	transactionsCancelled = "TransactionsCancelled"
	readUnits             = "ReadUnits"
	writeUnits            = "WriteUnits"
	kmsCalls              = "KmsCalls"
	runs                  = "Runs"
	changes               = "Changes"
	sealAge               = "SealAgeSeconds"
)

// everyOperation is a metric of every operation that had one of late, as one line each.
func everyOperation(metric, statistic string) awscloudwatch.IMetric {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   str(fmt.Sprintf(`SEARCH('{%s,%s} MetricName="%s"', '%s')`, namespace, byOperation, metric, statistic)),
		UsingMetrics: &map[string]awscloudwatch.IMetric{},
		Label:        str(""), // each line has its operation's
		Period:       minutes(5),
	})
}

// metric is one of AWS's, or of a filter, over five minutes.
func metric(space, name, statistic string, dimensions map[string]*string) awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: str(space), MetricName: str(name), Statistic: str(statistic), DimensionsMap: &dimensions, Period: minutes(5),
	})
}

func (v *server) apiMetric(name, statistic string) awscloudwatch.Metric {
	return metric("AWS/ApiGateway", name, statistic, map[string]*string{"ApiId": v.api.Ref()})
}

func (v *server) tableMetric(name string) awscloudwatch.Metric {
	return metric("AWS/DynamoDB", name, "Sum", map[string]*string{"TableName": v.data.table.TableName()})
}

// lag is how old, in milliseconds, the oldest change was that a function got from the stream.
func (v *server) lag(of operation.Name) awscloudwatch.Metric {
	return metric("AWS/Lambda", "IteratorAge", "Maximum", map[string]*string{"FunctionName": v.functions[of].lambda.FunctionName()})
}

func (v *server) deadLetters(of operation.Name) awscloudwatch.Metric {
	return metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum",
		map[string]*string{"QueueName": v.functions[of].queue.QueueName()})
}
