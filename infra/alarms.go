package main

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
)

// An alarm is a metric, from where on it is wrong, and what to do then.
type alarm struct {
	id string
	// says is what happened and where to look.
	says   string
	metric awscloudwatch.IMetric
	// least is the least value that is wrong, and periods how many of the metric's in a row.
	least, periods int
	// silence says that no value at all is wrong too.
	silence bool
}

// make makes the alarm, which sends its beginning and its end to the topic.
func (a alarm) make(stack awscdk.Stack, s settings, act awscloudwatch.IAlarmAction) {
	missing := awscloudwatch.TreatMissingData_NOT_BREACHING
	if a.silence {
		missing = awscloudwatch.TreatMissingData_BREACHING
	}
	made := awscloudwatch.NewAlarm(stack, str(a.id), &awscloudwatch.AlarmProps{
		AlarmName: str(s.name(dashed(a.id))), AlarmDescription: str(a.says),
		Metric: a.metric, Threshold: num(a.least), EvaluationPeriods: num(a.periods), TreatMissingData: missing,
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
	})
	made.AddAlarmAction(act)
	made.AddOkAction(act)
}

// How late is too late. A seal is made ten minutes after its hour, so that two runs in a row have failed by then; the
// stream keeps changes for a day; what is to be rotated is looked for each minute, and some ten thousand at once take minutes.
const (
	lateSeal     = 2*time.Hour + 15*time.Minute
	lateChange   = 5 * time.Minute
	lateRotation = 10 * time.Minute
)

// alarms are those that every deployment has.
func (v *server) alarms() []alarm {
	all := []alarm{
		{
			id: "ServerErrors", least: 1, periods: 2,
			says: "One request in a hundred, and at least five in five minutes, failed with a 5xx. " +
				"The dashboard shows which operation; its log has the error under the request's id.",
			metric: ratio("IF(errors >= 5, 100 * errors / requests, 0)", map[string]awscloudwatch.IMetric{
				"errors": v.apiMetric("5xx", "Sum"), "requests": v.apiMetric("Count", "Sum"),
			}),
		},
		{
			id: "FunctionThrottles", least: 1, periods: 2,
			says: "Lambda started functions too late or not at all: the account's concurrency is used up. " +
				"Ask AWS for more, or find who uses it. (All functions of the account are counted.)",
			metric: metricOf("AWS/Lambda", "Throttles", "Sum", nil),
		},
		{
			id: "TableThrottled", least: 10, periods: 2,
			says: "DynamoDB refused requests: a partition is too busy, or the table grew faster than DynamoDB follows. " +
				"Callers were asked to wait; warmReads and warmWrites help beforehand.",
			metric: ratio("reads + writes", map[string]awscloudwatch.IMetric{
				"reads": v.tableMetric("ReadThrottleEvents"), "writes": v.tableMetric("WriteThrottleEvents"),
			}),
		},
		{
			id: "ManyDenied", least: v.settings.DeniedPerFiveMinutes, periods: 1,
			says: "Many requests were denied within five minutes: somebody looks for what they may not see, or a workload lost its " +
				"access. \"strongroom events list\" says who was denied what; the access log has those whose signature or " +
				"right to call the API was refused.",
			metric: v.denials(),
		},
		{
			id: "SealLate", least: int(lateSeal / time.Second), periods: 1, silence: true,
			says: "The events of the hour before last are not sealed. Look into the log of seal-events. " +
				"(A deployment whose organization was not made yet alarms too.)",
			metric: awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
				Namespace: str(metric.Namespace), MetricName: str(string(metric.SealAgeSeconds)), Statistic: str("Maximum"), Period: minutes(120),
				DimensionsMap: &map[string]*string{metric.Dimension: str(string(operation.SealEvents))},
			}),
		},
		{
			id: "RotationsLate", least: int(lateRotation / time.Second), periods: 1, silence: true,
			says: "A rotation has been due for ten minutes and no worker was asked for, or nobody has looked for five. " +
				"Look into the log of dispatch-rotations: it says which rotation it can't move, or whether it has too much to do.",
			metric: metricOf(metric.Namespace, string(metric.RotationLateSeconds), "Maximum",
				map[string]*string{metric.Dimension: str(string(operation.DispatchRotations))}),
		},
		{
			id: "RotationsFailed", least: 1, periods: 1,
			says: "A rotation was given up: its secret keeps the value that works, or an old value works still. " +
				"\"strongroom rotation list\" shows which, and why; \"strongroom rotation check\" tries what it needs. " +
				"Or an access key is said to have leaked that no rotation made: rotate-on-event's log has when. Rotate by hand what has it.",
			metric: measured(metric.RotationsFailed, "Sum"),
		},
	}
	for _, row := range operation.Table {
		if f := v.functions[row.Name]; f.queue != nil {
			all = append(all, v.taskAlarms(f)...)
		}
	}
	return all
}

// taskAlarms are those of a function that nobody waits for.
func (v *server) taskAlarms(f *function) []alarm {
	all := []alarm{{
		id: "DeadLetters" + camel(f.row.Name), least: 1, periods: 1,
		says: fmt.Sprintf("%s failed again and again; what it was to do lies in the queue %s. Its log says why. "+
			"Changes are in the table's stream for a day.", f.row.Name, v.settings.name(string(f.row.Name)+"-failed")),
		metric: v.deadLetters(f.row.Name),
	}}
	if _, ok := f.row.Trigger.(operation.Stream); ok {
		all = append(all, alarm{
			id: "Behind" + camel(f.row.Name), least: int(lateChange / time.Millisecond), periods: 3,
			says:   fmt.Sprintf("%s is more than five minutes behind the table's changes. Its log says whether it fails or is slow.", f.row.Name),
			metric: v.lag(f.row.Name),
		})
	}
	return all
}

// denials are decisions that were recorded as denied, and requests that API Gateway refused by itself, because of their
// signature or the caller's IAM rights, and that no function saw.
func (v *server) denials() awscloudwatch.IMetric {
	return ratio("FILL(decisions, 0) + FILL(refused, 0)", map[string]awscloudwatch.IMetric{
		"decisions": measured(metric.Denied, "Sum"),
		"refused":   v.filter("RefusedAtTheDoor", v.accessLog, `{ ($.status = "403") && ($.integrationStatus = "-") }`),
	})
}

// filter counts the lines of a log that a pattern matches.
func (v *server) filter(id string, log awslogs.LogGroup, pattern string) awscloudwatch.Metric {
	space := metric.Namespace + "/" + v.settings.Stage
	awslogs.NewMetricFilter(v.stack, str(id), &awslogs.MetricFilterProps{
		LogGroup: log, FilterPattern: awslogs.FilterPattern_Literal(str(pattern)),
		MetricNamespace: str(space), MetricName: str(id), MetricValue: str("1"),
	})
	return metricOf(space, id, "Sum", nil)
}

// ratio is a metric that is reckoned from others.
func ratio(expression string, of map[string]awscloudwatch.IMetric) awscloudwatch.IMetric {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: str(expression), UsingMetrics: &of, Period: awscdk.Duration_Minutes(num(5)),
	})
}

// camel is an operation's name as part of an id: SealEvents.
func camel(name operation.Name) string {
	var id []rune
	upper := true
	for _, r := range string(name) {
		switch {
		case r == '-':
			upper = true
			continue
		case upper:
			r -= 'a' - 'A'
		}
		id, upper = append(id, r), false
	}
	return string(id)
}
