package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"

	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
)

// measured is a metric that functions write into their logs: of every operation that had one of late, as one line each,
// where it is told apart by operation, and else one sum. A region of an account can have several deployments; their metrics
// are then in one, which is another reason to give Strongroom an account of its own.
func measured(name metric.Name, statistic string) awscloudwatch.IMetric {
	if metric.Lookup(name).PerOperation {
		return search(fmt.Sprintf(`{%s,%s} MetricName="%s"`, metric.Namespace, metric.Dimension, name), statistic)
	}
	return metricOf(metric.Namespace, string(name), statistic, nil)
}

// each is one of Lambda's own metrics of every function of the deployment, as one line each. A function is an operation.
func (v *server) each(name, statistic string) awscloudwatch.IMetric {
	return search(fmt.Sprintf(`{AWS/Lambda,FunctionName} MetricName="%s" strongroom %s`, name, v.settings.Stage), statistic)
}

// search finds metrics as long as they had a value of late
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html).
func search(terms, statistic string) awscloudwatch.IMetric {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   str(fmt.Sprintf(`SEARCH('%s', '%s')`, terms, statistic)),
		UsingMetrics: &map[string]awscloudwatch.IMetric{},
		Label:        str(""), // each line has its own
		Period:       minutes(5),
	})
}

// metricOf is one metric over five minutes.
func metricOf(space, name, statistic string, dimensions map[string]*string) awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: str(space), MetricName: str(name), Statistic: str(statistic), DimensionsMap: &dimensions, Period: minutes(5),
	})
}

func (v *server) apiMetric(name, statistic string) awscloudwatch.Metric {
	return metricOf("AWS/ApiGateway", name, statistic, map[string]*string{"ApiId": v.api.Ref()})
}

func (v *server) tableMetric(name string) awscloudwatch.Metric {
	return metricOf("AWS/DynamoDB", name, "Sum", map[string]*string{"TableName": v.data.table.TableName()})
}

// lag is how old, in milliseconds, the oldest change was that a function got from the stream.
func (v *server) lag(of operation.Name) awscloudwatch.Metric {
	return metricOf("AWS/Lambda", "IteratorAge", "Maximum", map[string]*string{"FunctionName": v.functions[of].lambda.FunctionName()})
}

func (v *server) deadLetters(of operation.Name) awscloudwatch.Metric {
	return metricOf("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum",
		map[string]*string{"QueueName": v.functions[of].queue.QueueName()})
}
