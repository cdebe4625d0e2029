package main

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"

	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// lateWorker is how old a message may become: one that was taken in vain shows again after hidden alone, so that this alarm
// tells of a worker that fails long before its dead letters do.
const lateWorker = time.Hour

// alarms are those of the workers.
func (w *workers) alarms() []alarm {
	var all []alarm
	for _, k := range w.all {
		kind := k.rotator.Kind
		name := camel(operation.Name(kind.Worker()))
		all = append(all,
			alarm{
				id: "DeadLetters" + name, least: 1, periods: 1,
				says: fmt.Sprintf("The worker for %s was asked for rotations in vain; what it was to do lies in the queue %s-failed. "+
					"Its log says why. The secrets keep the values that work.", kind, w.functionName(kind)),
				metric: queueMetric(w.functionName(kind)+"-failed", "ApproximateNumberOfMessagesVisible", "Maximum"),
			},
			alarm{
				id: "Behind" + name, least: int(lateWorker / time.Second), periods: 1,
				says: fmt.Sprintf("A rotation has waited for the worker for %s for more than an hour. The worker's log says whether it fails; "+
					"if it does not, there is more to rotate than workers.concurrency lets it.", kind),
				metric: w.oldest(kind),
			})
	}
	return all
}

func (w *workers) oldest(k rotation.Kind) awscloudwatch.Metric { return oldestOf(w.settings, k) }

// oldestOf is the age of the oldest message for a worker, in seconds.
func oldestOf(s settings, k rotation.Kind) awscloudwatch.Metric {
	return queueMetric(s.name(k.Worker()), "ApproximateAgeOfOldestMessage", "Maximum")
}

// queueMetric is one of SQS's, of the queue of that name
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html).
func queueMetric(name, metric, statistic string) awscloudwatch.Metric {
	return metricOf("AWS/SQS", metric, statistic, map[string]*string{"QueueName": str(name)})
}

// workerGraphs are the dashboard's row of the workers. It names queues of a stack that may not be there: the lines are empty
// then.
func workerGraphs(s settings) []awscloudwatch.IWidget {
	var waiting, ages, letters []awscloudwatch.IMetric
	for _, r := range rotation.Rotators {
		name := s.name(r.Kind.Worker())
		waiting = append(waiting, queueMetric(name, "ApproximateNumberOfMessagesVisible", "Maximum"))
		ages = append(ages, oldestOf(s, r.Kind))
		letters = append(letters, queueMetric(name+"-failed", "ApproximateNumberOfMessagesVisible", "Maximum"))
	}
	return []awscloudwatch.IWidget{
		graph("Rotations that wait for a worker", waiting...),
		graph("The longest of them, s", ages...),
		graph("Workers' dead letters", letters...),
	}
}
